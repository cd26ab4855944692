/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/account/stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/account/missing.h"
#include "kernel/account/tasks.h"
#include "kernel/world.h"

static u64 time_ns(struct timeval t)
{
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_usec * 1000u;
}

/* The second number of a schedstat file: time spent waiting for a processor. */
static u64 waited(pid_t pid, const char *file)
{
    char text[128], *space;

    if (tasks_read(pid, file, text, sizeof(text)) <= 0 || !(space = strchr(text, ' ')))
        return 0;
    return strtoull(space + 1, NULL, 10);
}

int stats_reap(struct cell *cell, pid_t pid, int *status)
{
    struct process *process = cell ? tasks_find(pid) : NULL;
    struct rusage usage;

    /* Before the host forgets it; one that was never looked at was short. */
    if (process && process->used_ns)
        missing_last(process);
    if (wait4(pid, status, WNOHANG, &usage) != pid)
        return -ECHILD;
    if (process)
        cell->live_ns -= process->used_ns;
    if (cell) {
        cell->cpu_used_ns += time_ns(usage.ru_utime) + time_ns(usage.ru_stime);
        cell->peak_bytes = MAX(cell->peak_bytes, (u64)usage.ru_maxrss * 1024);
    }
    return 0;
}

clockid_t stats_clock(pid_t pid)
{
    return (clockid_t)((~(u32)pid << 3) | 2);
}

u64 stats_total(pid_t pid)
{
    struct timespec t;

    return clock_gettime(stats_clock(pid), &t) < 0 ? 0
                                                   : (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

static u64 clock_of(pid_t pid, u32 which)
{
    /* The host's encoding of a process's clocks: 0 user+system ticks, 1 user ticks, 2 scheduler. */
    clockid_t clock = (clockid_t)((~(u32)pid << 3) | which);
    struct timespec t;

    return clock_gettime(clock, &t) < 0 ? 0 : (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

/* User and system time are known in ticks; their sum is known exactly. */
void stats_cpu(pid_t pid, struct process_times *times)
{
    u64 total = clock_of(pid, 2), ticks = clock_of(pid, 0), user_ticks = clock_of(pid, 1);

    *times = (struct process_times){.user_ns = total};
    if (ticks)
        times->user_ns = (u64)((unsigned __int128)total * MIN(user_ticks, ticks) / ticks);
    times->system_ns = total - times->user_ns;
}

void stats_process(pid_t pid, struct process_times *times)
{
    char text[4096], *field;

    stats_cpu(pid, times);
    times->missing_ns = waited(pid, "schedstat");
    if (tasks_read(pid, "status", text, sizeof(text)) > 0 && (field = strstr(text, "\nVmHWM:")))
        times->peak_bytes = strtoull(field + 7, NULL, 10) * 1024;
}

/* Pages of its own that a process holds, from /proc/PID/statm: resident and not shared. */
u64 stats_pages(pid_t pid)
{
    unsigned long size, resident, shared;
    char text[128];

    if (tasks_read(pid, "statm", text, sizeof(text)) <= 0 ||
        sscanf(text, "%lu %lu %lu", &size, &resident, &shared) != 3)
        return 0;
    return resident > shared ? resident - shared : 0;
}
