/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/attr.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define SYS_fchmodat2_number 452 /* Linux 6.6; the C library emulates it by way of /proc */

struct identity {
    u32 uid, gid;
};
static struct identity shown, host;

void attr_init(void)
{
    host = (struct identity){geteuid(), getegid()};
    shown = host;
}

void attr_set_identity(u32 uid, u32 gid)
{
    shown = (struct identity){uid, gid};
}

static struct rf_time time_of(const struct statx_timestamp *t)
{
    return (struct rf_time){.seconds = t->tv_sec, .nanoseconds = t->tv_nsec};
}

int attr_get(int fd, const char *name, struct rf_attr *attr)
{
    int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name ? 0 : AT_EMPTY_PATH);
    struct statx x;

    if (statx(fd, name, flags, STATX_BASIC_STATS | STATX_BTIME, &x) < 0)
        return -errno;
    *attr = (struct rf_attr){
        .device = makedev(x.stx_dev_major, x.stx_dev_minor),
        .inode = x.stx_ino,
        .size = x.stx_size,
        .blocks = x.stx_blocks,
        .rdev = makedev(x.stx_rdev_major, x.stx_rdev_minor),
        .mode = x.stx_mode,
        .links = x.stx_nlink,
        .uid = x.stx_uid == host.uid ? shown.uid : x.stx_uid,
        .gid = x.stx_gid == host.gid ? shown.gid : x.stx_gid,
        .block_size = x.stx_blksize,
        .accessed = time_of(&x.stx_atime),
        .modified = time_of(&x.stx_mtime),
        .changed = time_of(&x.stx_ctime),
        .born = time_of(&x.stx_btime),
    };
    return 0;
}

u32 attr_allowed_mode(u32 type, u32 mode)
{
    return mode & (type == S_IFDIR ? 07777u : 01777u);
}

static bool time_is_valid(const struct rf_time *t)
{
    return t->nanoseconds < 1000000000u || t->nanoseconds == UTIME_NOW ||
           t->nanoseconds == UTIME_OMIT;
}

static int set_times(int fd, const char *name, const struct rf_setattr *set)
{
    struct timespec t[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = UTIME_OMIT}};

    if (set->which & RF_SETATTR_ACCESSED)
        t[0] = (struct timespec){set->accessed.seconds, (long)set->accessed.nanoseconds};
    if (set->which & RF_SETATTR_MODIFIED)
        t[1] = (struct timespec){set->modified.seconds, (long)set->modified.nanoseconds};
    if (*name)
        return utimensat(fd, name, t, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
    return futimens(fd, t) < 0 ? -errno : 0;
}

static int set_mode(int fd, const char *name, u32 mode)
{
    struct stat st;

    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH)) < 0)
        return -errno;
    if (S_ISLNK(st.st_mode))
        return -EOPNOTSUPP;
    mode = attr_allowed_mode(st.st_mode & S_IFMT, mode);
    if (!*name)
        return fchmod(fd, mode) < 0 ? -errno : 0;
    if (syscall(SYS_fchmodat2_number, fd, name, mode, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    if (errno != ENOSYS)
        return -errno;
    return fchmodat(fd, name, mode, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int set_size(int fd, const char *name, u64 size)
{
    int file = fd, error;

    if ((s64)size < 0)
        return -EINVAL;
    if (*name) {
        struct stat st;

        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            return -errno;
        if (!S_ISREG(st.st_mode))
            return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        file = openat(fd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (file < 0)
            return -errno;
    }
    error = ftruncate(file, (off_t)size) < 0 ? -errno : 0;
    if (file != fd)
        close(file);
    return error;
}

int attr_set(int fd, const char *name, const struct rf_setattr *set)
{
    u32 known = RF_SETATTR_MODE | RF_SETATTR_UID | RF_SETATTR_GID | RF_SETATTR_SIZE |
                RF_SETATTR_ACCESSED | RF_SETATTR_MODIFIED;
    int error = 0;

    if (set->which & ~known)
        return -EINVAL;
    if ((set->which & RF_SETATTR_ACCESSED && !time_is_valid(&set->accessed)) ||
        (set->which & RF_SETATTR_MODIFIED && !time_is_valid(&set->modified)))
        return -EINVAL;
    if (set->which & RF_SETATTR_SIZE)
        error = set_size(fd, name, set->size);
    if (!error && set->which & (RF_SETATTR_UID | RF_SETATTR_GID)) {
        uid_t uid = set->which & RF_SETATTR_UID ? set->uid : (uid_t)-1;
        gid_t gid = set->which & RF_SETATTR_GID ? set->gid : (gid_t)-1;

        uid = uid == shown.uid ? host.uid : uid;
        gid = gid == shown.gid ? host.gid : gid;
        if (fchownat(fd, name, uid, gid, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH)) < 0)
            error = -errno;
    }
    if (!error && set->which & RF_SETATTR_MODE)
        error = set_mode(fd, name, set->mode);
    if (!error && set->which & (RF_SETATTR_ACCESSED | RF_SETATTR_MODIFIED))
        error = set_times(fd, name, set);
    return error;
}
