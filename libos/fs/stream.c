/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/fs/stream.h"
#include "libos/entry/errno.h"

void stream_init(struct stream *s, u64 capacity, struct waitq *read_pollers,
                 struct waitq *write_pollers)
{
    *s = (struct stream){.capacity = capacity,
                         .read_pollers = read_pollers,
                         .write_pollers = write_pollers,
                         .poll_room = 1,
                         .atomic = 1};
    waitq_init(&s->readable);
    waitq_init(&s->writable);
}

void stream_destroy(struct stream *s)
{
    ring_free(&s->ring);
}

void stream_wake(struct stream *s, u32 wakes)
{
    if ((wakes & STREAM_WAKE_READER) && !list_empty(&s->readable.waiters))
        waitq_wake_some(&s->readable, POLLIN, 1);
    if ((wakes & STREAM_WAKE_WRITER) && !list_empty(&s->writable.waiters))
        waitq_wake_some(&s->writable, POLLOUT, 1);
    if (wakes & STREAM_POLL_READER)
        waitq_wake(s->read_pollers, POLLIN | POLLRDNORM);
    if (wakes & STREAM_POLL_WRITER)
        waitq_wake(s->write_pollers, POLLOUT | POLLWRNORM);
}

/* Whom to wake after bytes were taken: a writer that has the room it asked for, and a reader that
 * was passed over while bytes are left. */
static u32 wakes_after_take(struct stream *s, bool was_writable)
{
    u32 wakes = 0;
    if (s->wanted_room && stream_room(s) >= s->wanted_room) {
        /* One is woken; others may wait on, and still want it. */
        if (list_empty(&s->writable.waiters))
            s->wanted_room = 0;
        wakes |= STREAM_WAKE_WRITER;
    }
    if (!was_writable && stream_writable(s))
        wakes |= STREAM_POLL_WRITER;
    if (stream_used(s))
        wakes |= STREAM_WAKE_READER;
    return wakes;
}

void stream_drop(struct stream *s, u64 n, u32 *wakes)
{
    bool was_writable = stream_writable(s);
    ring_drop(&s->ring, n);
    *wakes |= wakes_after_take(s, was_writable);
}

long stream_take(struct stream *s, struct io *io, u64 most, bool peek, u32 *wakes)
{
    u64 n = MIN(MIN(most, io->left), stream_used(s));
    long moved = ring_peek(&s->ring, io, 0, n);
    if (moved > 0 && !peek)
        stream_drop(s, moved, wakes);
    else if (stream_used(s))
        *wakes |= STREAM_WAKE_READER;
    return moved;
}

long stream_give(struct stream *s, struct io *io, u64 most, u32 *wakes)
{
    u64 n = MIN(MIN(most, io->left), stream_room(s));
    bool was_empty = stream_used(s) == 0;
    if (!ring_reserve(&s->ring, n)) {
        n = MIN(n, s->ring.size - stream_used(s));
        if (n == 0)
            return -ENOMEM;
    }
    long moved = ring_put(&s->ring, io, n);
    if (moved > 0)
        *wakes |= STREAM_POLL_READER | (was_empty ? STREAM_WAKE_READER : 0);
    if (stream_room(s))
        *wakes |= STREAM_WAKE_WRITER;
    return moved;
}

/* What a wait that failed means for the call. */
static long wait_result(long r)
{
    return r == -EINTR ? -ERESTARTSYS : r == -ETIMEDOUT ? -EAGAIN : r;
}

long stream_await_data(struct stream *s, struct stream_call *call)
{
    while (stream_used(s) == 0) {
        if (s->read_error) {
            int error = s->read_error;
            s->read_error = 0;
            return error;
        }
        if (s->no_writers)
            return 0;
        if (call->nonblocking)
            return -EAGAIN;
        long r = wait_on(&s->readable, &s->lock, call->deadline);
        /* The wake-up may have been the only one for data that came: hand it on. */
        if (r < 0 && stream_used(s))
            waitq_wake_some(&s->readable, POLLIN, 1);
        if (r < 0)
            return wait_result(r);
    }
    return 1;
}

