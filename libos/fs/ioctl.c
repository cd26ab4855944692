/* SPDX-License-Identifier: Apache-2.0 */
/* ioctl(2): what every file has; the rest is the file's own. */
#include "libos/entry/syscall.h"
#include "libos/fs/async.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/vfs.h"
#include <asm/ioctls.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

static long set_nonblocking(struct file *f, const int *user)
{
    int on;
    if (get_user(on, user))
        return -EFAULT;
    if (on)
        __atomic_or_fetch(&f->flags, O_NONBLOCK, __ATOMIC_RELAXED);
    else
        __atomic_and_fetch(&f->flags, ~(u32)O_NONBLOCK, __ATOMIC_RELAXED);
    return 0;
}

static long set_async(struct file *f, int fd, const int *user)
{
    int on;
    if (get_user(on, user))
        return -EFAULT;
    return !on == !(f->flags & FASYNC) ? 0 : async_set(f, fd, on);
}

/* What Linux answers for regular files and directories by itself. */
static long inode_command(struct file *f, u32 command, u64 argument)
{
    struct inode *i = f->inode;
    if (!i || (!S_ISREG(i->mode) && !S_ISDIR(i->mode)))
        return -ENOTTY;
    switch (command) {
    case FIONREAD:
        if (!S_ISREG(i->mode))
            return -ENOTTY;
        return put_user((int *)argument, (int)(i->size - f->position));
    case FIGETBSZ: return put_user((int *)argument, (int)PAGE_SIZE);
    case FICLONE:
    case FICLONERANGE: return -EOPNOTSUPP;
    default: return -ENOTTY;
    }
}

static long file_command(struct file *f, int fd, u32 command, u64 argument)
{
    switch (command) {
    case FIOCLEX: return fd_set_flag(fd, true);
    case FIONCLEX: return fd_set_flag(fd, false);
    case FIONBIO: return set_nonblocking(f, (const int *)argument);
    case FIOASYNC: return set_async(f, fd, (const int *)argument);
    default: break;
    }
    return f->ops->ioctl ? f->ops->ioctl(f, command, argument)
                         : inode_command(f, command, argument);
}

SYSCALL3(ioctl, int, fd, u32, command, u64, argument)
{
    struct fd_ref ref = fd_borrow(fd);
    if (!ref.file)
        return -EBADF;
    long r = file_command(ref.file, fd, command, argument);
    fd_release(ref);
    return r;
}
