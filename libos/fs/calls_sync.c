/* SPDX-License-Identifier: Apache-2.0 */
/* fsync(2), sync(2) and their kin, and the calls that only advise. */
#include "libos/entry/syscall.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/vfs.h"
#include <linux/fadvise.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

static long sync_fd(int fd, bool data_only)
{
    struct fd_ref ref = fd_borrow(fd);
    if (!ref.file)
        return -EBADF;
    long r = ref.file->ops->sync ? ref.file->ops->sync(ref.file, data_only) : -EINVAL;
    fd_release(ref);
    return r;
}

SYSCALL1(fsync, int, fd)
{
    return sync_fd(fd, false);
}

SYSCALL1(fdatasync, int, fd)
{
    return sync_fd(fd, true);
}

static void sync_one(void *data __attribute__((unused)), struct filesystem *fs)
{
    if (fs->sync)
        fs->sync(fs);
}

SYSCALL0(sync)
{
    namespace_lock();
    filesystems_each(sync_one, NULL);
    namespace_unlock();
    return 0;
}

SYSCALL1(syncfs, int, fd)
{
    struct fd_ref ref = fd_borrow(fd);
    if (!ref.file)
        return -EBADF;
    if (ref.file->inode)
        sync_one(NULL, ref.file->inode->fs);
    fd_release(ref);
    return 0;
}

SYSCALL4(sync_file_range, int, fd, s64, offset, s64, length, u32, flags)
{
    struct fd_ref ref = fd_borrow(fd);
    struct file *f = ref.file;
    long r = 0;
    if (!f)
        return -EBADF;
    if ((flags & ~7u) || offset < 0 || length < 0)
        r = -EINVAL;
    else if (!f->inode || (!S_ISREG(f->inode->mode) && !S_ISDIR(f->inode->mode)))
        r = -ESPIPE;
    else if (flags && f->ops->sync)
        r = f->ops->sync(f, true);
    fd_release(ref);
    return r;
}

/* Everything that can be cached is; the advice is checked and taken as given. */
SYSCALL4(fadvise64, int, fd, s64, offset __attribute__((unused)), s64, length, int, advice)
{
    struct fd_ref ref = fd_borrow(fd);
    long r = 0;
    if (!ref.file)
        return -EBADF;
    if (!ref.file->ops->seek)
        r = -ESPIPE;
    else if (length < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
        r = -EINVAL;
    fd_release(ref);
    return r;
}

SYSCALL3(readahead, int, fd, s64, offset __attribute__((unused)), size_t,
         count __attribute__((unused)))
{
    struct fd_ref ref = fd_borrow(fd);
    struct file *f = ref.file;
    if (!f)
        return -EBADF;
    long r = !file_readable(f) ? -EBADF : f->inode && S_ISREG(f->inode->mode) ? 0 : -EINVAL;
    fd_release(ref);
    return r;
}
