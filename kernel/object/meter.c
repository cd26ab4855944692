/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/meter.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>

#include "kernel/account/activity.h"
#include "kernel/account/affinity.h"
#include "kernel/cell.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/call.h"
#include "kernel/object/notification.h"
#include "kernel/world.h"

#define SHARE_MOST   10000u
#define PERIOD_LEAST 1000000u
#define PERIOD_MOST  1000000000u
#define SECOND       1000000000u
#define QUOTA_MOST   (4096ul * SECOND)

static void meter_destroy(struct object *object);
static void meter_save(const struct object *object, struct record *to);
static struct object *meter_load(struct record *from, struct bank *bank);
static void meter_link(struct object *object, struct record *from);

const struct object_class meter_class = {.kind = RF_KIND_METER,
                                         .records = 1,
                                         .size = sizeof(struct meter),
                                         .destroy = meter_destroy,
                                         .rests = true,
                                         .stored = STORED_METER,
                                         .save = meter_save,
                                         .load = meter_load,
                                         .link = meter_link};

static struct meter *meter_of(const struct call *call)
{
    return container_of(call->cap->object, struct meter, object);
}

struct meter *meter_make(struct meter *parent, struct bank *bank,
                         const struct rf_meter_terms *terms)
{
    struct object *object = object_new(&meter_class, bank);
    struct meter *meter;

    if (!object)
        return NULL;
    meter = container_of(object, struct meter, object);
    meter->terms = *terms;
    list_init(&meter->below);
    list_init(&meter->sibling);
    list_init(&meter->cells);
    groups_init(&meter->group);
    throttle_init(&meter->throttle);
    if (parent) {
        object_hold(&parent->object);
        meter->parent = parent;
        list_add_tail(&parent->below, &meter->sibling);
        parent->given += meter_guarantee(meter);
    }
    return meter;
}

/* It promises all that there is. */
struct meter *meter_make_first(void)
{
    struct rf_meter_terms terms = {.share = 100, .period_ns = SECOND};

    terms.processors = affinity_host();
    terms.guaranteed_ns = (u64)__builtin_popcountl(terms.processors) * SECOND;
    return meter_make(NULL, NULL, &terms);
}

/* What ran on it stands still, and so does what ran below. */
static void meter_destroy(struct object *object)
{
    struct meter *meter = container_of(object, struct meter, object);

    while (!list_empty(&meter->below))
        object_destroy(&list_first(&meter->below, struct meter, sibling)->object);
    list_for_each(node, &meter->cells)
        cell_stop(list_entry(node, struct cell, metered), STOP_METER);
    throttle_end(meter);
    groups_remove(meter);
    list_del(&meter->sibling);
    keeper_drop(&meter->keeper);
    if (!meter->parent)
        return;
    meter->parent->given -= meter_guarantee(meter);
    object_release(&meter->parent->object);
    meter->parent = NULL;
}

static u64 rate_of(u64 ns, u64 period_ns)
{
    return (u64)((unsigned __int128)ns * SECOND / period_ns);
}

u64 meter_rate(const struct meter *meter)
{
    return meter->terms.quota_ns ? MAX(rate_of(meter->terms.quota_ns, meter->terms.period_ns), 1)
                                 : 0;
}

u64 meter_guarantee(const struct meter *meter)
{
    return rate_of(meter->terms.guaranteed_ns, meter->terms.period_ns);
}

u64 meter_processors(const struct meter *meter)
{
    u64 mask = ~0ul;

    for (; meter; meter = meter->parent) {
        if (meter->terms.processors)
            mask &= meter->terms.processors;
    }
    return mask;
}

static u64 least_rate(const struct meter *meter)
{
    u64 least = 0;

    for (; meter; meter = meter->parent) {
        u64 rate = meter_rate(meter);

        if (rate && (!least || rate < least))
            least = rate;
    }
    return least;
}

u64 meter_promised(const struct meter *meter)
{
    u64 all = (u64)__builtin_popcountl(meter_processors(meter)) * SECOND, rate = least_rate(meter);

    return rate ? MIN(rate, all) : all;
}

u32 meter_percent(const struct meter *meter)
{
    u64 rate = least_rate(meter);

    return rate ? (u32)MAX(rate * 100 / SECOND, 1) : 0;
}

