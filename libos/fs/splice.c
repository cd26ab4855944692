/* SPDX-License-Identifier: Apache-2.0 */
/* splice(2), tee(2), vmsplice(2). Data is copied: pages are not moved. What comes out of a pipe is
 * looked at first and taken once it was written, so that nothing is lost when the other side takes
 * less. */
#include "libos/entry/syscall.h"
#include "libos/fs/calls.h"
#include "libos/fs/copy.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/pipe.h"
#include "libos/fs/poll.h"
#include "libos/mm/heap.h"
#include <linux/fcntl.h>

#define SPLICE_NONBLOCK 2u
#define SPLICE_KNOWN    15u

/* What one end of a splice is. */
struct end {
    struct file *f;
    bool pipe;
    struct position_arg position;
    bool nonblocking;
};

static long end_init(struct end *e, struct file *f, s64 *user_position, u32 flags)
{
    e->f = f;
    e->pipe = file_pipe(f) != NULL;
    e->nonblocking = (flags & SPLICE_NONBLOCK) || (f->flags & O_NONBLOCK);
    if (e->pipe && user_position)
        return -ESPIPE;
    return position_get(&e->position, user_position, f);
}

/* Bytes of ours into the end. */
static long give(struct end *to, void *buffer, size_t n)
{
    return to->pipe ? pipe_write_ours(to->f, buffer, n, to->nonblocking)
                    : write_ours(to->f, buffer, n, to->position.at);
}

/* From a pipe to anything. Waits for the first data only. */
static long from_pipe(struct end *from, struct end *to, void *buffer, size_t count)
{
    size_t done = 0;
    long r = 0;
    while (done < count) {
        size_t part = MIN(count - done, COPY_CHUNK);
        r = pipe_peek_ours(from->f, buffer, part, from->nonblocking || done);
        if (r <= 0)
            break;
        long n = r;
        r = give(to, buffer, (size_t)n);
        if (r <= 0)
            break;
        pipe_read_ours(from->f, buffer, (size_t)r, true);
        done += (size_t)r;
        if (r < n)
            break;
    }
    return done ? (long)done : r;
}

/* From a stream that cannot take back what was read: only as much as surely fits. */
static size_t fits(struct end *to, size_t count)
{
    if (!to->nonblocking)
        return MIN(count, COPY_CHUNK);
    return to->f->ops->poll(to->f, NULL) & POLLOUT ? MIN(count, PIPE_BUF_BYTES) : 0;
}

static long to_pipe(struct end *from, struct end *to, void *buffer, size_t count)
{
    bool seekable = from->f->ops->seek != NULL;
    u64 at = *from->position.at;
    count = fits(to, count);
    if (!count)
        return -EAGAIN;
    long n = read_ours(from->f, buffer, count, &at);
    if (n <= 0)
        return n;
    long r = give(to, buffer, (size_t)n);
    if (r > 0 && seekable)
        *from->position.at += (u64)r;
    return r;
}

static long splice_ends(struct end *from, struct end *to, size_t count)
{
    void *buffer = heap_pages_alloc(COPY_CHUNK / PAGE_SIZE);
    if (!buffer)
        return -ENOMEM;
    long r = from->pipe ? from_pipe(from, to, buffer, count) : to_pipe(from, to, buffer, count);
    heap_pages_free(buffer, COPY_CHUNK / PAGE_SIZE);
    return r;
}

static long splice(struct file *in, s64 *in_position, struct file *out, s64 *out_position,
                   size_t count, u32 flags)
{
    struct end from, to;
    if (!file_readable(in) || !file_writable(out))
        return -EBADF;
    long r = end_init(&from, in, in_position, flags);
    if (!r)
        r = end_init(&to, out, out_position, flags);
    if (r)
        return r;
    if (!from.pipe && !to.pipe)
        return -EINVAL;
    if (!in->ops->read || !out->ops->write || (out->flags & O_APPEND))
        return -EINVAL;
    if (from.pipe && to.pipe && file_pipe(in) == file_pipe(out))
        return -EINVAL;
    r = splice_ends(&from, &to, count);
    return position_put(&from.position) || position_put(&to.position) ? -EFAULT : r;
}

