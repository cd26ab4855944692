/* SPDX-License-Identifier: Apache-2.0 */
/* The clock objects: the host's time, those derived from it, and sleeping. */
#include <errno.h>
#include <time.h>

#include "kernel/cell_clock.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/call.h"
#include "kernel/object/common.h"

struct clock {
    struct object object;
    struct rf_clock relation;
};

static void clock_save(const struct object *object, struct record *to);
static struct object *clock_load(struct record *from, struct bank *bank);

const struct object_class host_clock_class = {.kind = RF_KIND_CLOCK,
                                              .size = sizeof(struct clock),
                                              .stored = STORED_HOST_CLOCK,
                                              .only = clock_object};
const struct object_class clock_class = {.kind = RF_KIND_CLOCK,
                                         .records = 1,
                                         .size = sizeof(struct clock),
                                         .stored = STORED_CLOCK,
                                         .save = clock_save,
                                         .load = clock_load};

struct object *clock_object(void)
{
    static struct clock clock = {.relation = {.rate = RF_CLOCK_RATE_ONE}};

    if (!clock.object.references)
        object_init(&clock.object, &host_clock_class);
    return &clock.object;
}

struct object *clock_make(struct bank *bank, const struct rf_clock *relation)
{
    struct object *object = object_new(&clock_class, bank);

    if (object)
        container_of(object, struct clock, object)->relation = *relation;
    return object;
}

const struct rf_clock *clock_relation(const struct cap *cap)
{
    if (cap->object->class != &clock_class && cap->object->class != &host_clock_class)
        return NULL;
    return &container_of(cap->object, struct clock, object)->relation;
}

s64 op_CLOCK_NOW(struct call *call)
{
    struct timespec now;
    int error = call_needs_message(call), family = clock_family(call->w[0]);
    u64 base;

    if (error)
        return error;
    if (family < 0 || clock_gettime((clockid_t)call->w[0], &now) < 0)
        return -EINVAL;
    base = (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec + clock_shift(call->domain)[family];
    base = clock_at(clock_relation(call->cap), family, base);
    call->msg->words[0] = base / 1000000000u;
    call->msg->words[1] = base % 1000000000u;
    return 0;
}

static void sleep_over(struct timer *timer)
{
    pending_answer(container_of(timer, struct pending, timer), 0);
}

s64 op_CLOCK_SLEEP(struct call *call)
{
    u64 when =
        clock_when(clock_relation(call->cap), RF_CLOCK_MONOTONIC, MIN(call->w[0], CLOCK_TIME_MOST));
    u64 until = when - clock_shift(call->domain)[RF_CLOCK_MONOTONIC];
    struct pending *pending;
    s64 result;

    if ((s64)(until - now_ns()) <= 0)
        return 0;
    result = call_wait(call, &call->domain->timed, &pending);
    if (result != CALL_WAITS)
        return result;
    pending->timer.expired = sleep_over;
    if (timer_set(&pending->timer, until) < 0)
        pending_answer(pending, -EAGAIN);
    return CALL_WAITS;
}

s64 op_CLOCK_DERIVE(struct call *call)
{
    const u64 *shift = clock_shift(call->domain);
    u64 base[RF_CLOCK_FAMILIES];
    struct rf_clock derived;
    struct object *object;

    clock_host_now(base);
    for (int i = 0; i < RF_CLOCK_FAMILIES; i++)
        base[i] += shift[i];
    if (!clock_derive(clock_relation(call->cap), base, call->w[0], call->w[1], &derived))
        return -EINVAL;
    object = clock_make(call->domain->bank, &derived);
    return object ? call_new_slot(call, object, RF_RIGHT_READ) : -ENOSPC;
}

s64 op_CLOCK_RELATION(struct call *call)
{
    int error = call_needs_message(call);

    if (error)
        return error;
    call_out(call, 0, clock_relation(call->cap), sizeof(struct rf_clock));
    return sizeof(struct rf_clock);
}

static void clock_save(const struct object *object, struct record *to)
{
    const struct clock *clock = container_of(object, const struct clock, object);

    record_put(to, &clock->relation, sizeof(clock->relation));
}

static struct object *clock_load(struct record *from, struct bank *bank)
{
    struct rf_clock relation;

    record_get(from, &relation, sizeof(relation));
    return clock_is_valid(&relation) ? clock_make(bank, &relation) : NULL;
}
