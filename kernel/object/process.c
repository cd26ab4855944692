/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/hibernate.h"
#include "kernel/object/process.h"

#include <errno.h>

#include "kernel/object/request.h"
#include "kernel/object/space.h"
#include "kernel/signals.h"

/* Capabilities to one process are to one of these; so there is at most one for each number. */
struct program {
    struct object object;
    struct cell *cell; /* NULL when destroyed; the cell ends all of these before it goes */
    struct list sibling;
    u32 pid;
    struct cap space;  /* with a reference; no object: none */
    struct list shown; /* see space_show */
    bool changed;      /* the library OS was not told of the space as it is now */
    bool held;         /* by the cell: it shows a space or has a keeper, whoever refers to it */
    struct keeper keeper;
};

static void program_destroy(struct object *object);

static const struct object_class program_class = {.kind = RF_KIND_PROCESS,
                                                  .records = 1,
                                                  .size = sizeof(struct program),
                                                  .destroy = program_destroy};

static struct program *program_of(const struct call *call)
{
    return container_of(call->cap->object, struct program, object);
}

static void program_destroy(struct object *object)
{
    struct program *program = container_of(object, struct program, object);
    bool held = program->held;

    requests_withdraw(&program->cell->requests, object);
    list_del(&program->sibling);
    list_del(&program->shown);
    cap_drop(&program->space);
    keeper_drop(&program->keeper);
    program->cell = NULL;
    program->held = false;
    if (held)
        object_release(object);
}

/* By its number in the cell, or NULL. */
static struct program *find(const struct cell *cell, u64 pid)
{
    list_for_each(node, &cell->programs) {
        struct program *program = list_entry(node, struct program, sibling);

        if (program->pid == pid)
            return program;
    }
    return NULL;
}

static struct program *make(struct cell *cell, u32 pid, struct bank *bank)
{
    struct object *object = object_new(&program_class, bank);
    struct program *program;

    if (!object)
        return NULL;
    program = container_of(object, struct program, object);
    program->cell = cell;
    program->pid = pid;
    list_init(&program->shown);
    list_add_tail(&cell->programs, &program->sibling);
    return program;
}

void processes_over(struct cell *cell)
{
    while (!list_empty(&cell->programs))
        object_destroy(&list_first(&cell->programs, struct program, sibling)->object);
}

s64 op_CELL_PROCESS(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    struct program *program;

    if (!call->w[0] || call->w[0] > INT32_MAX)
        return -EINVAL;
    if (cell->over || !cell->started_ns || cell->ending)
        return -ESRCH;
    program = find(cell, call->w[0]);
    if (program)
        object_hold(&program->object);
    else
        program = make(cell, (u32)call->w[0], call->domain->bank);
    if (!program)
        return -ENOSPC;
    return call_new_slot(call, &program->object,
                         (call->cap->rights & (RF_RIGHT_READ | RF_RIGHT_WRITE)) | RF_RIGHT_MANAGE);
}

static s64 ask(struct call *call)
{
    struct cell *cell = program_of(call)->cell;

    if (cell->over || cell->ending)
        return -ESRCH;
    return request_wait(call, cell, &cell->requests, RF_PREPARED_REQUEST);
}

/* For what comes back with data. */
static s64 ask_for_data(struct call *call)
{
    int error = call_needs_message(call);

    return error ? error : ask(call);
}

s64 op_PROCESS_STOP(struct call *call)
{
    return ask(call);
}

s64 op_PROCESS_START(struct call *call)
{
    return call->w[0] < RF_STARTS ? ask(call) : -EINVAL;
}

s64 op_PROCESS_THREADS(struct call *call)
{
    return ask_for_data(call);
}

s64 op_PROCESS_REGISTERS(struct call *call)
{
    return ask_for_data(call);
}

s64 op_PROCESS_SET_REGISTERS(struct call *call)
{
    return call_data_length(call) == sizeof(struct rf_registers) ? ask(call) : -EINVAL;
}

s64 op_PROCESS_READ(struct call *call)
{
    return call->w[1] <= RF_MSG_DATA ? ask_for_data(call) : -EINVAL;
}

s64 op_PROCESS_WRITE(struct call *call)
{
    return call_data_length(call) < 0 ? -EINVAL : ask(call);
}

s64 op_PROCESS_FAULT(struct call *call)
{
    return ask_for_data(call);
}

static void announce(struct program *program)
{
    program->changed = true;
    hibernate_wake(program->cell);
    if (program->cell->window)
        program->cell->window->cell.keepers = 1;
    signals_forward(program->cell, RF_PREPARED_REQUEST);
}

void process_space_changed(struct list *shower)
{
    announce(container_of(shower, struct program, shown));
}

