/* SPDX-License-Identifier: Apache-2.0 */
/* open(2) and its kin. */
#include "libos/fs/open.h"
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/fs/access.h"
#include "libos/fs/dentry.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/notify.h"
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#define HOW_SIZE_FIRST 24       /* of the first struct open_how */
#define O_LARGE        0100000u /* shown by F_GETFL in every file that open(2) made */
#define TMPFILE        020000000u
#define OPEN_ONLY      ((u32)(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC))
#define KNOWN                                                                                      \
    ((u32)(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC |    \
           O_DSYNC | FASYNC | O_DIRECT | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC |        \
           O_PATH | TMPFILE) |                                                                     \
     O_LARGE)

/* A file of which only the place counts. */
static const struct file_ops path_ops = {.name = "path"};

static bool makes_tmpfile(u32 flags)
{
    return flags & TMPFILE;
}

/* -EINVAL for what cannot be meant. */
static long check_flags(u32 flags)
{
    if (flags & O_PATH)
        return 0;
    if (makes_tmpfile(flags))
        return (flags & O_DIRECTORY) && (flags & O_ACCMODE) && !(flags & O_CREAT) ? 0 : -EINVAL;
    return (flags & O_CREAT) && (flags & O_DIRECTORY) ? -EINVAL : 0;
}

static u32 normal_flags(u32 flags)
{
    flags &= KNOWN;
    if (flags & O_PATH)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    else
        flags |= O_LARGE;
    return flags;
}

