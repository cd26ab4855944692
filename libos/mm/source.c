/* SPDX-License-Identifier: Apache-2.0 */
/* Making the host's mapping for one of ours: anonymous memory, a host file, or, for what lives in
 * the heap segment, pages of that. A file may answer in pieces. */
#include "libos/mm/space.h"
#include "libos/fs/file.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include "libos/mm/source.h"

/* Touching the heap segment past its end is a SIGBUS of the host, whatever the protection. */
#define BEYOND_OFFSET RF_HEAP_SIZE

#define PLACE_FLAGS (MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_32BIT)

long source_ask(const struct mapping *m, u64 distance, size_t length, struct map_source *out)
{
    bool shared = m->flags & MAPPING_SHARED;
    int prot = shared ? m->prot | (m->max_prot & PROT_WRITE) : m->prot;
    *out = (struct map_source){0};
    long r = m->file->ops->map(m->file, m->offset + distance, length, prot, shared, out);
    if (r < 0)
        return r;
    out->length = PAGE_ALIGN(out->length);
    return out->length ? 0 : -EIO;
}

void source_drop(const struct map_source *s)
{
    if (s->kind == MAP_SOURCE_DESCRIPTOR && !s->keep)
        host_close(s->fd);
}

static int reserve_flag(const struct mapping *m)
{
    return m->flags & MAPPING_NORESERVE ? MAP_NORESERVE : 0;
}

static long map_anonymous(u64 addr, size_t length, const struct mapping *m, int host_flags)
{
    return host_mmap((void *)addr, length, m->prot,
                     MAP_PRIVATE | MAP_ANONYMOUS | reserve_flag(m) | host_flags, -1, 0);
}

static long map_descriptor(u64 addr, size_t length, const struct mapping *m, int host_flags, int fd,
                           u64 offset)
{
    int kind = m->flags & MAPPING_SHARED ? MAP_SHARED : MAP_PRIVATE;
    return host_mmap((void *)addr, length, m->prot, kind | reserve_flag(m) | host_flags, fd,
                     offset);
}

long source_map_piece(u64 addr, size_t length, const struct mapping *m, const struct map_source *s,
                      int host_flags)
{
    long r = -EINVAL;
    switch (s->kind) {
    case MAP_SOURCE_HEAP:
        return map_descriptor(addr, length, m, host_flags, RF_FD_HEAP, heap_offset(s->heap));
    case MAP_SOURCE_DESCRIPTOR:
        r = map_descriptor(addr, length, m, host_flags, s->fd, s->fd_offset);
        source_drop(s);
        return r;
    case MAP_SOURCE_ZERO: return map_anonymous(addr, length, m, host_flags);
    case MAP_SOURCE_BEYOND:
        return map_descriptor(addr, length, m, host_flags & ~MAP_POPULATE, RF_FD_HEAP,
                              BEYOND_OFFSET);
    }
    return r;
}

/* The rest of a mapping whose first piece is s, over a range that is the mapping's already. */
static long map_pieces(u64 addr, size_t length, const struct mapping *m, struct map_source *s,
                       int host_flags)
{
    size_t done = 0;
    for (;;) {
        size_t n = MIN(s->length, length - done);
        long r = source_map_piece(addr + done, n, m, s, host_flags);
        done += n;
        if (r < 0 || done == length)
            return r < 0 ? r : (long)addr;
        r = source_ask(m, done, length - done, s);
        if (r < 0)
            return r;
    }
}

long source_map(u64 addr, size_t length, const struct mapping *m, int host_flags)
{
    if (!m->file)
        return map_anonymous(addr, length, m, host_flags);
    struct map_source s;
    long r = source_ask(m, 0, length, &s);
    if (r < 0)
        return r;
    if (s.length >= length)
        return source_map_piece(addr, length, m, &s, host_flags);

    if (!(host_flags & MAP_FIXED)) {
        r = host_mmap((void *)addr, length, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (host_flags & PLACE_FLAGS), -1,
                      0);
        if (r < 0) {
            source_drop(&s);
            return r;
        }
        addr = (u64)r;
    }
    r = map_pieces(addr, length, m, &s, (host_flags & ~PLACE_FLAGS) | MAP_FIXED);
    if (r < 0)
        host_munmap((void *)addr, length);
    return r;
}

bool source_is_heap(const struct mapping *m)
{
    struct map_source s;
    if (!m->file || source_ask(m, 0, PAGE_SIZE, &s) < 0)
        return false;
    source_drop(&s);
    return s.kind == MAP_SOURCE_HEAP || s.kind == MAP_SOURCE_BEYOND;
}

bool source_is_spooled(const struct mapping *m)
{
    return !m->file && the_window->cell.spooled;
}

long source_reset(const struct mapping *m, u64 start, u64 end)
{
    if (!source_is_spooled(m))
        return host_madvise((void *)start, end - start, MADV_DONTNEED);
    long r = source_map(start, end - start, m, MAP_FIXED);
    if (r >= 0 && m->flags & MAPPING_DONTFORK)
        r = host_madvise((void *)start, end - start, MADV_DONTFORK);
    return MIN(r, 0);
}
