/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps a cell within its limits of memory, processor time and time, by control groups or by
 * watching.
 *
 * By watching, the memory of a cell that does something is looked at every LOOK_NS (every TICK_NS
 * above half the limit): a cell can exceed its limit by what it touches in that time. Processor
 * time is the meters' business (account/throttle.h). */
#ifndef KERNEL_ACCOUNT_LIMITS_H
#define KERNEL_ACCOUNT_LIMITS_H

#include "kernel/account/cgroup.h"
#include "kernel/event.h"

struct cell;

struct limits_config {
    u64 memory_limit;  /* bytes; 0: none */
    u32 cpu_percent;   /* 100 per processor; 0: none */
    u32 process_limit; /* 0: none but RF_MAX_THREADS */
    u64 time_limit_ns; /* 0: none */
    enum limit_by limit_by;
    bool sample;      /* figures are wanted, though nothing is limited */
    bool stays_awake; /* does not go to sleep by itself (pressure.h) */
};

struct limits {
    struct limits_config config;
    struct cgroup group;
    struct timer end_timer;
};

/* Before the first process is made: opens what the limits need. 0; -ENOTSUP: a limit was asked for
 * by a way that the host does not offer. */
int limits_prepare(struct cell *cell, const struct limits_config *config);

/* Descriptors of the groups' process lists, which the first process writes "0" to before it gives
 * up its identity: how many were put into fds. */
u32 limits_group_fds(const struct cell *cell, int fds[CGROUP_CONTROLLERS]);

/* Host directories in which groups were made, for i from 0; NULL after the last. */
const char *limits_group_parent(const struct cell *cell, u32 i);

/* When the first process runs. */
void limits_start(struct cell *cell);

/* Looks at the memory that the cell holds: charges it, and ends the cell if it is too much and no
 * control group sees to it. */
void limits_look(struct cell *cell);

/* A host process of the cell was killed: ends the cell if that was for its memory. True if it was.
 */
bool limits_killed(struct cell *cell);

/* The cell has no processes for now: its last figures, and what limits_prepare made goes. And it is
 * to have some again: as limits_prepare. */
void limits_rest(struct cell *cell);
int limits_resume(struct cell *cell);

/* When the cell is over: last figures, and what limits_prepare made goes away. */
void limits_finish(struct cell *cell);

#endif
