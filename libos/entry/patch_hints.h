/* SPDX-License-Identifier: Apache-2.0 */
/* What forked children learn about call sites, for their parent.
 *
 * A call that only children make (set_robust_list and exit_group of every fork) would trap in each
 * of them and never be patched: a child's patches go with it. So children note where they trap in a
 * table in the heap segment that they share with the process they were forked from, and a process
 * patches what is there before it forks again. A process that calls execve leaves the table. */
#ifndef LIBOS_ENTRY_PATCH_HINTS_H
#define LIBOS_ENTRY_PATCH_HINTS_H

#include "libos/proc/process.h"

#define PATCH_HINTS 64
#define HINT_BYTES  16 /* of code around the site, which must be the same in the parent */
#define HINT_BEFORE 8

struct patch_hint {
    u64 address; /* of the syscall instruction */
    u32 call, traps;
    u8 code[HINT_BYTES]; /* from address - HINT_BEFORE on */
};

struct patch_hints {
    struct lock lock;
    u32 references; /* processes */
    u32 count;
    u32 changes; /* grows when there may be something to patch */
    struct patch_hint hints[PATCH_HINTS];
};

/* Before a fork, in the parent: gives the child p the parent's table, made if there is none, and
 * patches what earlier children noted. */
void patch_hints_fork(struct process *p);
/* At exec and at the end. */
void patch_hints_leave(struct process *p);
/* The calling process trapped at the site. */
void patch_hints_note(u64 address, u32 call);

#endif
