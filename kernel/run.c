/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/run.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/account/groups.h"
#include "kernel/account/tasks.h"
#include "kernel/confine.h"
#include "kernel/jail/image.h"
#include "kernel/jail/start.h"
#include "kernel/object/attr.h"
#include "kernel/object/console.h"
#include "kernel/object/dir.h"
#include "kernel/object/meter.h"
#include "kernel/report.h"
#include "kernel/signals.h"
#include "kernel/world.h"

static void put(struct cell *cell, u32 slot, struct object *object, u32 kind, u32 rights)
{
    struct cap cap = {.object = object, .kind = (u8)kind, .rights = (u8)rights};

    table_put(&cell->domain.caps, slot, cap);
}

static void put_consoles(struct cell *cell, const struct run_config *config)
{
    static const u32 slots[] = {RF_SLOT_STDIN, RF_SLOT_STDOUT, RF_SLOT_STDERR, RF_SLOT_TRACE};
    struct console *consoles[ARRAY_SIZE(slots)] = {0};

    for (u32 i = 0; i < ARRAY_SIZE(slots); i++) {
        int fd = i == 3 ? config->trace_fd : (int)i;

        if (fd < 0 || (i < 3 && config->standard_closed & 1u << i))
            continue;
        consoles[i] = console_make(NULL, fd, false);
        if (!consoles[i])
            fail("no memory");
        put(cell, slots[i], &consoles[i]->object, RF_KIND_CONSOLE, consoles[i]->rights);
    }
    if (consoles[0] && consoles[1] && consoles_start(consoles[0], consoles[1]))
        consoles_resized(cell);
}

static void put_grants(struct cell *cell, const struct run_config *config)
{
    for (u32 i = 0; i < config->grant_count; i++) {
        const struct grant_config *grant = &config->grants[i];
        struct dir *dir = dir_make(world.bank, grant->fd, grant->only, grant->only_length);

        if (!dir)
            fail("no memory for what is granted");
        put(cell, grant->slot, &dir->object, RF_KIND_DIR, grant->rights);
    }
}

/* The cell's own, when it is limited. */
static struct meter *make_meter(const struct limits_config *limits)
{
    struct rf_meter_terms terms = {
        .quota_ns = limits->cpu_percent * 1000000ul, .period_ns = 100000000u, .share = 100};
    struct meter *meter = limits->cpu_percent ? meter_make(world.meter, NULL, &terms) : world.meter;

    if (!meter)
        fail("no memory");
    return meter;
}

static struct cell *make_cell(const struct run_config *config)
{
    struct cell *cell;
    int error;

    groups_choose(config->limits.limit_by);
    error = cell_make(world.first, world.bank, make_meter(&config->limits), config->name, &cell);
    if (error)
        fail_errno(-error, "cannot make the cell");
    put_consoles(cell, config);
    put_grants(cell, config);
    memcpy(cell->window->boot, config->boot, config->boot_length);
    cell->job_control = consoles_job_control();
    if (limits_prepare(cell, &config->limits))
        fail("--limit-by: the host offers no such control groups of version %u",
             config->limits.limit_by == LIMIT_BY_CGROUP1 ? 1 : 2);
    return cell;
}

/* Tables for the most that a cell may have are large and hardly used. Mapped each by itself they
 * take only the pages that are touched; on the heap they would be cleared, 390 KiB for each cell.
 */
#define LARGE_TABLE (64 * 1024)

/* As many descriptors as the host lets us have: each open file of the cell is one. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int exit_status(const struct cell *cell)
{
    if (cell->own_status >= 0)
        return cell->own_status;
    if (WIFSIGNALED(cell->wait_status))
        return 128 + WTERMSIG(cell->wait_status);
    return WEXITSTATUS(cell->wait_status);
}

void kernel_prepare(void)
{
    int error;

    raise_descriptor_limit();
    mallopt(M_MMAP_THRESHOLD, LARGE_TABLE);
    if ((error = event_init()) || (error = signals_init()))
        fail_errno(-error, "cannot prepare for events");
    attr_init();
    tasks_init();
    world_init();
}

int kernel_run(const struct run_config *config, struct rf_cell_stat *stat)
{
    struct cell *cell;
    int error;

    kernel_prepare();
    cell = world.only = make_cell(config);
    image_open(config->libos_path);
    confine_files(cell, config);
    starter_start();
    if ((error = cell_start(cell)) || (error = signals_start()))
        fail_errno(-error, "cannot start the cell");
    confine_calls();
    event_loop();
    consoles_restore();
    groups_finish();
    starter_end();
    cell_fill_stat(cell, cell, stat);
    return exit_status(cell);
}
