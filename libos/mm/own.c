/* SPDX-License-Identifier: Apache-2.0 */
/* What the library OS keeps near the program's memory: trampolines, which patched call sites reach
 * with a 32-bit jump, and what the host did not let it move away. */
#include "libos/mm/space.h"
#include "libos/host/host.h"
#include "libos/host/vdso.h"
#include "libos/host/invoke.h"

#define REACH      (0x7fff0000ul) /* of a 32-bit jump, with some slack */
#define LOWEST     0x10000ul      /* below it the host maps nothing (vm.mmap_min_addr) */
#define MOST_TRIES 64

bool own_touches(u64 start, u64 end)
{
    const struct mapping *m = maplist_at(&the_space.own, maplist_find(&the_space.own, start));
    return m && m->start < end;
}

static void own_add(u64 start, u64 end)
{
    struct mapping m = {.start = start, .end = end};
    maplist_insert(&the_space.own, maplist_find(&the_space.own, start), &m);
}

void own_reset(void)
{
    maplist_clear(&the_space.own);
    if (vdso_left.end && maplist_reserve(&the_space.own))
        own_add(vdso_left.start, vdso_left.end);
}

static void *try_at(u64 addr, size_t size, int prot)
{
    if (addr < LOWEST || addr > RF_USER_TOP - size)
        return NULL;
    if (addr < RF_LIBOS_END && addr + size > RF_LIBOS_BASE)
        return NULL;
    long r = host_mmap((void *)addr, size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                       -1, 0);
    if (r < 0)
        return NULL;
    own_add((u64)r, (u64)r + size);
    return (void *)r;
}

/* The highest end at or below `top` of a range of `size` bytes that touches nothing of ours. */
static u64 below_own(u64 top, size_t size)
{
    const struct mapping *m;
    while ((m = maplist_at(&the_space.own, maplist_find(&the_space.own, top - size))) &&
           m->start < top && m->start > size)
        top = m->start;
    return top;
}

/* Right below mappings, from `near` downwards: gaps there are not where anything grows to. */
static void *search_below(u64 near, size_t size, int prot)
{
    struct spot s = maplist_find(&the_space.list, near);
    u64 lowest = near > REACH ? near - REACH : LOWEST;
    for (int n = 0; n < MOST_TRIES; n++) {
        const struct mapping *m = maplist_at(&the_space.list, s);
        const struct mapping *before = maplist_before(&the_space.list, s, &s);
        u64 top = below_own(m && m->start <= near ? m->start : near & PAGE_MASK, size);
        if (top < lowest + size)
            return NULL;
        void *p = before && before->end + size > top ? NULL : try_at(top - size, size, prot);
        if (p || !before)
            return p;
    }
    return NULL;
}

/* Right above mappings, from `near` upwards, but not where brk grows. */
static void *search_above(u64 near, size_t size, int prot)
{
    struct spot s = maplist_find(&the_space.list, near);
    u64 highest = near + REACH;
    for (int n = 0; n < MOST_TRIES; n++) {
        const struct mapping *m = maplist_at(&the_space.list, s);
        if (!m || m->end + size > highest)
            return NULL;
        s = maplist_next(&the_space.list, s);
        const struct mapping *after = maplist_at(&the_space.list, s);
        bool fits = !after || m->end + size <= after->start;
        void *p = fits && m->end != the_space.brk_end ? try_at(m->end, size, prot) : NULL;
        if (p)
            return p;
    }
    return NULL;
}

/* Anywhere in reach, in steps: the gaps at mappings were too small or taken by others. */
static void *search_steps(u64 near, size_t size, int prot)
{
    for (u64 step = 1; step <= MOST_TRIES; step++) {
        u64 distance = step * (REACH / (MOST_TRIES + 1)) & PAGE_MASK, at = near & PAGE_MASK;
        void *p = at > distance ? try_at(at - distance, size, prot) : NULL;
        if (!p)
            p = try_at(at + distance, size, prot);
        if (p)
            return p;
    }
    return NULL;
}

void *mm_map_near(u64 near, size_t size, int prot)
{
    size = PAGE_ALIGN(size);
    void *p = NULL;
    space_lock();
    if (maplist_reserve(&the_space.own)) {
        p = search_below(near, size, prot);
        if (!p)
            p = search_above(near, size, prot);
        if (!p)
            p = search_steps(near, size, prot);
    }
    space_unlock();
    return p;
}
