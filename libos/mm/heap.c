/* SPDX-License-Identifier: Apache-2.0 */
/* The allocator of the heap segment. The segment begins with its own bookkeeping:
 *
 *   page 0..   struct cell
 *   HEAP_META  struct heap: locks, free lists, and per page: used bit, dirty bit, page_info word
 *   HEAP_DATA  pages for everybody
 *
 * Sizes up to SMALL_MAX come from free lists, one per size class, filled a page at a time; larger
 * ones are page runs. page_info of the page says which: a class number for small objects, LARGE |
 * pages for the first page of a run from heap_alloc, 0 for pages of heap_pages_alloc.
 *
 * A free page is either clean (never touched, or given back to the host: reads as zero and costs
 * nothing) or dirty (still backed; zeroed when it is used again). At most DIRTY_MAX are kept dirty.
 *
 * The bookkeeping is sparse: its pages come into being when first touched.
 */
#include "libos/mm/heap.h"
#include "libos/host/host.h"
#include "libos/proc/process.h"
#include "libos/sync/lock.h"
#include "base/string.h"

#include <linux/mman.h>

#define HEAP_PAGES (RF_HEAP_SIZE / PAGE_SIZE)
#define SMALL_MAX  2048u
#define DIRTY_MAX  2048u
#define LARGE      0x80000000u

static const u16 class_size[] = {16,  32,  48,  64,  80,  96,  128,  160,  192,
                                 256, 320, 384, 512, 640, 816, 1024, 1360, 2048};
#define CLASSES ARRAY_SIZE(class_size)

struct free_object {
    struct free_object *next;
};

struct size_class {
    struct lock lock;
    u32 unused;
    struct free_object *free;
};

struct heap {
    struct lock lock; /* bitmaps, page_info */
    u32 dirty_count;
    u64 next_page; /* where the search for free pages starts */
    u64 high_page; /* no page at or above it was ever used */
    u64 used_pages;
    struct size_class classes[CLASSES];
    u64 used[HEAP_PAGES / 64];
    u64 dirty[HEAP_PAGES / 64];
    u32 page_info[HEAP_PAGES];
};

#define HEAP_META (RF_HEAP_BASE + PAGE_ALIGN(sizeof(struct cell)))
#define HEAP_DATA PAGE_ALIGN(HEAP_META + sizeof(struct heap))
#define the_heap  ((struct heap *)HEAP_META)

static inline u64 page_of(const void *p)
{
    return ((u64)p - RF_HEAP_BASE) / PAGE_SIZE;
}

static inline void *address_of(u64 page)
{
    return (void *)(RF_HEAP_BASE + page * PAGE_SIZE);
}

static inline bool bit_test(const u64 *map, u64 i)
{
    return map[i / 64] >> i % 64 & 1;
}

static inline void bit_set(u64 *map, u64 i)
{
    map[i / 64] |= 1ull << i % 64;
}

static inline void bit_clear(u64 *map, u64 i)
{
    map[i / 64] &= ~(1ull << i % 64);
}

/* The class of each size in steps of 16 bytes, so that finding it costs one load. Private memory.
 */
static u8 class_of_step[SMALL_MAX / 16 + 1];

static void classes_init(void)
{
    u32 class = 0;
    for (u32 step = 0; step <= SMALL_MAX / 16; step++) {
        while (class_size[class] < step * 16)
            class ++;
        class_of_step[step] = (u8) class;
    }
}

void heap_init(void)
{
    classes_init();
    the_heap->next_page = the_heap->high_page = page_of((void *)HEAP_DATA);
}

/* First fit from next_page, then from the start. Returns 0 when there is no run of that length. */
static u64 find_run(struct heap *h, u64 from, u64 to, u64 pages)
{
    u64 start = from;
    for (u64 i = from; i < to;) {
        if (i % 64 == 0 && h->used[i / 64] == ~0ull) {
            i += 64;
            start = i;
        } else if (bit_test(h->used, i)) {
            start = ++i;
        } else if (++i - start == pages) {
            return start;
        }
    }
    return 0;
}

