/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/account/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const controller_names[CGROUP_CONTROLLERS] = {"memory", "cpu"};
/* A file that a group has only if its controller is at work there. */
static const char *const witness[2][CGROUP_CONTROLLERS] = {
    {"memory.limit_in_bytes", "cpu.cfs_quota_us"}, {"memory.max", "cpu.max"}};

static long read_text(int dir_fd, const char *name, char *text, size_t size)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -1;
    n = read(fd, text, size - 1);
    close(fd);
    if (n < 0)
        return -1;
    text[n] = 0;
    return n;
}

static bool write_number(int dir_fd, const char *name, u64 number)
{
    char text[32];
    int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC),
        n = snprintf(text, sizeof(text), "%lu", number);
    bool good = fd >= 0 && write(fd, text, (size_t)n) == n;

    if (fd >= 0)
        close(fd);
    return good;
}

/* The number after `key` in a file of lines "key number", or alone when key is "". */
static u64 read_number(int dir_fd, const char *name, const char *key)
{
    char text[4096], *at = text;

    if (dir_fd < 0 || read_text(dir_fd, name, text, sizeof(text)) <= 0)
        return 0;
    if (*key) {
        for (at = strstr(text, key); at; at = strstr(at + 1, key)) {
            if ((at == text || at[-1] == '\n') && at[strlen(key)] == ' ')
                break;
        }
        if (!at)
            return 0;
        at += strlen(key);
    }
    return strtoull(at, NULL, 10);
}

static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += n) {
        if ((at == list || strchr(", ", at[-1])) && (!at[n] || strchr(", \n", at[n])))
            return true;
    }
    return false;
}

/* Where the hierarchy of that version (1: with the controller) is mounted. */
static bool find_mount(u32 version, const char *controller, char *path, size_t size)
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    char line[1024], point[256], type[32], options[256];
    bool found = false;

    while (file && !found && fgets(line, sizeof(line), file)) {
        const char *dash = strstr(line, " - ");

        if (!dash || sscanf(line, "%*s %*s %*s %*s %255s", point) != 1 ||
            sscanf(dash, " - %31s %*s %255s", type, options) != 2)
            continue;
        found = version == 2 ? !strcmp(type, "cgroup2")
                             : !strcmp(type, "cgroup") && has_word(options, controller);
    }
    if (file)
        fclose(file);
    if (found)
        snprintf(path, size, "%s", point);
    return found;
}

/* The path of this process in that hierarchy. */
static bool find_own(u32 version, const char *controller, char *path, size_t size)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[1024];
    bool found = false;

    while (file && !found && fgets(line, sizeof(line), file)) {
        char *list = strchr(line, ':'), *own = list ? strchr(list + 1, ':') : NULL;

        if (!own)
            continue;
        *own++ = 0;
        own[strcspn(own, "\n")] = 0;
        if (version == 2 ? !strncmp(line, "0:", 2) && !list[1] : has_word(list + 1, controller)) {
            snprintf(path, size, "%s", own);
            found = true;
        }
    }
    if (file)
        fclose(file);
    return found;
}

static u32 groups_made;

/* In version 2 a process may only move when it may do so in what holds both groups, too. */
static bool may_move(const struct cgroup_part *part, const char *parent)
{
    char path[640];

    snprintf(path, sizeof(path), "%s/cgroup.procs", parent);
    return part->version == 1 || access(path, W_OK) == 0;
}