u64 meter_weight(const struct meter *meter)
{
    u64 all, free, shares = 0, count = 0;

    if (!meter->parent || !meter->parent->given)
        return meter->terms.share * 10ul;
    all = meter_promised(meter->parent);
    free = all - MIN(all, meter->parent->given);
    list_for_each(node, &meter->parent->below) {
        shares += list_entry(node, struct meter, sibling)->terms.share;
        count++;
    }
    assert(shares && all); /* it is one of them itself */
    return MAX((meter_guarantee(meter) + free * meter->terms.share / shares) * 1000 * count / all,
               1);
}

bool meter_is_grouped(const struct meter *meter)
{
    return meter->group.path && meter->group.kept;
}

void meter_charge(struct meter *meter, u64 ns)
{
    u64 now = now_ns();

    for (; meter && ns; meter = meter->parent) {
        object_rouse(&meter->object);
        meter->used_ns += ns;
        throttle_charge(meter, ns, now);
    }
}

void meter_room(s64 *room_ns, u64 rate, u64 since_ns, u64 used_ns)
{
    s64 most = (s64)(rate / 5);

    since_ns = (s64)since_ns < 0 ? 0 : MIN(since_ns, SECOND);
    *room_ns += (s64)((unsigned __int128)since_ns * rate / SECOND) - (s64)used_ns;
    *room_ns = MIN(MAX(*room_ns, -most), most);
}

void meter_miss(struct meter *meter, u64 ns, u64 now)
{
    for (; meter && ns; meter = meter->parent) {
        object_rouse(&meter->object);
        meter_room(&meter->room_ns, meter_promised(meter), now - meter->judged_ns,
                   meter->used_ns - meter->judged_used_ns);
        meter->judged_ns = now;
        meter->judged_used_ns = meter->used_ns;
        ns = MIN(ns, (u64)MAX(meter->room_ns, 0));
        meter->room_ns -= (s64)ns;
        meter->missing_ns += ns;
    }
}

void meter_exhausted(struct meter *meter, u64 periods)
{
    if (!periods)
        return;
    object_rouse(&meter->object);
    meter->exhausted += periods;
    keeper_tell(&meter->keeper, 0);
}

void meter_look(struct meter *meter)
{
    for (; meter; meter = meter->parent)
        meter_exhausted(meter, groups_exhausted(meter));
}

void meter_join(struct cell *cell, struct meter *meter)
{
    list_del(&cell->metered);
    if (meter) {
        object_hold(&meter->object);
        list_add_tail(&meter->cells, &cell->metered);
    }
    if (cell->meter)
        object_release(&cell->meter->object);
    cell->meter = meter;
}

static s64 check_terms(struct rf_meter_terms *terms)
{
    if (!terms->share)
        terms->share = 100;
    if (!terms->period_ns)
        terms->period_ns = 100000000u;
    if (terms->share > SHARE_MOST || terms->period_ns < PERIOD_LEAST ||
        terms->period_ns > PERIOD_MOST || terms->reserved || terms->quota_ns > QUOTA_MOST ||
        terms->guaranteed_ns > QUOTA_MOST ||
        (terms->quota_ns && terms->guaranteed_ns > terms->quota_ns))
        return -EINVAL;
    return 0;
}

/* Whether those below `parent` can have it: one of them has had `before` of it so far. A meter
 * without any of its processors would never run. */
static s64 check_fits(const struct meter *parent, const struct rf_meter_terms *terms, u64 before)
{
    u64 guarantee = rate_of(terms->guaranteed_ns, terms->period_ns);

    if (terms->processors && !(terms->processors & meter_processors(parent)))
        return -EINVAL;
    return parent->given - before + guarantee > meter_guarantee(parent) && guarantee ? -ENOSPC : 0;
}

static u32 depth_of(const struct meter *meter)
{
    u32 depth = 0;

    while ((meter = meter->parent))
        depth++;
    return depth;
}

s64 op_METER_SPLIT(struct call *call)
{
    struct rf_meter_terms terms;
    s64 length = call_data(call, &terms, sizeof(terms), sizeof(terms)), error;
    struct meter *meter;

    if (length < 0)
        return length;
    if (depth_of(meter_of(call)) + 1 >= METER_DEPTH)
        return -ELOOP;
    error = check_terms(&terms);
    if (!error)
        error = check_fits(meter_of(call), &terms, 0);
    if (error)
        return error;
    meter = meter_make(meter_of(call), call->domain->bank, &terms);
    if (!meter)
        return -ENOSPC;
    return call_new_slot(call, &meter->object, RF_RIGHT_ALL);
}

