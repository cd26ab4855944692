/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/mm/space.h"
#include "libos/entry/entry.h"
#include "libos/fs/file.h"
#include "libos/fs/vfs.h"
#include "libos/host/host.h"
#include "libos/host/vdso.h"
#include "libos/host/invoke.h"
#include "libos/ipc/shm.h"
#include "libos/mm/arena.h"
#include "libos/proc/process.h"
#include <linux/resource.h>

struct space the_space WRITTEN_BY_FORK;

/* Counts m in (change 1) or out (-1) of its file's. */
static void count_mapping(const struct mapping *m, u32 change)
{
    struct inode *i = m->file->inode;
    if (!i)
        return;
    if ((m->flags & MAPPING_SHARED) && (m->max_prot & PROT_WRITE))
        __atomic_add_fetch(&i->map_writers, change, __ATOMIC_RELAXED);
    __atomic_add_fetch(&i->map_count, change, __ATOMIC_RELEASE);
}

void mapping_get(const struct mapping *m)
{
    if (!m->file)
        return;
    file_get(m->file);
    count_mapping(m, 1);
    shm_mapped(m->file, 1);
}

void mapping_put(const struct mapping *m)
{
    if (!m->file)
        return;
    count_mapping(m, ~0u);
    shm_mapped(m->file, -1);
    file_put(m->file);
}

/* Counts `length` bytes of a mapping like m in (sign 1) or out (-1). */
static void account(const struct mapping *m, u64 length, int sign)
{
    u64 change = sign > 0 ? length : -length;
    the_space.total += change;
    if (m->prot != PROT_NONE)
        the_space.accessible += change;
    if (mapping_is_data(m))
        the_space.data += change;
    if (m->flags & MAPPING_LOCKED)
        the_space.locked += change;
}

static void publish(void)
{
    current_process->map_bytes = the_space.total;
}

long space_reserve(void)
{
    if (the_space.list.count + SPARE_LEAVES > MAPPINGS_MAX || !maplist_reserve(&the_space.list))
        return -ENOMEM;
    return 0;
}

/* Whether b, which follows a at once, can be one mapping with it. */
static bool mergeable(const struct mapping *a, const struct mapping *b)
{
    return a->end == b->start && a->prot == b->prot && a->file == b->file && a->name == b->name &&
           a->flags == b->flags && a->max_prot == b->max_prot &&
           (!a->file || a->offset + (a->end - a->start) == b->offset);
}

/* Merges the mapping at s with the one before it, if they go together. Returns its spot. */
static struct spot merge_with_before(struct spot s)
{
    struct maplist *l = &the_space.list;
    struct mapping *m = maplist_at(l, s);
    struct spot before_spot;
    struct mapping *before = maplist_before(l, s, &before_spot);
    if (!m || !before || !mergeable(before, m))
        return s;
    before->end = m->end;
    mapping_put(m);
    maplist_remove(l, s);
    return before_spot;
}

/* Extends a neighbour of the spot over m, if one goes together with it. The spot is before `after`.
 */
static bool extend_neighbour(struct spot s, const struct mapping *m)
{
    struct maplist *l = &the_space.list;
    struct mapping *after = maplist_at(l, s), *before = maplist_before(l, s, NULL);
    if (before && mergeable(before, m)) {
        before->end = m->end;
        mapping_put(m);
        if (after)
            merge_with_before(s);
        return true;
    }
    if (after && mergeable(m, after)) {
        after->start = m->start;
        after->offset = m->offset;
        mapping_put(m);
        return true;
    }
    return false;
}

void space_add(const struct mapping *m)
{
    struct spot s = maplist_find(&the_space.list, m->start);
    account(m, m->end - m->start, 1);
    if (!extend_neighbour(s, m))
        maplist_insert(&the_space.list, s, m);
    publish();
}

/* Cuts `bytes` off the start of m. */
static void cut_front(struct mapping *m, u64 bytes)
{
    m->start += bytes;
    if (m->file)
        m->offset += bytes;
}

