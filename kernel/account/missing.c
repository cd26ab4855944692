/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/account/missing.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/account/throttle.h"
#include "kernel/object/meter.h"

#define NS_PER_TICK 10000000u /* USER_HZ, in which the host shows steal */

bool missing_wanted(const struct cell *cell)
{
    return throttle_competes(cell->meter);
}

/* The second number of a schedstat file: time spent waiting for a processor. */
static u64 waited(pid_t pid, const char *file)
{
    char text[128], *space;

    if (tasks_read(pid, file, text, sizeof(text)) <= 0 || !(space = strchr(text, ' ')))
        return 0;
    return strtoull(space + 1, NULL, 10);
}

static u64 waited_by_all(pid_t pid)
{
    char path[64];
    struct dirent *entry;
    u64 sum = 0;
    DIR *dir;
    int fd;

    snprintf(path, sizeof(path), "%d/task", pid);
    fd = tasks_open(path);
    dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "task/%.20s/schedstat", entry->d_name);
        sum += waited(pid, path);
    }
    closedir(dir);
    return sum;
}

static void add(struct process *process, u64 sum)
{
    if (sum > process->delayed_ns) {
        process->cell->activity.delayed_ns += sum - process->delayed_ns;
        throttle_hungry(process->cell->meter);
    }
    process->delayed_ns = sum;
}

/* The first process only prepares others. */
void missing_sample(struct cell *cell)
{
    list_for_each(node, &cell->host_processes) {
        struct process *process = list_entry(node, struct process, link);

        if (process->pid != cell->leader)
            add(process, waited_by_all(process->pid));
    }
}

void missing_last(struct process *process)
{
    u64 sum = waited(process->pid, "schedstat");

    if (sum > process->delayed_ns)
        add(process, sum);
}

struct host_time {
    u64 busy, steal;
};

/* The first line of /proc/stat: user nice system idle iowait irq softirq steal. */
static struct host_time host_time(void)
{
    static int fd = -1;
    unsigned long user, nice, system, irq, softirq, steal;
    char text[256];
    ssize_t n;

    if (fd < 0)
        fd = tasks_open("stat");
    n = pread(fd, text, sizeof(text) - 1, 0);
    if (n <= 0)
        return (struct host_time){0};
    text[n] = 0;
    if (sscanf(text, "cpu %lu %lu %lu %*u %*u %lu %lu %lu", &user, &nice, &system, &irq, &softirq,
               &steal) != 6)
        return (struct host_time){0};
    return (struct host_time){user + nice + system + irq + softirq, steal};
}

/* What the host was deprived of for each 1024 parts that it used, lately. */
static u64 steal_rate(u64 now)
{
    static struct host_time before;
    static u64 before_ns, rate;
    struct host_time after;

    if (now - before_ns < 1000000000u)
        return rate;
    after = host_time();
    rate = before_ns && after.busy > before.busy && after.steal >= before.steal
               ? (after.steal - before.steal) * 1024 / (after.busy - before.busy)
               : 0;
    before = after;
    before_ns = now;
    return rate;
}

void missing_judge(struct cell *cell, u64 now)
{
    struct activity *activity = &cell->activity;
    u64 total = cell->cpu_used_ns + cell->live_ns, missed;
    u64 used = total - MIN(total, activity->judged_used_ns);

    meter_room(&activity->room_ns, meter_promised(cell->meter), now - activity->judged_ns, used);
    activity->judged_ns = now;
    activity->judged_used_ns = MAX(total, activity->judged_used_ns);
    missed =
        MIN(activity->delayed_ns + used * steal_rate(now) / 1024, (u64)MAX(activity->room_ns, 0));
    activity->delayed_ns = 0;
    activity->room_ns -= (s64)missed;
    cell->cpu_missing_ns += missed;
    meter_miss(cell->meter, missed, now);
}
