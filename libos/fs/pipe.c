/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <asm/ioctls.h>
#include "libos/entry/syscall.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/pipe.h"
#include "libos/fs/vfs.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include "libos/time/clock.h"

#define SIGPIPE_NUMBER 13
#define CAP_MOST_USERS (1ul << 31)

static const struct file_ops pipe_ops;

static struct pipe *pipe_new(struct inode *i)
{
    struct pipe *p = heap_alloc(sizeof(*p));
    if (!p)
        return NULL;
    waitq_init(&p->read_pollers);
    waitq_init(&p->write_pollers);
    waitq_init(&p->opens);
    stream_init(&p->stream, PIPE_DEFAULT, &p->read_pollers, &p->write_pollers);
    p->stream.poll_room = p->stream.atomic = PIPE_BUF_BYTES;
    p->inode = i;
    p->references = 1;
    p->made = time_now();
    return p;
}

static void pipe_free(struct pipe *p)
{
    packets_free(p);
    stream_destroy(&p->stream);
    heap_free(p);
}

/* Gives a reference back. A FIFO's pipe hangs off its inode, whose lock guards the count. */
static void pipe_put(struct pipe *p)
{
    struct inode *i = p->inode;
    if (!i) {
        if (__atomic_sub_fetch(&p->references, 1, __ATOMIC_ACQ_REL) == 0)
            pipe_free(p);
        return;
    }
    lock_take(&i->lock);
    bool last = --p->references == 0;
    if (last)
        i->pipe = NULL;
    lock_release(&i->lock);
    if (last)
        pipe_free(p);
}

/* Counts f in as reader or writer or both. Stream lock held. */
static void attach_locked(struct pipe *p, struct file *f)
{
    if (file_readable(f)) {
        p->readers++;
        p->readers_ever++;
    }
    if (file_writable(f)) {
        p->writers++;
        p->writers_ever++;
    }
    p->stream.no_readers = p->readers == 0;
    p->stream.no_writers = p->writers == 0;
    waitq_wake(&p->opens, ~0u);
}

static void pipe_attach(struct pipe *p, struct file *f)
{
    lock_take(&p->stream.lock);
    attach_locked(p, f);
    lock_release(&p->stream.lock);
}

static void pipe_detach(struct pipe *p, struct file *f)
{
    lock_take(&p->stream.lock);
    bool last_reader = file_readable(f) && --p->readers == 0;
    bool last_writer = file_writable(f) && --p->writers == 0;
    lock_release(&p->stream.lock);
    if (last_reader)
        stream_end_reading(&p->stream);
    if (last_writer)
        stream_end_writing(&p->stream);
}

static void pipe_release(struct file *f)
{
    struct pipe *p = f->data;
    pipe_detach(p, f);
    pipe_put(p);
}

/* Whether there are packets is known only once there is data: the first may come while this waits.
 */
static long read_from(struct pipe *p, struct io *io, struct stream_call *call)
{
    u32 wakes = 0;
    if (io->left == 0)
        return 0;
    lock_take(&p->stream.lock);
    long r = stream_await_data(&p->stream, call);
    if (r == 1 && unlikely(p->packets != NULL))
        r = packets_take(p, io, call->peek, &wakes);
    else if (r == 1)
        r = stream_take(&p->stream, io, UINT64_MAX, call->peek, &wakes);
    lock_release(&p->stream.lock);
    stream_wake(&p->stream, wakes);
    return r;
}

static long write_packets(struct pipe *p, struct io *io, struct stream_call *call, bool packet)
{
    u32 wakes = 0;
    lock_take(&p->stream.lock);
    long r = packets_start(p) ? packets_write(p, io, call, packet, &wakes) : -ENOMEM;
    lock_release(&p->stream.lock);
    stream_wake(&p->stream, wakes);
    return r;
}

static long write_to(struct pipe *p, struct io *io, struct stream_call *call, bool packet)
{
    if (io->left == 0)
        return 0;
    long r = likely(!p->packets && !packet) ? stream_write(&p->stream, io, call)
                                            : write_packets(p, io, call, packet);
    if (call->broken)
        send_signal_to_thread(current(), SIGPIPE_NUMBER, NULL);
    return r;
}

static long pipe_read(struct file *f, struct io *io, u64 *position __attribute__((unused)))
{
    struct stream_call call = {.nonblocking = f->flags & O_NONBLOCK, .deadline = FOREVER};
    return read_from(f->data, io, &call);
}

