/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/grants.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/report.h"

struct mount_config *grant_add(struct launch *config, struct mount_config mount)
{
    if (config->mount_count == MAX_MOUNTS)
        fail("more than %d grants", MAX_MOUNTS);
    config->mounts[config->mount_count] = mount;
    return &config->mounts[config->mount_count++];
}

static char *copy(const char *text)
{
    char *copied = strdup(text);

    if (!copied)
        fail("no memory");
    return copied;
}

/* An absolute path without ".", ".." and doubled slashes, by its letters alone. `base` is put
 * before a relative one. */
static char *normalize(const char *base, const char *path)
{
    char whole[2 * PATH_MAX], *out = whole, *kept;
    char *text, *part, *rest;

    if (strlen(path) >= PATH_MAX || strlen(base) >= PATH_MAX)
        fail("the path is too long: %.60s...", path);
    if (asprintf(&text, "%s/%s", *path == '/' ? "" : base, path) < 0)
        fail("no memory");
    *out = 0;
    for (part = strtok_r(text, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
        if (!strcmp(part, "."))
            continue;
        if (!strcmp(part, "..")) {
            out = strrchr(whole, '/') ? strrchr(whole, '/') : whole;
            *out = 0;
            continue;
        }
        out += sprintf(out, "/%s", part);
    }
    free(text);
    kept = copy(*whole ? whole : "/");
    return kept;
}

static const char *working_directory(void)
{
    static char cwd[PATH_MAX];

    if (!*cwd && !getcwd(cwd, sizeof(cwd)))
        fail_errno(errno, "cannot tell the working directory");
    return cwd;
}

/* A path in the cell as the user gave it. */
static char *cell_path(const char *option, const char *path)
{
    if (*path != '/')
        fail("%s: %s is no path in the cell: it must start with /", option, *path ? path : "\"\"");
    return normalize("", path);
}

static bool is_below(const char *path, const char *top)
{
    size_t n = strlen(top);

    return !strcmp(top, "/") || (!strncmp(path, top, n) && (path[n] == '/' || !path[n]));
}

/* A later grant of a directory above an earlier one would hide it. */
static void check_order(const struct launch *config, const char *option, const char *path)
{
    for (u32 i = 0; i < config->mount_count; i++) {
        const struct mount_config *m = &config->mounts[i];

        if (m->by_user && strcmp(m->path, path) != 0 && is_below(m->path, path))
            fail("%s %s would hide the grant of %s before it: name %s first", option, path, m->path,
                 path);
    }
}

/* Splits HOST[:CELL] at the first colon after which an absolute path starts. */
static char *split(const char *value, const char **cell)
{
    char *host = copy(value), *colon = strstr(host, ":/");

    *cell = NULL;
    if (colon) {
        *colon = 0;
        *cell = colon + 1;
    }
    return host;
}

void grant_host(struct launch *config, const char *option, const char *value, u32 rights)
{
    struct mount_config mount = {.rights = rights, .by_user = true};
    const char *cell;
    char *host = split(value, &cell), *real, *slash;
    struct stat st;

    if (!*host)
        fail("%s needs a path", option);
    real = realpath(host, NULL);
    if (!real || stat(real, &st) < 0)
        fail_errno(errno, "%s %s", option, host);
    mount.path = cell ? cell_path(option, cell) : normalize(working_directory(), host);
    check_order(config, option, mount.path);
    if (S_ISDIR(st.st_mode)) {
        mount.kind = RF_MOUNT_DIR;
        mount.host = real;
        if (access(real, R_OK | X_OK) < 0)
            fail_errno(errno, "%s %s", option, host);
    } else if (S_ISREG(st.st_mode)) {
        slash = strrchr(real, '/');
        mount.kind = RF_MOUNT_FILE;
        mount.name = copy(slash + 1);
        slash[slash == real] = 0;
        mount.host = real;
    } else {
        fail("%s %s is neither a directory nor a regular file", option, host);
    }
    free(host);
    grant_add(config, mount);
}

void grant_ram(struct launch *config, const char *path, u32 mode)
{
    struct mount_config mount = {.kind = RF_MOUNT_RAM, .mode = mode, .by_user = true};

    mount.path = cell_path("--tmp", path);
    check_order(config, "--tmp", mount.path);
    mount.rights = RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC;
    grant_add(config, mount);
}

/* A text file ends its last line. */
static char *as_lines(const char *text)
{
    size_t n = strlen(text);
    char *lines;

    if (asprintf(&lines, "%s%s", text, n && text[n - 1] != '\n' ? "\n" : "") < 0)
        fail("no memory");
    return lines;
}

void grant_text(struct launch *config, const char *value)
{
    struct mount_config mount = {.kind = RF_MOUNT_TEXT, .mode = 0644, .by_user = true};
    char *path = copy(value), *equals = strchr(path, '=');

    if (!equals)
        fail("--file %s: it is --file CELL=TEXT", value);
    *equals = 0;
    mount.path = cell_path("--file", path);
    mount.text = as_lines(equals + 1);
    mount.text_length = strlen(mount.text);
    mount.rights = RF_RIGHT_READ | RF_RIGHT_WRITE;
    free(path);
    grant_add(config, mount);
}

void grant_root(struct launch *config, const char *dir, u32 rights)
{
    struct mount_config mount = {.kind = RF_MOUNT_DIR, .path = "/", .rights = rights};
    char *real = realpath(dir, NULL);
    struct stat st;

    if (!real || stat(real, &st) < 0)
        fail_errno(errno, "--root %s", dir);
    if (!S_ISDIR(st.st_mode))
        fail("--root %s is not a directory", dir);
    mount.host = real;
    grant_add(config, mount);
}

const char *grant_find_cwd(const struct launch *config)
{
    const char *cwd = working_directory();
    char *found = NULL;

    for (u32 i = 0; i < config->mount_count; i++) {
        const struct mount_config *m = &config->mounts[i];

        if (!m->by_user || m->kind != RF_MOUNT_DIR || !is_below(cwd, m->host))
            continue;
        free(found);
        found = normalize(m->path, cwd + strlen(m->host) + (cwd[strlen(m->host)] == '/'));
    }
    return found;
}
