/* SPDX-License-Identifier: Apache-2.0 */
/* Missing time: a cell wanted to run, its meter promised it, and it did not.
 *
 * That it wanted to is what the host says: the time its threads were ready and waited for a
 * processor (run delay), the time for which it was stopped by the throttle, and its part of what
 * the host itself was deprived of (steal). Of that counts at most what was promised and not used.
 * The host keeps run delay only while a thread exists, so what threads waited that ended between
 * two looks is lost. */
#ifndef KERNEL_ACCOUNT_MISSING_H
#define KERNEL_ACCOUNT_MISSING_H

#include "kernel/account/tasks.h"

/* Whether the throttle wants to know at every tick who waits. */
bool missing_wanted(const struct cell *cell);

/* Adds up what the host says since the last time. */
void missing_sample(struct cell *cell);

/* The same of one process before the host forgets it. */
void missing_last(struct process *process);

/* Decides how much of that counts, for the cell and its meters. */
void missing_judge(struct cell *cell, u64 now);

#endif
