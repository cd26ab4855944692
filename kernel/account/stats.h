/* SPDX-License-Identifier: Apache-2.0 */
/* What a cell used: gathered as its host processes end, shown by --stats. */
#ifndef KERNEL_ACCOUNT_STATS_H
#define KERNEL_ACCOUNT_STATS_H

#include <sys/resource.h>

#include "kernel/cell.h"

/* Reaps one ended host process of the cell and adds what it used to the cell's figures. As
 * waitpid(2) with WNOHANG for the cell's process group. */
pid_t stats_reap(struct cell *cell, int *status, struct rusage *usage);

struct process_times {
    u64 user_ns, system_ns, missing_ns, peak_bytes;
};

/* Figures of one host process that lives. 0, or -ESRCH when the host does not tell. */
int stats_process(pid_t pid, struct process_times *times);

#endif
