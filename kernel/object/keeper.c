/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/keeper.h"

#include <errno.h>

#include "kernel/object/call.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/notification.h"

s64 keeper_set(struct call *call, struct keeper *keeper)
{
    const struct cap *cap = call_cap(call, 0);

    if (call->cap_count && (!cap || cap->kind != RF_KIND_NOTIFICATION))
        return -EBADF;
    if (cap && !(cap->rights & RF_RIGHT_WRITE))
        return -EACCES;
    call_commit(call);
    keeper_drop(keeper);
    if (cap) {
        object_hold(cap->object);
        *keeper = (struct keeper){cap->object, {call->w[0], call->w[1]}};
    }
    return 0;
}

bool keeper_tell(const struct keeper *keeper, u32 event)
{
    if (!keeper->notification || keeper->notification->dead)
        return false;
    notification_signal(keeper->notification, keeper->bits[event]);
    return true;
}

void keeper_drop(struct keeper *keeper)
{
    struct object *notification = keeper->notification;

    *keeper = (struct keeper){0};
    object_release(notification);
}

void keeper_save(const struct keeper *keeper, struct record *to)
{
    record_put_object(to, keeper->notification);
    record_put(to, keeper->bits, sizeof(keeper->bits));
}

void keeper_load(struct keeper *keeper, struct record *from)
{
    struct object *notification = record_get_object(from, STORED_NOTIFICATION);

    record_get(from, keeper->bits, sizeof(keeper->bits));
    if (notification)
        object_hold(notification);
    keeper->notification = notification;
}
