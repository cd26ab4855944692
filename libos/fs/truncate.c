/* SPDX-License-Identifier: Apache-2.0 */
/* truncate(2), fallocate(2) and their kin. */
#include "libos/entry/syscall.h"
#include "libos/fs/dentry.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/notify.h"
#include "libos/fs/open.h"
#include "libos/mm/mm.h"
#include <asm/signal.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/resource.h>
#include <linux/stat.h>

static long check_size(u64 size)
{
    if (size <= current_process->limits[RLIMIT_FSIZE].soft)
        return 0;
    send_signal_to_thread(current(), SIGXFSZ, NULL);
    return -EFBIG;
}

long truncate_object(struct dentry *d, u64 size)
{
    struct inode *i = d->inode;
    struct rf_setattr s = {.which = RF_SETATTR_SIZE, .size = size};
    long r = check_size(size);
    if (!r)
        r = i->ops->setattr ? i->ops->setattr(i, d, &s) : -EPERM;
    if (!r)
        notify_change(i, d, IN_MODIFY);
    return r;
}

long truncate_file(struct file *f, u64 size)
{
    long r;
    if (f->ops->truncate) {
        r = check_size(size);
        if (!r)
            r = f->ops->truncate(f, size);
        if (!r)
            notify_change(f->inode, f->dentry, IN_MODIFY);
    } else {
        r = truncate_object(f->dentry, size);
    }
    if (!r)
        mm_file_shrunk(f->inode);
    return r;
}

static long truncate_dentry(struct dentry *d, u64 size)
{
    if (S_ISDIR(d->inode->mode))
        return -EISDIR;
    if (!S_ISREG(d->inode->mode))
        return -EINVAL;
    long r = may_access(d->inode, 2);
    return r ? r : truncate_object(d, size);
}

SYSCALL2(truncate, const char *, path, s64, size)
{
    struct dentry *d;
    if (size < 0)
        return -EINVAL;
    long r = path_walk_at(AT_FDCWD, path, WALK_FOLLOW, &d);
    if (r)
        return r;
    r = truncate_dentry(d, (u64)size);
    namespace_unlock();
    if (!r)
        mm_file_shrunk(d->inode);
    dentry_put(d);
    return r;
}

SYSCALL2(ftruncate, int, fd, s64, size)
{
    if (size < 0)
        return -EINVAL;
    struct fd_ref ref = fd_borrow(fd);
    struct file *f = ref.file;
    if (!f)
        return -EBADF;
    long r = -EINVAL;
    if (file_writable(f) && (f->ops->truncate || (f->dentry && S_ISREG(f->inode->mode))))
        r = truncate_file(f, (u64)size);
    fd_release(ref);
    return r;
}

static long allocate(struct file *f, int mode, s64 offset, s64 length)
{
    s64 end;
    if (offset < 0 || length <= 0)
        return -EINVAL;
    if (!file_writable(f))
        return -EBADF;
    if (!f->ops->allocate)
        return f->ops->seek ? f->inode && S_ISDIR(f->inode->mode) ? -EISDIR : -EOPNOTSUPP : -ESPIPE;
    if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
        return -EOPNOTSUPP;
    if (__builtin_add_overflow(offset, length, &end))
        return -EFBIG;
    long r = mode & FALLOC_FL_KEEP_SIZE ? 0 : check_size((u64)end);
    if (!r)
        r = f->ops->allocate(f, mode, (u64)offset, (u64)length);
    if (!r)
        notify_change(f->inode, f->dentry, IN_MODIFY);
    return r;
}

SYSCALL4(fallocate, int, fd, int, mode, s64, offset, s64, length)
{
    struct fd_ref ref = fd_borrow(fd);
    if (!ref.file)
        return -EBADF;
    long r = allocate(ref.file, mode, offset, length);
    fd_release(ref);
    return r;
}
