/* SPDX-License-Identifier: Apache-2.0 */
/* stat(2), statx(2) and their kin. */
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/fs/dentry.h"
#include "libos/fs/fdtable.h"
#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

static long attr_of(struct dentry *d, struct rf_attr *a)
{
    struct inode *i = d->inode;
    if (i->ops->getattr)
        return i->ops->getattr(i, d, a);
    inode_attr(i, a);
    return 0;
}

/* A file without an inode and without an opinion: an anonymous object. */
static long attr_of_file(struct file *f, struct rf_attr *a)
{
    if (f->ops->getattr)
        return f->ops->getattr(f, a);
    if (f->dentry)
        return attr_of(f->dentry, a);
    if (f->inode) {
        inode_attr(f->inode, a);
        return 0;
    }
    *a = (struct rf_attr){.device = 1, .inode = 1, .mode = 0600, .links = 1, .block_size = 4096};
    return 0;
}

static void stat_from_attr(struct stat *s, const struct rf_attr *a)
{
    *s = (struct stat){
        .st_dev = a->device,
        .st_ino = a->inode,
        .st_nlink = a->links,
        .st_mode = a->mode,
        .st_uid = a->uid,
        .st_gid = a->gid,
        .st_rdev = a->rdev,
        .st_size = (long)a->size,
        .st_blksize = a->block_size,
        .st_blocks = (long)a->blocks,
        .st_atime = (u64)a->accessed.seconds,
        .st_atime_nsec = a->accessed.nanoseconds,
        .st_mtime = (u64)a->modified.seconds,
        .st_mtime_nsec = a->modified.nanoseconds,
        .st_ctime = (u64)a->changed.seconds,
        .st_ctime_nsec = a->changed.nanoseconds,
    };
}

/* The short way for inodes that are what they say. */
static void stat_from_inode(struct stat *s, const struct inode *i)
{
    *s = (struct stat){
        .st_dev = i->fs->device,
        .st_ino = i->number,
        .st_nlink = i->links,
        .st_mode = i->mode,
        .st_uid = i->uid,
        .st_gid = i->gid,
        .st_rdev = i->rdev,
        .st_size = (long)i->size,
        .st_blksize = PAGE_SIZE,
        .st_blocks = (long)i->blocks,
        .st_atime = (u64)i->accessed.seconds,
        .st_atime_nsec = i->accessed.nanoseconds,
        .st_mtime = (u64)i->modified.seconds,
        .st_mtime_nsec = i->modified.nanoseconds,
        .st_ctime = (u64)i->changed.seconds,
        .st_ctime_nsec = i->changed.nanoseconds,
    };
}

static long fill_stat(struct dentry *d, struct stat *s)
{
    struct rf_attr a;
    if (!d->inode->ops->getattr) {
        stat_from_inode(s, d->inode);
        return 0;
    }
    long r = attr_of(d, &a);
    if (!r)
        stat_from_attr(s, &a);
    return r;
}

static long stat_path(int dirfd, const char *path, u32 walk, struct stat *user)
{
    struct dentry *d;
    struct stat s;
    long r = path_walk_at(dirfd, path, walk, &d);
    if (r)
        return r;
    namespace_unlock(); /* it may have to be asked for, of a program */
    r = fill_stat(d, &s);
    dentry_put(d);
    return r ? r : copy_to_user(user, &s, sizeof(s));
}

static long stat_file(struct file *f, struct stat *user)
{
    struct stat s;
    struct rf_attr a;
    if (likely(!f->ops->getattr && f->inode && !f->inode->ops->getattr)) {
        stat_from_inode(&s, f->inode);
    } else {
        long r = attr_of_file(f, &a);
        if (r)
            return r;
        stat_from_attr(&s, &a);
    }
    return copy_to_user(user, &s, sizeof(s));
}

/* The file of a descriptor, also an O_PATH one. */
static struct fd_ref borrow_any(int fd)
{
    struct fd_ref ref = fd_borrow(fd);
    if (unlikely(!ref.file)) {
        ref.file = fd_get_path(fd);
        ref.counted = ref.file != NULL;
    }
    return ref;
}

