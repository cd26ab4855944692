/* SPDX-License-Identifier: Apache-2.0 */
/* How a host process is made again: the kernel writes this at RF_RESTORE_BASE, and the library OS
 * of the new process does it (libos/proc/restore.c). */
#ifndef ABI_RESTORE_H
#define ABI_RESTORE_H

#include "abi/layout.h"

enum rf_restore_source {
    RF_RESTORE_ANONYMOUS,  /* private memory */
    RF_RESTORE_HEAP,       /* of the heap segment: RF_FD_HEAP */
    RF_RESTORE_DESCRIPTOR, /* RESTORE_MAP gives one */
};

struct rf_restore_map {
    u64 start, end, offset;
    u32 prot, flags; /* of mmap(2): MAP_SHARED or MAP_PRIVATE */
    u32 source;      /* enum rf_restore_source */
    u32 was_file;    /* ANONYMOUS: it was a mapping of a file that is gone */
};
_Static_assert(sizeof(struct rf_restore_map) == 40, "shared layout");

/* Followed by the mappings, then by the threads: the first is the process's own. */
struct rf_restore {
    u32 map_count, thread_count;
};
_Static_assert(sizeof(struct rf_restore) == 8, "shared layout");

/* The end of the range is the stack that it is done on. */
#define RF_RESTORE_STACK (64ul << 10)
#define RF_RESTORE_ROOM  (RF_RESTORE_SIZE - RF_RESTORE_STACK)

static inline struct rf_restore_map *rf_restore_maps(struct rf_restore *script)
{
    return (struct rf_restore_map *)(script + 1);
}

static inline struct rf_stopped *rf_restore_threads(struct rf_restore *script)
{
    return (struct rf_stopped *)(rf_restore_maps(script) + script->map_count);
}

#endif
