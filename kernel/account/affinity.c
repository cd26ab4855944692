/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/account/affinity.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel/account/tasks.h"
#include "kernel/object/meter.h"

static bool set(pid_t pid, u64 mask)
{
    cpu_set_t processors;

    CPU_ZERO(&processors);
    for (u32 i = 0; i < 64; i++) {
        if (mask >> i & 1)
            CPU_SET(i, &processors);
    }
    return sched_setaffinity(pid, sizeof(processors), &processors) == 0;
}

u64 affinity_host(void)
{
    cpu_set_t processors;
    u64 mask = 0;

    CPU_ZERO(&processors);
    if (sched_getaffinity(0, sizeof(processors), &processors) < 0)
        return 1;
    for (u32 i = 0; i < 64; i++)
        mask |= (u64)(CPU_ISSET(i, &processors) != 0) << i;
    return mask ? mask : 1;
}

bool affinity_set_own(u64 mask)
{
    return set(0, mask);
}

static void apply_process(struct process *process, void *context)
{
    struct dirent *entry;
    char path[64];
    DIR *dir;
    int fd;

    snprintf(path, sizeof(path), "%d/task", process->pid);
    fd = tasks_open(path);
    dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir && fd >= 0)
        close(fd);
    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.')
            set(atoi(entry->d_name), *(const u64 *)context);
    }
    if (dir)
        closedir(dir);
}

/* What is made meanwhile by a thread that was not yet reached has the old set, and is found by
 * looking again. */
void affinity_apply(struct cell *cell)
{
    u64 mask = meter_processors(cell->meter);

    for (u32 pass = 0; pass < 3; pass++)
        tasks_for_each(cell, apply_process, &mask);
}
