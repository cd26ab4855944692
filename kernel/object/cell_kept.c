/* SPDX-License-Identifier: Apache-2.0 */
/* Cells in records. */
#include <string.h>

#include "kernel/cell.h"
#include "kernel/checkpoint/hibernate.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/bank.h"
#include "kernel/object/meter.h"
#include "kernel/world.h"

enum kept_state { KEPT_NEW, KEPT_STARTED, KEPT_OVER, KEPT_ASLEEP };

struct stored_cell {
    u64 age_ns, lasted_ns; /* 0: not started; not over */
    u64 cpu_used_ns, cpu_missing_ns, peak_bytes, byte_ns_high, byte_ns_low;
    u64 system_calls, invocations, signals;
    u64 memory_limit, time_limit_ns;
    u32 cpu_percent, process_limit, uid, gid;
    u32 number, state, stops, keepers;
    s32 wait_status, own_status;
    u8 sample, job_control, main_stopped, stays_awake, reserved[4];
    char name[RF_CELL_NAME];
    char reason[160];
};
_Static_assert(sizeof(struct stored_cell) == 336, "stored layout");

static u32 state_of(const struct cell *cell)
{
    if (cell->over || cell->ending)
        return KEPT_OVER;
    if (cell->sleep.phase >= SLEEP_STANDS)
        return KEPT_ASLEEP;
    return cell->started_ns ? KEPT_STARTED : KEPT_NEW;
}

static void put_table(struct cap_table *table, struct record *to)
{
    bool there = table->slots || table->packed;
    u64 count = 0;

    for (u32 slot = 0; there && slot < table->fresh; slot++)
        count += table_get(table, slot) != NULL;
    record_put_number(to, there ? table->fresh : 0);
    record_put_number(to, count);
    for (u32 slot = 0; there && slot < table->fresh; slot++) {
        const struct cap *cap = table_get(table, slot);

        if (!cap)
            continue;
        record_put_number(to, slot);
        record_put_cap(to, cap);
    }
}

void cell_save(const struct object *object, struct record *to)
{
    struct cell *cell = (struct cell *)(uintptr_t)container_of(object, const struct cell, object);
    const struct limits_config *limits = &cell->limits.config;
    u64 now = now_ns();
    struct stored_cell stored = {
        .age_ns = cell->started_ns ? now - cell->started_ns : 0,
        .lasted_ns = cell->started_ns && state_of(cell) == KEPT_OVER
                         ? (cell->over ? cell->ended_ns : now) - cell->started_ns
                         : 0,
        .cpu_used_ns = cell->cpu_used_ns + cell->live_ns,
        .cpu_missing_ns = cell->cpu_missing_ns,
        .peak_bytes = cell->peak_bytes,
        .byte_ns_high = (u64)(cell->byte_ns >> 64),
        .byte_ns_low = (u64)cell->byte_ns,
        .system_calls = cell->system_calls,
        .invocations = cell->domain.invocations,
        .signals = cell->signals,
        .memory_limit = limits->memory_limit,
        .time_limit_ns = limits->time_limit_ns,
        .cpu_percent = limits->cpu_percent,
        .process_limit = limits->process_limit,
        .uid = cell->domain.uid,
        .gid = cell->domain.gid,
        .number = cell->number,
        .state = state_of(cell),
        .stops = cell->stops & STOP_PAUSED,
        .keepers = cell->window ? cell->window->cell.keepers : 0,
        .wait_status = cell->wait_status,
        .own_status = cell->own_status,
        .sample = limits->sample,
        .stays_awake = limits->stays_awake,
        .job_control = cell->job_control,
        .main_stopped = cell->main_stopped,
    };

    memcpy(stored.name, cell->name, sizeof(stored.name));
    memcpy(stored.reason, cell->reason, sizeof(stored.reason));
    record_put_object(to, cell->parent ? &cell->parent->object : NULL);
    record_put_object(to, &cell->bank->object);
    record_put_object(to, cell->meter ? &cell->meter->object : NULL);
    record_put(to, &stored, sizeof(stored));
    record_put_object(to, cell->maker);
    record_put_object(
        to, cell_viewer(container_of(object, struct cell,
                                     object))); /* one that is just ending is kept as over */
    keeper_save(&cell->keeper, to);
    if (stored.state != KEPT_OVER)
        put_table(&cell->domain.caps, to);
    if (stored.state == KEPT_ASLEEP)
        hibernate_put(cell, to);
}