static long pipe_write(struct file *f, struct io *io, u64 *position __attribute__((unused)))
{
    struct stream_call call = {.nonblocking = f->flags & O_NONBLOCK, .deadline = FOREVER};
    return write_to(f->data, io, &call, f->flags & O_DIRECT);
}

long pipe_read_ours(struct file *f, void *to, size_t n, bool nonblocking)
{
    struct stream_call call = {.nonblocking = nonblocking, .deadline = FOREVER};
    struct io_piece piece;
    struct io io;
    io_init_ours(&io, &piece, to, n);
    return read_from(f->data, &io, &call);
}

long pipe_peek_ours(struct file *f, void *to, size_t n, bool nonblocking)
{
    struct stream_call call = {.nonblocking = nonblocking, .peek = true, .deadline = FOREVER};
    struct io_piece piece;
    struct io io;
    io_init_ours(&io, &piece, to, n);
    return read_from(f->data, &io, &call);
}

long pipe_write_ours(struct file *f, void *from, size_t n, bool nonblocking)
{
    struct stream_call call = {.nonblocking = nonblocking, .deadline = FOREVER};
    struct io_piece piece;
    struct io io;
    io_init_ours(&io, &piece, from, n);
    return write_to(f->data, &io, &call, f->flags & O_DIRECT);
}

static u32 pipe_poll(struct file *f, struct poll_table *pt)
{
    struct pipe *p = f->data;
    u32 events = 0;
    if (file_readable(f))
        poll_register(pt, &p->read_pollers);
    if (file_writable(f))
        poll_register(pt, &p->write_pollers);
    if (file_readable(f)) {
        if (stream_used(&p->stream))
            events |= POLLIN | POLLRDNORM;
        /* Not for a FIFO opened without a writer, until one came and went. */
        if (p->writers == 0 && p->writers_ever != f->position)
            events |= POLLHUP;
    }
    if (file_writable(f)) {
        if (stream_writable(&p->stream) && !packets_full(p))
            events |= POLLOUT | POLLWRNORM;
        if (p->readers == 0)
            events |= POLLERR;
    }
    return events;
}

static long pipe_ioctl(struct file *f, u32 command, u64 argument)
{
    struct pipe *p = f->data;
    if (command != FIONREAD)
        return -ENOTTY;
    return put_user((int *)argument, (int)stream_used(&p->stream));
}

static long pipe_getattr(struct file *f, struct rf_attr *out)
{
    struct pipe *p = f->data;
    if (p->inode) {
        inode_attr(p->inode, out);
        return 0;
    }
    *out = (struct rf_attr){.device = 13,
                            .inode = heap_offset(p) / 16,
                            .mode = S_IFIFO | 0600,
                            .links = 1,
                            .uid = current_process->euid,
                            .gid = current_process->egid,
                            .block_size = PAGE_SIZE,
                            .accessed = p->made,
                            .modified = p->made,
                            .changed = p->made,
                            .born = p->made};
    return 0;
}

static const struct file_ops pipe_ops = {
    .name = "pipe",
    .sends_sigio = true,
    .read = pipe_read,
    .write = pipe_write,
    .ioctl = pipe_ioctl,
    .poll = pipe_poll,
    .release = pipe_release,
    .getattr = pipe_getattr,
};

struct pipe *file_pipe(struct file *f)
{
    return f->ops == &pipe_ops ? f->data : NULL;
}

static void pipe_get(struct pipe *p)
{
    struct inode *i = p->inode;
    if (i)
        lock_take(&i->lock);
    __atomic_add_fetch(&p->references, 1, __ATOMIC_RELAXED);
    if (i)
        lock_release(&i->lock);
}

long pipe_reopen(struct file *of, struct file *f)
{
    struct pipe *p = file_pipe(of);
    if (!p)
        return -ENXIO;
    pipe_get(p);
    pipe_attach(p, f);
    f->ops = &pipe_ops;
    f->data = p;
    return 0;
}

long pipe_get_size(struct file *f)
{
    struct pipe *p = file_pipe(f);
    return p ? (long)p->stream.capacity : -EBADF;
}

