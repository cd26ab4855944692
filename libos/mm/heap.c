/* SPDX-License-Identifier: Apache-2.0 */
/* The allocator of the heap segment. The segment begins with its own bookkeeping:
 *
 *   page 0..   struct cell
 *   HEAP_META  struct heap: locks, free lists, zones, and the groups of the first pages
 *   HEAP_DATA  pages for what every new process uses, for small objects, for everybody
 *   HEAP_FAR   the groups of all other pages
 *
 * A group says of 64 pages which are used and which are dirty, and has an info word for each.
 *
 * Sizes up to SMALL_MAX come from free lists, one per size class, filled a page at a time; larger
 * ones are page runs. A page's info says which: a class number for small objects, LARGE | pages for
 * the first page of a run from heap_alloc, 0 for pages of heap_pages_alloc.
 *
 * Small objects, and ones of a page, have a zone of their own at the start: fork does not copy the
 * page tables of shared memory, so each new process faults in what it uses, and a read brings in a
 * whole 64 KiB of it. What every process uses of itself comes first (heap_alloc_first), in 64 KiB.
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

#define HEAP_PAGES  (RF_HEAP_SIZE / PAGE_SIZE)
#define NEAR_GROUPS 64u   /* 16 MiB */
#define FIRST_PAGES 16u   /* of the zone for what every process uses */
#define SMALL_PAGES 2048u /* of the zone for small objects */
#define SMALL_MAX   2048u
#define DIRTY_MAX   2048u
#define LARGE       0x80000000u

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

struct group {
    u64 used, dirty; /* bits */
    u32 info[64];
};

/* The host brings in 16 pages when p is read, and when it is written first only the one. */
static inline void bring_in(const void *p)
{
    (void)*(const volatile u8 *)p;
}

/* A range of pages; runs lie in one zone. */
struct zone {
    u64 first, end;
    u64 next; /* where the search for free pages starts */
    u64 high; /* no page at or above it was ever used */
};

struct heap {
    struct lock lock; /* zones, groups */
    u32 dirty_count;
    u64 used_pages;
    struct zone first, small, large;
    struct size_class classes[2 * CLASSES]; /* those of the first zone from CLASSES on */
    struct group near[NEAR_GROUPS];
};

#define HEAP_META  (RF_HEAP_BASE + PAGE_ALIGN(sizeof(struct cell)))
#define HEAP_DATA  PAGE_ALIGN(HEAP_META + sizeof(struct heap))
#define HEAP_FAR   (RF_HEAP_BASE + RF_HEAP_SIZE - PAGE_ALIGN(HEAP_PAGES / 64 * sizeof(struct group)))
#define the_heap   ((struct heap *)HEAP_META)
#define far_groups ((struct group *)HEAP_FAR)
_Static_assert(HEAP_DATA - RF_HEAP_BASE == 64ul << 10, "the bookkeeping is brought in at once");

static inline u64 page_of(const void *p)
{
    return ((u64)p - RF_HEAP_BASE) / PAGE_SIZE;
}

static inline void *address_of(u64 page)
{
    return (void *)(RF_HEAP_BASE + page * PAGE_SIZE);
}

static inline struct group *group_of(u64 page)
{
    u64 i = page / 64;
    return likely(i < NEAR_GROUPS) ? &the_heap->near[i] : &far_groups[i];
}

static inline u64 bit_of(u64 page)
{
    return 1ull << page % 64;
}

static inline u32 *info_of(u64 page)
{
    return &group_of(page)->info[page % 64];
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
    u64 first = page_of((void *)HEAP_DATA), small = first + FIRST_PAGES,
        middle = small + SMALL_PAGES;
    classes_init();
    the_heap->first = (struct zone){first, small, first, first};
    the_heap->small = (struct zone){small, middle, small, small};
    the_heap->large = (struct zone){middle, page_of((void *)HEAP_FAR), middle, middle};
}

/* The first run of free pages in [from, to). Returns 0 when there is none of that length. */
static u64 find_run(u64 from, u64 to, u64 pages)
{
    u64 start = from;
    for (u64 i = from; i < to;) {
        u64 used = group_of(i)->used;
        if (i % 64 == 0 && used == ~0ull) {
            i += 64;
            start = i;
        } else if (used & bit_of(i)) {
            start = ++i;
        } else if (++i - start == pages) {
            return start;
        }
    }
    return 0;
}

/* First fit from z->next, then from the start. */
static u64 take_run(struct heap *h, struct zone *z, u64 pages)
{
    u64 run = find_run(z->next, z->high, pages);
    if (run == 0)
        run = find_run(z->first, MIN(z->next + pages, z->high), pages);
    if (run == 0) {
        if (z->high + pages > z->end)
            return 0;
        run = z->high;
        z->high += pages;
    }
    for (u64 i = run; i < run + pages; i++)
        group_of(i)->used |= bit_of(i);
    z->next = run + pages;
    h->used_pages += pages;
    return run;
}

