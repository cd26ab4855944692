/* SPDX-License-Identifier: Apache-2.0 */
/* Cells as others see them: making, filling, starting, stopping, asking. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "kernel/checkpoint/hold.h"
#include "kernel/account/activity.h"
#include "kernel/account/groups.h"
#include "kernel/cell.h"
#include "kernel/checkpoint/hibernate.h"
#include "kernel/object/bank.h"
#include "kernel/object/call.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/meter.h"
#include "kernel/object/viewer.h"
#include "kernel/signals.h"
#include "kernel/world.h"

/* Takes the name that came: 0 or -EINVAL. */
static int take_name(const struct call *call, char name[RF_CELL_NAME])
{
    s64 length = call_data(call, name, 1, RF_CELL_NAME - 1);
    bool number = true;

    if (length < 0)
        return -EINVAL;
    name[length] = 0;
    for (s64 i = 0; i < length; i++) {
        if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
            return -EINVAL;
        number = number && isdigit((unsigned char)name[i]);
    }
    return number ? -EINVAL : 0;
}

static struct cap *take_kind(const struct call *call, u32 i, enum rf_kind kind)
{
    struct cap *cap = call_cap(call, i);

    return cap && cap->kind == kind && cap->rights & RF_RIGHT_WRITE ? cap : NULL;
}

/* Whether somebody said how much, other than the host by what it has. */
static bool is_limited(const struct bank *bank, enum rf_resource resource)
{
    while (bank->parent && bank->limits.most[resource] == RF_NO_LIMIT)
        bank = bank->parent;
    return bank->parent;
}

/* What the bank and the meter allow at most is what the cell is told and held to. */
static struct limits_config limits_of(const struct bank *bank, const struct meter *meter,
                                      u64 time_limit_ns, u64 flags)
{
    u64 pages = bank_effective_limit(bank, RF_RESOURCE_PAGES);
    u64 tasks = bank_effective_limit(bank, RF_RESOURCE_TASKS);
    struct limits_config limits = {.time_limit_ns = time_limit_ns,
                                   .sample = flags & RF_CELL_SAMPLED,
                                   .stays_awake = flags & RF_CELL_STAYS_AWAKE};

    if (is_limited(bank, RF_RESOURCE_PAGES))
        limits.memory_limit = MAX(pages, 1) * PAGE_SIZE;
    if (tasks < RF_MAX_THREADS)
        limits.process_limit = (u32)MAX(tasks, 1);
    limits.cpu_percent = meter_percent(meter);
    return limits;
}

static bool is_taken(const char *name)
{
    const struct cell *cell = world_find(world.first, name);

    return cell && !cell->over;
}

static u32 depth_of(const struct cell *cell)
{
    u32 depth = 0;

    while ((cell = cell->parent))
        depth++;
    return depth;
}

int cell_create(const struct call *call, struct cell *parent, u32 first, struct cell **result)
{
    struct cell *cell;
    struct cap *bank_cap = take_kind(call, first, RF_KIND_BANK),
               *meter_cap = take_kind(call, first + 1, RF_KIND_METER);
    struct limits_config limits;
    struct meter *meter;
    struct bank *bank;
    char name[RF_CELL_NAME];
    int error = take_name(call, name);

    if (error)
        return error;
    if (!bank_cap || !meter_cap)
        return -EBADF;
    if (parent->ending)
        return -ESTALE;
    if (depth_of(parent) + 1 >= CELL_DEPTH)
        return -ELOOP;
    if (is_taken(name))
        return -EEXIST;
    bank = container_of(bank_cap->object, struct bank, object);
    meter = container_of(meter_cap->object, struct meter, object);
    activity_refresh_memory();
    limits = limits_of(bank, meter, call->w[0], call->w[1]);
    error = cell_make(parent, bank, meter, name, &cell);
    if (error)
        return error;
    error = limits_prepare(cell, &limits);
    if (error) {
        object_release(&cell->object);
        return error;
    }
    *result = cell;
    return 0;
}

s64 op_CELL_CREATE(struct call *call)
{
    struct cell *cell;
    int error = cell_create(call, cell_of(call->cap), 0, &cell);

    return error ? error : call_new_slot(call, &cell->object, RF_RIGHT_ALL);
}

static int check_new(const struct cell *cell)
{
    return cell->started_ns || cell->ending || !cell->window ? -EBUSY : 0;
}

s64 op_CELL_LOAD(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    s64 length = call_data_length(call);
    int error = check_new(cell);

    if (error || length < 0)
        return error ? error : -EINVAL;
    if (call->w[0] > RF_BOOT_SIZE || (u64)length > RF_BOOT_SIZE - call->w[0])
        return -EFBIG;
    call_commit(call);
    memcpy(cell->window->boot + call->w[0], call->in->data, (size_t)length);
    return 0;
}

