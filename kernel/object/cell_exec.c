/* SPDX-License-Identifier: Apache-2.0 */
/* Running a further program in a cell: the request waits until the library OS takes it, and then
 * until the program has ended. */
#include <errno.h>
#include <string.h>

#include "abi/boot.h"
#include "kernel/cell.h"
#include "kernel/object/call.h"
#include "kernel/signals.h"

/* Words of the pending record. */
enum { EXEC_TAKEN = 2, EXEC_TOKEN = 3 };

static struct pending *find(struct cell *cell, u64 token, bool taken)
{
    list_for_each(node, &cell->execs) {
        struct pending *pending = list_entry(node, struct pending, link);

        if (pending->w[EXEC_TAKEN] == taken && (!taken || pending->w[EXEC_TOKEN] == token))
            return pending;
    }
    return NULL;
}

s64 op_CELL_EXEC(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    struct pending *pending;
    s64 result = call_data_length(call);

    if (!cell->started_ns || cell->ending)
        return -ESRCH;
    if (result < (s64)sizeof(struct rf_boot))
        return -EINVAL;
    for (u32 i = 0; i < call->cap_count; i++) {
        if (!call_cap(call, i))
            return -EBADF;
    }
    result = call_wait(call, &cell->execs, &pending);
    if (result != CALL_WAITS)
        return result;
    for (u32 i = 0; i < call->cap_count; i++)
        pending->caps[pending->cap_count++] = cap_copy(call_cap(call, i), ~0u);
    pending->w[EXEC_TAKEN] = false;
    pending->w[EXEC_TOKEN] = ++cell->next_exec;
    signals_forward(cell, RF_PREPARED_EXEC);
    return CALL_WAITS;
}

s64 op_EXEC_TAKE(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    struct pending *pending = find(cell, 0, false);
    struct call request;
    s64 length;

    if (call_needs_message(call) || call->domain != &cell->domain)
        return -EINVAL;
    if (!pending || !pending_valid(pending))
        return -ENOENT;
    if (!table_has_room(&cell->domain.caps, pending->cap_count))
        return -ENFILE;
    call_commit(call);
    request = call_of_pending(pending);
    length = MAX(call_data_length(&request), 0);
    call_out(call, 0, request.in->data, (u32)length);
    call->msg->words[0] = pending->w[EXEC_TOKEN];
    call->msg->cap_count = pending->cap_count;
    for (u32 i = 0; i < pending->cap_count; i++)
        call->msg->caps[i] = (u32)table_add(&cell->domain.caps, pending->caps[i]);
    pending->cap_count = 0;
    pending->w[EXEC_TAKEN] = true;
    return length;
}

s64 op_EXEC_DONE(struct call *call)
{
    struct pending *pending = find(cell_of(call->cap), call->w[0], true);

    if (!pending)
        return -ENOENT;
    call_commit(call);
    pending_answer(pending, (s64)(u32)call->w[1]);
    return 0;
}
