/* SPDX-License-Identifier: Apache-2.0 */
/* The clock object: the host's clocks, and sleeping. */
#include <errno.h>
#include <time.h>

#include "kernel/object/call.h"
#include "kernel/object/common.h"

static const struct object_class clock_class = {.kind = RF_KIND_CLOCK,
                                                .size = sizeof(struct object)};

struct object *clock_object(void)
{
    static struct object clock;

    if (!clock.references)
        object_init(&clock, &clock_class);
    return &clock;
}

s64 op_CLOCK_NOW(struct call *call)
{
    struct timespec now;
    int error = call_needs_message(call);

    if (error)
        return error;
    /* Negative numbers name other processes' clocks. */
    if (call->w[0] > CLOCK_TAI || clock_gettime((clockid_t)call->w[0], &now) < 0)
        return -EINVAL;
    call->msg->words[0] = (u64)now.tv_sec;
    call->msg->words[1] = (u64)now.tv_nsec;
    return 0;
}

static void sleep_over(struct timer *timer)
{
    pending_answer(container_of(timer, struct pending, timer), 0);
}

s64 op_CLOCK_SLEEP(struct call *call)
{
    struct pending *pending;
    s64 result;

    if (call->w[0] <= now_ns())
        return 0;
    result = call_wait(call, &call->domain->timed, &pending);
    if (result != CALL_WAITS)
        return result;
    pending->timer.expired = sleep_over;
    if (timer_set(&pending->timer, call->w[0]) < 0)
        pending_answer(pending, -EAGAIN);
    return CALL_WAITS;
}
