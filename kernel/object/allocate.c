/* SPDX-License-Identifier: Apache-2.0 */
/* What banks make. */
#include <errno.h>

#include "kernel/object/bank.h"
#include "kernel/object/call.h"
#include "kernel/object/constructor.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/node.h"
#include "kernel/object/notification.h"
#include "kernel/object/segment.h"
#include "kernel/object/space.h"
#include "kernel/object/viewer.h"

/* A new object of that kind, or NULL and why not. */
static struct object *make(struct bank *bank, u64 kind, u64 size, u32 cell_number, int *error)
{
    struct endpoint *endpoint;

    *error = -ENOSPC;
    switch (kind) {
    case RF_KIND_NODE:
        if (size && size <= RF_NODE_MOST)
            return node_make(bank, size);
        *error = -ERANGE;
        return NULL;
    case RF_KIND_SEGMENT:
        if (size <= RF_SEGMENT_MOST)
            return segment_make(bank, size);
        *error = -EFBIG;
        return NULL;
    case RF_KIND_ENDPOINT:
        endpoint = endpoint_make(bank, cell_number);
        return endpoint ? &endpoint->object : NULL;
    case RF_KIND_NOTIFICATION: return notification_make(bank);
    case RF_KIND_CONSTRUCTOR: return constructor_make(bank);
    case RF_KIND_SPACE: return space_make(bank);
    case RF_KIND_VIEWER: return viewer_make(bank);
    default: *error = -EINVAL; return NULL;
    }
}

s64 op_BANK_ALLOCATE(struct call *call)
{
    struct bank *bank = container_of(call->cap->object, struct bank, object);
    int error;
    struct object *object = make(bank, call->w[0], call->w[1], call->domain->cell_number, &error);

    return object ? call_new_slot(call, object, RF_RIGHT_ALL) : error;
}
