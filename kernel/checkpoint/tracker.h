/* SPDX-License-Identifier: Apache-2.0 */
/* What a host process writes between cuts. The host notes it in the page tables, by write
 * protection that a write takes off without anybody being asked (userfaultfd with WP_ASYNC, Linux
 * 6.7). A userfaultfd belongs to the memory of who makes it: the library OS makes one where it
 * stands still for the first time, and the kernel takes it. What is mapped later, or moved, is not
 * tracked before it is watched: whoever looks (proc_maps.h) sees that. */
#ifndef KERNEL_CHECKPOINT_TRACKER_H
#define KERNEL_CHECKPOINT_TRACKER_H

#include "base/types.h"

/* Whether the host can do it: tried in this process, before the kernel confines itself. */
bool tracker_host_has_it(void);

/* From here on it is used, if the host has it, unless RINGFENCE_COMPARE is in the environment (for
 * tests of what is done without). */
void tracker_init(void);
bool tracker_is_used(void);

/* A descriptor of our own of the userfaultfd that the process has as `number`, or -errno. */
int tracker_take(int pid, int number);

/* [start, end) of its memory, one mapping, is tracked from now on; all of it counts as written. 0
 * or -errno, and then it is not. */
int tracker_watch(int tracker, u64 start, u64 end);

#endif
