/* SPDX-License-Identifier: Apache-2.0 */
/* mprotect(2), and the mlock(2) family, which only counts: a cell's memory is not swapped by us. */
#include "libos/mm/space.h"
#include "libos/entry/syscall.h"
#include "libos/host/host.h"

#define PROT_ALL    (PROT_READ | PROT_WRITE | PROT_EXEC)
#define PROT_GROWS  (PROT_GROWSDOWN | PROT_GROWSUP)
#define MLOCK_FLAGS MLOCK_ONFAULT
#define MCL_ALL     (MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)

/* How far from start, which s is the spot of, the list covers [start, end) with mappings that may
 * have prot. *r is the error of what stops it, or 0. */
static u64 protectable(struct spot s, u64 start, u64 end, int prot, long *r)
{
    const struct mapping *m;
    *r = -ENOMEM;
    while (start < end && (m = maplist_at(&the_space.list, s)) && m->start <= start) {
        if (prot & ~m->max_prot) {
            *r = -EACCES;
            return start;
        }
        start = m->end;
        s = maplist_next(&the_space.list, s);
    }
    if (start >= end)
        *r = 0;
    return MIN(start, end);
}

/* A private mapping that becomes writable counts from now on. */
static long check_growth(struct spot s, u64 start, u64 end, int prot)
{
    const struct mapping *m;
    for (; (m = maplist_at(&the_space.list, s)) && m->start < end;
         s = maplist_next(&the_space.list, s)) {
        if ((m->prot & PROT_WRITE) || (m->flags & MAPPING_SHARED))
            continue;
        struct mapping after = *m;
        after.prot = prot;
        u64 length = MIN(end, m->end) - MAX(start, m->start);
        the_space.total -= length;
        long r = space_limits(length, &after);
        the_space.total += length;
        if (r < 0)
            return r;
    }
    return 0;
}

/* Linux changes what comes before the hole and then says ENOMEM. */
static long protect_locked(u64 start, u64 end, int prot)
{
    struct spot s = maplist_find(&the_space.list, start);
    const struct mapping *m = maplist_at(&the_space.list, s);
    long failed;
    end = protectable(s, start, end, prot, &failed);
    long r = space_reserve();
    if (r == 0 && (prot & PROT_WRITE))
        r = check_growth(s, start, end, prot);
    if (r == 0 && start < end)
        r = host_mprotect((void *)start, end - start, prot);
    if (r < 0)
        return r;
    if (start < end && end <= m->end)
        space_protect_inside(s, start, end, prot);
    else
        space_change(start, end, prot, 0, 0);
    return failed;
}

/* With PROT_GROWSDOWN the change reaches down to the start of a mapping made with MAP_GROWSDOWN. */
static long grow_down(u64 *start)
{
    const struct mapping *m = space_find(*start);
    if (!m)
        return -ENOMEM;
    if (!(m->flags & MAPPING_GROWSDOWN))
        return -EINVAL;
    *start = m->start;
    return 0;
}

long mm_protect(u64 addr, size_t length, int prot)
{
    int grows = prot & PROT_GROWS;
    prot &= ~PROT_GROWS;
    if (grows == PROT_GROWS || (addr & ~PAGE_MASK))
        return -EINVAL;
    if (length == 0)
        return 0;
    u64 end = addr + PAGE_ALIGN(length);
    if (end <= addr)
        return -ENOMEM;
    if (prot & ~(PROT_ALL | PROT_SEM))
        return -EINVAL;
    if (user_range(addr, end - addr) < 0)
        return -ENOMEM;
    space_lock();
    long r = grows == PROT_GROWSUP ? -EINVAL : grows ? grow_down(&addr) : 0;
    if (r == 0)
        r = protect_locked(addr, end, prot & PROT_ALL);
    space_unlock();
    return r;
}

bool mm_patchable(u64 start, size_t length, int *prot)
{
    space_lock();
    const struct mapping *m = space_find(start);
    bool good = m && start + length <= m->end && !(m->flags & MAPPING_SHARED) &&
                (m->prot & PROT_EXEC) && !(m->prot & PROT_WRITE);
    if (good)
        *prot = m->prot;
    space_unlock();
    return good;
}

SYSCALL3(mprotect, u64, addr, size_t, length, int, prot)
{
    return mm_protect(addr, length, prot);
}

SYSCALL4(pkey_mprotect, u64, addr, size_t, length, int, prot, int, key)
{
    return key == -1 ? mm_protect(addr, length, prot) : -EINVAL;
}

/* Bytes of [start, end) that are locked already. */
static u64 locked_bytes(u64 start, u64 end)
{
    u64 sum = 0;
    struct spot s = maplist_find(&the_space.list, start);
    const struct mapping *m;
    for (; (m = maplist_at(&the_space.list, s)) && m->start < end;
         s = maplist_next(&the_space.list, s))
        if (m->flags & MAPPING_LOCKED)
            sum += MIN(end, m->end) - MAX(start, m->start);
    return sum;
}

static long change_lock(u64 addr, size_t length, bool lock)
{
    u64 start = addr & PAGE_MASK, end = PAGE_ALIGN(addr + length);
    if (end < start)
        return -EINVAL;
    if (start == end)
        return 0;
    space_lock();
    long r = lock ? lock_limit(end - start - locked_bytes(start, end)) : 0;
    if (r == 0 && (user_range(start, end - start) < 0 || !space_covers(start, end)))
        r = -ENOMEM;
    if (r == 0)
        r = space_reserve();
    if (r == 0)
        space_change(start, end, -1, lock ? MAPPING_LOCKED : 0, lock ? 0 : MAPPING_LOCKED);
    space_unlock();
    return r;
}

SYSCALL2(mlock, u64, addr, size_t, length)
{
    return change_lock(addr, length, true);
}

SYSCALL3(mlock2, u64, addr, size_t, length, int, flags)
{
    return flags & ~MLOCK_FLAGS ? -EINVAL : change_lock(addr, length, true);
}

SYSCALL2(munlock, u64, addr, size_t, length)
{
    return change_lock(addr, length, false);
}

SYSCALL1(mlockall, int, flags)
{
    if (flags == 0 || (flags & ~MCL_ALL) || flags == MCL_ONFAULT)
        return -EINVAL;
    space_lock();
    long r = flags & MCL_CURRENT ? lock_limit(the_space.total - the_space.locked) : lock_limit(0);
    if (r == 0) {
        the_space.lock_future = flags & MCL_FUTURE;
        if (flags & MCL_CURRENT)
            space_change(0, RF_USER_TOP, -1, MAPPING_LOCKED, 0);
    }
    space_unlock();
    return r;
}

SYSCALL0(munlockall)
{
    space_lock();
    the_space.lock_future = false;
    space_change(0, RF_USER_TOP, -1, 0, MAPPING_LOCKED);
    space_unlock();
    return 0;
}
