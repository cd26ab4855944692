/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/account/throttle.h"

#include "kernel/cell.h"
#include "kernel/object/meter.h"

#define LATELY_NS 500000000u
#define HUNGRY_NS 80000000u /* how long a sign of waiting holds: the host tells when it is over */

static struct list busy = {&busy, &busy};

void throttle_init(struct throttle *throttle)
{
    *throttle = (struct throttle){.least_ns = ~0ul};
    list_init(&throttle->link);
}

/* Where one that does not wait stands. */
static u64 level(const struct throttle *above)
{
    return above->least_ns != ~0ul ? above->least_ns : above->most_ns;
}

static void set_busy(struct meter *meter, bool is)
{
    struct throttle *throttle = &meter->throttle;

    if (is == !list_empty(&throttle->link))
        return;
    list_del(&throttle->link);
    if (meter->parent)
        meter->parent->throttle.busy += is ? 1u : -1u;
    if (!is)
        return;
    list_add_tail(&busy, &throttle->link);
    if (meter->parent)
        throttle->virtual_ns = MAX(throttle->virtual_ns, level(&meter->parent->throttle));
}

void throttle_charge(struct meter *meter, u64 ns, u64 now)
{
    struct throttle *throttle = &meter->throttle;

    throttle->budget_ns -= (s64)ns;
    throttle->charged_ns = now;
    throttle->used_ns += ns;
    set_busy(meter, true);
    throttle->virtual_ns += ns * 1000 / meter_weight(meter);
}

void throttle_hungry(struct meter *meter)
{
    u64 now = now_ns();

    for (; meter; meter = meter->parent)
        meter->throttle.hungry_ns = now;
}

bool throttle_competes(const struct meter *meter)
{
    for (; meter && meter->parent; meter = meter->parent) {
        if (meter->parent->throttle.busy > 1 && !meter_is_grouped(meter))
            return true;
    }
    return false;
}

void throttle_end(struct meter *meter)
{
    set_busy(meter, false);
}

static void fill(struct meter *meter, u64 now)
{
    struct throttle *throttle = &meter->throttle;
    u64 quota = meter->terms.quota_ns, period = meter->terms.period_ns;
    u64 since = throttle->filled_ns ? MIN(now - MIN(now, throttle->filled_ns), period) : period;

    throttle->budget_ns += (s64)((unsigned __int128)since * quota / period);
    throttle->budget_ns = MIN(throttle->budget_ns, (s64)quota);
    throttle->filled_ns = now;
    if (throttle->budget_ns < 0 && !throttle->out)
        meter_exhausted(meter, 1);
    throttle->out = throttle->budget_ns < 0;
}

static bool waits(const struct meter *meter, u64 now)
{
    return !meter->throttle.ahead && now < meter->throttle.hungry_ns + HUNGRY_NS;
}

/* Among the meters below each: the last of those that wait, and the first of all. */
static void find_least(u64 now)
{
    list_for_each(node, &busy) {
        struct meter *meter = list_entry(node, struct meter, throttle.link);

        if (!meter->parent)
            continue;
        meter->parent->throttle.least_ns = ~0ul;
        meter->parent->throttle.holds = false;
    }
    list_for_each(node, &busy) {
        struct meter *meter = list_entry(node, struct meter, throttle.link);
        struct throttle *above = meter->parent ? &meter->parent->throttle : NULL;

        if (!above)
            continue;
        if (waits(meter, now))
            above->least_ns = MIN(above->least_ns, meter->throttle.virtual_ns);
        above->most_ns = MAX(above->most_ns, meter->throttle.virtual_ns);
    }
}

/* What waited, and uses its time now that others stand still for it, would wait again. */
static void stay_hungry(struct meter *meter, u64 since_ns, u64 now)
{
    if (meter->parent && meter->parent->throttle.holds && waits(meter, now) &&
        meter->throttle.used_ns > since_ns / 2)
        meter->throttle.hungry_ns = now;
    meter->throttle.used_ns = 0;
}

static void compare(struct meter *meter, u64 now)
{
    struct throttle *throttle = &meter->throttle, *above = &meter->parent->throttle;
    u64 slack = throttle->ahead ? 0 : SLACK_NS;

    throttle->ahead = above->least_ns != ~0ul && throttle->virtual_ns > above->least_ns + slack;
    above->holds = above->holds || throttle->ahead;
    if (!throttle->ahead && !waits(meter, now))
        throttle->virtual_ns = MAX(throttle->virtual_ns, level(above));
}

bool throttle_tick(u64 now)
{
    static u64 last_ns;
    bool again = false;

    list_for_each(node, &busy)
        stay_hungry(list_entry(node, struct meter, throttle.link), now - last_ns, now);
    last_ns = now;
    find_least(now);
    list_for_each_safe(node, &busy) {
        struct meter *meter = list_entry(node, struct meter, throttle.link);
        struct throttle *throttle = &meter->throttle;

        if (now > throttle->charged_ns + LATELY_NS && !throttle->out && !throttle->ahead) {
            set_busy(meter, false);
            continue;
        }
        if (meter_is_grouped(meter))
            continue;
        if (meter->terms.quota_ns)
            fill(meter, now);
        else
            throttle->out = false;
        if (meter->parent)
            compare(meter, now);
        again = again || meter->terms.quota_ns || throttle_competes(meter);
    }
    return again;
}

static bool must_stop(const struct meter *meter)
{
    for (; meter; meter = meter->parent) {
        if (meter->throttle.out || meter->throttle.ahead)
            return true;
    }
    return false;
}

void throttle_apply(struct list *active)
{
    u64 now = now_ns();

    list_for_each(node, active) {
        struct cell *cell = list_entry(node, struct cell, activity.link);
        bool was = cell->stops & STOP_THROTTLE, is = must_stop(cell->meter);

        if (was)
            cell->activity.delayed_ns += now - cell->activity.stopped_ns;
        cell->activity.stopped_ns = now;
        if (was != is)
            (is ? cell_stop : cell_continue)(cell, STOP_THROTTLE);
    }
}
