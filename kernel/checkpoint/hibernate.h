/* SPDX-License-Identifier: Apache-2.0 */
/* Cells that sleep: without host processes, memory or descriptors. Their image is in the store;
 * what the kernel keeps are their records, their capabilities, and calls under way to and from
 * them.
 *
 * A cell falls asleep with a cut. It stands still then, and does not go on while the cut is
 * written; when that is durable its processes end and its memory goes. So it is written once, as
 * every cut writes it, and nothing of it is lost if the world is killed at any instant. What
 * happens for it before it is gone lets it go on as if nothing had been; after that, it is made
 * again from the store. Later cuts leave it alone: the store keeps of it what it has (staging.h),
 * until it wakes.
 *
 * Something happens for a cell when a call of its is answered or looked at, a signal, key or exec
 * comes for it, its processes are asked for, its timers or the deadline of a thread's sleep come,
 * it is resumed, or ended. */
#ifndef KERNEL_CHECKPOINT_HIBERNATE_H
#define KERNEL_CHECKPOINT_HIBERNATE_H

#include "kernel/cell.h"

/* The cell is to sleep from the next cut on, which is soon. 0; -EBUSY: it sleeps, or is just being
 * made again; -ESRCH: it has no processes; -EOPNOTSUPP: the world has no store. */
int hibernate_want(struct cell *cell);

/* During a cut, between standing still and copying: those that are to sleep do from here on. */
void hibernate_stand(void);

/* And when it has copied. */
void hibernate_saved(void);

/* Whether a cell waits for the next cut to sleep from. */
bool hibernate_is_wanted(void);

struct numbers;

/* Adds the numbers of what sleeps, and of what rests with it. False: no memory. */
bool hibernate_left(struct numbers *left);

/* That cut is durable, as generation `result`; or it is not, and why: the cells go on. */
void hibernate_result(s64 result);

/* Whether its image in the store is what it is: a cut neither stops nor copies it. */
static inline bool hibernate_is_apart(const struct cell *cell)
{
    return cell->sleep.phase >= SLEEP_ENDS;
}

/* Whether something has happened for such a cell: its window and its calls are others then. */
static inline bool hibernate_is_woken(const struct cell *cell)
{
    return cell->sleep.phase == SLEEP_WAKES ||
           (cell->sleep.phase == SLEEP_ENDS && cell->sleep.wanted);
}

/* Something happened for the cell. Has its window back at once, unless that cannot be. */
void hibernate_wake(struct cell *cell);

/* No host process of a cell that falls asleep is left. */
void hibernate_gone(struct cell *cell);

/* The cell is over. */
void hibernate_over(struct cell *cell);

struct record;

/* In the record of a cell that sleeps. */
void hibernate_put(const struct cell *cell, struct record *to);
void hibernate_get(struct cell *cell, struct record *from);

/* The world goes on, and the cell, all of whose objects are there, sleeps on. 0 or a negative
 * errno.
 */
int hibernate_restart(struct cell *cell);

#endif
