/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/notification.h"

#include <assert.h>
#include <errno.h>

#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/call.h"

struct notification {
    struct object object;
    u64 bits;            /* that nobody has taken yet */
    struct list waiters; /* struct pending, first come, first served: w[0] is what each wants */
};

static void notification_destroy(struct object *object);
static void notification_save(const struct object *object, struct record *to);
static struct object *notification_load(struct record *from, struct bank *bank);

const struct object_class notification_class = {.kind = RF_KIND_NOTIFICATION,
                                                .records = 1,
                                                .size = sizeof(struct notification),
                                                .destroy = notification_destroy,
                                                .stored = STORED_NOTIFICATION,
                                                .save = notification_save,
                                                .load = notification_load};

static struct notification *notification_of(struct object *object)
{
    assert(object->class == &notification_class);
    return container_of(object, struct notification, object);
}

struct object *notification_make(struct bank *bank)
{
    struct object *object = object_new(&notification_class, bank);

    if (object)
        list_init(&notification_of(object)->waiters);
    return object;
}

static void notification_destroy(struct object *object)
{
    pending_answer_all(&notification_of(object)->waiters, -ESTALE);
}

/* Bits that somebody was to get who was interrupted are there for the next one. */
static void serve(struct notification *notification, struct pending *waiter)
{
    struct rf_msg *to = domain_message(waiter->domain, waiter->msg);
    u64 bits = notification->bits & waiter->w[0];

    if (pending_valid(waiter)) {
        notification->bits &= ~bits;
        to->words[0] = bits;
        if (!pending_answer(waiter, 0))
            notification->bits |= bits;
    } else {
        pending_answer(waiter, -EINTR);
    }
}

void notification_signal(struct object *object, u64 bits)
{
    struct notification *notification = notification_of(object);

    if (object->dead)
        return;
    object_hold(object); /* which a waiter alone may do */
    notification->bits |= bits;
    list_for_each_safe(node, &notification->waiters) {
        struct pending *waiter = list_entry(node, struct pending, link);

        if (notification->bits & waiter->w[0])
            serve(notification, waiter);
    }
    object_release(object);
}

s64 op_NOTIFICATION_SIGNAL(struct call *call)
{
    call_commit(call);
    notification_signal(call->cap->object, call->w[0]);
    return 0;
}

static void too_late(struct timer *timer)
{
    pending_answer(container_of(timer, struct pending, timer), -ETIMEDOUT);
}

static s64 wait_for_bits(struct call *call, struct notification *notification)
{
    struct pending *pending;
    s64 result;

    if (call->w[2] && call->w[2] <= now_ns())
        return -ETIMEDOUT;
    result = call_wait(call, &notification->waiters, &pending);
    if (result != CALL_WAITS || !call->w[2])
        return result;
    pending->timer.expired = too_late;
    if (timer_set(&pending->timer, call->w[2]) < 0)
        pending_answer(pending, -EAGAIN);
    return CALL_WAITS;
}

s64 op_NOTIFICATION_WAIT(struct call *call)
{
    struct notification *notification = notification_of(call->cap->object);
    u64 bits = notification->bits & call->w[0];
    int error = call_needs_message(call);

    if (error || !call->w[0])
        return -EINVAL;
    if (!bits)
        return call->w[1] ? -EAGAIN : wait_for_bits(call, notification);
    call->msg->words[0] = bits;
    if (call_answer(call, 0))
        notification->bits &= ~bits;
    return CALL_GRANTED;
}

static void notification_save(const struct object *object, struct record *to)
{
    record_put_number(to, container_of(object, const struct notification, object)->bits);
}

static struct object *notification_load(struct record *from, struct bank *bank)
{
    struct object *object = notification_make(bank);

    if (object)
        notification_of(object)->bits = record_get_number(from);
    return object;
}