static u32 walk_flags(u32 flags)
{
    u32 walk = 0;
    if (!(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
        walk |= WALK_FOLLOW;
    if (flags & O_DIRECTORY)
        walk |= WALK_DIRECTORY;
    if (flags & O_CREAT)
        walk |= WALK_CREATE | WALK_FILE;
    if (!(flags & (O_ACCMODE | O_CREAT | O_PATH | O_DIRECTORY | O_TRUNC)))
        walk |= WALK_OPEN;
    return walk;
}

/* Makes a regular file at the negative d. */
static long create_at(struct dentry *d, u32 mode)
{
    struct dentry *dir = d->parent;
    const struct inode_ops *ops = dir->inode->ops;
    long r = may_make(dir);
    if (r)
        return r;
    if (!ops->create)
        return -EROFS;
    mode &= 07777 & ~current_process->paths->umask;
    r = ops->create(dir->inode, d, S_IFREG | mode, 0);
    if (r)
        return r;
    dentry_made(d);
    notify_name(dir->inode, IN_CREATE, d->name, 0);
    return 0;
}

static u32 access_mask(u32 flags)
{
    static const u8 mask[] = {4, 2, 6, 6};
    return mask[flags & O_ACCMODE] | (flags & O_TRUNC ? 2 : 0);
}

/* May what exists be opened so? */
static long check_existing(struct inode *i, u32 flags)
{
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if (flags & O_PATH)
        return 0;
    if (S_ISLNK(i->mode))
        return -ELOOP;
    if (S_ISDIR(i->mode) && !makes_tmpfile(flags) &&
        ((flags & O_CREAT) || (access_mask(flags) & 2)))
        return -EISDIR;
    if (makes_tmpfile(flags))
        return 0;
    long r = may_access(i, access_mask(flags));
    if (!r && (flags & O_NOATIME) && !owns_inode(i))
        r = -EPERM;
    return r;
}

/* Replaces the directory *d by a nameless file in it. */
static long tmpfile_in(struct dentry **d, u32 mode)
{
    struct dentry *dir = *d;
    struct inode *i;
    long r = may_access(dir->inode, 2 | 1);
    if (r)
        return r;
    if (!dir->inode->ops->tmpfile)
        return -EOPNOTSUPP;
    mode &= 07777 & ~current_process->paths->umask;
    r = dir->inode->ops->tmpfile(dir->inode, S_IFREG | mode, &i);
    if (r)
        return r;
    struct dentry *file = dentry_new(dir, "#tmpfile", 8, 0);
    if (!file) {
        inode_put(i);
        return -ENOMEM;
    }
    file->inode = i;
    file->unlinked = true;
    dentry_put(dir);
    *d = file;
    return 0;
}

/* Decides and, if asked, creates. *created: access need not be asked and nothing truncated. */
static long settle(struct dentry **d, const struct walk_end *end, u32 flags, u32 mode,
                   bool *created)
{
    *created = false;
    if (!(*d)->inode) {
        *created = true;
        return end->slash ? -EISDIR : create_at(*d, mode);
    }
    long r = check_existing((*d)->inode, flags);
    if (!r && makes_tmpfile(flags)) {
        *created = true;
        r = tmpfile_in(d, mode);
    }
    return r;
}

static void count_writer(struct file *f)
{
    if (!S_ISREG(f->inode->mode) || !file_writable(f))
        return;
    __atomic_add_fetch(&f->inode->writers, 1, __ATOMIC_RELAXED);
    f->counted_writer = true;
}

static long open_file(struct file *f)
{
    struct inode *i = f->inode;
    if (f->flags & O_PATH) {
        f->ops = &path_ops;
        return 0;
    }
    count_writer(f);
    long r = i->ops->open ? i->ops->open(i, f->dentry, f) : -ENXIO;
    if (r) {
        f->ops = NULL;
        return r;
    }
    notify_change(i, f->dentry, IN_OPEN);
    if ((f->flags & O_TRUNC) && S_ISREG(i->mode))
        r = truncate_file(f, 0);
    return r;
}

long open_dentry(struct dentry *d, u32 flags, struct file **out)
{
    struct file *f = file_new(NULL, flags & ~(u32)O_CLOEXEC, d, d->inode);
    if (!f)
        return -ENFILE;
    long r = open_file(f);
    if (r) {
        file_put(f);
        return r;
    }
    f->flags &= ~(OPEN_ONLY | TMPFILE);
    *out = f;
    return 0;
}

long file_open_walk(int dirfd, const char *path, u32 flags, u32 mode, u32 walk, struct file **out)
{
    struct dentry *d;
    struct walk_end end;
    bool created;
    long r = check_flags(flags);
    if (r)
        return r;
    flags = normal_flags(flags);
    r = path_walk_from(dirfd, path, walk_flags(flags) | walk, &d, &end);
    if (r)
        return r;
    r = settle(&d, &end, flags, mode, &created);
    namespace_unlock();
    if (!r)
        r = open_dentry(d, created ? flags & ~(u32)O_TRUNC : flags, out);
    dentry_put(d);
    return r;
}

long file_open(int dirfd, const char *path, u32 flags, u32 mode, struct file **out)
{
    return file_open_walk(dirfd, path, flags, mode, 0, out);
}

static long open_descriptor(int dirfd, const char *user_path, u32 flags, u32 mode, u32 walk)
{
    char path[PATH_MAX_BYTES];
    struct file *f;
    long r = copy_string_from_user(path, user_path, sizeof(path));
    if (r >= 0)
        r = file_open_walk(dirfd, path, flags, mode, walk, &f);
    return r < 0 ? r : fd_install(f, 0, flags & O_CLOEXEC);
}

SYSCALL3(open, const char *, path, u32, flags, u32, mode)
{
    return open_descriptor(AT_FDCWD, path, flags, mode, 0);
}

SYSCALL4(openat, int, dirfd, const char *, path, u32, flags, u32, mode)
{
    return open_descriptor(dirfd, path, flags, mode, 0);
}

SYSCALL2(creat, const char *, path, u32, mode)
{
    return open_descriptor(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode, 0);
}

static u32 resolve_to_walk(u64 resolve)
{
    return (resolve & RESOLVE_NO_XDEV ? WALK_NO_XDEV : 0) |
           (resolve & RESOLVE_NO_MAGICLINKS ? WALK_NO_MAGIC : 0) |
           (resolve & RESOLVE_NO_SYMLINKS ? WALK_NO_SYMLINKS : 0) |
           (resolve & RESOLVE_BENEATH ? WALK_BENEATH : 0) |
           (resolve & RESOLVE_IN_ROOT ? WALK_IN_ROOT : 0);
}

/* openat2(2) refuses what open(2) ignores. */
static long check_how(const struct open_how *how)
{
    u64 resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH |
                  RESOLVE_IN_ROOT;
    if (how->resolve & RESOLVE_CACHED)
        return -EAGAIN;
    if ((how->flags & ~(u64)KNOWN) || (how->resolve & ~resolve))
        return -EINVAL;
    if ((how->resolve & RESOLVE_BENEATH) && (how->resolve & RESOLVE_IN_ROOT))
        return -EINVAL;
    if ((how->flags & O_PATH) &&
        (how->flags & ~(u64)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)))
        return -EINVAL;
    bool makes = how->flags & (O_CREAT | TMPFILE);
    return makes ? (how->mode & ~07777ull ? -EINVAL : 0) : (how->mode ? -EINVAL : 0);
}

/* A structure that may grow: bytes that we do not know must be 0. */
static long read_how(struct open_how *how, const u8 *user, size_t size)
{
    if (size < HOW_SIZE_FIRST)
        return -EINVAL;
    if (size > PAGE_SIZE)
        return -E2BIG;
    for (size_t n = sizeof(*how); n < size; n++) {
        u8 byte;
        if (get_user(byte, user + n))
            return -EFAULT;
        if (byte)
            return -E2BIG;
    }
    return get_user(*how, user);
}

SYSCALL4(openat2, int, dirfd, const char *, path, const u8 *, user_how, size_t, size)
{
    struct open_how how;
    long r = read_how(&how, user_how, size);
    if (!r)
        r = check_how(&how);
    if (r)
        return r;
    return open_descriptor(dirfd, path, (u32)how.flags, (u32)how.mode,
                           resolve_to_walk(how.resolve));
}

SYSCALL1(close, int, fd)
{
    return fd_close(fd);
}
