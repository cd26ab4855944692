/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/account/limits.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/account/cgroup.h"
#include "kernel/account/stats.h"
#include "kernel/account/tasks.h"
#include "kernel/report.h"

static struct cgroup group = {.part = {{.dir_fd = -1}, {.dir_fd = -1}}};
static struct timer end_timer, memory_timer, cpu_timer;
static struct cell *the_cell;

/* Processor time by watching: a budget that fills at the cell's rate; below zero the cell is
 * stopped. */
static struct {
    s64 budget_ns;
    u64 seen_ns, at_ns, stopped_at_ns;
} cpu;

/* A group that does not keep the limit is none: the limit is kept by watching instead, unless the
 * user asked for the group. */
static void without_group(enum cgroup_controller controller, const char *name)
{
    enum limit_by by = the_cell->config->limit_by;

    if (by == LIMIT_BY_CGROUP1 || by == LIMIT_BY_CGROUP2) {
        cgroup_remove(&group);
        fail("--limit-by: the host offers no %s control group of version %d", name,
             by == LIMIT_BY_CGROUP1 ? 1 : 2);
    }
    cgroup_drop(&group, controller);
}

void limits_prepare(struct cell *cell)
{
    const struct run_config *config = cell->config;

    the_cell = cell;
    if (config->memory_limit || config->stats)
        cgroup_make(&group, CGROUP_MEMORY, config->limit_by);
    if (config->memory_limit && !cgroup_limit_memory(&group, config->memory_limit))
        without_group(CGROUP_MEMORY, "memory");
    if (config->cpu_percent)
        cgroup_make(&group, CGROUP_CPU, config->limit_by);
    if (config->cpu_percent && !cgroup_limit_cpu(&group, config->cpu_percent))
        without_group(CGROUP_CPU, "cpu");
}

bool limits_join(void)
{
    for (u32 i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (group.part[i].dir_fd >= 0 && !group.part[i].shared &&
            write(group.part[i].procs_fd, "0", 1) != 1)
            return false;
    }
    return true;
}

const char *limits_group_parent(u32 i)
{
    for (u32 part = 0; part < CGROUP_CONTROLLERS; part++) {
        if (group.part[part].dir_fd >= 0 && i-- == 0)
            return group.part[part].parent;
    }
    return NULL;
}

static void time_over(struct timer *timer)
{
    (void)timer;
    report("the cell was ended: it ran longer than its limit of %g s (--time)",
           (double)the_cell->config->time_limit_ns / 1e9);
    cell_end(the_cell, SIGKILL, -1);
}

struct memory {
    u64 quick, anonymous, shared;
};

/* The number after a field name in a file of lines "Name:  N kB", in bytes. */
static u64 field(const char *text, const char *name)
{
    const char *at = strstr(text, name);

    return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : 0;
}

static void add_quick(struct cell *cell, pid_t pid, void *context)
{
    struct memory *memory = context;
    char text[4096];

    (void)cell;
    if (tasks_read(pid, "status", text, sizeof(text)) > 0)
        memory->quick += field(text, "\nRssAnon:") + field(text, "\nRssShmem:");
}

static void add_exact(struct cell *cell, pid_t pid, void *context)
{
    struct memory *memory = context;
    char text[4096];

    (void)cell;
    if (tasks_read(pid, "smaps_rollup", text, sizeof(text)) > 0) {
        memory->anonymous += field(text, "\nPss_Anon:");
        memory->shared += field(text, "\nPss_Shmem:");
    }
}

/* Pages of the cell's own: anonymous ones, each counted once, and those of shared memory, of which
 * the heap segment's count whether or not somebody maps them. Page cache of files is the host's. */
static u64 memory_held(struct cell *cell, u64 enough)
{
    struct memory memory = {0};
    struct stat heap = {0};
    u64 heap_bytes;

    fstat(cell->heap_fd, &heap);
    heap_bytes = (u64)heap.st_blocks * 512;
    tasks_for_each(cell, add_quick, &memory);
    if (memory.quick + heap_bytes <= enough)
        return MAX(memory.quick, heap_bytes);
    tasks_for_each(cell, add_exact, &memory);
    return memory.anonymous + MAX(memory.shared, heap_bytes);
}

