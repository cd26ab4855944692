/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps meters to their terms by stopping and continuing cells, where no control group does.
 *
 * Quota: a meter has a budget that fills at the quota's rate up to one period's quota, and that
 * what runs on it uses up; below zero all cells below it stand still.
 *
 * Shares: each meter has a virtual time, which what runs on it advances, in inverse proportion to
 * its weight. Among meters below the same one, those that are ahead of the last one that waits for
 * a processor by more than SLACK_NS stand still until it has caught up. Who waits for none, and
 * would not if the others ran, holds nobody up and saves nothing up; while nobody waits, what was
 * before is forgotten. */
#ifndef KERNEL_ACCOUNT_THROTTLE_H
#define KERNEL_ACCOUNT_THROTTLE_H

#include "base/list.h"
#include "base/types.h"

struct meter;

#define SLACK_NS 10000000 /* of virtual time: of processor time at the usual weight */

struct throttle {
    struct list link; /* of all meters that were charged lately */
    s64 budget_ns;
    u64 filled_ns; /* until when the budget is filled; 0: never */
    u64 virtual_ns;
    u64 charged_ns; /* when it was last charged */
    u64 hungry_ns;  /* when something on it was last seen to wait for a processor */
    u64 used_ns;    /* since the last tick */
    bool out;       /* its quota is used up */
    bool ahead;     /* it had more than its share */
    /* Of meters below: */
    u32 busy;     /* how many were charged lately */
    u64 least_ns; /* least virtual time of those that wait; ~0: none does */
    u64 most_ns;  /* greatest virtual time */
    bool holds;   /* one of them stands still for another */
};

void throttle_init(struct throttle *throttle);

/* The meter, which is or is not kept by a control group, was charged. For itself alone. */
void throttle_charge(struct meter *meter, u64 ns, u64 now);

/* Something on it waits for a processor. */
void throttle_hungry(struct meter *meter);

/* Whether it, or one above, shares with another that was charged lately. */
bool throttle_competes(const struct meter *meter);

/* Decides who stands still. True: it wants to do so every TICK_NS. */
bool throttle_tick(u64 now);

/* Stops and continues the cells of that list (struct cell.activity.link) accordingly. */
void throttle_apply(struct list *active);

/* The meter is no more. */
void throttle_end(struct meter *meter);

#endif
