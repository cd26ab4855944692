/* SPDX-License-Identifier: Apache-2.0 */
/* sendfile(2), copy_file_range(2). */
#include "libos/fs/copy.h"
#include "libos/entry/syscall.h"
#include "libos/fs/calls.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/vfs.h"
#include "libos/mm/heap.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

#define COUNT_MOST 0x7ffff000u

long write_ours(struct file *f, void *from, size_t n, u64 *position)
{
    struct io_piece piece;
    struct io io;
    io_init_ours(&io, &piece, from, n);
    return file_write(f, &io, position);
}

long read_ours(struct file *f, void *to, size_t n, u64 *position)
{
    struct io_piece piece;
    struct io io;
    io_init_ours(&io, &piece, to, n);
    return file_read(f, &io, position);
}

long copy_file_data(struct file *in, u64 *in_position, struct file *out, u64 *out_position,
                    size_t count)
{
    void *buffer = heap_pages_alloc(COPY_CHUNK / PAGE_SIZE);
    size_t done = 0;
    long r = 0;
    if (!buffer)
        return -ENOMEM;
    while (done < count) {
        u64 at = *in_position;
        r = read_ours(in, buffer, MIN(count - done, COPY_CHUNK), &at);
        if (r <= 0)
            break;
        long n = r;
        r = write_ours(out, buffer, (size_t)n, out_position);
        if (r <= 0)
            break;
        *in_position += (u64)r;
        done += (size_t)r;
        if (r < n)
            break;
    }
    heap_pages_free(buffer, COPY_CHUNK / PAGE_SIZE);
    return done ? (long)done : r;
}

long position_get(struct position_arg *p, s64 *user, struct file *f)
{
    s64 value;
    p->user = user;
    p->at = &f->position;
    if (!user)
        return 0;
    if (!f->ops->seek)
        return -ESPIPE;
    if (get_user(value, user))
        return -EFAULT;
    if (value < 0)
        return -EINVAL;
    p->value = (u64)value;
    p->at = &p->value;
    return 0;
}

long position_put(struct position_arg *p)
{
    return p->user ? put_user(p->user, (s64)p->value) : 0;
}

static long send(struct file *out, struct file *in, s64 *user_position, size_t count)
{
    struct position_arg p;
    if (!file_readable(in) || !file_writable(out))
        return -EBADF;
    long r = position_get(&p, user_position, in);
    if (r)
        return r;
    if (!in->ops->seek || !in->ops->read || !out->ops->write || (out->flags & O_APPEND))
        return -EINVAL;
    u64 out_position = out->position;
    r = copy_file_data(in, p.at, out, &out_position, MIN(count, COUNT_MOST));
    if (out->ops->seek)
        out->position = out_position;
    return position_put(&p) ? -EFAULT : r;
}

/* Runs `act` with the files of two descriptors. */
#define WITH_TWO_FILES(fd_a, fd_b, act)                                                            \
    __extension__({                                                                                \
        struct fd_ref a = fd_borrow(fd_a), b = fd_borrow(fd_b);                                    \
        long result_ = a.file && b.file ? (act) : -EBADF;                                          \
        fd_release(a);                                                                             \
        fd_release(b);                                                                             \
        result_;                                                                                   \
    })

SYSCALL4(sendfile, int, out, int, in, s64 *, position, size_t, count)
{
    return WITH_TWO_FILES(out, in, send(a.file, b.file, position, count));
}

static bool regular(const struct file *f)
{
    return f->inode && S_ISREG(f->inode->mode);
}

static long check_range(struct file *in, struct file *out)
{
    if ((in->inode && S_ISDIR(in->inode->mode)) || (out->inode && S_ISDIR(out->inode->mode)))
        return -EISDIR;
    if (!regular(in) || !regular(out))
        return -EINVAL;
    if (!file_readable(in) || !file_writable(out) || (out->flags & O_APPEND))
        return -EBADF;
    return 0;
}

static bool overlaps(u64 a, u64 b, u64 length)
{
    return a < b + length && b < a + length;
}

static long copy_range(struct file *in, s64 *in_user, struct file *out, s64 *out_user, size_t count)
{
    struct position_arg from, to;
    long r = check_range(in, out);
    if (!r)
        r = position_get(&from, in_user, in);
    if (!r)
        r = position_get(&to, out_user, out);
    if (r)
        return r;
    count = MIN(count, COUNT_MOST);
    count = MIN(count, in->inode->size > *from.at ? in->inode->size - *from.at : 0);
    if (in->inode == out->inode && overlaps(*from.at, *to.at, count))
        return -EINVAL;
    r = copy_file_data(in, from.at, out, to.at, count);
    return position_put(&from) || position_put(&to) ? -EFAULT : r;
}

SYSCALL6(copy_file_range, int, in, s64 *, in_position, int, out, s64 *, out_position, size_t, count,
         u32, flags)
{
    if (flags)
        return -EINVAL;
    return WITH_TWO_FILES(in, out, copy_range(a.file, in_position, b.file, out_position, count));
}
