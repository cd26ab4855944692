/* SPDX-License-Identifier: Apache-2.0 */
/* The time of a cell: base time, which a restored cell finds where it left it, and the clock page.
 */
#ifndef KERNEL_CELL_CLOCK_H
#define KERNEL_CELL_CLOCK_H

#include "base/clock.h"

struct cell;
struct domain;

/* Base time less the host's, by family, for whoever invokes: clients have the world's. */
const u64 *clock_shift(struct domain *domain);

/* The host's time now, by family. */
void clock_host_now(u64 now[RF_CLOCK_FAMILIES]);

/* Base time at a cut. What a checkpoint keeps of a cell's time, besides its window. */
struct cell_clock {
    u64 now[RF_CLOCK_FAMILIES];
};
void cell_clock_save(const struct cell *cell, struct cell_clock *saved);

/* The cell, which has its capabilities and does not run, goes on at that time. Its window holds
 * what it did at the cut, or is empty; its clock page is new after this, and its `sequence`
 * another, so the library OS sets its timers anew. A cell without a window, the world's first,
 * gives its time to those that are made below it. */
void cell_clock_restore(struct cell *cell, const struct cell_clock *saved);

/* So much later than that: it slept on. */
void cell_clock_advance(struct cell *cell, u64 ns);

/* Writes the clock page of a cell that is about to run: it has the clock that it will run on. */
void cell_clock_begin(struct cell *cell);

#endif
