/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/request.h"

#include <errno.h>

#include "kernel/signals.h"

enum { REQUEST_TAKEN = 2, REQUEST_TOKEN = 3 }; /* words of the pending record */

s64 request_wait(struct call *call, struct cell *cell, struct list *list, u32 signal)
{
    struct pending *pending;
    s64 result;

    for (u32 i = 0; i < call->cap_count; i++) {
        if (!call_cap(call, i))
            return -EBADF;
    }
    result = call_wait(call, list, &pending);
    if (result != CALL_WAITS)
        return result;
    for (u32 i = 0; i < call->cap_count; i++)
        pending->caps[pending->cap_count++] = cap_copy(call_cap(call, i), ~0u);
    pending->w[REQUEST_TAKEN] = false;
    pending->w[REQUEST_TOKEN] = ++cell->last_request;
    signals_forward(cell, signal);
    return CALL_WAITS;
}

struct pending *request_next(struct list *list)
{
    list_for_each(node, list) {
        struct pending *pending = list_entry(node, struct pending, link);

        if (!pending->w[REQUEST_TAKEN] && pending_valid(pending))
            return pending;
    }
    return NULL;
}

void request_taken(struct pending *pending)
{
    pending->w[REQUEST_TAKEN] = true;
}

struct pending *request_find(struct list *list, u64 token)
{
    list_for_each(node, list) {
        struct pending *pending = list_entry(node, struct pending, link);

        if (pending->w[REQUEST_TAKEN] && pending->w[REQUEST_TOKEN] == token)
            return pending;
    }
    return NULL;
}

void requests_withdraw(struct list *list, const struct object *object)
{
    list_for_each_safe(node, list) {
        struct pending *pending = list_entry(node, struct pending, link);

        if (pending->cap.object == object && !pending->w[REQUEST_TAKEN])
            pending_answer(pending, -ESTALE);
    }
}