static u64 take_run(struct heap *h, u64 pages)
{
    u64 first = page_of((void *)HEAP_DATA);
    u64 run = find_run(h, h->next_page, h->high_page, pages);
    if (run == 0)
        run = find_run(h, first, MIN(h->next_page + pages, h->high_page), pages);
    if (run == 0) {
        if (h->high_page + pages > HEAP_PAGES)
            return 0;
        run = h->high_page;
        h->high_page += pages;
    }
    for (u64 i = run; i < run + pages; i++)
        bit_set(h->used, i);
    h->next_page = run + pages;
    h->used_pages += pages;
    return run;
}

static void zero_dirty(struct heap *h, u64 run, u64 pages)
{
    if (h->dirty_count == 0)
        return;
    for (u64 i = run; i < run + pages; i++) {
        if (!bit_test(h->dirty, i))
            continue;
        bit_clear(h->dirty, i);
        h->dirty_count--;
        memset(address_of(i), 0, PAGE_SIZE);
    }
}

static u64 pages_take(u64 pages, u32 info)
{
    struct heap *h = the_heap;
    lock_take(&h->lock);
    u64 run = take_run(h, pages);
    if (run) {
        zero_dirty(h, run, pages);
        h->page_info[run] = info;
    }
    lock_release(&h->lock);
    return run;
}

void *heap_pages_alloc(size_t pages)
{
    u64 run = pages_take(pages, 0);
    return run ? address_of(run) : NULL;
}

/* Short runs stay backed, for the next user; the rest goes back to the host. */
void heap_pages_free(void *start, size_t pages)
{
    struct heap *h = the_heap;
    u64 run = page_of(start);
    lock_take(&h->lock);
    bool keep = h->dirty_count + pages <= DIRTY_MAX && pages <= 64;
    if (!keep)
        host_madvise(start, pages * PAGE_SIZE, MADV_REMOVE);
    for (u64 i = run; i < run + pages; i++) {
        assert_that(bit_test(h->used, i));
        bit_clear(h->used, i);
        if (keep)
            bit_set(h->dirty, i);
    }
    if (keep)
        h->dirty_count += (u32)pages;
    h->used_pages -= pages;
    h->next_page = MIN(h->next_page, run);
    lock_release(&h->lock);
}

/* Cuts a new page into objects of the class. The class's lock is held. */
static bool class_refill(struct size_class *c, u32 class)
{
    u64 page = pages_take(1, class + 1);
    if (page == 0)
        return false;
    u8 *start = address_of(page);
    u32 size = class_size[class];
    for (u32 at = 0; at + size <= PAGE_SIZE; at += size) {
        struct free_object *o = (struct free_object *)(start + at);
        o->next = c->free;
        c->free = o;
    }
    return true;
}

static void *small_alloc(size_t size)
{
    u32 class = class_of_step[(size + 15) / 16];
    struct size_class *c = &the_heap->classes[class];
    lock_take(&c->lock);
    if (unlikely(c->free == NULL) && !class_refill(c, class)) {
        lock_release(&c->lock);
        return NULL;
    }
    struct free_object *o = c->free;
    c->free = o->next;
    lock_release(&c->lock);
    memset(o, 0, class_size[class]);
    return o;
}

void *heap_alloc(size_t size)
{
    if (likely(size <= SMALL_MAX))
        return small_alloc(size);
    u64 pages = PAGE_ALIGN(size) / PAGE_SIZE;
    if (pages >= LARGE)
        return NULL;
    u64 run = pages_take(pages, LARGE | (u32)pages);
    return run ? address_of(run) : NULL;
}

void heap_free(void *p)
{
    if (p == NULL)
        return;
    struct heap *h = the_heap;
    u32 info = h->page_info[page_of(p)];
    if (info & LARGE) {
        heap_pages_free(p, info & ~LARGE);
        return;
    }
    assert_that(info >= 1 && info <= CLASSES);
    struct size_class *c = &h->classes[info - 1];
    struct free_object *o = p;
    lock_take(&c->lock);
    o->next = c->free;
    c->free = o;
    lock_release(&c->lock);
}

char *heap_copy_bytes(const char *s, size_t n)
{
    char *copy = heap_alloc(n + 1);
    if (copy)
        memcpy(copy, s, n);
    return copy;
}

char *heap_copy_string(const char *s)
{
    return heap_copy_bytes(s, strlen(s));
}

u64 heap_used(void)
{
    return __atomic_load_n(&the_heap->used_pages, __ATOMIC_RELAXED) * PAGE_SIZE;
}
