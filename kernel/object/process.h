/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of cells, as others name them. What an operation wants of a process is a request to the
 * library OS of its cell. */
#ifndef KERNEL_OBJECT_PROCESS_H
#define KERNEL_OBJECT_PROCESS_H

#include "kernel/cell.h"

/* The space that is shown by this member of its list has changed. */
void process_space_changed(struct list *shower);

/* The cell is over, and with it its processes. */
void processes_over(struct cell *cell);

#endif
