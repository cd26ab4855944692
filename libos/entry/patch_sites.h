/* SPDX-License-Identifier: Apache-2.0 */
/* The call sites of this process that trapped. Private memory: a child of a fork has a copy. What
 * is used first lies together, since each new process writes here. */
#ifndef LIBOS_ENTRY_PATCH_SITES_H
#define LIBOS_ENTRY_PATCH_SITES_H

#include "base/types.h"

struct site {
    u64 address; /* of the syscall instruction */
    u64 back;    /* shape B, once patched: where address + 2 goes on */
    u8 *slot;    /* its trampoline; NULL: not patched */
    u32 traps;
    u32 call;
};

/* NULL: not there and not wanted, or no room. Adding: by one thread at a time. */
struct site *site_find(u64 address, bool add);
/* Makes those in [start, end) as new, as what they were in is gone, and hands their trampolines to
 * `give_back`. */
void sites_renew(u64 start, u64 end, void (*give_back)(u8 *slot));
void sites_clear(void);

#endif
