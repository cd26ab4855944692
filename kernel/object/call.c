/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/call.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/cell.h"
#include "kernel/checkpoint/hibernate.h"
#include "kernel/object/attr.h"
#include "kernel/object/endpoint.h"

#define LOOKED_AT 16

static const struct operation {
    s64 (*run)(struct call *call);
    u8 kind;   /* RF_KIND_NONE: any */
    u8 rights; /* that the capability must have */
} operations[RF_OP_LIMIT] = {
#define KIND_any RF_KIND_NONE
#define OP(interface, name, number, rights, in, out, meaning, cost)                                \
    [number] = {op_##name, KIND_##interface, rights},
#define KIND_cell_self    RF_KIND_CELL_SELF
#define KIND_console      RF_KIND_CONSOLE
#define KIND_clock        RF_KIND_CLOCK
#define KIND_dir          RF_KIND_DIR
#define KIND_file         RF_KIND_FILE
#define KIND_bank         RF_KIND_BANK
#define KIND_node         RF_KIND_NODE
#define KIND_segment      RF_KIND_SEGMENT
#define KIND_cell         RF_KIND_CELL
#define KIND_endpoint     RF_KIND_ENDPOINT
#define KIND_resume       RF_KIND_RESUME
#define KIND_notification RF_KIND_NOTIFICATION
#define KIND_meter        RF_KIND_METER
#define KIND_constructor  RF_KIND_CONSTRUCTOR
#define KIND_discrim      RF_KIND_DISCRIM
#define KIND_viewer       RF_KIND_VIEWER
#define KIND_world        RF_KIND_WORLD
#define KIND_space        RF_KIND_SPACE
#define KIND_process      RF_KIND_PROCESS
    RF_OPERATIONS(OP)
#undef OP
};

/* An operation's ENOSYS is about a host call that is missing. To a cell, ENOSYS says that the
 * kernel is gone (abi/invoke.h), so it is told the other name for the same. */
static s64 run(const struct operation *operation, struct call *call)
{
    s64 result = operation->run(call);

    assert(!call->committed || result >= 0 || result == CALL_GRANTED);
    return result == -ENOSYS ? -EOPNOTSUPP : result;
}

/* These concern the slot, whatever is in it. */
static bool is_for_slot(u32 op)
{
    return op == RF_OP_DROP || op == RF_OP_COPY;
}

/* What came is read once; and until there is an answer, nothing has come back. */
static void take_message(struct call *call)
{
    u32 count, length;

    call->data_length = -EINVAL;
    if (!call->in)
        return;
    length = *(volatile u32 *)&call->in->data_length;
    call->data_length = length <= RF_MSG_DATA ? (s64)length : -EINVAL;
    count = *(volatile u32 *)&call->in->cap_count;
    call->cap_count = MIN(count, RF_MSG_CAPS);
    for (u32 i = 0; i < call->cap_count; i++)
        call->caps[i] = *(volatile u32 *)&call->in->caps[i];
    call->message_op = call->msg->op;
    call->msg->data_length = 0;
    call->msg->cap_count = 0;
    call->msg->op = 0;
}

s64 call_run(struct call *call)
{
    const struct operation *operation;

    if (call->cap->object->dead && call->op != RF_OP_DROP)
        return -ESTALE;
    attr_set_identity(call->domain->uid, call->domain->gid);
    if (call->cap->kind == RF_KIND_ENTRY && !is_for_slot(call->op))
        return entry_call(call);
    if (call->op >= RF_OP_LIMIT || !operations[call->op].run)
        return -EINVAL;
    operation = &operations[call->op];
    if (operation->kind != RF_KIND_NONE && operation->kind != call->cap->kind)
        return -EINVAL;
    if ((call->cap->rights & operation->rights) != operation->rights)
        return -EACCES;
    if (operation->kind == RF_KIND_CELL_SELF && call->domain != &cell_of(call->cap)->domain)
        return -EACCES; /* a cell's own line is nobody else's, whoever it is passed to */
    if (operation->rights & (RF_RIGHT_WRITE | RF_RIGHT_MANAGE))
        object_rouse(call->cap->object);
    return run(operation, call);
}

s64 call_dispatch(struct call *call)
{
    call->senders = &call->domain->caps;
    call->cap = table_get(call->senders, call->slot);
    if (!call->cap)
        return -EBADF;
    call->msg = domain_message(call->domain, call->msg_index);
    if (!call->msg && call->msg_index != RF_MSG_NONE)
        return -EINVAL;
    call->in = call->msg;
    call->lends = call->op & RF_OP_LENDS_METER;
    call->op &= ~RF_OP_LENDS_METER;
    call->kicked |= domain_was_kicked(call->domain, call->tid);
    take_message(call);
    return call_run(call);
}

s64 call_data_length(const struct call *call)
{
    return call->data_length;
}

s64 call_data(const struct call *call, void *to, u32 least, u32 most)
{
    s64 length = call_data_length(call);

    if (length < (s64)least || length > (s64)most)
        return -EINVAL;
    memcpy(to, call->in->data, (size_t)length);
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

struct cap *call_cap(const struct call *call, u32 i)
{
    struct cap *cap = i < call->cap_count ? table_get(call->senders, call->caps[i]) : NULL;

    return cap && !cap->object->dead ? cap : NULL;
}

bool call_answer(const struct call *call, s64 result)
{
    return call->domain->transport->answer(call->domain, call->id, result);
}

void call_commit(struct call *call)
{
    call->committed = true;
}

s64 call_done(struct call *call, s64 result)
{
    if (result >= 0)
        call_commit(call);
    return result;
}

s64 call_new_cap(struct call *call, struct cap cap)
{
    s64 slot = table_add(&call->domain->caps, cap);

    if (slot < 0)
        cap_drop(&cap);
    else
        call_commit(call);
    return slot;
}

s64 call_new_slot(struct call *call, struct object *object, u32 rights)
{
    struct cap cap = {.object = object, .kind = (u8)object->class->kind, .rights = (u8)rights};

    return call_new_cap(call, cap);
}

/* A process that ends takes its threads along without a word. A few at a time, in turn, of those
 * that wait are asked for, so that the search is short however many there are. */
static void drop_gone(struct domain *domain)
{
    for (u32 i = 0; i < LOOKED_AT && !list_empty(&domain->pending); i++) {
        struct pending *pending = list_first(&domain->pending, struct pending, all);

        if (pending->detached || pending_valid(pending)) {
            list_del(&pending->all);
            list_add_tail(&domain->pending, &pending->all);
        } else {
            pending_answer(pending, -EINTR);
        }
    }
}

/* NULL when all are in use. */
static struct pending *take_pending(struct domain *domain)
{
    struct pending *pending = NULL;

    if (domain->ended)
        return NULL;
    if (list_empty(&domain->free_pending) && domain->pending_fresh == MAX_PENDING)
        drop_gone(domain);
    if (!list_empty(&domain->free_pending)) {
        pending = list_first(&domain->free_pending, struct pending, all);
        list_del(&pending->all);
    } else if (domain->pending_fresh < MAX_PENDING) {
        pending = &domain->pending_memory[domain->pending_fresh++];
    }
    return pending;
}

/* The arguments of a forwarded call lie in the forwarder's buffer, which is used again soon. */
static bool keep_arguments(const struct call *call, struct pending *pending)
{
    s64 length = MAX(call_data_length(call), 0);
    size_t size = offsetof(struct rf_msg, data) + (size_t)length;
    struct holding *holding = &pending->domain->caps.holding;

    if (!holding_charge(holding, RF_RESOURCE_PAGES, PAGE_ALIGN(size) / PAGE_SIZE))
        return false;
    pending->kept = malloc(size);
    if (!pending->kept) {
        holding_uncharge(holding, RF_RESOURCE_PAGES, PAGE_ALIGN(size) / PAGE_SIZE);
        return false;
    }
    pending->kept_pages = PAGE_ALIGN(size) / PAGE_SIZE;
    memcpy(pending->kept->words, call->in->words, sizeof(pending->kept->words));
    memcpy(pending->kept->data, call->in->data, (size_t)length);
    return true;
}

/* The message is as it came: nothing has begun. */
static s64 interrupted(const struct call *call)
{
    if (call->msg && call->in == call->msg) {
        call->msg->data_length = (u32)MAX(call->data_length, 0);
        call->msg->cap_count = call->cap_count;
        call->msg->op = call->message_op;
    }
    return -EINTR;
}

s64 call_wait(const struct call *call, struct list *list, struct pending **result)
{
    struct domain *domain = call->domain;
    struct pending *pending;

    assert(!call->committed);
    if (call->kicked && !call->patient)
        return interrupted(call);
    pending = take_pending(domain);
    if (!pending)
        return -EAGAIN;
    *pending = (struct pending){
        .domain = domain,
        .id = call->id,
        .tid = call->tid,
        .op = call->op,
        .msg = call->msg_index,
        .data_length = call->data_length,
        .patient = call->patient,
        .lends = call->lends,
        .cap = cap_copy(call->cap, ~0u),
    };
    memcpy(pending->w, call->w, sizeof(pending->w));
    if (call->in && call->in != call->msg && !keep_arguments(call, pending)) {
        cap_drop(&pending->cap);
        list_add(&domain->free_pending, &pending->all);
        return -EAGAIN;
    }
    list_add_tail(&domain->pending, &pending->all);
    list_add_tail(list, &pending->link);
    if (result)
        *result = pending;
    return CALL_WAITS;
}

struct call call_of_pending(struct pending *pending)
{
    struct call call = {
        .domain = pending->domain,
        .senders = &pending->domain->caps,
        .cap = pending->cap.object && !pending->cap.object->dead ? &pending->cap : NULL,
        .op = pending->op,
        .msg_index = pending->msg,
        .data_length = pending->data_length,
        .patient = pending->patient,
        .lends = pending->lends,
        .id = pending->id,
        .tid = pending->tid,
        .fd = -1,
    };

    memcpy(call.w, pending->w, sizeof(call.w));
    call.msg = domain_message(pending->domain, pending->msg);
    call.in = pending->kept ? pending->kept : call.msg;
    return call;
}

bool pending_valid(const struct pending *pending)
{
    if (pending->detached)
        return pending->cap.kind == RF_KIND_ENTRY;
    return pending->domain->transport->valid(pending->domain, pending->id);
}

/* Nothing of it is left but the result, for who comes back. */
static void finish(struct pending *pending, s64 result)
{
    pending->finished = true;
    pending->result = result;
}

/* Who is to come back for it may have to be made again first. */
static void wake_domain(struct domain *domain)
{
    struct cell *cell = cell_of_domain(domain);

    if (cell)
        hibernate_wake(cell);
}

/* The record is off all lists before anybody is told, since that may end up here again. */
void pending_done(struct pending *pending)
{
    struct domain *domain = pending->domain;
    bool stays = pending->detached;
    void (*withdrawn)(struct pending * pending) = pending->withdrawn;
    struct cap cap = pending->cap, caps[RF_MSG_CAPS];
    u32 cap_count = pending->cap_count;

    memcpy(caps, pending->caps, sizeof(caps));
    timer_cancel(&pending->timer);
    list_del(&pending->link);
    if (!stays)
        list_del(&pending->all);
    pending->cap = (struct cap){0};
    pending->cap_count = 0;
    pending->withdrawn = NULL;
    if (withdrawn)
        withdrawn(pending);
    free(pending->kept);
    holding_uncharge(&domain->caps.holding, RF_RESOURCE_PAGES, pending->kept_pages);
    pending->kept = NULL;
    pending->kept_pages = 0;
    if (stays)
        wake_domain(domain);
    if (stays && !pending->finished)
        finish(pending, -EINTR);
    else if (!stays)
        list_add(&domain->free_pending, &pending->all);
    cap_drop(&cap);
    for (u32 i = 0; i < cap_count; i++)
        cap_drop(&caps[i]);
}

bool pending_answer(struct pending *pending, s64 result)
{
    struct domain *domain = pending->domain;
    bool answered = pending->detached ? pending_valid(pending)
                                      : domain->transport->answer(domain, pending->id, result);

    if (pending->detached)
        finish(pending, answered ? result : -EINTR);
    pending_done(pending);
    return answered;
}

void pending_answer_all(struct list *list, s64 result)
{
    while (!list_empty(list))
        pending_answer(list_first(list, struct pending, link), result);
}

s64 op_DROP(struct call *call)
{
    if (call->slot < RF_SLOT_FIRST_DIR)
        return -EACCES;
    call_commit(call);
    table_drop(&call->domain->caps, call->slot);
    return 0;
}

s64 op_KIND(struct call *call)
{
    return call->cap->kind;
}

s64 op_COPY(struct call *call)
{
    return call_new_cap(call, cap_copy(call->cap, (u32)call->w[0]));
}

s64 op_BIND(struct call *call)
{
    (void)call;
    return -EOPNOTSUPP;
}