long pipe_set_size(struct file *f, u64 size)
{
    struct pipe *p = file_pipe(f);
    if (!p)
        return -EBADF;
    if (size > CAP_MOST_USERS)
        return -EINVAL;
    if (size > PIPE_MOST)
        return -EPERM;
    u64 capacity = PAGE_SIZE;
    while (capacity < size)
        capacity *= 2;
    lock_take(&p->stream.lock);
    long r = stream_used(&p->stream) > capacity ? -EBUSY : (long)capacity;
    if (r > 0)
        p->stream.capacity = capacity;
    lock_release(&p->stream.lock);
    if (r > 0)
        stream_wake(&p->stream, STREAM_WAKE_WRITER | STREAM_POLL_WRITER);
    return r;
}

/* A file for one end of a new pipe; takes over a reference to p. */
static struct file *end_new(struct pipe *p, u32 flags)
{
    struct file *f = file_new(&pipe_ops, flags, NULL, NULL);
    if (!f) {
        pipe_put(p);
        return NULL;
    }
    f->data = p;
    pipe_attach(p, f);
    return f;
}

static long install_both(struct file *r, struct file *w, bool close_on_exec, int *fds)
{
    long first = fd_install(r, 0, close_on_exec);
    if (first < 0) {
        file_put(w);
        return first;
    }
    long second = fd_install(w, 0, close_on_exec);
    if (second < 0) {
        fd_close(first);
        return second;
    }
    fds[0] = first;
    fds[1] = second;
    return 0;
}

static long make_pipe(int *user_fds, u32 flags)
{
    if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
        return -EINVAL;
    struct pipe *p = pipe_new(NULL);
    if (!p)
        return -ENOMEM;
    p->references = 2;
    struct file *r = end_new(p, O_RDONLY | (flags & O_NONBLOCK));
    struct file *w = end_new(p, O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)));
    if (!r || !w) {
        file_put(r);
        file_put(w);
        return -ENFILE;
    }
    int fds[2];
    long result = install_both(r, w, flags & O_CLOEXEC, fds);
    if (result < 0)
        return result;
    result = copy_to_user(user_fds, fds, sizeof(fds));
    if (result < 0) {
        fd_close(fds[0]);
        fd_close(fds[1]);
    }
    return result;
}

SYSCALL1(pipe, int *, fds)
{
    return make_pipe(fds, 0);
}

SYSCALL2(pipe2, int *, fds, u32, flags)
{
    return make_pipe(fds, flags);
}

/* The FIFO's pipe, made if it is not open yet, with a reference; NULL: no memory. */
static struct pipe *fifo_pipe(struct inode *i)
{
    lock_take(&i->lock);
    struct pipe *p = i->pipe;
    if (p)
        p->references++;
    else
        i->pipe = p = pipe_new(i);
    lock_release(&i->lock);
    return p;
}

/* Waits until the counter of opens at the other end moves on: 0, or -ERESTARTSYS. Stream lock held.
 */
static long await_other_end(struct pipe *p, const u32 *ever_opened)
{
    u32 before = *ever_opened;
    while (*ever_opened == before) {
        long r = wait_on(&p->opens, &p->stream.lock, FOREVER);
        if (r)
            return -ERESTARTSYS;
    }
    return 0;
}

/* The rules of fifo(7). In one with attaching f: the other end may come, find f, and go again
 * before f's opener runs on. */
static long attach_and_meet(struct pipe *p, struct file *f)
{
    bool reads = file_readable(f), writes = file_writable(f);
    long r = 0;
    lock_take(&p->stream.lock);
    attach_locked(p, f);
    if (reads && !writes && p->writers == 0) {
        if (f->flags & O_NONBLOCK)
            f->position = p->writers_ever;
        else
            r = await_other_end(p, &p->writers_ever);
    } else if (writes && !reads && p->readers == 0) {
        r = f->flags & O_NONBLOCK ? -ENXIO : await_other_end(p, &p->readers_ever);
    }
    lock_release(&p->stream.lock);
    return r;
}

long fifo_open(struct inode *i, struct dentry *d __attribute__((unused)), struct file *f)
{
    struct pipe *p = fifo_pipe(i);
    if (!p)
        return -ENOMEM;
    long r = attach_and_meet(p, f);
    if (r < 0) {
        pipe_detach(p, f);
        pipe_put(p);
        return r;
    }
    f->ops = &pipe_ops;
    f->data = p;
    return 0;
}
