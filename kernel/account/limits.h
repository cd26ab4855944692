/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a cell within its limits of memory, processor time and time, by control groups or by
 * watching.
 *
 * By watching, memory is looked at every MEMORY_PERIOD_NS (a tenth of it above half the limit): a
 * cell can exceed its limit by what it touches in that time. Processor time is looked at every
 * CPU_TICK_NS while it is used; over a second a cell gets its share to within one tick for each
 * processor. */
#ifndef KERNEL_ACCOUNT_LIMITS_H
#define KERNEL_ACCOUNT_LIMITS_H

#include "kernel/cell.h"

#define MEMORY_PERIOD_NS 100000000u
#define CPU_TICK_NS      10000000u

/* Before the first process is made: opens what the limits need. Fails (fail()) when a limit was
 * asked for by a way that the host does not offer. */
void limits_prepare(struct cell *cell);

/* In the first process, before it gives up its identity: joins the groups. */
bool limits_join(void);

/* Host directories in which groups were made, for i from 0; NULL after the last. */
const char *limits_group_parent(u32 i);

/* When the first process runs. */
void limits_start(struct cell *cell);

/* A host process of the cell was killed: ends the cell if that was for its memory. True if it was.
 */
bool limits_killed(struct cell *cell);

/* Removes the groups, from whichever process outlived the cell. */
void limits_remove_groups(void);

/* When the cell is over: last figures, and what limits_prepare made goes away. */
void limits_finish(struct cell *cell);

#endif