s64 op_METER_TERMS(struct call *call)
{
    const struct meter *meter = meter_of(call);
    struct rf_meter_terms terms[2] = {meter->terms, meter->terms};
    int error = call_needs_message(call);

    if (error)
        return error;
    terms[1].quota_ns = (u64)((unsigned __int128)least_rate(meter) * terms[1].period_ns / SECOND);
    terms[1].processors = meter_processors(meter);
    call_out(call, 0, terms, sizeof(terms));
    return 0;
}

/* Of the cells on it and below: their processors and what they are told. */
static void tell_cells(struct meter *meter)
{
    list_for_each(node, &meter->cells)
        cell_told_terms(list_entry(node, struct cell, metered));
    list_for_each(node, &meter->below)
        tell_cells(list_entry(node, struct meter, sibling));
}

s64 op_METER_SET_TERMS(struct call *call)
{
    struct meter *meter = meter_of(call);
    struct rf_meter_terms terms;
    s64 length = call_data(call, &terms, sizeof(terms), sizeof(terms)), error;
    u64 before = meter_guarantee(meter), after;

    if (length < 0)
        return length;
    if (!meter->parent)
        return -EPERM;
    error = check_terms(&terms);
    if (!error)
        error = check_fits(meter->parent, &terms, before);
    after = error ? 0 : rate_of(terms.guaranteed_ns, terms.period_ns);
    if (!error && after < meter->given)
        error = -ENOSPC;
    if (error)
        return error;
    call_commit(call);
    meter->terms = terms;
    meter->parent->given += after - before;
    meter->throttle.filled_ns = 0;
    meter->throttle.out = meter->throttle.ahead = false;
    groups_set_terms(meter->parent->given || before ? meter->parent : meter);
    tell_cells(meter);
    return 0;
}

s64 op_METER_USAGE(struct call *call)
{
    const struct meter *meter = meter_of(call);
    struct rf_meter_usage usage;
    int error = call_needs_message(call);

    if (error)
        return error;
    activity_refresh();
    usage = (struct rf_meter_usage){.used_ns = meter->used_ns,
                                    .wanted_ns = meter->used_ns + meter->missing_ns,
                                    .missing_ns = meter->missing_ns,
                                    .exhausted = meter->exhausted};
    call_out(call, 0, &usage, sizeof(usage));
    return 0;
}

s64 op_METER_SET_KEEPER(struct call *call)
{
    return keeper_set(call, &meter_of(call)->keeper);
}

s64 op_METER_DESTROY(struct call *call)
{
    if (!meter_of(call)->parent)
        return -EPERM;
    call_commit(call);
    object_destroy(call->cap->object);
    return 0;
}

struct stored_meter {
    struct rf_meter_terms terms;
    u64 used_ns, missing_ns, exhausted;
};
_Static_assert(sizeof(struct stored_meter) == 64, "stored layout");

static void meter_save(const struct object *object, struct record *to)
{
    const struct meter *meter = container_of(object, const struct meter, object);
    struct stored_meter stored = {.terms = meter->terms,
                                  .used_ns = meter->used_ns,
                                  .missing_ns = meter->missing_ns,
                                  .exhausted = meter->exhausted};

    record_put_object(to, meter->parent ? &meter->parent->object : NULL);
    record_put(to, &stored, sizeof(stored));
    keeper_save(&meter->keeper, to);
}

/* The first meter's terms are the host's of today. */
static struct object *meter_load(struct record *from, struct bank *bank)
{
    struct object *parent = record_get_object(from, STORED_METER);
    struct meter *meter = world.meter;
    struct stored_meter stored;

    record_get(from, &stored, sizeof(stored));
    if (from->bad)
        return NULL;
    if (parent)
        meter = meter_make(container_of(parent, struct meter, object), bank, &stored.terms);
    else
        object_hold(&meter->object);
    if (!meter)
        return NULL;
    meter->used_ns = stored.used_ns;
    meter->missing_ns = stored.missing_ns;
    meter->exhausted = stored.exhausted;
    return &meter->object;
}

static void meter_link(struct object *object, struct record *from)
{
    keeper_load(&container_of(object, struct meter, object)->keeper, from);
}
