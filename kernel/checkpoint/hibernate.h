/* SPDX-License-Identifier: Apache-2.0 */
/* Cells without host processes: they sleep until something happens for them. Their objects, and
 * calls under way to and from them, stay. */
#ifndef KERNEL_CHECKPOINT_HIBERNATE_H
#define KERNEL_CHECKPOINT_HIBERNATE_H

#include "kernel/cell.h"

/* Puts the cell to sleep. 0; -EBUSY: it sleeps, or is just being made again; -EAGAIN: its threads
 * did not stand still; -ESRCH: it has no processes; -ENOSPC, or another negative errno: its memory
 * could not be kept. On failure it goes on. */
int hibernate(struct cell *cell);

/* Something happened for the cell: it is to go on, if it sleeps. */
void hibernate_wake(struct cell *cell);

/* No host process of a cell that sleeps is left. */
void hibernate_gone(struct cell *cell);

struct sink;

/* Writes the image that a cell sleeps on, with its window as it is. 0 or a negative errno. */
int hibernate_save(struct cell *cell, struct sink *sink);

/* The cell is over. */
void hibernate_drop(struct cell *cell);

#endif