static bool make_in(struct cgroup_part *part, const char *parent, enum cgroup_controller controller)
{
    char path[640];
    struct stat st;

    if (!may_move(part, parent))
        return false;
    snprintf(part->parent, sizeof(part->parent), "%s", parent);
    snprintf(part->name, sizeof(part->name), "ringfence-%d-%u", getpid(), ++groups_made);
    snprintf(path, sizeof(path), "%s/%s", part->parent, part->name);
    if (mkdir(path, 0755) < 0)
        return false;
    part->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    part->procs_fd = openat(part->dir_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
    if (part->dir_fd >= 0 && part->procs_fd >= 0 &&
        fstatat(part->dir_fd, witness[part->version - 1][controller], &st, 0) == 0)
        return true;
    close(part->dir_fd);
    close(part->procs_fd);
    rmdir(path);
    return false;
}

/* Below our own group, or beside it: in version 2 a group with processes passes no controllers on.
 */
static bool make_version(struct cgroup_part *part, enum cgroup_controller controller, u32 version)
{
    char mount[256], own[256], parent[512], *slash;

    if (!find_mount(version, controller_names[controller], mount, sizeof(mount)) ||
        !find_own(version, controller_names[controller], own, sizeof(own)))
        return false;
    part->version = version;
    snprintf(parent, sizeof(parent), "%s%s", mount, strcmp(own, "/") ? own : "");
    if (make_in(part, parent, controller))
        return true;
    slash = strrchr(parent, '/');
    if (strlen(parent) <= strlen(mount) || !slash)
        return false;
    *slash = 0;
    return make_in(part, parent, controller);
}

static void forget(struct cgroup_part *part)
{
    *part = (struct cgroup_part){.dir_fd = -1, .procs_fd = -1};
}

bool cgroup_make(struct cgroup *group, enum cgroup_controller controller, enum limit_by by)
{
    struct cgroup_part *part = &group->part[controller];

    forget(part);
    if (by == LIMIT_BY_POLL)
        return false;
    if (controller == CGROUP_CPU && group->part[CGROUP_MEMORY].dir_fd >= 0 &&
        group->part[CGROUP_MEMORY].version == 2) {
        struct stat st;

        *part = group->part[CGROUP_MEMORY];
        part->shared = true;
        if (fstatat(part->dir_fd, witness[1][controller], &st, 0) == 0)
            return true;
        forget(part);
    }
    if (by != LIMIT_BY_CGROUP1 && make_version(part, controller, 2))
        return true;
    if (by != LIMIT_BY_CGROUP2 && make_version(part, controller, 1))
        return true;
    forget(part);
    return false;
}

bool cgroup_possible(enum cgroup_controller controller, u32 version)
{
    struct cgroup group = {.part = {{.dir_fd = -1}, {.dir_fd = -1}}};
    bool possible =
        cgroup_make(&group, controller, version == 2 ? LIMIT_BY_CGROUP2 : LIMIT_BY_CGROUP1);

    cgroup_remove(&group);
    return possible;
}

bool cgroup_limit_memory(const struct cgroup *group, u64 bytes)
{
    const struct cgroup_part *part = &group->part[CGROUP_MEMORY];

    if (part->dir_fd < 0)
        return false;
    if (part->version == 1) {
        if (!write_number(part->dir_fd, "memory.limit_in_bytes", bytes))
            return false;
        /* Not there when the host does not account for swap. */
        write_number(part->dir_fd, "memory.memsw.limit_in_bytes", bytes);
        return true;
    }
    write_number(part->dir_fd, "memory.swap.max", 0);
    write_number(part->dir_fd, "memory.oom.group", 1);
    return write_number(part->dir_fd, "memory.max", bytes);
}

bool cgroup_limit_cpu(const struct cgroup *group, u32 percent)
{
    const struct cgroup_part *part = &group->part[CGROUP_CPU];
    u64 period = 100000, quota = period * percent / 100;
    char text[64];
    int fd, n;
    bool good;

    if (part->dir_fd < 0)
        return false;
    if (part->version == 1)
        return write_number(part->dir_fd, "cpu.cfs_period_us", period) &&
               write_number(part->dir_fd, "cpu.cfs_quota_us", quota);
    fd = openat(part->dir_fd, "cpu.max", O_WRONLY | O_CLOEXEC);
    n = snprintf(text, sizeof(text), "%lu %lu", quota, period);
    good = fd >= 0 && write(fd, text, (size_t)n) == n;
    if (fd >= 0)
        close(fd);
    return good;
}

u64 cgroup_memory_now(const struct cgroup *group)
{
    const struct cgroup_part *part = &group->part[CGROUP_MEMORY];

    return read_number(part->dir_fd,
                       part->version == 1 ? "memory.usage_in_bytes" : "memory.current", "");
}

u64 cgroup_memory_peak(const struct cgroup *group)
{
    const struct cgroup_part *part = &group->part[CGROUP_MEMORY];

    return read_number(part->dir_fd,
                       part->version == 1 ? "memory.max_usage_in_bytes" : "memory.peak", "");
}

u64 cgroup_out_of_memory_kills(const struct cgroup *group)
{
    const struct cgroup_part *part = &group->part[CGROUP_MEMORY];

    return read_number(part->dir_fd, part->version == 1 ? "memory.oom_control" : "memory.events",
                       "oom_kill");
}

static void remove_part(struct cgroup_part *part)
{
    char path[640];

    snprintf(path, sizeof(path), "%s/%s", part->parent, part->name);
    /* The last process's exit is not always over when it has been reaped. */
    for (u32 attempt = 0; rmdir(path) < 0 && errno == EBUSY && attempt < 50; attempt++)
        usleep(1000);
    close(part->dir_fd);
    close(part->procs_fd);
}

void cgroup_drop(struct cgroup *group, enum cgroup_controller controller)
{
    struct cgroup_part *part = &group->part[controller];

    if (part->dir_fd >= 0 && !part->shared)
        remove_part(part);
    forget(part);
}

void cgroup_remove(struct cgroup *group)
{
    for (u32 i = 0; i < CGROUP_CONTROLLERS; i++)
        cgroup_drop(group, i);
}
