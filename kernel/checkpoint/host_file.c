/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/host_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/report.h"

struct stored_host_file {
    u64 device, inode, size;
    s64 changed_s, changed_ns; /* when its content was changed last */
    u32 mode, path_length;
};
_Static_assert(sizeof(struct stored_host_file) == 48, "stored layout");

static void describe(int fd, struct stored_host_file *stored)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return;
    stored->device = st.st_dev;
    stored->inode = st.st_ino;
    stored->mode = st.st_mode & S_IFMT;
    if (!S_ISREG(st.st_mode))
        return;
    stored->size = (u64)st.st_size;
    stored->changed_s = st.st_mtim.tv_sec;
    stored->changed_ns = st.st_mtim.tv_nsec;
}

void host_file_save(int fd, struct record *record)
{
    struct stored_host_file stored = {0};
    char link[32], path[PATH_MAX];
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlinkat(AT_FDCWD, link, path, sizeof(path));
    describe(fd, &stored);
    stored.path_length = (u32)MAX(length, 0);
    record_put(record, &stored, sizeof(stored));
    record_put(record, path, stored.path_length);
}

static bool is_same(const struct stored_host_file *a, const struct stored_host_file *b)
{
    return a->device == b->device && a->inode == b->inode;
}

static bool is_unchanged(const struct stored_host_file *a, const struct stored_host_file *b)
{
    return a->size == b->size && a->changed_s == b->changed_s && a->changed_ns == b->changed_ns;
}

/* The path had no symbolic link when it was written. One that a cell put there since, in a
 * directory where it may write, leads nowhere. */
int host_file_open(const char *path, int flags)
{
    int careful = flags & O_PATH ? 0 : O_NONBLOCK | O_NOCTTY;
    struct open_how how = {.flags = (u64)(flags | careful | O_NOFOLLOW | O_CLOEXEC),
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

int host_file_load(struct record *record, int flags)
{
    struct stored_host_file stored, now = {0};
    char path[PATH_MAX];
    int fd;

    record_get(record, &stored, sizeof(stored));
    if (stored.path_length >= sizeof(path)) {
        record->bad = true;
        return -1;
    }
    record_get(record, path, stored.path_length);
    path[stored.path_length] = 0;
    if (record->bad)
        return -1;
    fd = host_file_open(path, flags);
    if (fd < 0) {
        report("%s was in use and cannot be opened again: %s", path, strerror(errno));
        return -1;
    }
    describe(fd, &now);
    if (stored.mode != now.mode) {
        report("%s was in use and is something else now", path);
        close(fd);
        return -1;
    }
    if (!is_same(&stored, &now))
        report("%s was in use and is another one now", path);
    else if (!is_unchanged(&stored, &now))
        report("%s was in use and has changed since", path);
    return fd;
}

int host_file_skip(struct record *record)
{
    struct stored_host_file stored;

    record_get(record, &stored, sizeof(stored));
    record_take(record, stored.path_length);
    return -1;
}
