/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that make and remove names: mkdir(2), unlink(2), link(2), symlink(2), mknod(2) … rename(2)
 * has its own file. */
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/fs/access.h"
#include "libos/fs/dentry.h"
#include "libos/fs/notify.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

/* Walks to a name that is to be made. Holds the namespace lock on success. `directory`: slashes may
 * follow the name. */
static long walk_to_new(int dirfd, const char *path, bool directory, struct dentry **out)
{
    struct walk_end end;
    long r = path_walk_at_end(dirfd, path, WALK_NAME | WALK_CREATE, out, &end);
    if (r)
        return r;
    if (end.last != LAST_NAME || (*out)->inode)
        r = -EEXIST;
    else if (end.slash && !directory)
        r = -ENOENT;
    else
        return 0;
    namespace_unlock();
    dentry_put(*out);
    return r;
}

/* After an attempt to make d: settles the tree and tells watchers. */
static long made(struct dentry *d, long r, u32 mask)
{
    if (!r) {
        dentry_made(d);
        notify_name(d->parent->inode, IN_CREATE | mask, d->name, 0);
    }
    namespace_unlock();
    dentry_put(d);
    return r;
}

static u32 without_umask(u32 mode)
{
    return mode & ~current_process->paths->umask;
}

static long make_directory(int dirfd, const char *path, u32 mode)
{
    struct dentry *d;
    long r = walk_to_new(dirfd, path, true, &d);
    if (r)
        return r;
    struct inode *dir = d->parent->inode;
    r = may_make(d->parent);
    if (!r)
        r = dir->ops->mkdir ? dir->ops->mkdir(dir, d, without_umask(mode & 01777)) : -EROFS;
    return made(d, r, IN_ISDIR);
}

SYSCALL2(mkdir, const char *, path, u32, mode)
{
    return make_directory(AT_FDCWD, path, mode);
}

SYSCALL3(mkdirat, int, dirfd, const char *, path, u32, mode)
{
    return make_directory(dirfd, path, mode);
}

static long check_node_type(u32 mode)
{
    switch (mode & S_IFMT) {
    case 0:
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK: return 0;
    case S_IFCHR:
    case S_IFBLK: return current_process->fsuid ? -EPERM : 0;
    case S_IFDIR: return -EPERM;
    default: return -EINVAL;
    }
}

static long make_node(int dirfd, const char *path, u32 mode, u64 rdev)
{
    struct dentry *d;
    long r = check_node_type(mode);
    if (r)
        return r;
    r = walk_to_new(dirfd, path, false, &d);
    if (r)
        return r;
    struct inode *dir = d->parent->inode;
    u32 type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
    r = may_make(d->parent);
    if (!r)
        r = dir->ops->create ? dir->ops->create(dir, d, type | without_umask(mode & 07777), rdev)
                             : -EROFS;
    return made(d, r, 0);
}

SYSCALL3(mknod, const char *, path, u32, mode, u64, device)
{
    return make_node(AT_FDCWD, path, mode, device);
}

SYSCALL4(mknodat, int, dirfd, const char *, path, u32, mode, u64, device)
{
    return make_node(dirfd, path, mode, device);
}

static long make_symlink(const char *user_target, int dirfd, const char *path)
{
    char target[PATH_MAX_BYTES];
    struct dentry *d;
    long r = copy_string_from_user(target, user_target, sizeof(target));
    if (r <= 0)
        return r ? r : -ENOENT;
    r = walk_to_new(dirfd, path, false, &d);
    if (r)
        return r;
    struct inode *dir = d->parent->inode;
    r = may_make(d->parent);
    if (!r)
        r = dir->ops->symlink ? dir->ops->symlink(dir, d, target) : -EROFS;
    return made(d, r, 0);
}

SYSCALL2(symlink, const char *, target, const char *, path)
{
    return make_symlink(target, AT_FDCWD, path);
}

SYSCALL3(symlinkat, const char *, target, int, dirfd, const char *, path)
{
    return make_symlink(target, dirfd, path);
}

