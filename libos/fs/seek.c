/* SPDX-License-Identifier: Apache-2.0 */
/* lseek(2). */
#include "libos/entry/syscall.h"
#include "libos/fs/fdtable.h"
#include <linux/fs.h>

long seek_within(struct file *f, s64 offset, int whence, u64 size)
{
    s64 base;
    switch (whence) {
    case SEEK_SET: base = 0; break;
    case SEEK_CUR: base = (s64)f->position; break;
    case SEEK_END: base = (s64)size; break;
    case SEEK_DATA:
        if (offset < 0 || (u64)offset >= size)
            return -ENXIO;
        base = 0;
        break;
    case SEEK_HOLE:
        if (offset < 0 || (u64)offset >= size)
            return -ENXIO;
        base = (s64)size - offset;
        break;
    default: return -EINVAL;
    }
    s64 at;
    if (__builtin_add_overflow(base, offset, &at))
        return -EOVERFLOW;
    if (at < 0)
        return -EINVAL;
    f->position = (u64)at;
    return at;
}

long seek_without_size(struct file *f, s64 offset, int whence)
{
    if (whence == SEEK_CUR)
        offset += (s64)f->position;
    else if (whence != SEEK_SET)
        return -EINVAL;
    if (offset < 0)
        return -EINVAL;
    f->position = (u64)offset;
    return offset;
}

SYSCALL3(lseek, int, fd, s64, offset, u32, whence)
{
    struct fd_ref r = fd_borrow(fd);
    struct file *f = r.file;
    if (!f)
        return -EBADF;
    long result;
    if (whence > SEEK_MAX)
        result = -EINVAL;
    else if (!f->ops->seek)
        result = -ESPIPE;
    else {
        bool locked = position_lock_take(r);
        result = f->ops->seek(f, offset, (int)whence);
        if (locked)
            lock_release(&f->position_lock);
    }
    fd_release(r);
    return result;
}
