/* SPDX-License-Identifier: Apache-2.0 */
/* A stream: bytes in one direction, with writers that wait for room and readers that wait for data.
 * A pipe is one; a connected stream socket has one for what it receives.
 *
 * `lock` guards all fields but the queues. Wake-ups happen only where somebody can go on: a reader
 * when the stream was empty, a writer when there is as much room as the waiting ones asked for. One
 * of each is woken at a time; whoever leaves something for the next one wakes the next one.
 */
#ifndef LIBOS_FS_STREAM_H
#define LIBOS_FS_STREAM_H

#include "libos/fs/poll.h"
#include "libos/fs/ring.h"
#include "libos/sync/lock.h"
#include "libos/sync/wait.h"

struct stream {
    struct lock lock;
    struct ring ring;
    u64 capacity;    /* most bytes it takes */
    u64 poll_room;   /* with this much room, or empty, poll calls it writable */
    u64 atomic;      /* writes of at most so many bytes go in whole or not at all */
    u64 wanted_room; /* least room that a waiting writer asked for; 0: none waits */
    bool no_writers; /* end of input once it is empty */
    bool no_readers; /* writing is -EPIPE */
    int read_error;  /* -E…: given once when it is empty, before the end of input */
    struct waitq readable, writable;            /* blocked calls */
    struct waitq *read_pollers, *write_pollers; /* poll and epoll at either end */
};

void stream_init(struct stream *s, u64 capacity, struct waitq *read_pollers,
                 struct waitq *write_pollers);
void stream_destroy(struct stream *s);

static inline u64 stream_used(const struct stream *s)
{
    return ring_used(&s->ring);
}

static inline u64 stream_room(const struct stream *s)
{
    u64 used = ring_used(&s->ring);
    return used < s->capacity ? s->capacity - used : 0;
}

static inline bool stream_writable(const struct stream *s)
{
    return stream_used(s) == 0 || stream_room(s) >= s->poll_room;
}

/* How a call wants to read or write. */
struct stream_call {
    bool nonblocking;
    bool peek;    /* read: leave the data there */
    bool broken;  /* result of a write: it met the end of the readers (SIGPIPE) */
    u64 at_least; /* read: wait until so much was read (MSG_WAITALL); 0: anything */
    u64 deadline; /* FOREVER, or until when to wait */
};

/* Reads up to io->left bytes. Bytes; 0 at the end of input; -EAGAIN (nothing there, or the deadline
 * passed); -ERESTARTSYS (a signal, and nothing read); -EFAULT; the read_error. */
long stream_read(struct stream *s, struct io *io, struct stream_call *call);
/* Writes io->left bytes; waits until all are written unless nonblocking. Bytes; -EAGAIN;
 * -ERESTARTSYS; -EFAULT; -ENOMEM; -EPIPE (nobody reads; the caller raises SIGPIPE). */
long stream_write(struct stream *s, struct io *io, struct stream_call *call);

/* The pieces of the above, for callers that hold the lock around more than one. */

/* Waits, lock held, until there is something to read: 1; or an answer as stream_read's. */
long stream_await_data(struct stream *s, struct stream_call *call);
/* Waits, lock held, for `room` bytes of room: 1; or an answer as stream_write's. */
long stream_await_room(struct stream *s, u64 room, struct stream_call *call);
/* Move what can be moved now of `most` bytes, lock held. *wakes collects whom stream_wake shall
 * wake once the lock is released. */
long stream_take(struct stream *s, struct io *io, u64 most, bool peek, u32 *wakes);
long stream_give(struct stream *s, struct io *io, u64 most, u32 *wakes);
/* Drops n bytes that were peeked at. */
void stream_drop(struct stream *s, u64 n, u32 *wakes);

#define STREAM_WAKE_READER 1u
#define STREAM_WAKE_WRITER 2u
#define STREAM_POLL_READER 4u
#define STREAM_POLL_WRITER 8u
void stream_wake(struct stream *s, u32 wakes);

/* One end is gone: sets the flag and wakes everybody. */
void stream_end_writing(struct stream *s);
void stream_end_reading(struct stream *s);

#endif
