/* SPDX-License-Identifier: Apache-2.0 */
/* Which cells do something, and what that costs them.
 *
 * An active cell is looked at every TICK_NS or LOOK_NS: its processor clocks are read, and what it
 * used is charged to its meter. One that used nothing for IDLE_NS is idle: nothing of it is read
 * any more. Instead the host watches its processor clocks, and says so (ALARM_SIGNAL) when one has
 * gone on by ALARM_NS; then the cell is active again. So idle cells cost no processor time, and
 * nothing that a cell does stays unseen for more than ALARM_NS of its processor time per process,
 * or what it does between two ticks of the host's scheduler. */
#ifndef KERNEL_ACCOUNT_ACTIVITY_H
#define KERNEL_ACCOUNT_ACTIVITY_H

#include "base/list.h"
#include "base/types.h"

struct cell;

#define TICK_NS      10000000u  /* while something is kept in its limits by watching */
#define LOOK_NS      100000000u /* memory and missing time, and all else when nothing is */
#define IDLE_NS      300000000u
#define ALARM_NS     1000000u
#define ALARM_SIGNAL (SIGRTMIN + 1)

struct activity {
    struct list link; /* of all active cells */
    u64 busy_ns;      /* when it was last seen to have used something */
    u64 look_ns;      /* when memory and missing time are to be looked at next */
    u64 delayed_ns;   /* waited for a processor, not yet judged */
    u64 judged_ns;    /* when that was last judged */
    u64 judged_used_ns;
    s64 room_ns;     /* promised, and neither used nor missing yet */
    u64 charged_ns;  /* processor time that the meter was charged with */
    u64 invocations; /* whose cost the meter was charged with */
    u64 credit_ns;   /* used for others, who were charged */
    u64 stopped_ns;  /* until when the time of being stopped by the throttle was counted */
    u64 grew_ns;     /* when it was last seen to hold more than before; 0: never */
    bool watched;    /* its memory is near its limit: to be looked at every TICK_NS */
};

void activity_init(struct cell *cell);

/* The cell does something, or is about to. */
void activity_wake(struct cell *cell);

/* Brings the figures of every active cell up to date, those of the meters too. */
void activity_refresh(void);

/* The same for the memory that they hold. */
void activity_refresh_memory(void);

/* The cell is over: what it used is charged to the end. */
void activity_end(struct cell *cell);

/* The host's alarm: the cell of that number has used its processor. */
void activity_alarm(u32 cell_number);

#endif