SYSCALL2(fstat, int, fd, struct stat *, user)
{
    struct fd_ref ref = borrow_any(fd);
    if (unlikely(!ref.file))
        return -EBADF;
    long r = stat_file(ref.file, user);
    fd_release(ref);
    return r;
}

SYSCALL2(stat, const char *, path, struct stat *, user)
{
    return stat_path(AT_FDCWD, path, WALK_FOLLOW, user);
}

SYSCALL2(lstat, const char *, path, struct stat *, user)
{
    return stat_path(AT_FDCWD, path, 0, user);
}

/* True if the path is "" and the descriptor itself is meant. Programs also pass NULL. */
static bool is_empty_path(const char *user_path)
{
    char first;
    return !user_path || (!get_user(first, user_path) && !first);
}

static u32 walk_of_at_flags(int flags)
{
    return (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
           (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

SYSCALL4(newfstatat, int, dirfd, const char *, path, struct stat *, user, int, flags)
{
    if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    if ((flags & AT_EMPTY_PATH) && dirfd >= 0 && is_empty_path(path))
        return body_fstat(dirfd, user);
    return stat_path(dirfd, path, walk_of_at_flags(flags), user);
}

static struct statx_timestamp statx_time(const struct rf_time *t)
{
    return (struct statx_timestamp){.tv_sec = t->seconds, .tv_nsec = (u32)t->nanoseconds};
}

/* Device numbers in the Linux ABI's 64-bit form. */
static u32 major_of(u64 device)
{
    return (u32)((device >> 8) & 0xfff) | (u32)((device >> 32) & ~0xfffull);
}

static u32 minor_of(u64 device)
{
    return (u32)(device & 0xff) | (u32)((device >> 12) & 0xffffff00);
}

static void statx_from_attr(struct statx *x, const struct rf_attr *a)
{
    *x = (struct statx){
        .stx_mask = STATX_BASIC_STATS | (a->born.seconds ? STATX_BTIME : 0),
        .stx_blksize = a->block_size,
        .stx_nlink = a->links,
        .stx_uid = a->uid,
        .stx_gid = a->gid,
        .stx_mode = (u16)a->mode,
        .stx_ino = a->inode,
        .stx_size = a->size,
        .stx_blocks = a->blocks,
        .stx_atime = statx_time(&a->accessed),
        .stx_btime = statx_time(&a->born),
        .stx_ctime = statx_time(&a->changed),
        .stx_mtime = statx_time(&a->modified),
        .stx_rdev_major = major_of(a->rdev),
        .stx_rdev_minor = minor_of(a->rdev),
        .stx_dev_major = major_of(a->device),
        .stx_dev_minor = minor_of(a->device),
    };
}

static long attr_of_fd(int fd, struct rf_attr *a)
{
    struct fd_ref ref = borrow_any(fd);
    if (!ref.file)
        return -EBADF;
    long r = attr_of_file(ref.file, a);
    fd_release(ref);
    return r;
}

static long attr_of_path(int dirfd, const char *path, int flags, struct rf_attr *a)
{
    struct dentry *d;
    long r = path_walk_at(dirfd, path, walk_of_at_flags(flags), &d);
    if (r)
        return r;
    namespace_unlock();
    r = attr_of(d, a);
    dentry_put(d);
    return r;
}

SYSCALL5(statx, int, dirfd, const char *, path, int, flags, u32, mask, struct statx *, user)
{
    struct rf_attr a;
    struct statx x;
    int known = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
    if ((flags & ~known) || (mask & STATX__RESERVED) ||
        (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    long r = (flags & AT_EMPTY_PATH) && dirfd >= 0 && is_empty_path(path)
                 ? attr_of_fd(dirfd, &a)
                 : attr_of_path(dirfd, path, flags, &a);
    if (r)
        return r;
    statx_from_attr(&x, &a);
    return copy_to_user(user, &x, sizeof(x));
}
