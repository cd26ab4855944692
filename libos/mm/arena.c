/* SPDX-License-Identifier: Apache-2.0 */
/* The library OS's private memory: blocks of 2^n pages, first from what is left behind the image,
 * where they need no page tables and no mapping of their own, then from RF_ARENA_BASE up. A freed
 * block stays mapped and goes to its size's free list; its first word is the link, the rest of it
 * is zero or, if it is small, zeroed when it is taken again. */
#include "libos/mm/mm.h"
#include "libos/mm/arena.h"
#include "abi/layout.h"
#include "base/string.h"
#include "libos/entry/errno.h"
#include "libos/host/host.h"
#include "libos/sync/lock.h"
#include <linux/mman.h>

#define ARENA_STEP  (1ul << 20)  /* address space is mapped in steps of this */
#define SMALL_BLOCK (16ul << 10) /* cheaper to clear than to give back to the host */
#define CLASSES     28

extern u8 arena_first[], arena_first_end[]; /* libos/image.ld */

static struct {
    struct lock lock;
    u64 next;      /* first address never handed out */
    u64 mapped_to; /* end of what is mapped */
    void **free[CLASSES];
} arena WRITTEN_BY_FORK;

void arena_lock(void)
{
    lock_take(&arena.lock);
}

void arena_unlock(void)
{
    lock_release(&arena.lock);
}

static u32 size_class(size_t size)
{
    u32 class = 0;
    while (PAGE_SIZE << class < size)
        class ++;
    return class;
}

/* Maps more address space behind what is mapped. What others put there is skipped. */
static bool arena_extend(size_t bytes)
{
    size_t step = ALIGN_UP(bytes, ARENA_STEP);
    if (arena.mapped_to == (u64)arena_first_end)
        arena.next = arena.mapped_to = RF_ARENA_BASE;
    for (;;) {
        if (arena.mapped_to + step > RF_LIBOS_END)
            return false;
        long r =
            host_mmap((void *)arena.mapped_to, step, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
        if (r == (long)arena.mapped_to) {
            arena.mapped_to += step;
            return true;
        }
        if (r != -EEXIST)
            return false;
        arena.mapped_to += ARENA_STEP;
        arena.next = arena.mapped_to;
    }
}

static void *take_new(size_t bytes)
{
    if (!arena.next) {
        arena.next = (u64)arena_first;
        arena.mapped_to = (u64)arena_first_end;
    }
    while (arena.next + bytes > arena.mapped_to)
        if (!arena_extend(arena.next + bytes - arena.mapped_to))
            return NULL;
    void *p = (void *)arena.next;
    arena.next += bytes;
    return p;
}

void *arena_map(size_t size)
{
    u32 class = size_class(size);
    if (class >= CLASSES)
        return NULL;
    size_t bytes = PAGE_SIZE << class;
    lock_take(&arena.lock);
    void **p = arena.free[class];
    bool reused = p != NULL;
    if (reused)
        arena.free[class] = *p;
    else
        p = take_new(bytes);
    lock_release(&arena.lock);
    if (reused)
        memset(p, 0, bytes <= SMALL_BLOCK ? bytes : sizeof(*p));
    return p;
}

void arena_unmap(void *p, size_t size)
{
    u32 class = size_class(size);
    size_t bytes = PAGE_SIZE << class;
    assert_that((u64)p >= RF_LIBOS_BASE && (u64)p + bytes <= RF_LIBOS_END);
    if (bytes > SMALL_BLOCK)
        host_madvise(p, bytes, MADV_DONTNEED);
    lock_take(&arena.lock);
    *(void **)p = arena.free[class];
    arena.free[class] = p;
    lock_release(&arena.lock);
}
