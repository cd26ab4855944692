/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/world.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/checkpoint/checkpoint.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/object/bank.h"
#include "kernel/object/meter.h"
#include "kernel/report.h"

#define ENDED_MOST 64

struct world world;

/* All that the host has and the tables of this process can hold; what a guarantee is taken from. */
static struct rf_bank_limits whole_host(void)
{
    struct rf_bank_limits limits = {.most = {
                                        [RF_RESOURCE_PAGES] = (u64)sysconf(_SC_PHYS_PAGES),
                                        [RF_RESOURCE_RECORDS] = 1u << 22,
                                        [RF_RESOURCE_TASKS] = 1u << 20,
                                        [RF_RESOURCE_FILES] = (u64)sysconf(_SC_OPEN_MAX),
                                    }};

    return limits;
}

static struct object *world_object(void)
{
    return &world.object;
}

const struct object_class world_class = {.kind = RF_KIND_WORLD,
                                         .size = sizeof(struct world),
                                         .stored = STORED_WORLD,
                                         .only = world_object};

void world_init(void)
{
    struct rf_bank_limits limits = whole_host();

    object_init(&world.object, &world_class);
    list_init(&world.cells);
    list_init(&world.awake);
    list_init(&world.ended);
    world.dir_fd = -1;
    world.owner = geteuid();
    world.owner_group = getegid();
    world.began_ns = now_ns();
    world.bank = bank_make_first(&limits);
    world.meter = meter_make_first();
    if (!world.bank || !world.meter ||
        cell_make(NULL, world.bank, world.meter, "world", &world.first))
        fail("no memory");
}

u64 world_age(void)
{
    return now_ns() - world.began_ns;
}

void world_stop(void)
{
    world.stopping = true;
    list_for_each(node, &world.first->below)
        cell_end(list_entry(node, struct cell, sibling), SIGTERM, -1);
    if (!world.cell_count)
        event_stop();
}

static void (*leaving)(s64 result);

static void left(s64 result)
{
    if (leaving)
        leaving(MIN(result, 0));
    else if (result < 0)
        report("the world ends without a last checkpoint: %s", strerror((int)-result));
    if (result >= 0 || !leaving)
        event_stop();
}

void world_leave(void (*done)(s64 result))
{
    leaving = done;
    if (checkpoint_source() && !world.stopping) {
        checkpoint_last(left);
        return;
    }
    if (done)
        done(0);
    world_stop();
}

struct cell *world_cell(u32 number)
{
    list_for_each(node, &world.cells) {
        struct cell *cell = list_entry(node, struct cell, all);

        if (cell->number == number)
            return cell;
    }
    return NULL;
}

struct cell *world_cell_of_session(pid_t session)
{
    list_for_each(node, &world.cells) {
        struct cell *cell = list_entry(node, struct cell, all);

        if (cell->leader && cell->leader == session && !cell->over)
            return cell;
    }
    return NULL;
}

struct cell *world_find(const struct cell *above, const char *name)
{
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    struct cell *found = NULL;

    list_for_each(node, &world.cells) {
        struct cell *cell = list_entry(node, struct cell, all);

        if (cell != above && cell_is_below(cell, above) &&
            (*end ? !strcmp(cell->name, name) : cell->number == number) && (!found || found->over))
            found = cell;
    }
    return found;
}

void world_remember(struct cell *cell)
{
    if (world.only || world.stopping || cell->object.dead)
        return;
    object_hold(&cell->object);
    list_add_tail(&world.ended, &cell->ended);
    if (++world.ended_count > ENDED_MOST)
        world_forget(list_first(&world.ended, struct cell, ended));
}

void world_forget(struct cell *cell)
{
    if (list_empty(&cell->ended))
        return;
    list_del(&cell->ended);
    world.ended_count--;
    object_release(&cell->object);
}
