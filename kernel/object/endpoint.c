/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/endpoint.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "kernel/object/bank.h"
#include "kernel/object/resume.h"

static void endpoint_destroy(struct object *object);
static void entry_destroy(struct object *object);

static const struct object_class endpoint_class = {.kind = RF_KIND_ENDPOINT,
                                                   .records = 1,
                                                   .size = sizeof(struct endpoint),
                                                   .destroy = endpoint_destroy};
static const struct object_class entry_class = {
    .kind = RF_KIND_ENTRY, .records = 1, .size = sizeof(struct entry), .destroy = entry_destroy};

static struct endpoint *endpoint_of(const struct cap *cap)
{
    return container_of(cap->object, struct endpoint, object);
}

struct endpoint *endpoint_make(struct bank *bank, u32 cell_number)
{
    struct object *object = object_new(&endpoint_class, bank);
    struct endpoint *endpoint;

    if (!object)
        return NULL;
    endpoint = container_of(object, struct endpoint, object);
    list_init(&endpoint->entries);
    list_init(&endpoint->callers);
    list_init(&endpoint->receivers);
    endpoint->cell_number = cell_number;
    return endpoint;
}

static void endpoint_destroy(struct object *object)
{
    struct endpoint *endpoint = container_of(object, struct endpoint, object);

    while (!list_empty(&endpoint->entries))
        object_destroy(&list_first(&endpoint->entries, struct entry, sibling)->object);
    pending_answer_all(&endpoint->callers, -ESTALE);
    pending_answer_all(&endpoint->receivers, -ESTALE);
}

/* Callers by this entry that were not received are told; the others are the server's to answer. */
static void entry_destroy(struct object *object)
{
    struct entry *entry = container_of(object, struct entry, object);

    list_for_each_safe(node, &entry->endpoint->callers) {
        struct pending *caller = list_entry(node, struct pending, link);

        if (caller->cap.object == object)
            pending_answer(caller, -ESTALE);
    }
    list_del(&entry->sibling);
    entry->endpoint = NULL;
}

static struct entry *find_entry(struct endpoint *endpoint, u64 badge)
{
    list_for_each(node, &endpoint->entries) {
        struct entry *entry = list_entry(node, struct entry, sibling);

        if (entry->badge == badge)
            return entry;
    }
    return NULL;
}

s64 op_ENDPOINT_MINT(struct call *call)
{
    struct endpoint *endpoint = endpoint_of(call->cap);
    struct entry *entry = find_entry(endpoint, call->w[0]);

    if (entry) {
        object_hold(&entry->object);
    } else {
        struct object *object = object_new(&entry_class, endpoint->object.bank);

        if (!object)
            return -ENOSPC;
        entry = container_of(object, struct entry, object);
        entry->endpoint = endpoint;
        entry->badge = call->w[0];
        list_add(&endpoint->entries, &entry->sibling);
    }
    return call_new_slot(call, &entry->object, RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC);
}

s64 op_ENDPOINT_REVOKE(struct call *call)
{
    struct endpoint *endpoint = endpoint_of(call->cap);
    struct entry *entry = find_entry(endpoint, call->w[0]);

    if (!call->w[1] && !entry)
        return -ENOENT;
    call_commit(call);
    if (!call->w[1])
        object_destroy(&entry->object);
    while (call->w[1] && !list_empty(&endpoint->entries))
        object_destroy(&list_first(&endpoint->entries, struct entry, sibling)->object);
    return 0;
}

/* Fills the receiver's buffer with the caller's message, as far as it can be read, and its table
 * with the capabilities. Room for them was made sure of. */
static void hand_over(struct pending *caller, struct domain *receiver, struct rf_msg *to)
{
    const struct entry *entry = container_of(caller->cap.object, struct entry, object);
    struct call call = call_of_pending(caller);
    s64 length = call_data_length(&call);

    memcpy(to->words, caller->w, sizeof(to->words));
    to->data_length = (u32)MAX(length, 0);
    if (length > 0)
        memcpy(to->data, call.in->data, (size_t)length);
    to->op = caller->op;
    to->rights = caller->cap.rights;
    to->badge = entry->badge;
    to->cap_count = caller->cap_count;
    for (u32 i = 0; i < caller->cap_count; i++)
        to->caps[i] = (u32)table_add(&receiver->caps, caller->caps[i]);
    caller->cap_count = 0;
}

/* Gives the first message to the receiver: the slot of its resume capability, or why not. */
static s64 deliver(struct endpoint *endpoint, struct domain *receiver, struct rf_msg *to)
{
    struct pending *caller = list_first(&endpoint->callers, struct pending, link);
    struct resume *resume;
    struct cap cap;

    if (!table_has_room(&receiver->caps, caller->cap_count + 1))
        return -ENFILE;
    resume = resume_make(endpoint->object.bank);
    if (!resume)
        return -ENOSPC;
    list_del(&caller->link);
    hand_over(caller, receiver, to);
    resume_bind(resume, caller);
    cap = (struct cap){.object = &resume->object, .kind = RF_KIND_RESUME, .rights = RF_RIGHT_ALL};
    return table_add(&receiver->caps, cap);
}

/* Whoever waits gets what is there. A receiver that is gone is dropped, and the message stays. */
static void match(struct endpoint *endpoint)
{
    while (!list_empty(&endpoint->receivers) && !list_empty(&endpoint->callers)) {
        struct pending *receiver = list_first(&endpoint->receivers, struct pending, link);
        struct rf_msg *to = domain_message(receiver->domain, receiver->msg);

        if (!pending_valid(receiver))
            pending_answer(receiver, -EINTR);
        else
            pending_answer(receiver, deliver(endpoint, receiver->domain, to));
    }
}

static void copy_caps(struct call *call, struct pending *pending)
{
    for (u32 i = 0; i < call->cap_count; i++)
        pending->caps[pending->cap_count++] = cap_copy(call_cap(call, i), ~0u);
}

s64 entry_call(struct call *call)
{
    const struct entry *entry = container_of(call->cap->object, struct entry, object);
    struct endpoint *endpoint = entry->endpoint;
    struct pending *pending;
    s64 result;

    for (u32 i = 0; i < call->cap_count; i++) {
        if (!call_cap(call, i))
            return -EBADF;
    }
    if (call->in && call_data_length(call) < 0)
        return -EINVAL;
    result = call_wait(call, &endpoint->callers, &pending);
    if (result != CALL_WAITS)
        return result;
    copy_caps(call, pending);
    match(endpoint);
    return CALL_WAITS;
}

static s64 receive(struct call *call, bool wait)
{
    struct endpoint *endpoint = endpoint_of(call->cap);
    int error = call_needs_message(call);

    if (error)
        return error;
    if (!list_empty(&endpoint->callers))
        return deliver(endpoint, call->domain, call->msg);
    return wait ? call_wait(call, &endpoint->receivers, NULL) : -EAGAIN;
}

s64 op_ENDPOINT_RECEIVE(struct call *call)
{
    return receive(call, !call->w[0]);
}

/* The reply is its own operation, committed and acted on, before the second one begins. */
s64 op_ENDPOINT_REPLY_RECEIVE(struct call *call)
{
    int error = call_needs_message(call);

    if (error)
        return error;
    if (call->w[0]) {
        struct cap *cap = table_get(&call->domain->caps, call->w[0]);

        if (!cap || cap->kind != RF_KIND_RESUME)
            return -EBADF;
        resume_reply(call, container_of(cap->object, struct resume, object), (s64)call->w[1]);
        table_drop(&call->domain->caps, (u32)call->w[0]);
    }
    return receive(call, true);
}
