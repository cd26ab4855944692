/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/account/stats.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "kernel/account/tasks.h"

static u64 time_ns(struct timeval t)
{
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_usec * 1000u;
}

pid_t stats_reap(struct cell *cell, int *status, struct rusage *usage)
{
    pid_t pid = wait4(-cell->leader, status, WNOHANG, usage);

    if (pid > 0)
        cell->cpu_used_ns += time_ns(usage->ru_utime) + time_ns(usage->ru_stime);
    return pid;
}

static u64 clock_of(pid_t pid, u32 which)
{
    /* The host's encoding of a process's clocks: 0 user+system ticks, 1 user ticks, 2 scheduler. */
    clockid_t clock = (clockid_t)((~(u32)pid << 3) | which);
    struct timespec t;

    return clock_gettime(clock, &t) < 0 ? 0 : (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

/* User and system time are known in ticks; their sum is known exactly. */
static void split(u64 total, u64 ticks, u64 user_ticks, struct process_times *times)
{
    times->user_ns = ticks ? (u64)((unsigned __int128)total * user_ticks / ticks) : total;
    if (times->user_ns > total)
        times->user_ns = total;
    times->system_ns = total - times->user_ns;
}

int stats_process(pid_t pid, struct process_times *times)
{
    char text[4096], *field;
    u64 total = clock_of(pid, 2);

    *times = (struct process_times){0};
    split(total, clock_of(pid, 0), clock_of(pid, 1), times);
    if (tasks_read(pid, "schedstat", text, sizeof(text)) > 0 && (field = strchr(text, ' ')))
        times->missing_ns = strtoull(field + 1, NULL, 10);
    if (tasks_read(pid, "status", text, sizeof(text)) > 0 && (field = strstr(text, "\nVmHWM:")))
        times->peak_bytes = strtoull(field + 7, NULL, 10) * 1024;
    return 0;
}
