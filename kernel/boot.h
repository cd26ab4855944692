/* SPDX-License-Identifier: Apache-2.0 */
/* Opens what a cell is granted and writes its boot record. */
#ifndef KERNEL_BOOT_H
#define KERNEL_BOOT_H

#include "kernel/cell.h"

/* Opens the mounts' directories and puts their capabilities into the table. Fails (fail()) with a
 * line that names the directory. Slots of mount i: slots[i]. */
void boot_open_grants(struct cell *cell, u32 slots[MAX_MOUNTS]);

/* Fills window.boot and the cell page. Fails (fail()) when arguments and environment do not fit. */
void boot_write(struct cell *cell, const u32 slots[MAX_MOUNTS], bool has_tty, u32 umask_bits);

#endif