static void fill(struct cell *cell, const struct stored_cell *stored)
{
    u64 now = now_ns();

    cell->number = cell->domain.cell_number = stored->number;
    cell->started_ns = stored->age_ns ? now - stored->age_ns : 0;
    cell->cpu_used_ns = stored->cpu_used_ns;
    cell->cpu_missing_ns = stored->cpu_missing_ns;
    cell->peak_bytes = stored->peak_bytes;
    cell->byte_ns = (unsigned __int128)stored->byte_ns_high << 64 | stored->byte_ns_low;
    cell->since_ns = now;
    cell->system_calls = stored->system_calls;
    cell->domain.invocations = stored->invocations;
    cell->signals = stored->signals;
    cell->domain.uid = stored->uid;
    cell->domain.gid = stored->gid;
    cell->domain.memory_limit = stored->memory_limit;
    cell->stops = stored->stops;
    cell->sleep.phase = stored->state == KEPT_ASLEEP ? SLEEP_DEEP : SLEEP_NONE;
    cell->window->cell.keepers = stored->keepers;
    cell->job_control = stored->job_control;
    cell->main_stopped = stored->main_stopped;
    memcpy(cell->reason, stored->reason, sizeof(cell->reason));
    cell->reason[sizeof(cell->reason) - 1] = 0;
}

static bool limit(struct cell *cell, const struct stored_cell *stored)
{
    struct limits_config config = {.memory_limit = stored->memory_limit,
                                   .cpu_percent = stored->cpu_percent,
                                   .process_limit = stored->process_limit,
                                   .time_limit_ns = stored->time_limit_ns,
                                   .sample = stored->sample,
                                   .stays_awake = stored->stays_awake};

    cell->limits.config = config; /* enough for one that sleeps */
    return stored->state == KEPT_ASLEEP || limits_prepare(cell, &config) == 0;
}

/* What had ended stays so, for who asks; nobody is told again. */
static void end(struct cell *cell, const struct stored_cell *stored)
{
    cell->ending = true;
    cell->wait_status = stored->wait_status;
    cell->own_status = stored->own_status;
    cell_over(cell);
    cell->system_calls = stored->system_calls;
    cell->ended_ns = cell->started_ns + stored->lasted_ns;
}

/* One whose meter was destroyed stands still until it is given another. */
static struct cell *make(struct object *parent, struct object *payer, struct object *meter,
                         const struct stored_cell *stored)
{
    struct cell *cell = NULL;

    if (!payer || cell_make(container_of(parent, struct cell, object),
                            container_of(payer, struct bank, object),
                            meter ? container_of(meter, struct meter, object) : world.meter,
                            stored->name, &cell))
        return NULL;
    fill(cell, stored);
    if (!meter)
        cell->stops |= STOP_METER;
    if (stored->state == KEPT_OVER)
        end(cell, stored);
    else if (!limit(cell, stored))
        return NULL;
    return cell;
}

struct object *cell_load(struct record *from, struct bank *bank)
{
    struct object *parent = record_get_object(from, STORED_CELL);
    struct object *payer = record_get_object(from, STORED_BANK);
    struct object *meter = record_get_object(from, STORED_METER);
    struct stored_cell stored;
    struct cell *cell;

    (void)bank; /* the payer too */
    record_get(from, &stored, sizeof(stored));
    stored.name[sizeof(stored.name) - 1] = 0;
    if (from->bad || stored.state > KEPT_ASLEEP)
        return NULL;
    if (!parent) {
        object_hold(&world.first->object);
        return &world.first->object;
    }
    cell = make(parent, payer, meter, &stored);
    return cell ? &cell->object : NULL;
}

static void get_table(struct cap_table *table, struct record *from)
{
    u64 fresh = record_get_number(from), count = record_get_number(from);

    if (fresh && fresh >= table->reserved && fresh <= CAP_SLOTS && table->slots)
        table_load(table, (u32)fresh);
    for (; count && !from->bad; count--) {
        u64 slot = record_get_number(from);
        struct cap cap = record_get_cap(from);

        if (slot >= table->fresh || !table->slots || table->slots[slot].object || !cap.object)
            from->bad = true;
        else
            table_put(table, (u32)slot, cap);
    }
    if (table->slots)
        table_loaded(table);
}

static struct object *held(struct object *object)
{
    if (object)
        object_hold(object);
    return object;
}

void cell_link(struct object *object, struct record *from)
{
    struct cell *cell = container_of(object, struct cell, object);

    cell->maker = held(record_get_object(from, STORED_CONSTRUCTOR));
    cell->log = held(record_get_object(from, STORED_VIEWER));
    keeper_load(&cell->keeper, from);
    if (!cell->over)
        get_table(&cell->domain.caps, from);
    if (cell->sleep.phase)
        hibernate_get(cell, from);
}
