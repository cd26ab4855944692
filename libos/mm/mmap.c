/* SPDX-License-Identifier: Apache-2.0 */
/* mmap(2), munmap(2). */
#include "libos/mm/space.h"
#include "libos/entry/syscall.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/file.h"
#include "libos/host/host.h"

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)
/* Flags that MAP_SHARED_VALIDATE knows. */
#define KNOWN_FLAGS                                                                                \
    (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE |            \
     MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK |       \
     MAP_HUGETLB | MAP_FIXED_NOREPLACE)
#define HOST_FLAGS (MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_32BIT | MAP_POPULATE)

static bool flags_share(int flags)
{
    int type = flags & MAP_TYPE;
    return type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
}

static long check_type(int flags, const struct file *f)
{
    switch (flags & MAP_TYPE) {
    case MAP_PRIVATE:
    case MAP_SHARED: return 0;
    case MAP_SHARED_VALIDATE:
        if (!f)
            return -EINVAL;
        return flags & ~KNOWN_FLAGS ? -EOPNOTSUPP : 0;
    default: return -EINVAL;
    }
}

static long check_file(const struct file *f, int prot, int flags, u64 offset, size_t length)
{
    if (offset + length < offset || offset + length > INT64_MAX)
        return -EOVERFLOW;
    long r = check_type(flags, f);
    if (r < 0)
        return r;
    if (!file_readable(f) || (flags_share(flags) && (prot & PROT_WRITE) && !file_writable(f)))
        return -EACCES;
    return f->ops->map ? 0 : -ENODEV;
}

/* Everything about the arguments that does not depend on the list. `length` is page-aligned. */
static long check(u64 addr, size_t length, int prot, int flags, const struct file *f, u64 offset)
{
    if (length == 0)
        return -EINVAL;
    if (length > RF_USER_TOP)
        return -ENOMEM;
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (addr & ~PAGE_MASK)
            return -EINVAL;
        long r = user_range(addr, length);
        if (r < 0)
            return r;
    }
    if (flags & MAP_HUGETLB)
        return -ENOMEM; /* as on a machine without huge pages set aside */
    return f ? check_file(f, prot, flags, offset, length) : check_type(flags, NULL);
}

static void describe(struct mapping *m, int prot, int flags, struct file *f, u64 offset,
                     const char *name)
{
    bool shared = flags_share(flags);
    m->prot = prot & PROT_ALL;
    m->max_prot = shared && f && !file_writable(f) ? PROT_READ | PROT_EXEC : PROT_ALL;
    m->file = f;
    m->offset = f ? offset : 0;
    m->name = name;
    m->flags = (shared ? MAPPING_SHARED : 0) | (flags & MAP_NORESERVE ? MAPPING_NORESERVE : 0) |
               (flags & MAP_GROWSDOWN ? MAPPING_GROWSDOWN : 0) |
               (flags & MAP_LOCKED || the_space.lock_future ? MAPPING_LOCKED : 0);
}

static long check_limits(u64 addr, size_t length, int flags, const struct mapping *m)
{
    long r = m->flags & MAPPING_LOCKED ? lock_limit(length) : 0;
    if (r < 0)
        return r == -ENOMEM ? -EAGAIN : r;
    r = space_limits(length, m);
    if (r < 0 && (flags & MAP_FIXED)) /* what it replaces does not count */
        r = space_limits(length - space_mapped(addr, addr + length), m);
    return r;
}

/* Where the host is to look: a hint that it cannot have is none. */
static u64 place_hint(u64 addr, size_t length, int flags)
{
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
        return addr;
    addr = PAGE_ALIGN(addr);
    return addr && user_range(addr, length) == 0 ? addr : 0;
}

/* The host call, and then the list. The mapping counts from before the host call on: a file that is
 * cut meanwhile must know that its pages are in use. */
static long place(u64 addr, size_t length, int flags, struct mapping *m)
{
    mapping_get(m);
    long r = source_map(place_hint(addr, length, flags), length, m, flags & HOST_FLAGS);
    if (r < 0) {
        mapping_put(m);
        if (m->file && (flags & MAP_FIXED))
            space_forget(addr, addr + length);
        return r;
    }
    m->start = (u64)r;
    m->end = m->start + length;
    if (user_range(m->start, length) < 0 || ((flags & MAP_FIXED_NOREPLACE) && m->start != addr)) {
        host_munmap((void *)r, length);
        mapping_put(m);
        return flags & MAP_FIXED_NOREPLACE ? -EEXIST : -ENOMEM;
    }
    if (flags & MAP_FIXED)
        space_forget(m->start, m->end);
    space_add(m);
    return r;
}

long mm_map(u64 addr, size_t length, int prot, int flags, struct file *f, u64 offset,
            const char *name)
{
    length = PAGE_ALIGN(length);
    long r = check(addr, length, prot, flags, f, offset);
    if (r < 0)
        return r;
    struct file *memory = NULL;
    if (unlikely(!f && flags_share(flags))) {
        f = memory = shared_memory_new(length);
        offset = 0;
        if (!f)
            return -ENOMEM;
    }
    struct mapping m;
    space_lock();
    describe(&m, prot, flags, f, offset, name);
    r = check_limits(addr, length, flags, &m);
    if (r == 0)
        r = space_reserve();
    if (r == 0)
        r = place(addr, length, flags, &m);
    space_unlock();
    file_put(memory);
    return r;
}

/* The part of a munmap that is on one side of the library OS. */
static long unmap_part(u64 start, u64 end)
{
    while (start < end) {
        const struct mapping *own = maplist_at(&the_space.own, maplist_find(&the_space.own, start));
        u64 stop = own ? MIN(end, MAX(own->start, start)) : end;
        long r = start < stop ? host_munmap((void *)start, stop - start) : 0;
        if (r < 0)
            return r;
        space_forget(start, stop);
        start = own ? own->end : stop;
    }
    return 0;
}

long mm_unmap(u64 addr, size_t length)
{
    if ((addr & ~PAGE_MASK) || length == 0 || length > RF_USER_TOP ||
        addr > RF_USER_TOP - PAGE_ALIGN(length))
        return -EINVAL;
    u64 end = addr + PAGE_ALIGN(length);
    space_lock();
    long r = space_reserve();
    if (r == 0)
        r = unmap_part(addr, MIN(end, RF_LIBOS_BASE));
    if (r == 0)
        r = unmap_part(MAX(addr, RF_LIBOS_END), end);
    space_unlock();
    return r;
}

SYSCALL6(mmap, u64, addr, size_t, length, int, prot, int, flags, int, fd, u64, offset)
{
    if (offset & ~PAGE_MASK)
        return -EINVAL;
    if (flags & MAP_ANONYMOUS)
        return mm_map(addr, length, prot, flags, NULL, 0, NULL);
    struct file *f = fd_get(fd);
    if (!f)
        return -EBADF;
    long r = mm_map(addr, length, prot, flags, f, offset, NULL);
    file_put(f);
    return r;
}

SYSCALL2(munmap, u64, addr, size_t, length)
{
    return mm_unmap(addr, length);
}
