/* SPDX-License-Identifier: Apache-2.0 */
/* How many host processes and threads a cell has, against its limit. */
#ifndef KERNEL_ACCOUNT_TASKS_H
#define KERNEL_ACCOUNT_TASKS_H

#include "kernel/cell.h"

/* Takes what the figures are read from: /proc as it is before the kernel confines itself. */
void tasks_init(void);

/* Charges one more thread or process; false when the cell has as many as it may. */
bool tasks_charge(struct cell *cell, bool is_thread);
void tasks_uncharge(struct cell *cell, bool is_thread);

/* A host process of the cell ended. */
void tasks_ended(struct cell *cell);
void tasks_all_ended(struct cell *cell);

/* Calls `visit` with each host process of the cell; false when the host does not tell (no /proc).
 */
bool tasks_for_each(struct cell *cell, void (*visit)(struct cell *cell, pid_t pid, void *context),
                    void *context);

/* Calls `visit` with each host process of every cell. */
void tasks_for_all(void (*visit)(struct cell *cell, pid_t pid));

/* Opens a file below /proc for reading: a descriptor or -1. */
int tasks_open(const char *path);

/* Reads a file of /proc/PID/ into text (NUL-terminated): bytes, or negative. */
long tasks_read(pid_t pid, const char *name, char *text, size_t size);

#endif