/* Gives the object at `from` the new name d. */
static long link_to(struct dentry *from, struct dentry *d)
{
    struct inode *i = from->inode, *dir = d->parent->inode;
    if (i->fs != dir->fs)
        return -EXDEV;
    long r = may_make(d->parent);
    if (r)
        return r;
    if (S_ISDIR(i->mode))
        return -EPERM;
    if (!dir->ops->link)
        return -EPERM;
    r = dir->ops->link(dir, d, i, from);
    if (!r)
        notify_change(i, NULL, IN_ATTRIB);
    return r;
}

static long make_link(int from_fd, const char *from_path, int to_fd, const char *to_path, int flags)
{
    struct dentry *from, *d;
    if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    u32 walk =
        (flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) | (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
    long r = path_walk_at(from_fd, from_path, walk, &from);
    if (r)
        return r;
    namespace_unlock(); /* `from` stays by its reference, even if its name goes now */
    r = walk_to_new(to_fd, to_path, false, &d);
    if (!r)
        r = made(d, link_to(from, d), 0);
    dentry_put(from);
    return r;
}

SYSCALL2(link, const char *, from, const char *, to)
{
    return make_link(AT_FDCWD, from, AT_FDCWD, to, 0);
}

SYSCALL5(linkat, int, from_fd, const char *, from, int, to_fd, const char *, to, int, flags)
{
    return make_link(from_fd, from, to_fd, to, flags);
}

static bool is_place(const struct dentry *d)
{
    return d->mounted || d->covers || d->parent == d;
}

static long check_unlink(struct dentry *d, const struct walk_end *end)
{
    if (end->last != LAST_NAME)
        return -EISDIR;
    if (end->slash)
        return S_ISDIR(d->inode->mode) ? -EISDIR : -ENOTDIR;
    long r = may_remove(d);
    if (r)
        return r;
    if (S_ISDIR(d->inode->mode))
        return -EISDIR;
    return is_place(d) ? -EBUSY : 0;
}

static long check_rmdir(struct dentry *d, const struct walk_end *end)
{
    if (end->last == LAST_DOT)
        return -EINVAL;
    if (end->last == LAST_DOTDOT)
        return -ENOTEMPTY;
    if (end->last == LAST_ROOT)
        return -EBUSY;
    long r = may_remove(d);
    if (r)
        return r;
    if (!S_ISDIR(d->inode->mode))
        return -ENOTDIR;
    return is_place(d) ? -EBUSY : 0;
}

static long remove_it(struct dentry *d, bool directory)
{
    struct inode *dir = d->parent->inode;
    if (directory)
        return dir->ops->rmdir ? dir->ops->rmdir(dir, d) : -EROFS;
    return dir->ops->unlink ? dir->ops->unlink(dir, d) : -EROFS;
}

static void tell_removed(struct dentry *d, bool directory)
{
    struct inode *i = d->inode;
    notify_name(d->parent->inode, IN_DELETE | (directory ? IN_ISDIR : 0), d->name, 0);
    notify_change(i, NULL, directory ? IN_DELETE_SELF : IN_ATTRIB);
    if (!directory && !i->links)
        notify_change(i, NULL, IN_DELETE_SELF);
}

static long remove_name(int dirfd, const char *path, bool directory)
{
    struct dentry *d;
    struct walk_end end;
    long r = path_walk_at_end(dirfd, path, WALK_NAME, &d, &end);
    if (r)
        return r;
    r = directory ? check_rmdir(d, &end) : check_unlink(d, &end);
    if (!r)
        r = remove_it(d, directory);
    if (!r) {
        dentry_unhash(d);
        tell_removed(d, directory);
    }
    namespace_unlock();
    dentry_put(d);
    return r;
}

SYSCALL1(unlink, const char *, path)
{
    return remove_name(AT_FDCWD, path, false);
}

SYSCALL1(rmdir, const char *, path)
{
    return remove_name(AT_FDCWD, path, true);
}

SYSCALL3(unlinkat, int, dirfd, const char *, path, int, flags)
{
    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    return remove_name(dirfd, path, flags & AT_REMOVEDIR);
}
