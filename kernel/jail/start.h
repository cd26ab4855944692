/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the first host processes of cells.
 *
 * A small process, the starter, is forked before the kernel process confines itself, and forks
 * them; they are the kernel's children all the same. It outlives the kernel process if that is
 * killed: it then ends all cells, puts the terminal back and removes the cells' control groups. */
#ifndef KERNEL_JAIL_START_H
#define KERNEL_JAIL_START_H

#include "kernel/cell.h"

/* Starts the starter. Fails (fail()) when the host gives no process. */
void starter_start(void);

/* Dismisses it: all cells are over. */
void starter_end(void);

/* Asks for the first process of a cell, which is told of by cell->start when it is in the jail. 0
 * or a negative errno. */
int start_cell(struct cell *cell);

/* Reads what the first process has to say: the listener, with *leader the process's number, and
 * cell->helper; -EAGAIN: nothing yet; another negative errno: the host refused `step`. */
int start_take_listener(struct cell *cell, pid_t *leader, char step[40]);

/* The cell is over: its number may be used for another process now. */
void start_forget(struct cell *cell);

#endif