/* Makes addr, which lies in the mapping at s, a boundary; returns the spot of what begins there. */
static struct spot split_mapping(struct spot s, u64 addr)
{
    struct maplist *l = &the_space.list;
    struct mapping *m = maplist_at(l, s);
    if (m->start == addr)
        return s;
    struct mapping upper = *m;
    cut_front(&upper, addr - m->start);
    m->end = addr;
    mapping_get(&upper);
    return maplist_insert(l, maplist_next(l, s), &upper);
}

/* Makes addr a boundary between mappings; returns the spot of the first mapping at or above it. */
static struct spot split_at(u64 addr)
{
    struct spot s = maplist_find(&the_space.list, addr);
    const struct mapping *m = maplist_at(&the_space.list, s);
    return m && m->start < addr ? split_mapping(s, addr) : s;
}

/* Takes [start, end), which lies inside the mapping at s, out of it. Returns the following spot. */
static struct spot forget_inside(struct spot s, u64 start, u64 end)
{
    struct maplist *l = &the_space.list;
    struct mapping *m = maplist_at(l, s);
    account(m, end - start, -1);
    if (m->prot & PROT_EXEC)
        patch_unmapped(start, end);
    if (m->start == start && m->end == end) {
        struct mapping gone = *m;
        s = maplist_remove(l, s);
        mapping_put(&gone);
        return s;
    }
    if (m->start == start) {
        cut_front(m, end - start);
        return s;
    }
    if (m->end > end) {
        s = split_at(end);
        m = maplist_before(l, s, NULL);
        m->end = start;
        return s;
    }
    m->end = start;
    return maplist_next(l, s);
}

void space_forget(u64 start, u64 end)
{
    struct spot s = maplist_find(&the_space.list, start);
    struct mapping *m;
    while ((m = maplist_at(&the_space.list, s)) && m->start < end)
        s = forget_inside(s, MAX(start, m->start), MIN(end, m->end));
    publish();
}

bool space_covers(u64 start, u64 end)
{
    return space_mapped(start, end) == end - start;
}

u64 space_mapped(u64 start, u64 end)
{
    u64 sum = 0;
    struct spot s = maplist_find(&the_space.list, start);
    const struct mapping *m;
    for (; (m = maplist_at(&the_space.list, s)) && m->start < end;
         s = maplist_next(&the_space.list, s))
        sum += MIN(end, m->end) - MAX(start, m->start);
    return sum;
}

struct mapping *space_find(u64 addr)
{
    struct mapping *m = maplist_at(&the_space.list, maplist_find(&the_space.list, addr));
    return m && m->start <= addr ? m : NULL;
}

void space_change(u64 start, u64 end, int prot, u32 set_flags, u32 clear_flags)
{
    struct maplist *l = &the_space.list;
    struct mapping *m;
    split_at(end);
    struct spot s = split_at(start);
    while ((m = maplist_at(l, s)) && m->start < end) {
        account(m, m->end - m->start, -1);
        if (prot >= 0)
            m->prot = (u16)prot;
        m->flags = (m->flags & ~clear_flags) | set_flags;
        account(m, m->end - m->start, 1);
        s = maplist_next(l, merge_with_before(s));
    }
    merge_with_before(s);
}

void space_protect_inside(struct spot s, u64 start, u64 end, int prot)
{
    struct maplist *l = &the_space.list;
    struct mapping *m;
    s = split_mapping(s, start);
    if (maplist_at(l, s)->end > end)
        maplist_before(l, split_mapping(s, end), &s);
    m = maplist_at(l, s);
    account(m, end - start, -1);
    m->prot = (u16)prot;
    account(m, end - start, 1);
    merge_with_before(maplist_next(l, merge_with_before(s)));
}

long user_range(u64 addr, u64 length)
{
    if (length > RF_USER_TOP || addr > RF_USER_TOP - length)
        return -ENOMEM;
    if (addr < RF_LIBOS_END && addr + length > RF_LIBOS_BASE)
        return -ENOMEM;
    return own_touches(addr, addr + length) ? -ENOMEM : 0;
}

/* The host refuses a single mapping that could never be filled; so does the cell with its own
 * limit. */
