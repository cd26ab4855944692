/* SPDX-License-Identifier: Apache-2.0 */
/* The address space of the process: its mapping list with what hangs on it. Private memory, copied
 * by fork. The rules for changing it: take the lock, reserve, make the host call, and when that has
 * succeeded change the list, which cannot fail.
 *
 * The list agrees with the host's, but for what the library OS itself maps: its own range, and
 * `own` (trampolines near the program's code). The host therefore chooses
 * addresses.
 *
 * The lock ranks before all other locks: nothing in here is called with another lock held. */
#ifndef LIBOS_MM_SPACE_H
#define LIBOS_MM_SPACE_H

#include "abi/layout.h"
#include "libos/entry/errno.h"
#include "libos/mm/maplist.h"
#include "libos/mm/mm.h"
#include "libos/sync/lock.h"
#include <linux/mman.h>

#define MAPPINGS_MAX 65530 /* vm.max_map_count */

struct space {
    struct lock lock;
    struct maplist list;
    struct maplist own; /* ranges that are the library OS's, below or above its big one */
    u64 total;          /* bytes mapped */
    u64 accessible;     /* of these, not PROT_NONE */
    u64 data;           /* of these, private writable: RLIMIT_DATA */
    u64 locked;         /* of these, mlocked: RLIMIT_MEMLOCK */
    u64 brk_start, brk_end;
    bool lock_future; /* mlockall(MCL_FUTURE) */
};
extern struct space the_space;

static inline void space_lock(void)
{
    lock_take(&the_space.lock);
}
static inline void space_unlock(void)
{
    lock_release(&the_space.lock);
}

/* Room for three more mappings in the list. 0 or -ENOMEM. */
long space_reserve(void);
/* Adds a mapping whose range is free in the list, merging it with its neighbours. Takes over
 * m->file. */
void space_add(const struct mapping *m);
/* Takes [start, end) out of the list, dropping references. Needs a reservation. */
void space_forget(u64 start, u64 end);
/* Whether the list covers all of [start, end). */
bool space_covers(u64 start, u64 end);
/* Bytes of [start, end) that are mapped. */
u64 space_mapped(u64 start, u64 end);
struct mapping *space_find(u64 addr); /* the mapping that contains addr, or NULL */
/* Changes the mappings in [start, end), which the list covers: prot if >= 0, and flags. Needs a
 * reservation. */
void space_change(u64 start, u64 end, int prot, u32 set_flags, u32 clear_flags);

/* The same for prot alone and for [start, end) inside the one mapping at s. */
void space_protect_inside(struct spot s, u64 start, u64 end, int prot);

/* References of one mapping to what it maps. */
void mapping_get(const struct mapping *m);
void mapping_put(const struct mapping *m);
static inline bool mapping_is_data(const struct mapping *m)
{
    return (m->prot & PROT_WRITE) && !(m->flags & (MAPPING_SHARED | MAPPING_GROWSDOWN));
}

/* Whether the program may have memory at [addr, addr+length): 0, or -ENOMEM if that is not its. */
long user_range(u64 addr, u64 length);
/* 0, or -ENOMEM if `length` more bytes of such a mapping break a limit of the process or the cell.
 */
long space_limits(u64 length, const struct mapping *m);
/* 0, or the error of mlock(2) for `length` more locked bytes. */
long lock_limit(u64 length);

/* mm/source.c: maps [addr, addr+length) of the host as the mapping says. addr 0 with neither
 * MAP_FIXED flag: where the host likes. host_flags: MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_32BIT,
 * MAP_POPULATE. The address or -E…; after an error with MAP_FIXED the range may be unmapped. */
long source_map(u64 addr, size_t length, const struct mapping *m, int host_flags);
/* Whether the host's mapping consists of parts of the heap segment, which must not grow by mremap.
 */
bool source_is_heap(const struct mapping *m);

/* Whether parts of it may be, on the host, copies on write of an image that a branch goes on from.
 */
bool source_is_spooled(const struct mapping *m);

/* Gives back the pages of [start, end) of one private mapping: it is as first mapped. 0 or -E... */
long source_reset(const struct mapping *m, u64 start, u64 end);

/* mm/shared.c: the file behind shared anonymous memory, of `length` bytes. NULL: no memory. */
struct file *shared_memory_new(size_t length);

/* mm/own.c: forgets all but a vdso that the host does not let go. */
void own_reset(void);
/* Whether [start, end) touches what is the library OS's. */
bool own_touches(u64 start, u64 end);

#endif
