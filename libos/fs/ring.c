/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/fs/ring.h"
#include "base/string.h"
#include "libos/entry/errno.h"
#include "libos/mm/heap.h"

/* Copies what r holds into `to`, a ring of new_size bytes, keeping each byte's number. */
static void move_contents(const struct ring *r, u8 *to, u64 new_size)
{
    for (u64 at = r->head; at < r->tail;) {
        u64 from_index = at & (r->size - 1), to_index = at & (new_size - 1);
        u64 n = MIN(r->tail - at, MIN(r->size - from_index, new_size - to_index));
        memcpy(to + to_index, r->memory + from_index, n);
        at += n;
    }
}

static bool grow(struct ring *r, u64 needed)
{
    u64 new_size = r->size ? r->size : PAGE_SIZE;
    while (new_size < needed)
        new_size *= 2;
    u8 *memory = heap_pages_alloc(new_size / PAGE_SIZE);
    if (!memory)
        return false;
    move_contents(r, memory, new_size);
    if (r->memory)
        heap_pages_free(r->memory, r->size / PAGE_SIZE);
    r->memory = memory;
    r->size = new_size;
    return true;
}

bool ring_reserve(struct ring *r, u64 n)
{
    u64 needed = ring_used(r) + n;
    return needed <= r->size || grow(r, needed);
}

long ring_put(struct ring *r, struct io *io, u64 n)
{
    u64 moved = 0;
    while (moved < n) {
        u64 index = r->tail & (r->size - 1);
        u64 part = MIN(n - moved, r->size - index);
        long got = io_take(io, r->memory + index, part);
        if (got < 0)
            return moved ? (long)moved : got;
        r->tail += got;
        moved += got;
        if ((u64)got < part)
            break;
    }
    return moved;
}

long ring_peek(const struct ring *r, struct io *io, u64 skip, u64 n)
{
    u64 moved = 0;
    while (moved < n) {
        u64 index = (r->head + skip + moved) & (r->size - 1);
        u64 part = MIN(n - moved, r->size - index);
        long put = io_put(io, r->memory + index, part);
        if (put < 0)
            return moved ? (long)moved : put;
        moved += put;
        if ((u64)put < part)
            break;
    }
    return moved;
}

void ring_free(struct ring *r)
{
    if (r->memory)
        heap_pages_free(r->memory, r->size / PAGE_SIZE);
    *r = (struct ring){0};
}
