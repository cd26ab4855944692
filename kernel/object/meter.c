/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/meter.h"

#include <errno.h>

#include "kernel/object/call.h"

#define SHARE_MOST   10000u
#define PERIOD_LEAST 1000000u
#define PERIOD_MOST  1000000000u

static void meter_destroy(struct object *object);

static const struct object_class meter_class = {
    .kind = RF_KIND_METER, .records = 1, .size = sizeof(struct meter), .destroy = meter_destroy};

static struct meter *meter_of(const struct call *call)
{
    return container_of(call->cap->object, struct meter, object);
}

static struct meter *make(struct meter *parent, struct bank *bank,
                          const struct rf_meter_terms *terms)
{
    struct object *object = object_new(&meter_class, bank);
    struct meter *meter;

    if (!object)
        return NULL;
    meter = container_of(object, struct meter, object);
    meter->terms = *terms;
    if (parent) {
        object_hold(&parent->object);
        meter->parent = parent;
    }
    return meter;
}

struct meter *meter_make_first(void)
{
    return make(NULL, NULL, &(struct rf_meter_terms){.share = 100});
}

static void meter_destroy(struct object *object)
{
    struct meter *meter = container_of(object, struct meter, object);

    if (meter->parent)
        object_release(&meter->parent->object);
    meter->parent = NULL;
}

u32 meter_percent(const struct meter *meter)
{
    u64 least = 0;

    for (; meter; meter = meter->parent) {
        u64 percent = meter->terms.quota_ns
                          ? MAX(meter->terms.quota_ns * 100 / meter->terms.period_ns, 1)
                          : 0;

        if (percent && (!least || percent < least))
            least = percent;
    }
    return (u32)least;
}

static s64 check_terms(struct rf_meter_terms *terms)
{
    if (!terms->share)
        terms->share = 100;
    if (!terms->period_ns)
        terms->period_ns = 100000000u;
    if (terms->share > SHARE_MOST || terms->period_ns < PERIOD_LEAST ||
        terms->period_ns > PERIOD_MOST || terms->reserved ||
        (terms->quota_ns && terms->guaranteed_ns > terms->quota_ns))
        return -EINVAL;
    return 0;
}

s64 op_METER_SPLIT(struct call *call)
{
    struct rf_meter_terms terms;
    s64 length = call_data(call, &terms, sizeof(terms), sizeof(terms)), error;
    struct meter *meter;

    if (length < 0)
        return length;
    error = check_terms(&terms);
    if (error)
        return error;
    meter = make(meter_of(call), call->domain->bank, &terms);
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
    terms[1].quota_ns = meter_percent(meter) * terms[1].period_ns / 100;
    call_out(call, 0, terms, sizeof(terms));
    return 0;
}

s64 op_METER_SET_TERMS(struct call *call)
{
    struct rf_meter_terms terms;
    s64 length = call_data(call, &terms, sizeof(terms), sizeof(terms)), error;

    if (length < 0)
        return length;
    error = check_terms(&terms);
    if (error)
        return error;
    call_commit(call);
    meter_of(call)->terms = terms;
    return 0;
}

s64 op_METER_USAGE(struct call *call)
{
    (void)call;
    return -EOPNOTSUPP;
}

s64 op_METER_SET_KEEPER(struct call *call)
{
    (void)call;
    return -EOPNOTSUPP;
}

s64 op_METER_DESTROY(struct call *call)
{
    if (!meter_of(call)->parent)
        return -EPERM;
    call_commit(call);
    object_destroy(call->cap->object);
    return 0;
}
