/* SPDX-License-Identifier: Apache-2.0 */
/* A small process that outlives the kernel process if that is killed: it then ends the cell,
 * puts the terminal back and removes the cell's control groups. */
#ifndef KERNEL_WATCHDOG_H
#define KERNEL_WATCHDOG_H

#include <sys/types.h>

/* Starts it for the process group of a cell. Fails (fail()) when the host gives no process. */
void watchdog_start(pid_t group);

/* Dismisses it: the cell is over. */
void watchdog_end(void);

#endif
