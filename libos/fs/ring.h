/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of bytes in heap pages that grows with what it has to hold. Pipes and stream sockets keep
 * their data in one. Does no locking. */
#ifndef LIBOS_FS_RING_H
#define LIBOS_FS_RING_H

#include "libos/fs/io.h"

/* head and tail count bytes since the ring was made (with gaps: see ring_get); the byte with number
 * n lies at memory[n % size]. size is 0 or a power of two. All-zero is an empty ring. */
struct ring {
    u8 *memory;
    u64 size;
    u64 head, tail; /* next byte to read, next byte to write */
};

static inline u64 ring_used(const struct ring *r)
{
    return r->tail - r->head;
}

/* Makes room for `n` more bytes, if need be in new memory. False: the cell's memory is used up. */
bool ring_reserve(struct ring *r, u64 n);
/* Moves n bytes, for which there is room, from io to the ring. Bytes moved: fewer than n if the
 * program's memory faulted. -EFAULT: none. */
long ring_put(struct ring *r, struct io *io, u64 n);
/* Moves n of the bytes in the ring, starting `skip` bytes behind the head, to io and leaves them in
 * the ring. Result as ring_put. */
long ring_peek(const struct ring *r, struct io *io, u64 skip, u64 n);
/* Drops n bytes from the head. An empty ring starts again at the beginning of its memory, so that a
 * ping-pong of small messages stays in the same cache lines. */
static inline void ring_drop(struct ring *r, u64 n)
{
    r->head += n;
    if (r->head == r->tail && r->size)
        r->head = r->tail = (r->tail + r->size - 1) & ~(r->size - 1);
}
/* Gives the memory back; the ring is empty after it. */
void ring_free(struct ring *r);

#endif