static bool beyond_cell(u64 length, const struct mapping *m)
{
    u64 limit = the_window->cell.memory_limit;
    bool counts = (m->prot & PROT_WRITE) && !(m->flags & MAPPING_NORESERVE) &&
                  (!m->file || !m->file->inode || !(m->flags & MAPPING_SHARED));
    return limit && counts && length > limit;
}

long space_limits(u64 length, const struct mapping *m)
{
    const struct rlimit_pair *limits = current_process->limits;
    if (the_space.total + length > limits[RLIMIT_AS].soft || beyond_cell(length, m))
        return -ENOMEM;
    if (mapping_is_data(m) && the_space.data + length > limits[RLIMIT_DATA].soft)
        return -ENOMEM;
    return 0;
}

long lock_limit(u64 length)
{
    u64 limit = current_process->limits[RLIMIT_MEMLOCK].soft;
    if (limit == 0)
        return -EPERM;
    return the_space.locked + length > limit ? -ENOMEM : 0;
}

void mm_init(void)
{
    own_reset();
}

static void put_all(void)
{
    struct maplist *l = &the_space.list;
    const struct mapping *m;
    for (struct spot s = maplist_first(); (m = maplist_at(l, s)); s = maplist_next(l, s))
        mapping_put(m);
}

/* Drops what the list refers to, and empties it. */
static void forget_all(void)
{
    put_all();
    maplist_clear(&the_space.list);
    the_space.total = the_space.accessible = the_space.data = the_space.locked = 0;
    the_space.brk_start = the_space.brk_end = 0;
    the_space.lock_future = false;
}

/* The list itself ends with the process: emptying it, or locking, would only copy the pages that it
 * is on. */
void mm_exit(void)
{
    put_all();
}

static void host_unmap(u64 start, u64 end)
{
    if (start < end)
        host_munmap((void *)start, end - start);
}

/* Unmaps [start, end) but for a vdso that the host does not let go. */
static void unmap_around_vdso(u64 start, u64 end)
{
    if (vdso_left.end <= start || vdso_left.start >= end) {
        host_unmap(start, end);
        return;
    }
    host_unmap(start, vdso_left.start);
    host_unmap(vdso_left.end, end);
}

void mm_destroy(void)
{
    space_lock();
    unmap_around_vdso(0, RF_LIBOS_BASE);
    unmap_around_vdso(RF_LIBOS_END, RF_USER_TOP);
    forget_all();
    own_reset();
    space_unlock();
}

void mm_lock(void)
{
    space_lock();
    arena_lock();
}

void mm_unlock(void)
{
    arena_unlock();
    space_unlock();
}

void mm_fork_begin(void)
{
    const struct mapping *m;
    for (struct spot s = maplist_first(); (m = maplist_at(&the_space.list, s));
         s = maplist_next(&the_space.list, s))
        mapping_get(m);
}

void mm_fork_undo(void)
{
    put_all();
}

/* No process that runs a program holds less. */
#define LEAST_HELD (256ul << 10)

/* What the cell held when it was last looked at: maybe before this program began. */
u64 mm_resident_estimate(void)
{
    u64 held = the_window->cell.memory_held;
    return held ? MIN(MAX(held, LEAST_HELD), the_space.accessible) : the_space.accessible;
}

/* What madvise(2) said about fork: the host has left out what MADV_DONTFORK named. */
static void apply_fork_advice(void)
{
    struct mapping *m;
    struct spot s = maplist_first();
    while ((m = maplist_at(&the_space.list, s))) {
        if (m->flags & MAPPING_WIPEFORK)
            source_reset(m, m->start, m->end);
        s = m->flags & MAPPING_DONTFORK ? forget_inside(s, m->start, m->end)
                                        : maplist_next(&the_space.list, s);
    }
}

/* In the child nobody else runs. What is there already is not written: it would copy the page. */
void mm_fork_child(void)
{
    apply_fork_advice();
    if (the_space.locked)
        space_change(0, RF_USER_TOP, -1, 0, MAPPING_LOCKED);
    if (the_space.lock_future)
        the_space.lock_future = false;
    publish();
}