s64 op_CELL_GIVE(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    const struct cap *cap = call_cap(call, 0);
    int error = check_new(cell);

    if (error)
        return error;
    if (!cap)
        return -EBADF;
    if (call->w[0] <= RF_SLOT_CELL || call->w[0] >= RF_SLOT_LIMIT)
        return -ERANGE;
    if (table_get(&cell->domain.caps, call->w[0]))
        return -EBUSY;
    call_commit(call);
    table_put(&cell->domain.caps, (u32)call->w[0], cap_copy(cap, ~0u));
    return 0;
}

s64 op_CELL_START(struct call *call)
{
    int error = check_new(cell_of(call->cap));

    return error ? error : call_done(call, cell_start(cell_of(call->cap)));
}

/* Nothing of it runs, and nothing below it. */
static void set_paused(struct cell *cell, bool paused)
{
    object_rouse(&cell->object);
    if (cell->parent && !cell->over)
        (paused ? cell_stop : cell_continue)(cell, STOP_PAUSED);
    if (!paused)
        hibernate_wake(cell);
    list_for_each(node, &cell->below)
        set_paused(list_entry(node, struct cell, sibling), paused);
}

s64 op_CELL_PAUSE(struct call *call)
{
    call_commit(call);
    set_paused(cell_of(call->cap), true);
    return 0;
}

s64 op_CELL_RESUME(struct call *call)
{
    call_commit(call);
    set_paused(cell_of(call->cap), false);
    return 0;
}

/* What it missed and used so far stays with the meter that it had. */
s64 op_CELL_SET_METER(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    const struct cap *cap = take_kind(call, 0, RF_KIND_METER);
    struct meter *meter;
    int error;

    if (!cap)
        return -EBADF;
    if (!cell->parent || cell->ending)
        return -ESTALE;
    meter = container_of(cap->object, struct meter, object);
    error = groups_prepare(meter);
    if (error)
        return error;
    call_commit(call);
    activity_refresh();
    meter_join(cell, meter);
    cell->domain.meter = meter;
    cell_told_terms(cell);
    groups_move(cell);
    cell_continue(cell, STOP_METER | STOP_THROTTLE);
    activity_wake(cell);
    return 0;
}

s64 op_CELL_KILL(struct call *call)
{
    struct cell *cell = cell_of(call->cap);

    if (!cell->parent)
        return -EPERM;
    call_commit(call);
    cell_end(cell, SIGKILL, -1);
    return 0;
}

s64 op_CELL_SIGNAL(struct call *call)
{
    struct cell *cell = cell_of(call->cap);

    if (call->w[0] == 0 || call->w[0] > 31 || !cell->parent)
        return -EINVAL;
    if (cell->over)
        return -ESRCH;
    call_commit(call);
    if (call->w[0] == SIGKILL)
        cell_end(cell, SIGKILL, -1);
    else
        signals_forward(cell, (u32)call->w[0]);
    return 0;
}

/* Its status, and what was said of its end. */
static s64 answer_wait(const struct call *call, const struct cell *cell)
{
    if (call->msg)
        call_out(call, 0, cell->reason, (u32)strlen(cell->reason));
    return cell->own_status >= 0 ? (s64)cell->own_status << 8 : (s64)(u32)cell->wait_status;
}

/* Those outside are told of an end as of output (checkpoint/hold.h). */
static bool may_be_told(const struct cell *cell, struct domain *domain)
{
    return cell->over && (!hold_is_on() || cell->end_released || cell_of_domain(domain));
}

void cell_answer_waiters(struct cell *cell)
{
    list_for_each_safe(node, &cell->waiters) {
        struct pending *pending = list_entry(node, struct pending, link);
        struct call call = call_of_pending(pending);

        if (may_be_told(cell, pending->domain))
            pending_answer(pending, answer_wait(&call, cell));
    }
}

s64 op_CELL_WAIT(struct call *call)
{
    struct cell *cell = cell_of(call->cap);

    if (!cell->parent)
        return -EOPNOTSUPP;
    if (may_be_told(cell, call->domain))
        return answer_wait(call, cell);
    return call->w[0] ? -EAGAIN : call_wait(call, &cell->waiters, NULL);
}

static u32 depth_below(const struct cell *cell, const struct cell *above)
{
    u32 depth = 0;

    while (cell && cell != above) {
        cell = cell->parent;
        depth++;
    }
    return depth;
}

static bool is_asleep(const struct cell *cell)
{
    return cell->sleep.phase == SLEEP_ENDS || cell->sleep.phase == SLEEP_DEEP;
}

