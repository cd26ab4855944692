/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/account/limits.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/account/groups.h"
#include "kernel/account/stats.h"
#include "kernel/account/tasks.h"
#include "kernel/cell.h"
#include "kernel/object/bank.h"
#include "kernel/object/meter.h"
#include "kernel/report.h"
#include "kernel/world.h"

/* A group that does not keep the limit is none: the limit is kept by watching instead, unless the
 * user asked for the group. */
static int without_group(struct limits *limits, enum cgroup_controller controller)
{
    enum limit_by by = groups_way();

    if (by == LIMIT_BY_CGROUP1 || by == LIMIT_BY_CGROUP2) {
        cgroup_remove(&limits->group);
        return -ENOTSUP;
    }
    cgroup_drop(&limits->group, controller);
    return 0;
}

/* In version 2 one group is for all controllers, so it lies in the meter's. */
static bool make_memory_group(struct cell *cell)
{
    struct cgroup *group = &cell->limits.group;
    const struct meter_group *above = groups_of(cell->meter);

    if (above && above->version == 2)
        return cgroup_make_in(group, CGROUP_MEMORY, above->path);
    return cgroup_make(group, CGROUP_MEMORY, groups_way());
}

int limits_prepare(struct cell *cell, const struct limits_config *config)
{
    struct limits *limits = &cell->limits;
    struct cgroup *group = &limits->group;
    int error = groups_prepare(cell->meter);

    limits->config = *config;
    *group = (struct cgroup){.part = {{.dir_fd = -1}, {.dir_fd = -1}}};
    if (!error && config->memory_limit &&
        (!make_memory_group(cell) || !cgroup_limit_memory(group, config->memory_limit)))
        error = without_group(limits, CGROUP_MEMORY);
    return error;
}

u32 limits_group_fds(const struct cell *cell, int fds[CGROUP_CONTROLLERS])
{
    int meter_fd = groups_join_fd(cell->meter);
    u32 count = 0;

    if (meter_fd >= 0)
        fds[count++] = meter_fd;
    if (cell->limits.group.part[CGROUP_MEMORY].dir_fd >= 0)
        fds[count++] = cell->limits.group.part[CGROUP_MEMORY].procs_fd;
    return count;
}

