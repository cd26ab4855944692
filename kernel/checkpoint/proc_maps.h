/* SPDX-License-Identifier: Apache-2.0 */
/* What the host says of a process's memory. */
#ifndef KERNEL_CHECKPOINT_PROC_MAPS_H
#define KERNEL_CHECKPOINT_PROC_MAPS_H

#include "base/types.h"

struct proc_map {
    u64 start, end, offset, inode;
    u32 prot;
    bool shared;
    const char *path; /* of what is mapped, or "" */
};

/* Calls visit with each mapping, in order, until it gives other than 0, and returns that; -ESRCH:
 * there is no such process; -ENOMEM. */
int proc_maps(int pid, int (*visit)(void *argument, const struct proc_map *map), void *argument);

/* Calls visit with the runs of pages of [start, end) that are the process's own: not a file's, and
 * not untouched. The same results; -errno of the host. `pagemap` is a descriptor of its
 * /proc/PID/pagemap. */
int proc_own_pages(int pagemap, u64 start, u64 end,
                   int (*visit)(void *argument, u64 start, u64 end), void *argument);

/* Whether the mapping there is tracked already. */
bool proc_is_tracked(int pagemap, u64 address);

/* The same of a process that is tracked (tracker.h), of one mapping: what was written since this
 * was last called with that memory, or all that is its own if it was not tracked until now; it is
 * from now on. THERE_TOO: then all others that are there, as not written, and maybe written ones
 * again. ALL_WRITTEN: all count as written. */
enum proc_written { WRITTEN_ONLY, THERE_TOO, ALL_WRITTEN };

int proc_written_pages(int pagemap, int tracker, const struct proc_map *map,
                       enum proc_written which,
                       int (*visit)(void *argument, u64 start, u64 end, bool written),
                       void *argument);

#endif