SYSCALL6(splice, int, in, s64 *, in_position, int, out, s64 *, out_position, size_t, count, u32,
         flags)
{
    if (!count)
        return 0;
    if (flags & ~SPLICE_KNOWN)
        return -EINVAL;
    struct fd_ref a = fd_borrow(in), b = fd_borrow(out);
    long r =
        a.file && b.file ? splice(a.file, in_position, b.file, out_position, count, flags) : -EBADF;
    fd_release(a);
    fd_release(b);
    return r;
}

static long tee(struct file *in, struct file *out, size_t count, bool nonblocking)
{
    struct pipe *from = file_pipe(in), *to = file_pipe(out);
    if (!file_readable(in) || !file_writable(out))
        return -EBADF;
    if (!from || !to || from == to)
        return -EINVAL;
    void *buffer = heap_pages_alloc(COPY_CHUNK / PAGE_SIZE);
    if (!buffer)
        return -ENOMEM;
    long r = pipe_peek_ours(in, buffer, MIN(count, COPY_CHUNK), nonblocking);
    if (r > 0)
        r = pipe_write_ours(out, buffer, (size_t)r, nonblocking);
    heap_pages_free(buffer, COPY_CHUNK / PAGE_SIZE);
    return r;
}

SYSCALL4(tee, int, in, int, out, size_t, count, u32, flags)
{
    if (flags & ~SPLICE_KNOWN)
        return -EINVAL;
    if (!count)
        return 0;
    struct fd_ref a = fd_borrow(in), b = fd_borrow(out);
    long r = a.file && b.file ? tee(a.file, b.file, count, flags & SPLICE_NONBLOCK) : -EBADF;
    fd_release(a);
    fd_release(b);
    return r;
}

/* The program's pieces through a buffer: into the pipe, or out of it. */
static long vmsplice_pieces(struct file *f, struct io *io, void *buffer, bool nonblocking)
{
    if (file_writable(f)) {
        long n = io_take(io, buffer, COPY_CHUNK);
        return n <= 0 ? n : pipe_write_ours(f, buffer, (size_t)n, nonblocking);
    }
    long n = pipe_peek_ours(f, buffer, MIN(io->left, COPY_CHUNK), nonblocking);
    if (n <= 0)
        return n;
    n = io_put(io, buffer, (size_t)n);
    if (n > 0)
        pipe_read_ours(f, buffer, (size_t)n, true);
    return n;
}

static long vmsplice(struct file *f, const void *vector, u64 count, bool nonblocking)
{
    struct io_vector v;
    if (!file_pipe(f))
        return -EBADF;
    long r = io_vector_get(&v, vector, count);
    if (r)
        return r;
    void *buffer = heap_pages_alloc(COPY_CHUNK / PAGE_SIZE);
    size_t done = 0;
    r = buffer ? 0 : -ENOMEM;
    while (!r && v.io.left) {
        r = vmsplice_pieces(f, &v.io, buffer, nonblocking || (done && !file_writable(f)));
        if (r <= 0)
            break;
        done += (size_t)r;
        r = 0;
    }
    if (buffer)
        heap_pages_free(buffer, COPY_CHUNK / PAGE_SIZE);
    io_vector_put(&v);
    return done ? (long)done : r;
}

SYSCALL4(vmsplice, int, fd, const void *, vector, u64, count, u32, flags)
{
    if (flags & ~SPLICE_KNOWN)
        return -EINVAL;
    struct fd_ref ref = fd_borrow(fd);
    if (!ref.file)
        return -EBADF;
    long r = vmsplice(ref.file, vector, count, flags & SPLICE_NONBLOCK);
    fd_release(ref);
    return r;
}