const char *limits_group_parent(const struct cell *cell, u32 i)
{
    const struct cgroup_part *memory = &cell->limits.group.part[CGROUP_MEMORY];

    if (memory->dir_fd >= 0 && i-- == 0)
        return memory->parent;
    return i == 0 ? groups_base_parent() : NULL;
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

static void add_quick(struct process *process, void *context)
{
    struct memory *memory = context;
    char text[4096];

    if (tasks_read(process->pid, "status", text, sizeof(text)) > 0)
        memory->quick += field(text, "\nRssAnon:") + field(text, "\nRssShmem:");
}

static void add_exact(struct process *process, void *context)
{
    struct memory *memory = context;
    char text[4096];

    if (tasks_read(process->pid, "smaps_rollup", text, sizeof(text)) > 0) {
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
static void charge_memory(struct cell *cell, u64 held)
{
    u64 pages = held / PAGE_SIZE, now = now_ns();

    cell->byte_ns += (unsigned __int128)(cell->pages_charged * PAGE_SIZE) * (now - cell->since_ns);
    cell->since_ns = now;
    if (cell->object.dead)
        return;
    if (pages > cell->pages_charged)
        cell->activity.grew_ns = now;
    if (pages > cell->pages_charged)
        bank_charge_used(cell->object.bank, RF_RESOURCE_PAGES, pages - cell->pages_charged);
    else
        bank_uncharge(cell->object.bank, RF_RESOURCE_PAGES, cell->pages_charged - pages);
    cell->pages_charged = pages;
}

static void add_pages(struct process *process, void *context)
{
    *(u64 *)context += stats_pages(process->pid);
}

/* Without a limit the figure need not be exact: pages that a fork shares count twice. */
static u64 memory_roughly(struct cell *cell)
{
    struct stat heap = {0};
    u64 pages = 0;

    fstat(cell->heap_fd, &heap);
    tasks_for_each(cell, add_pages, &pages);
    return pages * PAGE_SIZE + (u64)heap.st_blocks * 512;
}

/* The bank above the cell that is nearest to its limit of pages, or over it; NULL: none is over
 * half of one. */
static const struct bank *fullest_bank(const struct cell *cell)
{
    const struct bank *fullest = NULL;
    u64 least = RF_NO_LIMIT;

    for (const struct bank *bank = cell->object.bank; bank && bank->parent; bank = bank->parent) {
        u64 most = bank->limits.most[RF_RESOURCE_PAGES], used = bank->used[RF_RESOURCE_PAGES];
        u64 left = most - MIN(most, used);

        if (most != RF_NO_LIMIT && used > most / 2 && left < least) {
            fullest = bank;
            least = left;
        }
    }
    return fullest;
}

/* What a cell that is about to be over holds will be free. */
static bool one_is_ending(const struct bank *bank)
{
    list_for_each(node, &world.cells) {
        const struct cell *cell = list_entry(node, struct cell, all);

        if (cell->ending && !cell->over && cell->object.bank &&
            bank_is_below(cell->object.bank, bank))
            return true;
    }
    return false;
}

/* What several cells share ends the one that grew last, when it is too much. */
static void look_at_banks(struct cell *cell, bool grew)
{
    const struct bank *bank = fullest_bank(cell);
    u64 most;

    if (!bank)
        return;
    cell->activity.watched = true;
    most = bank->limits.most[RF_RESOURCE_PAGES];
    if (!grew || bank->used[RF_RESOURCE_PAGES] <= most || one_is_ending(bank))
        return;
    report_of(cell,
              "the cell was ended: with others it needs more memory than their limit of %lu MiB "
              "(--mem)",
              most * PAGE_SIZE >> 20);
    cell_end(cell, SIGKILL, -1);
}

/* In a control group the host keeps the cell's own limit, and only figures are taken. */
void limits_look(struct cell *cell)
{
    bool grouped = cell->limits.group.part[CGROUP_MEMORY].dir_fd >= 0;
    u64 limit = cell->limits.config.memory_limit, held, before = cell->pages_charged;

    if (!cell->window || cell->ending || (cell->origin && !cell->started_ns))
        return;
    held = grouped ? cgroup_memory_now(&cell->limits.group)
           : limit ? memory_held(cell, limit)
                   : memory_roughly(cell);
    /* What it has in common with other branches counts as if it were its own: not less than all of
     * it, and once it has written it, not twice. */
    held = MAX(held, cell->spooled_pages * PAGE_SIZE);
    cell->window->cell.memory_held = held;
    cell->peak_bytes = MAX(cell->peak_bytes, held);
    charge_memory(cell, held);
    cell->activity.watched = limit && !grouped && held > limit / 2;
    if (limit && !grouped && held > limit)
        end_for_memory(cell);
    look_at_banks(cell, cell->pages_charged > before);
}

void limits_start(struct cell *cell)
{
    struct limits *limits = &cell->limits;
    u64 now = now_ns();

    if (limits->config.time_limit_ns && !limits->end_timer.position) {
        limits->end_timer.expired = time_over;
        timer_set(&limits->end_timer, now + limits->config.time_limit_ns);
    }
    activity_wake(cell);
}

bool limits_killed(struct cell *cell)
{
    if (!cell->limits.config.memory_limit || cell->ending ||
        cgroup_out_of_memory_kills(&cell->limits.group) == 0)
        return false;
    end_for_memory(cell);
    return true;
}

static void last_figures(struct cell *cell)
{
    activity_end(cell);
    cell->peak_bytes = MAX(cell->peak_bytes, cgroup_memory_peak(&cell->limits.group));
    charge_memory(cell, 0);
    cgroup_remove(&cell->limits.group);
}

void limits_rest(struct cell *cell)
{
    last_figures(cell);
    groups_rest(cell->meter);
}

int limits_resume(struct cell *cell)
{
    struct limits_config config = cell->limits.config;

    return limits_prepare(cell, &config);
}

void limits_finish(struct cell *cell)
{
    timer_cancel(&cell->limits.end_timer);
    last_figures(cell);
}
