/* SPDX-License-Identifier: Apache-2.0 */
/* madvise(2), msync(2), mincore(2), and what little there is of NUMA policy. */
#include "libos/mm/space.h"
#include "libos/entry/syscall.h"
#include "libos/fs/file.h"
#include "libos/host/host.h"
#include <asm/unistd.h>
#include <linux/mempolicy.h>

/* What is to be done with an advice. */
enum advice_kind {
    ADVICE_UNKNOWN, /* EINVAL */
    ADVICE_IGNORED, /* a hint that changes nothing that a program can see */
    ADVICE_HOST,    /* the host does it */
    ADVICE_RESET,   /* pages are given back */
    ADVICE_PRIVATE, /* as HOST, for private anonymous memory only */
    ADVICE_HINT,    /* as PRIVATE, but nobody minds if it cannot be */
    ADVICE_REMOVE,  /* zeroes shared memory */
    ADVICE_FLAG,    /* the mapping remembers it for fork */
};

static enum advice_kind advice_kind(int advice)
{
    switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
    case MADV_MERGEABLE:
    case MADV_UNMERGEABLE:
    case MADV_COLD:
    case MADV_PAGEOUT:
    case MADV_COLLAPSE: return ADVICE_IGNORED;
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE: return ADVICE_HINT;
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED: return ADVICE_RESET; /* nothing is locked at the host */
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE: return ADVICE_HOST;
    case MADV_FREE: return ADVICE_PRIVATE;
    case MADV_REMOVE: return ADVICE_REMOVE;
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_WIPEONFORK:
    case MADV_KEEPONFORK: return ADVICE_FLAG;
    default: return ADVICE_UNKNOWN;
    }
}

static void flag_fork(u64 start, u64 end, int advice)
{
    switch (advice) {
    case MADV_DONTFORK: space_change(start, end, -1, MAPPING_DONTFORK, 0); break;
    case MADV_DOFORK: space_change(start, end, -1, 0, MAPPING_DONTFORK); break;
    case MADV_WIPEONFORK: space_change(start, end, -1, MAPPING_WIPEFORK, 0); break;
    default: space_change(start, end, -1, 0, MAPPING_WIPEFORK); break;
    }
}

static long advise_host(u64 start, u64 end, int advice)
{
    return host_madvise((void *)start, end - start, advice);
}

/* fork is the host's: it must leave out what is not to be inherited. What is to be wiped we wipe.
 */
static long advise_fork(const struct mapping *m, u64 start, u64 end, int advice)
{
    if (advice == MADV_WIPEONFORK && m->file)
        return -EINVAL;
    if (advice == MADV_DONTFORK || advice == MADV_DOFORK)
        return advise_host(start, end, advice);
    return 0;
}

/* The part of an advice that concerns one mapping. */
static long advise_one(const struct mapping *m, u64 start, u64 end, int advice)
{
    switch (advice_kind(advice)) {
    case ADVICE_PRIVATE:
        if (source_is_spooled(m)) /* may be done at once */
            return source_reset(m, start, end);
        return m->file ? -EINVAL : advise_host(start, end, advice);
    case ADVICE_REMOVE:
        if (!(m->flags & MAPPING_SHARED) || !m->file)
            return -EINVAL;
        return m->prot & PROT_WRITE ? 0 : -EACCES;
    case ADVICE_HINT:
        if (!m->file)
            advise_host(start, end, advice);
        return 0;
    case ADVICE_FLAG: return advise_fork(m, start, end, advice);
    case ADVICE_HOST: return advise_host(start, end, advice);
    case ADVICE_RESET: return source_reset(m, start, end);
    default: return 0;
    }
}

/* Goes over the mappings of the range; a hole is skipped, and ENOMEM said at the end. */
static long advise_range(u64 start, u64 end, int advice)
{
    struct spot s = maplist_find(&the_space.list, start);
    const struct mapping *m;
    long result = 0;
    for (; start < end; s = maplist_next(&the_space.list, s)) {
        m = maplist_at(&the_space.list, s);
        if (!m || m->start >= end)
            return -ENOMEM;
        if (m->start > start)
            result = -ENOMEM;
        u64 stop = MIN(end, m->end);
        long r = advise_one(m, MAX(start, m->start), stop, advice);
        if (r < 0)
            return r;
        start = stop;
    }
    return result;
}

