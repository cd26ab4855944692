/* SPDX-License-Identifier: Apache-2.0 */
/* A throw-away world: one cell, described by its maker, from grants to exit status. */
#ifndef KERNEL_RUN_H
#define KERNEL_RUN_H

#include "abi/boot.h"
#include "abi/interface/cell.h"
#include "abi/invoke.h"
#include "kernel/account/limits.h"

/* A directory of the host, opened with O_PATH. */
struct grant_config {
    u32 slot;
    u32 rights;       /* RF_RIGHT_* */
    int fd;           /* passes to the kernel */
    const char *only; /* NULL, or the only names in it that are granted, each ending in NUL */
    size_t only_length;
};

/* Strings and memory are borrowed for as long as the kernel runs. */
struct run_config {
    const char *name;
    const u8 *boot; /* the boot record, but for what only the kernel knows (kernel/boot.h) */
    u32 boot_length;
    const struct grant_config *grants;
    u32 grant_count;
    u32 uid, gid;        /* as the program sees them */
    u32 standard_closed; /* bit n: the cell has no descriptor n of 0 to 2 */
    int trace_fd;        /* -1: none; the kernel's stderr when the user named no file */
    struct limits_config limits;
    const char
        *libos_path; /* another library OS image, for tests of the jail; NULL: the embedded one */
};

/* What every kernel process does first. Fails (fail()) when the host has no descriptors or memory.
 */
void kernel_prepare(void);

/* The exit status that `ringfence run` has. `stat` gets what the cell used. */
int kernel_run(const struct run_config *config, struct rf_cell_stat *stat);

#endif