/* What it shows and its keeper last as long as the process. */
static void hold_if_used(struct program *program)
{
    bool used = program->space.object || program->keeper.notification;

    if (used == program->held)
        return;
    program->held = used;
    if (used)
        object_hold(&program->object);
    else
        object_release(&program->object);
}

s64 op_PROCESS_SET_SPACE(struct call *call)
{
    struct program *program = program_of(call);
    const struct cap *cap = call_cap(call, 0);
    struct cap before = program->space;

    if (call->cap_count && (!cap || cap->kind != RF_KIND_SPACE))
        return -EBADF;
    if (cap && !(cap->rights & RF_RIGHT_READ))
        return -EACCES;
    if (program->cell->over || program->cell->ending)
        return -ESRCH;
    call_commit(call);
    list_del(&program->shown);
    program->space = cap ? cap_copy(cap, ~0u) : (struct cap){0};
    if (cap)
        space_show(cap->object, &program->shown);
    cap_drop(&before);
    hold_if_used(program);
    announce(program);
    return 0;
}

s64 op_PROCESS_SPACE(struct call *call)
{
    const struct cap *space = &program_of(call)->space;

    return space->object ? call_new_cap(call, cap_copy(space, ~0u)) : -ENOENT;
}

s64 op_PROCESS_SET_KEEPER(struct call *call)
{
    struct program *program = program_of(call);
    s64 result = keeper_set(call, &program->keeper);

    if (result)
        return result;
    hold_if_used(program);
    announce(program); /* from now on the library OS says when the process ends */
    return 0;
}

s64 op_PROCESS_CELL(struct call *call)
{
    struct object *cell = &program_of(call)->cell->object;

    object_hold(cell);
    return call_new_slot(call, cell, RF_RIGHT_READ);
}

/* ---- the library OS's side ---- */

/* The next process of which the library OS is to know, or NULL. */
static struct program *changed(const struct cell *cell)
{
    list_for_each(node, &cell->programs) {
        struct program *program = list_entry(node, struct program, sibling);

        if (program->changed)
            return program;
    }
    return NULL;
}

static s64 hand_out(struct call *call, struct pending *pending)
{
    struct call request = call_of_pending(pending);
    s64 length = MAX(call_data_length(&request), 0);

    call_commit(call);
    request_taken(pending);
    if (length)
        call_out(call, 0, request.in->data, (u32)length);
    call->msg->op = request.op;
    call->msg->words[0] = container_of(pending->cap.object, struct program, object)->pid;
    call->msg->words[1] = request.w[0];
    call->msg->words[2] = request.w[1];
    return (s64)request_token(pending);
}

s64 op_REQUEST_TAKE(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    struct program *program = changed(cell);
    struct pending *pending = request_next(&cell->requests);
    int error = call_needs_message(call);

    if (error)
        return error;
    if (!program)
        return pending ? hand_out(call, pending) : -ENOENT;
    call_commit(call);
    program->changed = false;
    call->msg->op = RF_OP_PROCESS_SET_SPACE;
    call->msg->words[0] = program->pid;
    return 0;
}

s64 op_REQUEST_DONE(struct call *call)
{
    struct pending *pending = request_find(&cell_of(call->cap)->requests, call->w[0]);
    s64 result = (s64)call->w[1], length = MAX(call_data_length(call), 0);
    struct call request;

    if (!pending)
        return -ENOENT;
    if (result < -4095 || result == -ENOSYS || result > (s64)RF_MSG_DATA)
        return -EINVAL;
    call_commit(call);
    request = call_of_pending(pending);
    if (request.msg && length)
        call_out(&request, 0, call->in->data, (u32)length);
    pending_answer(pending, result);
    return 0;
}

s64 op_SHOWN_LIST(struct call *call)
{
    const struct program *program = find(cell_of(call->cap), call->w[0]);

    return program && program->space.object ? space_list(call, program->space.object, call->w[1])
                                            : 0;
}

s64 op_SHOWN_OPEN(struct call *call)
{
    const struct program *program = find(cell_of(call->cap), call->w[0]);

    return program && program->space.object ? space_open(call, &program->space, call->w[1])
                                            : -ENOENT;
}

s64 op_FAULT(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    const struct program *program = find(cell, call->w[0]);

    call_commit(call);
    if (program && ((program->space.object && space_fault(program->space.object, call->w[1])) ||
                    keeper_tell(&program->keeper, 0)))
        return 1;
    keeper_tell(&cell->keeper, 1);
    return 0;
}

s64 op_PROCESS_OVER(struct call *call)
{
    struct program *program = find(cell_of(call->cap), call->w[0]);

    if (!program)
        return -ENOENT;
    call_commit(call);
    object_destroy(&program->object);
    return 0;
}
