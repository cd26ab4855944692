/* SPDX-License-Identifier: Apache-2.0 */
/* The boot record is written by whoever makes the cell and read by its library OS; the kernel only
 * puts in what nobody else knows. */
#ifndef KERNEL_BOOT_H
#define KERNEL_BOOT_H

#include "kernel/cell.h"

/* Puts in the host's vdso, processor features and figures, the limits, and whether stdin and stdout
 * are a terminal; and fills the cell page. -EINVAL: no boot record is there. */
int boot_finish(struct cell *cell);

/* The same for a cell that goes on after a time: what is the host's of it. */
void boot_renew(struct cell *cell);

#endif
