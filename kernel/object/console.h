/* SPDX-License-Identifier: Apache-2.0 */
/* The cell's consoles as a whole: start, end, terminal modes, size. */
#ifndef KERNEL_OBJECT_CONSOLE_H
#define KERNEL_OBJECT_CONSOLE_H

#include "kernel/cell.h"

/* Binds console `index` to an inherited descriptor, with the rights that it has. */
void console_init(struct cell *cell, u32 index, int fd);

/* Puts the terminal into raw mode if stdin and stdout are one, and arranges that it is put back
 * whatever happens to this process but SIGKILL (which is the watchdog's business). Tells whether
 * the cell has a terminal. */
bool consoles_start(struct cell *cell);

/* Puts the terminal back. Harmless when there is nothing to do; safe in a signal handler. */
void consoles_restore(void);

/* The terminal's descriptor, or -1. */
int consoles_terminal(void);

/* Puts the terminal back as consoles_restore does, from another process, if it is still as this one
 * left it. */
void consoles_restore_after_death(void);

/* As CONSOLE_MODE. 0 or -EPERM. */
int consoles_mode(u32 flags, u64 characters);

/* Whether the cell's terminal is under a shell, which would let this process go on after a stop. */
bool consoles_may_stop(void);

/* The cell's job has the terminal, perhaps again: makes sure that it is in raw mode. */
void consoles_foreground(void);

/* Around a stop of this process. */
void consoles_suspend(struct cell *cell);
void consoles_resume(struct cell *cell);

/* Reads the terminal's size again and tells the cell: true if it changed. */
bool consoles_resized(struct cell *cell);

#endif
