/* SPDX-License-Identifier: Apache-2.0 */
/* mremap(2). The host moves and grows whatever it can; what consists of parts of the heap segment
 * must not grow that way (the next part of the segment is somebody else's), nor what may lie on a
 * branch's image, so its growth is mapped anew. */
#include "libos/mm/space.h"
#include "libos/entry/syscall.h"
#include "libos/host/host.h"

#define MREMAP_ALL (MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)

struct move {
    u64 old, old_length, new, new_length;
    int flags;
    struct mapping m; /* as it will be: start and end are set at the end */
};

static bool overlap(u64 a, u64 a_length, u64 b, u64 b_length)
{
    return a < b + b_length && b < a + a_length;
}

static long check_flags(const struct move *v)
{
    if ((v->flags & ~MREMAP_ALL) || (v->old & ~PAGE_MASK) || v->new_length == 0)
        return -EINVAL;
    if ((v->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(v->flags & MREMAP_MAYMOVE))
        return -EINVAL;
    if ((v->flags & MREMAP_DONTUNMAP) && v->old_length != v->new_length)
        return -EINVAL;
    if (v->new_length > RF_USER_TOP)
        return -EINVAL;
    if (!(v->flags & MREMAP_FIXED))
        return 0;
    if ((v->new & ~PAGE_MASK) || user_range(v->new, v->new_length) < 0 ||
        overlap(v->old, v->old_length, v->new, v->new_length))
        return -EINVAL;
    return 0;
}

/* Finds the one mapping that holds the old range. */
static long find_old(struct move *v)
{
    const struct mapping *m = space_find(v->old);
    if (!m)
        return -EFAULT;
    if (v->old_length == 0 && !(m->flags & MAPPING_SHARED))
        return -EINVAL;
    if (v->old_length > m->end - v->old)
        return -EFAULT;
    v->m = *m;
    if (m->file)
        v->m.offset += v->old - m->start;
    return 0;
}

static long check_growth(const struct move *v)
{
    bool keeps_old = v->old_length == 0 || (v->flags & MREMAP_DONTUNMAP);
    u64 more = keeps_old ? v->new_length : v->new_length - v->old_length;
    if (!keeps_old && v->new_length <= v->old_length)
        return 0;
    if ((v->m.flags & MAPPING_LOCKED) && lock_limit(more) < 0)
        return -EAGAIN;
    return space_limits(more, &v->m);
}

/* The list after [old, old+old_length) has become [at, at+new_length). */
static long commit(struct move *v, u64 at, bool keep_old)
{
    mapping_get(&v->m);
    if (!keep_old)
        space_forget(v->old, v->old + v->old_length);
    if (v->flags & MREMAP_FIXED)
        space_forget(at, at + v->new_length);
    v->m.start = at;
    v->m.end = at + v->new_length;
    space_add(&v->m);
    return (long)at;
}

/* A place for the new range: reserved, inaccessible, and the program's to have. */
static long reserve_place(const struct move *v)
{
    int fixed = v->flags & MREMAP_FIXED ? MAP_FIXED : 0;
    long at = host_mmap((void *)(fixed ? v->new : 0), v->new_length, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);
    if (at >= 0 && user_range((u64)at, v->new_length) < 0) {
        host_munmap((void *)at, v->new_length);
        return -ENOMEM;
    }
    return at;
}

/* Moves what is mapped, in halves if the host has it in several parts. It may move some of them
 * before it comes to one that it does not move with others: these are not found any more. */
static long move_pages(u64 from, u64 to, u64 length)
{
    u64 half = PAGE_ALIGN(length / 2);
    long r = host_mremap((void *)from, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)to);
    if (r != -EFAULT)
        return r;
    if (length == PAGE_SIZE)
        return (long)to;
    r = move_pages(from, to, half);
    if (r >= 0)
        r = move_pages(from + half, to + half, length - half);
    return r < 0 ? r : (long)to;
}

