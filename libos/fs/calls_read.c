/* SPDX-License-Identifier: Apache-2.0 */
/* read(2), write(2) and their vector and positioned forms. */
#include "libos/entry/syscall.h"
#include "libos/fs/calls.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/notify.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <linux/uio.h>

#define COUNT_MOST  0x7ffff000u /* what Linux moves in one call at most */
#define FAST_PIECES 8u

/* Goes on after a fault that mended itself: r was moved before it. */
static long again(struct file *f, struct io *io, u64 *position, long r,
                  long (*op)(struct file *f, struct io *io, u64 *position))
{
    while ((r > 0 || r == -EFAULT) && io->faulted && io_fault_in(io)) {
        long more = op(f, io, position);
        if (more <= 0)
            return r > 0 ? r : more;
        r = MAX(r, 0) + more;
    }
    return r;
}

long file_read(struct file *f, struct io *io, u64 *position)
{
    if (unlikely(!file_readable(f)))
        return -EBADF;
    if (unlikely(!f->ops->read))
        return f->inode && S_ISDIR(f->inode->mode) ? -EISDIR : -EINVAL;
    long r = f->ops->read(f, io, position);
    if (unlikely(io->faulted))
        r = again(f, io, position, r, f->ops->read);
    if (r > 0 && f->inode)
        notify_change(f->inode, f->dentry, IN_ACCESS);
    return r;
}

/* RLIMIT_FSIZE: how much of n bytes the process may write to the file now, or -EFBIG. */
static long within_size_limit(struct file *f, u64 position, size_t n)
{
    u64 limit = current_process->limits[RLIMIT_FSIZE].soft;
    if (likely(limit == UINT64_MAX) || !n || !f->inode || !S_ISREG(f->inode->mode))
        return (long)n;
    u64 at = f->flags & O_APPEND ? f->inode->size : position;
    if (at < limit)
        return (long)MIN(n, limit - at);
    send_signal_to_thread(current(), SIGXFSZ, NULL);
    return -EFBIG;
}

long file_write(struct file *f, struct io *io, u64 *position)
{
    if (unlikely(!file_writable(f)))
        return -EBADF;
    if (unlikely(!f->ops->write))
        return -EINVAL;
    size_t wanted = io->left;
    long r = within_size_limit(f, *position, wanted);
    if (unlikely(r < 0))
        return r;
    io->left = (size_t)r;
    r = f->ops->write(f, io, position);
    if (unlikely(io->faulted))
        r = again(f, io, position, r, f->ops->write);
    io->left = r > 0 ? wanted - (size_t)r : wanted;
    if (r > 0 && f->inode)
        notify_change(f->inode, f->dentry, IN_MODIFY);
    return r;
}

typedef long mover(struct file *f, struct io *io, u64 *position);

/* Moves at the file's own position. */
static inline long move_here(struct fd_ref ref, struct io *io, mover *move)
{
    struct file *f = ref.file;
    if (unlikely(!f))
        return -EBADF;
    bool locked = f->ops->seek && position_lock_take(ref);
    long r = move(f, io, &f->position);
    if (locked)
        lock_release(&f->position_lock);
    fd_release(ref);
    return r;
}

/* Moves at a position of the caller's. */
static long move_at(struct fd_ref ref, struct io *io, s64 position, mover *move)
{
    struct file *f = ref.file;
    long r;
    if (position < 0)
        r = -EINVAL;
    else if (!f)
        return -EBADF;
    else if (!f->ops->seek)
        r = -ESPIPE;
    else {
        u64 at = (u64)position;
        r = move(f, io, &at);
    }
    if (f)
        fd_release(ref);
    return r;
}

SYSCALL3(read, int, fd, void *, buffer, size_t, count)
{
    struct io_piece piece;
    struct io io;
    io_init(&io, &piece, buffer, MIN(count, COUNT_MOST));
    return move_here(fd_borrow(fd), &io, file_read);
}

SYSCALL3(write, int, fd, void *, buffer, size_t, count)
{
    struct io_piece piece;
    struct io io;
    io_init(&io, &piece, buffer, MIN(count, COUNT_MOST));
    return move_here(fd_borrow(fd), &io, file_write);
}

SYSCALL4(pread64, int, fd, void *, buffer, size_t, count, s64, position)
{
    struct io_piece piece;
    struct io io;
    io_init(&io, &piece, buffer, MIN(count, COUNT_MOST));
    return move_at(fd_borrow(fd), &io, position, file_read);
}

