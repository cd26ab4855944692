/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/call.h"

#include <errno.h>
#include <string.h>

#include "kernel/jail/notify.h"

#define KIND_any       RF_KIND_NONE
#define KIND_cell_self RF_KIND_CELL_SELF
#define KIND_console   RF_KIND_CONSOLE
#define KIND_clock     RF_KIND_CLOCK
#define KIND_dir       RF_KIND_DIR
#define KIND_file      RF_KIND_FILE

static const struct operation {
    s64 (*run)(struct call *call);
    u32 kind; /* RF_KIND_NONE: any */
} operations[RF_OP_LIMIT] = {
#define OP(interface, name, number, in, out, meaning) [number] = {op_##name, KIND_##interface},
    RF_OPERATIONS(OP)
#undef OP
};

/* An operation's ENOSYS is about a host call that is missing. To a cell, ENOSYS says that the
 * kernel is gone (abi/invoke.h), so it is told the other name for the same. */
static s64 run(const struct operation *operation, struct call *call)
{
    s64 result = operation->run(call);

    return result == -ENOSYS ? -EOPNOTSUPP : result;
}

s64 call_dispatch(struct call *call)
{
    const struct operation *operation;

    call->cap = table_get(&call->cell->caps, call->slot);
    if (!call->cap)
        return -EBADF;
    if (call->op >= RF_OP_LIMIT || !operations[call->op].run)
        return -EINVAL;
    operation = &operations[call->op];
    if (operation->kind != RF_KIND_NONE && operation->kind != call->cap->kind)
        return -EINVAL;
    if (call->msg_index == RF_MSG_NONE)
        call->msg = NULL;
    else if (call->msg_index < RF_MSG_BUFFERS)
        call->msg =
            (struct rf_msg *)(call->cell->window->messages + call->msg_index * RF_MSG_STRIDE);
    else
        return -EINVAL;
    return run(operation, call);
}

s64 call_data_length(const struct call *call)
{
    u32 length;

    if (!call->msg)
        return -EINVAL;
    length = *(volatile u32 *)&call->msg->data_length;
    return length <= RF_MSG_DATA ? (s64)length : -EINVAL;
}

s64 call_data(const struct call *call, void *to, u32 least, u32 most)
{
    s64 length = call_data_length(call);

    if (length < (s64)least || length > (s64)most)
        return -EINVAL;
    memcpy(to, call->msg->data, (size_t)length);
    return length;
}

int call_needs_message(const struct call *call)
{
    return call->msg ? 0 : -EINVAL;
}

void call_out(const struct call *call, u32 offset, const void *from, u32 length)
{
    memcpy(call->msg->data + offset, from, length);
    call->msg->data_length = offset + length;
}

/* NULL when all are in use. */
static struct pending *take_pending(struct cell *cell)
{
    struct pending *pending = NULL;

    if (!list_empty(&cell->free_pending)) {
        pending = list_first(&cell->free_pending, struct pending, all);
        list_del(&pending->all);
    } else if (cell->pending_fresh < MAX_PENDING) {
        pending = &cell->pending_memory[cell->pending_fresh++];
        pending->cell = cell;
    }
    return pending;
}

s64 call_wait(const struct call *call, struct list *list)
{
    struct cell *cell = call->cell;
    struct pending *pending = take_pending(cell);

    if (!pending)
        return -EAGAIN;
    list_add_tail(&cell->pending, &pending->all);
    list_add_tail(list, &pending->link);
    pending->id = call->id;
    pending->tid = call->tid;
    pending->op = call->op;
    pending->slot = call->slot;
    pending->msg = call->msg_index;
    memcpy(pending->w, call->w, sizeof(pending->w));
    return CALL_WAITS;
}

struct call call_of_pending(const struct pending *pending)
{
    struct cell *cell = pending->cell;
    struct call call = {
        .cell = cell,
        .cap = table_get(&cell->caps, pending->slot),
        .slot = pending->slot,
        .op = pending->op,
        .msg_index = pending->msg,
        .id = pending->id,
        .tid = pending->tid,
    };

    memcpy(call.w, pending->w, sizeof(call.w));
    if (pending->msg != RF_MSG_NONE)
        call.msg = (struct rf_msg *)(cell->window->messages + pending->msg * RF_MSG_STRIDE);
    return call;
}

bool pending_valid(const struct pending *pending)
{
    return notify_valid(pending->cell, pending->id);
}

bool pending_answer(struct pending *pending, s64 result)
{
    struct cell *cell = pending->cell;
    bool answered = notify_answer(cell, pending->id, result);

    timer_cancel(&pending->timer);
    list_del(&pending->link);
    list_del(&pending->all);
    list_add(&cell->free_pending, &pending->all);
    return answered;
}

s64 op_DROP(struct call *call)
{
    if (call->slot < RF_SLOT_FIRST_DIR)
        return -EACCES;
    table_drop(&call->cell->caps, call->slot);
    return 0;
}

s64 op_KIND(struct call *call)
{
    return call->cap->kind;
}
