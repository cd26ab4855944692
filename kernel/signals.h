/* SPDX-License-Identifier: Apache-2.0 */
/* Signals to the kernel process: children that end, and what the user or the host asks for. */
#ifndef KERNEL_SIGNALS_H
#define KERNEL_SIGNALS_H

#include "kernel/cell.h"

/* Blocks the signals that the kernel serves and prepares to serve them. Before the first process is
 * made, so that none is lost. 0 or a negative errno. */
int signals_init(void);

/* Starts serving them in the event loop. */
int signals_start(void);

/* Stops the cell and this process until the user lets them go on. */
void signals_suspend(struct cell *cell);

/* Hands a signal to the cell's library OS, at once or when it asks next. */
void signals_forward(struct cell *cell, u32 signal);

/* Takes note of all host processes that have ended. That is done by itself too, a few milliseconds
 * after one ended, or at once if none had for a while. */
void signals_reap(void);

/* A cell is being ended: the ends of its processes are looked for at once. */
void signals_hurry(void);

#endif
