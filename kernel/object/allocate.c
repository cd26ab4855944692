/* SPDX-License-Identifier: Apache-2.0 */
/* What banks make. */
#include <errno.h>

#include "kernel/object/bank.h"
#include "kernel/object/call.h"
#include "kernel/object/endpoint.h"

s64 op_BANK_ALLOCATE(struct call *call)
{
    struct bank *bank = container_of(call->cap->object, struct bank, object);
    struct object *object;

    switch (call->w[0]) {
    case RF_KIND_ENDPOINT: {
        struct endpoint *endpoint = endpoint_make(bank, call->domain->cell_number);

        object = endpoint ? &endpoint->object : NULL;
        break;
    }
    default: return -EINVAL;
    }
    return object ? call_new_slot(call, object, RF_RIGHT_ALL) : -ENOSPC;
}
