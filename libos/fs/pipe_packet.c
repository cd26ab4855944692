/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes in packet mode: O_DIRECT of pipe2(2). A pipe that was ever written to in that mode keeps a
 * queue of segments beside its bytes: a packet, which one read consumes, or a stretch of plain
 * bytes. */
#include <linux/fcntl.h>
#include "libos/fs/pipe.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"

#define SEGMENTS_MOST 256

struct segment {
    u32 length;
    bool packet;
};

struct packets {
    u32 first, count;
    struct segment segments[SEGMENTS_MOST];
};

static struct segment *segment_at(struct packets *q, u32 n)
{
    return &q->segments[(q->first + n) % SEGMENTS_MOST];
}

static void add_segment(struct packets *q, u32 length, bool packet)
{
    struct segment *last = q->count ? segment_at(q, q->count - 1) : NULL;
    if (last && !last->packet && !packet) {
        last->length += length;
        return;
    }
    assert_that(q->count < SEGMENTS_MOST);
    *segment_at(q, q->count) = (struct segment){length, packet};
    q->count++;
}

/* Linux gives each packet a page of its own. */
bool packets_full(const struct pipe *p)
{
    return p->packets &&
           p->packets->count >= MIN(SEGMENTS_MOST - 1, p->stream.capacity / PIPE_BUF_BYTES);
}

bool packets_start(struct pipe *p)
{
    if (p->packets)
        return true;
    p->packets = heap_alloc(sizeof(*p->packets));
    if (p->packets && stream_used(&p->stream))
        add_segment(p->packets, stream_used(&p->stream), false);
    return p->packets != NULL;
}

void packets_free(struct pipe *p)
{
    heap_free(p->packets);
}

long packets_take(struct pipe *p, struct io *io, bool peek, u32 *wakes)
{
    struct packets *q = p->packets;
    if (q->count == 0) /* of a plain write that had begun before the first packet */
        return stream_take(&p->stream, io, UINT64_MAX, peek, wakes);
    struct segment *s = segment_at(q, 0);
    u64 drop = s->packet ? s->length : 0;
    long r = stream_take(&p->stream, io, s->length, peek || s->packet, wakes);
    if (r < 0 || peek)
        return r;
    if (drop)
        stream_drop(&p->stream, drop, wakes);
    s->length -= drop ? drop : (u64)r;
    if (s->length == 0) {
        q->first = (q->first + 1) % SEGMENTS_MOST;
        q->count--;
        *wakes |= STREAM_WAKE_WRITER | STREAM_POLL_WRITER;
    }
    return r;
}

/* Waits until a segment of n bytes fits: 1, or why not. */
static long await_segment(struct pipe *p, u64 n, struct stream_call *call)
{
    for (;;) {
        long r = stream_await_room(&p->stream, n, call);
        if (r != 1 || !packets_full(p))
            return r;
        if (call->nonblocking)
            return -EAGAIN;
        r = wait_on(&p->stream.writable, &p->stream.lock, call->deadline);
        if (r < 0)
            return r == -EINTR ? -ERESTARTSYS : -EAGAIN;
    }
}

long packets_write(struct pipe *p, struct io *io, struct stream_call *call, bool packet, u32 *wakes)
{
    long done = 0;
    while (io->left) {
        u64 n = MIN(io->left, PIPE_BUF_BYTES);
        if (*wakes) {
            stream_wake(&p->stream, *wakes);
            *wakes = 0;
        }
        long r = await_segment(p, n, call);
        if (r == 1)
            r = stream_give(&p->stream, io, n, wakes);
        if (r > 0)
            add_segment(p->packets, r, packet);
        if (r < 0)
            return done ? done : r;
        done += r;
        if ((u64)r < n)
            break;
    }
    return done;
}