static void zero_dirty(struct heap *h, u64 run, u64 pages)
{
    if (h->dirty_count == 0)
        return;
    for (u64 i = run; i < run + pages; i++) {
        struct group *g = group_of(i);
        if (!(g->dirty & bit_of(i)))
            continue;
        g->dirty &= ~bit_of(i);
        h->dirty_count--;
        memset(address_of(i), 0, PAGE_SIZE);
    }
}

static u64 pages_take(struct zone *z, u64 pages, u32 info)
{
    struct heap *h = the_heap;
    lock_take(&h->lock);
    u64 run = take_run(h, z, pages);
    if (run == 0 && z == &h->first)
        run = take_run(h, &h->small, pages);
    if (run == 0 && z != &h->large)
        run = take_run(h, &h->large, pages);
    if (run) {
        zero_dirty(h, run, pages);
        *info_of(run) = info;
    }
    lock_release(&h->lock);
    return run;
}

void *heap_pages_alloc(size_t pages)
{
    u64 run = pages_take(&the_heap->large, pages, 0);
    return run ? address_of(run) : NULL;
}

static struct zone *zone_of(u64 page)
{
    if (page < the_heap->first.end)
        return &the_heap->first;
    return page < the_heap->small.end ? &the_heap->small : &the_heap->large;
}

/* Short runs stay backed, for the next user; the rest goes back to the host. */
void heap_pages_free(void *start, size_t pages)
{
    struct heap *h = the_heap;
    u64 run = page_of(start);
    struct zone *z = zone_of(run);
    lock_take(&h->lock);
    bool keep = h->dirty_count + pages <= DIRTY_MAX && pages <= 64;
    if (!keep)
        host_madvise(start, pages * PAGE_SIZE, MADV_REMOVE);
    for (u64 i = run; i < run + pages; i++) {
        struct group *g = group_of(i);
        assert_that(g->used & bit_of(i));
        g->used &= ~bit_of(i);
        if (keep)
            g->dirty |= bit_of(i);
    }
    if (keep)
        h->dirty_count += (u32)pages;
    h->used_pages -= pages;
    z->next = MIN(z->next, run);
    lock_release(&h->lock);
}

static u32 size_of(u32 class)
{
    return class_size[class % CLASSES];
}

/* Cuts a new page into objects of the class. The class's lock is held. */
static bool class_refill(struct size_class *c, u32 class)
{
    struct zone *zone = class < CLASSES ? &the_heap->small : &the_heap->first;
    u64 page = pages_take(zone, 1, class + 1);
    if (page == 0)
        return false;
    u8 *start = address_of(page);
    u32 size = size_of(class);
    for (u32 at = 0; at + size <= PAGE_SIZE; at += size) {
        struct free_object *o = (struct free_object *)(start + at);
        o->next = c->free;
        c->free = o;
    }
    return true;
}

/* first_class: 0, or CLASSES for the first zone. */
static void *small_alloc(size_t size, u32 first_class)
{
    u32 class = first_class + class_of_step[(size + 15) / 16];
    struct size_class *c = &the_heap->classes[class];
    lock_take(&c->lock);
    if (unlikely(c->free == NULL) && !class_refill(c, class)) {
        lock_release(&c->lock);
        return NULL;
    }
    struct free_object *o = c->free;
    c->free = o->next;
    lock_release(&c->lock);
    memset(o, 0, size_of(class));
    return o;
}

void *heap_alloc(size_t size)
{
    if (likely(size <= SMALL_MAX))
        return small_alloc(size, 0);
    u64 pages = PAGE_ALIGN(size) / PAGE_SIZE;
    if (pages >= LARGE)
        return NULL;
    u64 run =
        pages_take(pages == 1 ? &the_heap->small : &the_heap->large, pages, LARGE | (u32)pages);
    return run ? address_of(run) : NULL;
}

void *heap_alloc_first(size_t size)
{
    if (size <= SMALL_MAX)
        return small_alloc(size, CLASSES);
    u64 page = pages_take(&the_heap->first, PAGE_ALIGN(size) / PAGE_SIZE,
                          LARGE | (u32)(PAGE_ALIGN(size) / PAGE_SIZE));
    return page ? address_of(page) : NULL;
}

void heap_bring_in_first(void)
{
    bring_in(the_heap);
    bring_in(address_of(the_heap->first.first));
}

void heap_free(void *p)
{
    if (p == NULL)
        return;
    u32 info = *info_of(page_of(p));
    if (info & LARGE) {
        heap_pages_free(p, info & ~LARGE);
        return;
    }
    assert_that(info >= 1 && info <= 2 * CLASSES);
    struct size_class *c = &the_heap->classes[info - 1];
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
