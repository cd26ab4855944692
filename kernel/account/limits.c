/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/account/limits.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/account/stats.h"
#include "kernel/account/tasks.h"
#include "kernel/cell.h"
#include "kernel/object/bank.h"
#include "kernel/report.h"

/* A group that does not keep the limit is none: the limit is kept by watching instead, unless the
 * user asked for the group. */
static int without_group(struct limits *limits, enum cgroup_controller controller)
{
    enum limit_by by = limits->config.limit_by;

    if (by == LIMIT_BY_CGROUP1 || by == LIMIT_BY_CGROUP2) {
        cgroup_remove(&limits->group);
        return -ENOTSUP;
    }
    cgroup_drop(&limits->group, controller);
    return 0;
}

int limits_prepare(struct cell *cell, const struct limits_config *config)
{
    struct limits *limits = &cell->limits;
    struct cgroup *group = &limits->group;
    int error = 0;

    limits->config = *config;
    *group = (struct cgroup){.part = {{.dir_fd = -1}, {.dir_fd = -1}}};
    if (config->memory_limit || config->sample)
        cgroup_make(group, CGROUP_MEMORY, config->limit_by);
    if (config->memory_limit && !cgroup_limit_memory(group, config->memory_limit))
        error = without_group(limits, CGROUP_MEMORY);
    if (config->cpu_percent && !error)
        cgroup_make(group, CGROUP_CPU, config->limit_by);
    if (config->cpu_percent && !error && !cgroup_limit_cpu(group, config->cpu_percent))
        error = without_group(limits, CGROUP_CPU);
    return error;
}

u32 limits_group_fds(const struct cell *cell, int fds[CGROUP_CONTROLLERS])
{
    u32 count = 0;

    for (u32 i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (cell->limits.group.part[i].dir_fd >= 0 && !cell->limits.group.part[i].shared)
            fds[count++] = cell->limits.group.part[i].procs_fd;
    }
    return count;
}

const char *limits_group_parent(const struct cell *cell, u32 i)
{
    for (u32 part = 0; part < CGROUP_CONTROLLERS; part++) {
        if (cell->limits.group.part[part].dir_fd >= 0 && i-- == 0)
            return cell->limits.group.part[part].parent;
    }
    return NULL;
}

static void time_over(struct timer *timer)
{
    struct cell *cell = container_of(timer, struct cell, limits.end_timer);

    report_of(cell, "the cell was ended: it ran longer than its limit of %g s (--time)",
              (double)cell->limits.config.time_limit_ns / 1e9);
    cell_end(cell, SIGKILL, -1);
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
    report_of(cell, "the cell was ended: it needs more memory than its limit of %lu MiB (--mem)",
              cell->limits.config.memory_limit >> 20);
    cell_end(cell, SIGKILL, -1);
}

/* What is held now counts in the bank, whether it allows for it or not: there it was not asked. */
void limits_charge_memory(struct cell *cell, u64 held)
{
    u64 pages = held / PAGE_SIZE, now = now_ns();

    cell->byte_ns += (unsigned __int128)(cell->pages_charged * PAGE_SIZE) * (now - cell->since_ns);
    cell->since_ns = now;
    if (cell->object.dead)
        return;
    if (pages > cell->pages_charged)
        bank_charge_used(cell->object.bank, RF_RESOURCE_PAGES, pages - cell->pages_charged);
    else
        bank_uncharge(cell->object.bank, RF_RESOURCE_PAGES, cell->pages_charged - pages);
    cell->pages_charged = pages;
}

/* In a control group the host keeps the limit, and only figures are taken. */
static u64 see_memory(struct cell *cell, bool grouped, u64 limit)
{
    u64 held =
        grouped ? cgroup_memory_now(&cell->limits.group) : memory_held(cell, limit ? limit : ~0ul);

    cell->window->cell.memory_held = held;
    cell->peak_bytes = MAX(cell->peak_bytes, held);
    limits_charge_memory(cell, held);
    return held;
}

static void look_at_memory(struct timer *timer)
{
    struct cell *cell = container_of(timer, struct cell, limits.memory_timer);
    bool grouped = cell->limits.group.part[CGROUP_MEMORY].dir_fd >= 0;
    u64 limit = cell->limits.config.memory_limit, period = MEMORY_PERIOD_NS;
    u64 held = see_memory(cell, grouped, limit);

    if (cell->limits.config.sample)
        stats_sample(cell);
    if (limit && held > limit && !grouped) {
        end_for_memory(cell);
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
    struct cell *cell = container_of(timer, struct cell, limits.cpu_timer);
    struct limits *limits = &cell->limits;
    u64 now = now_ns(), used = cpu_used(cell), percent = limits->config.cpu_percent;
    s64 most = (s64)(CPU_TICK_NS * percent / 100);

    limits->cpu.budget_ns += (s64)((now - limits->cpu.at_ns) * percent / 100);
    if (used > limits->cpu.seen_ns) {
        limits->cpu.budget_ns -= (s64)(used - limits->cpu.seen_ns);
        limits->cpu.seen_ns = used;
    }
    limits->cpu.at_ns = now;
    limits->cpu.budget_ns = MIN(limits->cpu.budget_ns, most);
    if (limits->cpu.budget_ns < 0 && !limits->cpu.stopped_at_ns) {
        kill(-cell->leader, SIGSTOP);
        limits->cpu.stopped_at_ns = now;
    } else if (limits->cpu.budget_ns >= 0 && limits->cpu.stopped_at_ns) {
        if (!cell->paused)
            kill(-cell->leader, SIGCONT);
        cell->cpu_missing_ns += now - limits->cpu.stopped_at_ns;
        limits->cpu.stopped_at_ns = 0;
    }
    timer_set(timer, now + CPU_TICK_NS);
}

void limits_start(struct cell *cell)
{
    struct limits *limits = &cell->limits;
    u64 now = now_ns();

    if (limits->config.time_limit_ns) {
        limits->end_timer.expired = time_over;
        timer_set(&limits->end_timer, now + limits->config.time_limit_ns);
    }
    if (limits->config.memory_limit || limits->config.sample) {
        limits->memory_timer.expired = look_at_memory;
        timer_set(&limits->memory_timer, now + MEMORY_PERIOD_NS / 10);
    }
    if (limits->config.cpu_percent && limits->group.part[CGROUP_CPU].dir_fd < 0) {
        limits->cpu.at_ns = now;
        limits->cpu_timer.expired = look_at_cpu;
        timer_set(&limits->cpu_timer, now + CPU_TICK_NS);
    }
}

bool limits_killed(struct cell *cell)
{
    if (!cell->limits.config.memory_limit || cell->ending ||
        cgroup_out_of_memory_kills(&cell->limits.group) == 0)
        return false;
    end_for_memory(cell);
    return true;
}

void limits_finish(struct cell *cell)
{
    struct limits *limits = &cell->limits;

    timer_cancel(&limits->end_timer);
    timer_cancel(&limits->memory_timer);
    timer_cancel(&limits->cpu_timer);
    cell->peak_bytes = MAX(cell->peak_bytes, cgroup_memory_peak(&limits->group));
    limits_charge_memory(cell, 0);
    cgroup_remove(&limits->group);
}
