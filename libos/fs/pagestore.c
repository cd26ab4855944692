/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/fs/pagestore.h"
#include "base/string.h"
#include "libos/mm/heap.h"

#define AHEAD_MOST 4096u /* pages that an appending writer is given beyond its need */

/* Index of the first extent that ends behind `page`; s->used if none does. */
static u32 search(struct page_store *s, u64 page)
{
    u32 low = 0, high = s->used;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (s->extents[middle].first + s->extents[middle].count <= page)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static u32 index_of(struct page_store *s, u64 page)
{
    if (s->hint < s->used) {
        struct extent *e = &s->extents[s->hint];
        if (page >= e->first && page - e->first < e->count)
            return s->hint;
    }
    return s->hint = search(s, page);
}

u8 *store_find(struct page_store *s, u64 page, u64 *run)
{
    u32 n = index_of(s, page);
    if (n == s->used) {
        *run = UINT64_MAX;
        return NULL;
    }
    struct extent *e = &s->extents[n];
    if (page < e->first) {
        *run = e->first - page;
        return NULL;
    }
    *run = e->count - (page - e->first);
    return e->memory + (page - e->first) * PAGE_SIZE;
}

static bool make_room(struct page_store *s)
{
    if (s->used < s->room)
        return true;
    u32 room = s->room ? s->room * 2 : 2;
    struct extent *e = heap_alloc(room * sizeof(*e));
    if (!e)
        return false;
    if (s->used)
        memcpy(e, s->extents, s->used * sizeof(*e));
    heap_free(s->extents);
    s->extents = e;
    s->room = room;
    return true;
}

static void insert(struct page_store *s, u32 at, struct extent e)
{
    memmove(&s->extents[at + 1], &s->extents[at], (s->used - at) * sizeof(e));
    s->extents[at] = e;
    s->used++;
}

/* Adds a run that lies in a hole before index `at`; joins it to its neighbour where it can. */
static void add_run(struct page_store *s, u32 at, struct extent e)
{
    s->pages += e.count;
    if (at > 0) {
        struct extent *before = &s->extents[at - 1];
        if (before->first + before->count == e.first &&
            before->memory + before->count * PAGE_SIZE == e.memory) {
            before->count += e.count;
            s->hint = at - 1;
            return;
        }
    }
    insert(s, at, e);
    s->hint = at;
}

u8 *store_make(struct page_store *s, u64 page, u64 want, u64 *run)
{
    u64 hole;
    u8 *memory = store_find(s, page, &hole);
    if (memory) {
        *run = hole;
        return memory;
    }
    u64 count = MIN(want, hole);
    if (hole == UINT64_MAX) /* behind all: likely appended to again */
        count = MAX(count, MIN(s->pages / 2, AHEAD_MOST));
    if (!make_room(s))
        return NULL;
    while (!(memory = heap_pages_alloc(count))) {
        if (count == 1)
            return NULL;
        count = count > want ? want : (count + 1) / 2;
    }
    add_run(s, search(s, page), (struct extent){page, count, memory});
    *run = count;
    return memory;
}

/* Cuts [from, to) of pages out of extent n, which they lie in. Without memory for the part behind,
 * the pages stay, zeroed. */
static void cut_extent(struct page_store *s, u32 n, u64 from, u64 to)
{
    struct extent *e = &s->extents[n];
    u64 end = e->first + e->count;
    u8 *memory = e->memory + (from - e->first) * PAGE_SIZE;
    if (from > e->first && to < end) {
        if (!make_room(s)) {
            memset(memory, 0, (to - from) * PAGE_SIZE);
            return;
        }
        e = &s->extents[n];
        insert(s, n + 1, (struct extent){to, end - to, e->memory + (to - e->first) * PAGE_SIZE});
        e->count = from - e->first;
    } else if (from > e->first) {
        e->count = from - e->first;
    } else {
        e->memory += (to - from) * PAGE_SIZE;
        e->first = to;
        e->count = end - to;
    }
    heap_pages_free(memory, to - from);
    s->pages -= to - from;
}

static void drop_empty(struct page_store *s, u32 n)
{
    if (s->extents[n].count)
        return;
    memmove(&s->extents[n], &s->extents[n + 1], (s->used - n - 1) * sizeof(s->extents[0]));
    s->used--;
}

void store_cut(struct page_store *s, u64 from, u64 to, bool mapped)
{
    u32 n = search(s, from);
    s->hint = 0;
    while (n < s->used && s->extents[n].first < to) {
        struct extent *e = &s->extents[n];
        u64 start = MAX(from, e->first), end = MIN(to, e->first + e->count),
            last = e->first + e->count;
        if (mapped)
            memset(e->memory + (start - e->first) * PAGE_SIZE, 0, (end - start) * PAGE_SIZE);
        else
            cut_extent(s, n, start, end);
        u32 used = s->used;
        drop_empty(s, n);
        if (last >= to)
            return;
        if (s->used == used)
            n++;
    }
}

u64 store_next(struct page_store *s, u64 from, bool data)
{
    u64 run;
    for (;;) {
        bool there = store_find(s, from, &run) != NULL;
        if (there == data)
            return from;
        if (run == UINT64_MAX)
            return UINT64_MAX;
        from += run;
    }
}

void store_free(struct page_store *s)
{
    for (u32 n = 0; n < s->used; n++)
        heap_pages_free(s->extents[n].memory, s->extents[n].count);
    heap_free(s->extents);
    *s = (struct page_store){0};
}