long stream_await_room(struct stream *s, u64 room, struct stream_call *call)
{
    while (!s->no_readers && stream_room(s) < room) {
        if (call->nonblocking)
            return -EAGAIN;
        if (s->wanted_room == 0 || room < s->wanted_room)
            s->wanted_room = room;
        long r = wait_on(&s->writable, &s->lock, call->deadline);
        if (r < 0 && stream_room(s))
            waitq_wake_some(&s->writable, POLLOUT, 1);
        if (r < 0)
            return wait_result(r);
    }
    call->broken = s->no_readers;
    return s->no_readers ? -EPIPE : 1;
}

long stream_read(struct stream *s, struct io *io, struct stream_call *call)
{
    long done = 0, r;
    u32 wakes = 0;
    wakes_hold();
    lock_take(&s->lock);
    do {
        r = stream_await_data(s, call);
        if (r != 1)
            break;
        r = stream_take(s, io, UINT64_MAX, call->peek, &wakes);
        if (r < 0)
            break;
        done += r;
        if ((u64)done >= call->at_least || io->left == 0 || call->peek || r == 0)
            break;
        /* Writers may be needed for the rest. */
        stream_wake(s, wakes);
        wakes = 0;
    } while (true);
    lock_release(&s->lock);
    stream_wake(s, wakes);
    wakes_release();
    return done ? done : r;
}

/* The room that a writer with `left` bytes to go waits for once it cannot go on. A blocked call
 * shows no progress before all is written, so it may as well sleep until half of the stream is
 * free: one switch of threads per half stream and not one per read. */
static u64 room_to_wait_for(const struct stream *s, u64 left)
{
    if (left <= s->atomic)
        return left;
    return MIN(left, MAX(s->capacity / 2, 1));
}

static u64 room_to_go_on(const struct stream *s, u64 left)
{
    return left <= s->atomic ? left : 1;
}

/* Waits for room where that is needed: 1, or why not. */
static long room_for(struct stream *s, u64 left, struct stream_call *call, u32 *wakes)
{
    if (!s->no_readers && stream_room(s) >= room_to_go_on(s, left))
        return 1;
    if (!call->nonblocking && *wakes) {
        stream_wake(s, *wakes & ~STREAM_WAKE_WRITER);
        *wakes = 0;
    }
    u64 room = call->nonblocking ? room_to_go_on(s, left) : room_to_wait_for(s, left);
    return stream_await_room(s, room, call);
}

long stream_write(struct stream *s, struct io *io, struct stream_call *call)
{
    long done = 0, r = 0;
    u32 wakes = 0;
    wakes_hold();
    lock_take(&s->lock);
    while (io->left) {
        r = room_for(s, io->left, call, &wakes);
        if (r != 1)
            break;
        u64 want = MIN(io->left, stream_room(s));
        r = stream_give(s, io, want, &wakes);
        if (r > 0)
            done += r;
        if (r < (long)want)
            break;
    }
    lock_release(&s->lock);
    stream_wake(s, wakes);
    wakes_release();
    return done ? done : r;
}

void stream_end_writing(struct stream *s)
{
    lock_take(&s->lock);
    s->no_writers = true;
    lock_release(&s->lock);
    waitq_wake(&s->readable, POLLIN | POLLHUP);
    waitq_wake(s->read_pollers, POLLIN | POLLRDNORM | POLLRDHUP | POLLHUP);
}

void stream_end_reading(struct stream *s)
{
    lock_take(&s->lock);
    s->no_readers = true;
    s->wanted_room = 0;
    lock_release(&s->lock);
    waitq_wake(&s->writable, POLLOUT | POLLERR);
    waitq_wake(s->write_pollers, POLLOUT | POLLWRNORM | POLLERR);
}