void cell_fill_stat(const struct cell *cell, const struct cell *above, struct rf_cell_stat *stat)
{
    u64 now = now_ns(), held = cell->pages_charged * PAGE_SIZE;
    unsigned __int128 byte_ns = cell->byte_ns + (unsigned __int128)held * (now - cell->since_ns);

    *stat = (struct rf_cell_stat){
        .number = cell->number,
        .parent = cell->parent ? cell->parent->number : 0,
        .state = cell->over || cell->ending  ? RF_CELL_ENDED
                 : !cell->started_ns         ? RF_CELL_NEW
                 : cell->stops & STOP_PAUSED ? RF_CELL_PAUSED
                 : is_asleep(cell)           ? RF_CELL_SLEEPING
                                             : RF_CELL_RUNNING,
        .status = cell->wait_status,
        .tasks = cell->tasks ? cell->tasks - 1 : 0, /* the prepared process is not the user's */
        .slots = cell->domain.caps.used,
        .age_ns = cell->started_ns ? (cell->over ? cell->ended_ns : now) - cell->started_ns : 0,
        .used_ns = cell->cpu_used_ns + cell->live_ns,
        .missing_ns = cell->cpu_missing_ns,
        .memory_held = held,
        .memory_peak = cell->peak_bytes,
        .memory_limit = cell->limits.config.memory_limit,
        .byte_ns_high = (u64)(byte_ns >> 64),
        .byte_ns_low = (u64)byte_ns,
        .invocations = cell->domain.invocations,
        .system_calls = cell->window ? cell->window->cell.stat_system_calls : cell->system_calls,
        .cpu_percent = cell->limits.config.cpu_percent,
        .depth = depth_below(cell, above),
    };
    memcpy(stat->name, cell->name, sizeof(stat->name));
}

s64 op_CELL_STAT(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    struct rf_cell_stat stat;
    int error = call_needs_message(call);

    if (error)
        return error;
    activity_refresh();
    cell_fill_stat(cell, cell, &stat);
    call_out(call, 0, &stat, sizeof(stat));
    return 0;
}

s64 op_CELL_LIST(struct call *call)
{
    struct cell *above = cell_of(call->cap);
    u32 length = 0;
    int error = call_needs_message(call);

    if (error)
        return error;
    if (!call->w[0])
        activity_refresh();
    list_for_each(node, &world.cells) {
        struct cell *cell = list_entry(node, struct cell, all);
        struct rf_cell_stat stat;

        if (cell->number <= call->w[0] || cell == above || !cell_is_below(cell, above))
            continue;
        if (length + sizeof(stat) > RF_MSG_DATA)
            break;
        cell_fill_stat(cell, above, &stat);
        call_out(call, length, &stat, sizeof(stat));
        length += sizeof(stat);
    }
    return length;
}

s64 op_CELL_FIND(struct call *call)
{
    char name[RF_CELL_NAME];
    s64 length = call_data(call, name, 1, sizeof(name) - 1);
    struct cell *cell;

    if (length < 0)
        return length;
    name[length] = 0;
    cell = world_find(cell_of(call->cap), name);
    if (!cell)
        return -ENOENT;
    object_hold(&cell->object);
    return call_new_slot(call, &cell->object, call->cap->rights);
}

static u32 server_of(const struct cap *cap)
{
    if (cap->kind == RF_KIND_ENTRY) {
        const struct entry *entry = container_of(cap->object, struct entry, object);

        return entry->endpoint ? entry->endpoint->cell_number : 0;
    }
    return cap->kind == RF_KIND_CELL || cap->kind == RF_KIND_CELL_SELF ? cell_of(cap)->number : 0;
}

s64 op_CELL_CAPS(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    u32 length = 0;
    int error = call_needs_message(call);

    if (error)
        return error;
    for (u64 slot = call->w[0] + 1; slot < cell->domain.caps.fresh; slot++) {
        const struct cap *cap = table_get(&cell->domain.caps, slot);
        struct rf_cap_info info;

        if (!cap || cap->object->dead)
            continue;
        if (length + sizeof(info) > RF_MSG_DATA)
            break;
        info = (struct rf_cap_info){.slot = (u32)slot,
                                    .kind = cap->kind,
                                    .rights = cap->rights,
                                    .cell = server_of(cap),
                                    .object = cap->object->number};
        if (cap->kind == RF_KIND_ENTRY)
            info.badge = container_of(cap->object, struct entry, object)->badge;
        call_out(call, length, &info, sizeof(info));
        length += sizeof(info);
    }
    return length;
}

s64 op_CELL_REVOKE(struct call *call)
{
    struct cell *cell = cell_of(call->cap);

    if (call->w[0] == RF_SLOT_CELL || !table_get(&cell->domain.caps, call->w[0]))
        return -EBADF;
    call_commit(call);
    table_revoke(&cell->domain.caps, (u32)call->w[0]);
    return 0;
}

s64 op_CELL_VIEW(struct call *call)
{
    struct object *viewer = cell_viewer(cell_of(call->cap));

    if (!viewer)
        return -ENOENT;
    object_hold(viewer);
    return call_new_slot(call, viewer, RF_RIGHT_READ | RF_RIGHT_WRITE);
}

s64 op_CELL_SET_KEEPER(struct call *call)
{
    struct cell *cell = cell_of(call->cap);

    hibernate_wake(cell);
    if (!cell->window || cell->ending)
        return -ESTALE;
    cell->window->cell.keepers = 1;
    return keeper_set(call, &cell->keeper);
}