static void end_for_memory(struct cell *cell)
{
    report("the cell was ended: it needs more memory than its limit of %lu MiB (--mem)",
           cell->config->memory_limit >> 20);
    cell_end(cell, SIGKILL, -1);
}

/* In a control group the host keeps the limit, and only figures are taken. */
static void look_at_memory(struct timer *timer)
{
    bool grouped = group.part[CGROUP_MEMORY].dir_fd >= 0;
    u64 limit = the_cell->config->memory_limit, held, period = MEMORY_PERIOD_NS;

    held = grouped ? cgroup_memory_now(&group) : memory_held(the_cell, limit ? limit : ~0ul);
    the_cell->window->cell.memory_held = held;
    the_cell->peak_bytes = MAX(the_cell->peak_bytes, held);
    if (the_cell->config->stats)
        stats_sample(the_cell);
    if (limit && held > limit && !grouped) {
        end_for_memory(the_cell);
        return;
    }
    if (limit && held > limit / 2)
        period /= 10;
    timer_set(timer, now_ns() + period);
}

static void add_live_time(struct cell *cell, pid_t pid, void *context)
{
    struct process_times times;

    (void)cell;
    stats_cpu(pid, &times);
    *(u64 *)context += times.user_ns + times.system_ns;
}

/* Used by the cell's processes, ended and living. */
static u64 cpu_used(struct cell *cell)
{
    u64 live = 0;

    tasks_for_each(cell, add_live_time, &live);
    return cell->cpu_used_ns + live;
}

static void look_at_cpu(struct timer *timer)
{
    u64 now = now_ns(), used = cpu_used(the_cell), percent = the_cell->config->cpu_percent;
    s64 most = (s64)(CPU_TICK_NS * percent / 100);

    cpu.budget_ns += (s64)((now - cpu.at_ns) * percent / 100);
    if (used > cpu.seen_ns) {
        cpu.budget_ns -= (s64)(used - cpu.seen_ns);
        cpu.seen_ns = used;
    }
    cpu.at_ns = now;
    cpu.budget_ns = MIN(cpu.budget_ns, most);
    if (cpu.budget_ns < 0 && !cpu.stopped_at_ns) {
        kill(-the_cell->leader, SIGSTOP);
        cpu.stopped_at_ns = now;
    } else if (cpu.budget_ns >= 0 && cpu.stopped_at_ns) {
        kill(-the_cell->leader, SIGCONT);
        the_cell->cpu_missing_ns += now - cpu.stopped_at_ns;
        cpu.stopped_at_ns = 0;
    }
    timer_set(timer, now + CPU_TICK_NS);
}

void limits_start(struct cell *cell)
{
    const struct run_config *config = cell->config;
    u64 now = now_ns();

    if (config->time_limit_ns) {
        end_timer.expired = time_over;
        timer_set(&end_timer, now + config->time_limit_ns);
    }
    if (config->memory_limit || config->stats) {
        memory_timer.expired = look_at_memory;
        timer_set(&memory_timer, now + MEMORY_PERIOD_NS / 10);
    }
    if (config->cpu_percent && group.part[CGROUP_CPU].dir_fd < 0) {
        cpu.at_ns = now;
        cpu_timer.expired = look_at_cpu;
        timer_set(&cpu_timer, now + CPU_TICK_NS);
    }
}

bool limits_killed(struct cell *cell)
{
    if (!cell->config->memory_limit || cell->ending || cgroup_out_of_memory_kills(&group) == 0)
        return false;
    end_for_memory(cell);
    return true;
}

void limits_remove_groups(void)
{
    cgroup_remove(&group);
}

void limits_finish(struct cell *cell)
{
    cell->peak_bytes = MAX(cell->peak_bytes, cgroup_memory_peak(&group));
    cell->cpu_missing_ns += cgroup_throttled_ns(&group);
    limits_remove_groups();
}