/* Maps what follows the old range at `at`. */
static long map_growth(const struct move *v, u64 at, int fixed)
{
    struct mapping more = v->m;
    more.offset += v->old_length;
    return source_map(at, v->new_length - v->old_length, &more, fixed);
}

/* Shared: the same pages, mapped once more. */
static long fill_shared(const struct move *v, u64 at)
{
    long r = source_map(at, v->new_length, &v->m, MAP_FIXED);
    if (r >= 0 && v->old_length && !(v->flags & MREMAP_DONTUNMAP))
        host_munmap((void *)v->old, v->old_length);
    return r;
}

/* Private: some pages may be copies. What stays behind by MREMAP_DONTUNMAP is as first mapped. */
static long fill_private(const struct move *v, u64 at)
{
    long r = move_pages(v->old, at, MIN(v->old_length, v->new_length));
    if (r >= 0 && v->new_length > v->old_length)
        r = map_growth(v, at + v->old_length, MAP_FIXED);
    if (r >= 0 && (v->flags & MREMAP_DONTUNMAP))
        r = source_map(v->old, v->old_length, &v->m, MAP_FIXED);
    return r;
}

static long move_parts(const struct move *v)
{
    long at = reserve_place(v);
    if (at < 0)
        return at;
    long r = v->m.flags & MAPPING_SHARED ? fill_shared(v, (u64)at) : fill_private(v, (u64)at);
    if (r >= 0)
        return at;
    host_munmap((void *)at, v->new_length);
    return r;
}

static long remap_parts(const struct move *v)
{
    if (!(v->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && v->old_length) {
        u64 end = v->old + v->old_length;
        if (user_range(v->old, v->new_length) == 0 &&
            map_growth(v, end, MAP_FIXED_NOREPLACE) == (long)end)
            return (long)v->old;
    }
    return v->flags & MREMAP_MAYMOVE ? move_parts(v) : -ENOMEM;
}

static long host_remap(const struct move *v)
{
    bool moves_only =
        v->flags & MREMAP_FIXED && !(v->flags & MREMAP_DONTUNMAP) && v->old_length == v->new_length;
    long at = moves_only ? move_pages(v->old, v->new, v->old_length)
                         : host_mremap((void *)v->old, v->old_length, v->new_length, v->flags,
                                       (void *)v->new);
    /* The host grows into, or moves to, what is ours only when all other room is taken. */
    assert_that(at < 0 || user_range((u64)at, v->new_length) == 0);
    return at;
}

/* Shrinking in place. */
static long shrink(const struct move *v)
{
    u64 from = v->old + v->new_length, to = v->old + v->old_length;
    long r = space_reserve();
    if (r == 0 && from < to)
        r = host_munmap((void *)from, to - from);
    if (r < 0)
        return r;
    space_forget(from, to);
    return (long)v->old;
}

static long remap(struct move *v)
{
    long r = find_old(v);
    if (r < 0)
        return r;
    bool moves = v->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
    if (v->old_length >= v->new_length && !moves)
        return shrink(v);
    r = check_growth(v);
    if (r == 0)
        r = space_reserve();
    if (r < 0)
        return r;
    bool keep_old = v->old_length == 0 || (v->flags & MREMAP_DONTUNMAP);
    bool simple = !keep_old && v->old_length >= v->new_length;
    r = !simple && (source_is_heap(&v->m) || source_is_spooled(&v->m)) ? -EFAULT : host_remap(v);
    if (r == -EFAULT) /* or what is one mapping has several parts on the host: some are tracked */
        r = remap_parts(v);
    return r < 0 ? r : commit(v, (u64)r, keep_old);
}

SYSCALL5(mremap, u64, old, u64, old_length, u64, new_length, int, flags, u64, new)
{
    struct move v = {.old = old,
                     .old_length = PAGE_ALIGN(old_length),
                     .new = new,
                     .new_length = PAGE_ALIGN(new_length),
                     .flags = flags};
    long r = check_flags(&v);
    if (r < 0)
        return r;
    space_lock();
    r = user_range(old, v.old_length) < 0 ? -EFAULT : remap(&v);
    space_unlock();
    return r;
}
