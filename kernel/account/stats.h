/* SPDX-License-Identifier: Apache-2.0 */
/* What a cell used: gathered as its host processes run and end, shown by --stats. */
#ifndef KERNEL_ACCOUNT_STATS_H
#define KERNEL_ACCOUNT_STATS_H

#include <time.h>

#include "kernel/cell.h"

struct process_times {
    u64 user_ns, system_ns, missing_ns, peak_bytes;
};

/* Processor time of one host process that lives; zeros when it does not. */
void stats_cpu(pid_t pid, struct process_times *times);

/* The same and the other figures. */
void stats_process(pid_t pid, struct process_times *times);

/* Reaps an ended host process and adds what it used to the figures of the cell (NULL: nobody's). 0;
 * -ECHILD: it has not ended. */
int stats_reap(struct cell *cell, pid_t pid, int *status);

/* The host's clock of a process's processor time, and what it shows: 0 when it does not live. */
clockid_t stats_clock(pid_t pid);
u64 stats_total(pid_t pid);

/* Pages of its own that a process holds. */
u64 stats_pages(pid_t pid);

#endif
