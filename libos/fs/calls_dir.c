/* SPDX-License-Identifier: Apache-2.0 */
/* getdents(2), readlink(2), chdir(2), chroot(2), getcwd(2). */
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/fs/access.h"
#include "libos/fs/dentry.h"
#include "libos/fs/direntry.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/notify.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

#define CHUNK 8192u /* of entries, on our stack */

/* Fills the program's memory with what readdir gives. `fits` copies a chunk. */
static long read_directory(struct file *f, void *user, size_t size,
                           long (*give)(void *user, void *chunk, size_t bytes))
{
    u8 chunk[CHUNK] __attribute__((aligned(8)));
    size_t done = 0;
    long r = 0;
    while (done < size) {
        r = f->ops->readdir(f, chunk, MIN(size - done, CHUNK));
        if (r <= 0)
            break;
        if (give((u8 *)user + done, chunk, (size_t)r))
            return -EFAULT;
        done += (size_t)r;
    }
    if (done && f->inode)
        notify_change(f->inode, f->dentry, IN_ACCESS);
    return done ? (long)done : r;
}

static long give_64(void *user, void *chunk, size_t bytes)
{
    return copy_to_user(user, chunk, bytes);
}

/* The old form has the type in the last byte instead of before the name: the same size. */
static long give_32(void *user, void *chunk, size_t bytes)
{
    for (size_t at = 0; at < bytes;) {
        struct direntry *e = (struct direntry *)((u8 *)chunk + at);
        u8 *type = (u8 *)e + offsetof(struct direntry, type), kind = *type;
        size_t name = offsetof(struct direntry, name);
        memmove(type, e->name, e->size - name);
        ((u8 *)e)[e->size - 1] = kind;
        at += e->size;
    }
    return copy_to_user(user, chunk, bytes);
}

static long directory_entries(int fd, void *user, u32 size,
                              long (*give)(void *user, void *chunk, size_t bytes))
{
    struct fd_ref ref = fd_borrow(fd);
    struct file *f = ref.file;
    if (!f)
        return -EBADF;
    long r = -ENOTDIR;
    if (f->ops->readdir) {
        bool locked = position_lock_take(ref);
        r = f->dentry && f->dentry->unlinked ? -ENOENT : read_directory(f, user, size, give);
        if (locked)
            lock_release(&f->position_lock);
    }
    fd_release(ref);
    return r;
}

SYSCALL3(getdents64, int, fd, void *, user, u32, size)
{
    return directory_entries(fd, user, size, give_64);
}

SYSCALL3(getdents, int, fd, void *, user, u32, size)
{
    return directory_entries(fd, user, size, give_32);
}

static long read_link(int dirfd, const char *path, char *user, int size)
{
    char target[PATH_MAX_BYTES];
    struct dentry *d;
    if (size <= 0)
        return -EINVAL;
    struct walk_end end;
    long r = path_walk_at_end(dirfd, path, WALK_EMPTY, &d, &end);
    if (r)
        return r;
    struct inode *i = d->inode;
    if (S_ISLNK(i->mode) && i->ops->readlink)
        r = i->ops->readlink(i, d, target, sizeof(target));
    else
        r = end.empty ? -ENOENT : -EINVAL;
    namespace_unlock();
    dentry_put(d);
    if (r < 0)
        return r;
    r = MIN(r, size);
    return copy_to_user(user, target, (size_t)r) ? -EFAULT : r;
}

SYSCALL3(readlink, const char *, path, char *, user, int, size)
{
    return read_link(AT_FDCWD, path, user, size);
}

SYSCALL4(readlinkat, int, dirfd, const char *, path, char *, user, int, size)
{
    return read_link(dirfd, path, user, size);
}

/* Takes over the caller's reference to d. Namespace lock held. */
static void change_to(struct dentry **place, struct dentry *d)
{
    struct dentry *old = *place;
    *place = d;
    dentry_put(old);
}

SYSCALL1(chdir, const char *, path)
{
    struct dentry *d;
    long r = path_walk_at(AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY, &d);
    if (r)
        return r;
    r = may_access(d->inode, 1);
    if (r)
        dentry_put(d);
    else
        change_to(&current_process->paths->working, d);
    namespace_unlock();
    return r;
}

static long change_to_file(struct file *f)
{
    struct dentry *d = f->dentry;
    if (!d || !S_ISDIR(d->inode->mode))
        return -ENOTDIR;
    long r = may_access(d->inode, 1);
    if (r)
        return r;
    namespace_lock();
    dentry_get(d);
    change_to(&current_process->paths->working, d);
    namespace_unlock();
    return 0;
}

SYSCALL1(fchdir, int, fd)
{
    struct file *f = fd_get_path(fd);
    if (!f)
        return -EBADF;
    long r = change_to_file(f);
    file_put(f);
    return r;
}

SYSCALL1(chroot, const char *, path)
{
    struct dentry *d;
    long r = path_walk_at(AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY, &d);
    if (r)
        return r;
    r = may_access(d->inode, 1);
    if (!r && current_process->fsuid)
        r = -EPERM;
    if (r)
        dentry_put(d);
    else
        change_to(&current_process->paths->root, d);
    namespace_unlock();
    return r;
}

SYSCALL2(getcwd, char *, user, size_t, size)
{
    char path[PATH_MAX_BYTES];
    namespace_lock();
    struct fs_context *c = current_process->paths;
    bool gone = c->working->unlinked;
    bool outside = !dentry_below(c->working, c->root);
    long n = dentry_path(c->working, path, sizeof(path));
    namespace_unlock();
    if (gone)
        return -ENOENT;
    if (n < 0)
        return n;
    if (outside) { /* as Linux marks a place above the root */
        static const char mark[] = "(unreachable)";
        if ((size_t)n + sizeof(mark) > sizeof(path))
            return -ENAMETOOLONG;
        memmove(path + sizeof(mark) - 1, path, (size_t)n + 1);
        memcpy(path, mark, sizeof(mark) - 1);
        n += (long)sizeof(mark) - 1;
    }
    if ((size_t)n + 1 > size)
        return -ERANGE;
    return copy_to_user(user, path, (size_t)n + 1) ? -EFAULT : n + 1;
}