SYSCALL4(pwrite64, int, fd, void *, buffer, size_t, count, s64, position)
{
    struct io_piece piece;
    struct io io;
    io_init(&io, &piece, buffer, MIN(count, COUNT_MOST));
    return move_at(fd_borrow(fd), &io, position, file_write);
}

/* Sums up and cuts at COUNT_MOST. -EINVAL: a length that cannot be. */
static long total_of(struct io_piece *pieces, u32 count, size_t *total)
{
    *total = 0;
    for (u32 n = 0; n < count; n++) {
        if ((s64)pieces[n].length < 0)
            return -EINVAL;
        pieces[n].length = MIN(pieces[n].length, COUNT_MOST - *total);
        *total += pieces[n].length;
    }
    return 0;
}

/* Empty pieces are left out: io.h's readers need not expect them. */
static u32 without_empty(struct io_piece *pieces, u32 count)
{
    u32 kept = 0;
    for (u32 n = 0; n < count; n++)
        if (pieces[n].length)
            pieces[kept++] = pieces[n];
    return kept;
}

long io_vector_get(struct io_vector *v, const void *user, u64 count)
{
    v->pieces = v->fast;
    if (count > UIO_MAXIOV)
        return -EINVAL;
    if (count > FAST_PIECES && !(v->pieces = heap_alloc(count * sizeof(*v->pieces))))
        return -ENOMEM;
    size_t total = 0;
    long r = count ? copy_from_user(v->pieces, user, count * sizeof(*v->pieces)) : 0;
    if (!r)
        r = total_of(v->pieces, (u32)count, &total);
    if (r) {
        io_vector_put(v);
        return r;
    }
    u32 kept = without_empty(v->pieces, (u32)count);
    if (!kept)
        v->pieces[0] = (struct io_piece){0};
    v->io = (struct io){.pieces = v->pieces, .count = MAX(kept, 1u), .left = total};
    return 0;
}

void io_vector_put(struct io_vector *v)
{
    if (v->pieces != v->fast)
        heap_free(v->pieces);
}

static long vector_here(int fd, const void *user, u64 count, mover *move)
{
    struct io_vector v;
    struct fd_ref ref = fd_borrow(fd);
    if (!ref.file)
        return -EBADF;
    long r = io_vector_get(&v, user, count);
    if (r) {
        fd_release(ref);
        return r;
    }
    r = move_here(ref, &v.io, move);
    io_vector_put(&v);
    return r;
}

static long vector_at(int fd, const void *user, u64 count, s64 position, mover *move)
{
    struct io_vector v;
    if (position < 0)
        return -EINVAL;
    struct fd_ref ref = fd_borrow(fd);
    if (!ref.file)
        return -EBADF;
    long r = io_vector_get(&v, user, count);
    if (r) {
        fd_release(ref);
        return r;
    }
    r = move_at(ref, &v.io, position, move);
    io_vector_put(&v);
    return r;
}

SYSCALL3(readv, int, fd, const void *, vector, u64, count)
{
    return vector_here(fd, vector, count, file_read);
}

SYSCALL3(writev, int, fd, const void *, vector, u64, count)
{
    return vector_here(fd, vector, count, file_write);
}

SYSCALL4(preadv, int, fd, const void *, vector, u64, count, s64, position)
{
    return vector_at(fd, vector, count, position, file_read);
}

SYSCALL4(pwritev, int, fd, const void *, vector, u64, count, s64, position)
{
    return vector_at(fd, vector, count, position, file_write);
}

/* The flags are hints (RWF_HIPRI, RWF_DSYNC, RWF_SYNC), or cannot be promised for every file. */
#define RWF_HINTS (RWF_HIPRI | RWF_DSYNC | RWF_SYNC)

static long vector2(int fd, const void *vector, u64 count, s64 position, int flags, mover *move)
{
    if (flags & ~RWF_HINTS)
        return -EOPNOTSUPP;
    return position == -1 ? vector_here(fd, vector, count, move)
                          : vector_at(fd, vector, count, position, move);
}

SYSCALL6(preadv2, int, fd, const void *, vector, u64, count, s64, position, u64,
         unused __attribute__((unused)), int, flags)
{
    return vector2(fd, vector, count, position, flags, file_read);
}

SYSCALL6(pwritev2, int, fd, const void *, vector, u64, count, s64, position, u64,
         unused __attribute__((unused)), int, flags)
{
    return vector2(fd, vector, count, position, flags, file_write);
}
