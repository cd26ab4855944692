/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/account/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

bool cgroup_write(int dir_fd, const char *name, const char *text)
{
    int fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC);
    ssize_t n = (ssize_t)strlen(text);
    bool good = fd >= 0 && write(fd, text, (size_t)n) == n;

    if (fd >= 0)
        close(fd);
    return good;
}

static bool write_number(int dir_fd, const char *name, u64 number)
{
    char text[32];

    snprintf(text, sizeof(text), "%lu", number);
    return cgroup_write(dir_fd, name, text);
}

/* The number after `key` in a file of lines "key number", or alone when key is "". */
u64 cgroup_read(int dir_fd, const char *name, const char *key)
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

/* One thread that moves itself into a group need not wait until the host has stopped all others
 * from making threads: a few microseconds instead of many milliseconds. */
const char *cgroup_join_file(u32 version)
{
    return version == 1 ? "tasks" : "cgroup.procs";
}

/* In version 2 a process may only move when it may do so in what holds both groups, too. */
static bool may_move(const struct cgroup_part *part, const char *parent)
{
    char path[640];
    int fd;

    if (part->version == 1)
        return true;
    snprintf(path, sizeof(path), "%s/cgroup.procs", parent);
    fd = openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
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
    if (mkdirat(AT_FDCWD, path, 0755) < 0)
        return false;
    part->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    part->procs_fd = openat(part->dir_fd, cgroup_join_file(part->version), O_WRONLY | O_CLOEXEC);
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

bool cgroup_make_in(struct cgroup *group, enum cgroup_controller controller, const char *parent)
{
    struct cgroup_part *part = &group->part[controller];

    forget(part);
    part->version = 2;
    if (make_in(part, parent, controller))
        return true;
    forget(part);
    return false;
}

bool cgroup_make(struct cgroup *group, enum cgroup_controller controller, enum limit_by by)
{
    struct cgroup_part *part = &group->part[controller];

    forget(part);
    if (by == LIMIT_BY_POLL)
        return false;
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

/* The host takes quotas of a millisecond and more, in periods up to a second. */
bool cgroup_set_quota(int dir_fd, u32 version, u64 quota_ns, u64 period_ns)
{
    u64 quota = quota_ns / 1000, period = period_ns / 1000;
    char text[64];

    while (quota < 1000 && period <= 500000 && quota_ns) {
        quota *= 2;
        period *= 2;
    }
    quota = MAX(quota, 1000);
    if (version == 2) {
        if (quota_ns)
            snprintf(text, sizeof(text), "%lu %lu", quota, period);
        else
            snprintf(text, sizeof(text), "max %lu", period);
        return cgroup_write(dir_fd, "cpu.max", text);
    }
    if (!quota_ns)
        return cgroup_write(dir_fd, "cpu.cfs_quota_us", "-1");
    /* The ratio must fit into that of the group above at each step. */
    return cgroup_write(dir_fd, "cpu.cfs_quota_us", "-1") &&
           write_number(dir_fd, "cpu.cfs_period_us", period) &&
           write_number(dir_fd, "cpu.cfs_quota_us", quota);
}

bool cgroup_set_weight(int dir_fd, u32 version, u64 weight)
{
    return version == 1 ? write_number(dir_fd, "cpu.shares", MIN(MAX(weight, 2), 262144))
                        : write_number(dir_fd, "cpu.weight", MIN(MAX(weight / 10, 1), 10000));
}

/* Page cache of files is not the group's in the end: the host drops it before it refuses. */
u64 cgroup_memory_now(const struct cgroup *group)
{
    const struct cgroup_part *part = &group->part[CGROUP_MEMORY];
    bool old = part->version == 1;

    return cgroup_read(part->dir_fd, "memory.stat", old ? "rss" : "anon") +
           cgroup_read(part->dir_fd, "memory.stat", "shmem");
}

u64 cgroup_memory_peak(const struct cgroup *group)
{
    const struct cgroup_part *part = &group->part[CGROUP_MEMORY];

    return cgroup_read(part->dir_fd,
                       part->version == 1 ? "memory.max_usage_in_bytes" : "memory.peak", "");
}

u64 cgroup_out_of_memory_kills(const struct cgroup *group)
{
    const struct cgroup_part *part = &group->part[CGROUP_MEMORY];

    return cgroup_read(part->dir_fd, part->version == 1 ? "memory.oom_control" : "memory.events",
                       "oom_kill");
}

static void remove_part(struct cgroup_part *part)
{
    char path[640];

    snprintf(path, sizeof(path), "%s/%s", part->parent, part->name);
    close(part->dir_fd);
    close(part->procs_fd);
    cgroup_remove_tree(path);
}

void cgroup_drop(struct cgroup *group, enum cgroup_controller controller)
{
    struct cgroup_part *part = &group->part[controller];

    if (part->dir_fd >= 0)
        remove_part(part);
    forget(part);
}

void cgroup_remove(struct cgroup *group)
{
    for (u32 i = 0; i < CGROUP_CONTROLLERS; i++)
        cgroup_drop(group, i);
}

/* Directories only: a group's files go with it. */
void cgroup_remove_tree(const char *path)
{
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    char below[PATH_MAX];

    while (dir && (entry = readdir(dir))) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
            snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >= (int)sizeof(below))
            continue;
        cgroup_remove_tree(below);
    }
    if (dir)
        closedir(dir);
    /* The last process's exit is not always over when it has been reaped. */
    for (u32 attempt = 0; rmdir(path) < 0 && errno == EBUSY && attempt < 50; attempt++)
        usleep(1000);
}
