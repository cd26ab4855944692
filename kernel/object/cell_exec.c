/* SPDX-License-Identifier: Apache-2.0 */
/* Running a further program in a cell: the request waits until the library OS takes it, and then
 * until the program has ended. */
#include <errno.h>

#include "abi/boot.h"
#include "kernel/object/request.h"

s64 op_CELL_EXEC(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    s64 length = call_data_length(call);

    if (!cell->started_ns || cell->ending)
        return -ESRCH;
    if (length < (s64)sizeof(struct rf_boot))
        return -EINVAL;
    return request_wait(call, cell, &cell->execs, RF_PREPARED_EXEC);
}

s64 op_EXEC_TAKE(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    struct pending *pending = request_next(&cell->execs);
    struct call request;
    s64 length;

    if (call_needs_message(call) || call->domain != &cell->domain)
        return -EINVAL;
    if (!pending)
        return -ENOENT;
    if (!table_has_room(&cell->domain.caps, pending->cap_count))
        return -ENFILE;
    call_commit(call);
    request = call_of_pending(pending);
    length = MAX(call_data_length(&request), 0);
    call_out(call, 0, request.in->data, (u32)length);
    call->msg->words[0] = request_token(pending);
    call->msg->cap_count = pending->cap_count;
    for (u32 i = 0; i < pending->cap_count; i++)
        call->msg->caps[i] = (u32)table_add(&cell->domain.caps, pending->caps[i]);
    pending->cap_count = 0;
    request_taken(pending);
    return length;
}

s64 op_EXEC_DONE(struct call *call)
{
    struct pending *pending = request_find(&cell_of(call->cap)->execs, call->w[0]);

    if (!pending)
        return -ENOENT;
    call_commit(call);
    pending_answer(pending, (s64)(u32)call->w[1]);
    return 0;
}