SYSCALL3(madvise, u64, addr, size_t, length, int, advice)
{
    enum advice_kind kind = advice_kind(advice);
    u64 end = addr + PAGE_ALIGN(length);
    if (kind == ADVICE_UNKNOWN || (addr & ~PAGE_MASK) || end < addr)
        return -EINVAL;
    if (end == addr)
        return 0;
    if (user_range(addr, end - addr) < 0)
        return -ENOMEM;
    space_lock();
    long r = space_reserve();
    if (r == 0)
        r = advise_range(addr, end, advice);
    if (r == 0 && kind == ADVICE_FLAG)
        flag_fork(addr, end, advice);
    space_unlock();
    if (r == 0 && kind == ADVICE_REMOVE) /* without the lock: it may fault */
        r = clear_user((void *)addr, end - addr);
    return r;
}

/* Shared pages of host files go through the host's page cache; the heap segment has nothing behind
 * it. */
static long sync_range(u64 start, u64 end)
{
    struct spot s = maplist_find(&the_space.list, start);
    const struct mapping *m;
    for (; (m = maplist_at(&the_space.list, s)) && m->start < end;
         s = maplist_next(&the_space.list, s)) {
        if (!(m->flags & MAPPING_SHARED) || source_is_heap(m))
            continue;
        u64 from = MAX(start, m->start);
        long r = host_msync((void *)from, MIN(end, m->end) - from, MS_SYNC);
        if (r < 0)
            return r;
    }
    return 0;
}

SYSCALL3(msync, u64, addr, size_t, length, int, flags)
{
    if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (addr & ~PAGE_MASK) ||
        ((flags & MS_ASYNC) && (flags & MS_SYNC)))
        return -EINVAL;
    u64 end = addr + PAGE_ALIGN(length);
    if (end < addr)
        return -ENOMEM;
    space_lock();
    long r = space_covers(addr, end) ? 0 : -ENOMEM;
    if (flags & MS_SYNC) {
        long failed = sync_range(addr, end);
        r = failed < 0 ? failed : r;
    }
    space_unlock();
    return r;
}

SYSCALL3(mincore, u64, addr, size_t, length, u8 *, vector)
{
    u8 resident[512];
    if (addr & ~PAGE_MASK)
        return -EINVAL;
    u64 end = addr + PAGE_ALIGN(length);
    if (end < addr)
        return -ENOMEM;
    space_lock();
    long r = space_covers(addr, end) ? 0 : -ENOMEM;
    space_unlock();
    while (r == 0 && addr < end) {
        u64 pages = MIN((end - addr) / PAGE_SIZE, sizeof(resident));
        r = host_call(__NR_mincore, (long)addr, (long)(pages * PAGE_SIZE), (long)resident, 0, 0, 0);
        if (r == 0)
            r = copy_to_user(vector, resident, pages);
        vector += pages;
        addr += pages * PAGE_SIZE;
    }
    return r;
}

/* One node, so every policy comes to the same. */
static bool policy_valid(int mode)
{
    mode &= ~(MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | MPOL_F_NUMA_BALANCING);
    return mode >= MPOL_DEFAULT && mode < MPOL_MAX;
}

SYSCALL6(mbind, u64, addr, u64, length, int, mode, u64 *, nodes, u64, most, u32, flags)
{
    (void)length, (void)nodes, (void)most;
    return (addr & ~PAGE_MASK) || !policy_valid(mode) || (flags & ~MPOL_MF_VALID) ? -EINVAL : 0;
}

SYSCALL3(set_mempolicy, int, mode, const u64 *, nodes, u64, most)
{
    (void)nodes, (void)most;
    return policy_valid(mode) ? 0 : -EINVAL;
}

SYSCALL5(get_mempolicy, int *, mode, u64 *, nodes, u64, most, u64, addr, u32, flags)
{
    (void)addr;
    if (flags & ~(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED))
        return -EINVAL;
    if (mode && put_user(mode, MPOL_DEFAULT) < 0)
        return -EFAULT;
    if (!nodes || most == 0)
        return 0;
    if (clear_user(nodes, ALIGN_UP(most, 64) / 8) < 0)
        return -EFAULT;
    return flags & MPOL_F_MEMS_ALLOWED ? put_user(nodes, (u64)1) : 0;
}
