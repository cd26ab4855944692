/* SPDX-License-Identifier: Apache-2.0 */
/* Standing still: every host thread of a cell at its next instruction, in memory with all that it
 * is (docs/design/cut.md). The library OS does it; one that does not is left as it is. */
#ifndef KERNEL_CHECKPOINT_STOP_H
#define KERNEL_CHECKPOINT_STOP_H

#include "kernel/cell.h"

/* Stops the cell's threads, and lets its callers go (domain_detach). 0: all stand still, until
 * stop_end; -EAGAIN: they did not by then, or it has just begun; they go on; -ESRCH: it has no
 * processes. */
int stop_begin(struct cell *cell, u64 deadline_ns);

/* They go on. Harmless when they do not stand still. */
void stop_end(struct cell *cell);

/* While the cell stands still: when the first of its threads would wake by itself; UINT64_MAX:
 * none. */
u64 stop_first_deadline(const struct cell *cell);

/* While the cell stands still: what is known of the threads of one host process. The first `most`
 * of them: how many there are. */
u32 stop_threads(const struct cell *cell, pid_t pid, struct rf_stopped *threads, u32 most);

/* The same: number of the descriptor by which a host process can be tracked (tracker.h), made just
 * now; negative: it made none. What is not taken is made again at the next stop. What the cell says
 * is not checked. */
int stop_tracker(const struct cell *cell, pid_t pid, bool take);

#endif
