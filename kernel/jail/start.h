/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the first host process of a cell. */
#ifndef KERNEL_JAIL_START_H
#define KERNEL_JAIL_START_H

#include "kernel/cell.h"
#include "kernel/jail/image.h"

struct start {
    const struct image *image;
    struct cell *cell;
    int window_fd;
};

/* Makes the process, which goes on by itself, and sets cell->leader. Fails (fail()) when it cannot.
 */
void start_cell(const struct start *start);

/* Waits until it is in the jail: the listener. Fails (fail()) with a line that says which step the
 * host refused. */
int start_take_listener(void);

#endif
