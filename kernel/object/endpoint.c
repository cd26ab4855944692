/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/endpoint.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/bank.h"
#include "kernel/object/resume.h"

static void endpoint_destroy(struct object *object);
static void entry_destroy(struct object *object);
static void endpoint_save(const struct object *object, struct record *to);
static struct object *endpoint_load(struct record *from, struct bank *bank);
static void entry_save(const struct object *object, struct record *to);
static struct object *entry_load(struct record *from, struct bank *bank);

const struct object_class endpoint_class = {.kind = RF_KIND_ENDPOINT,
                                            .records = 1,
                                            .size = sizeof(struct endpoint),
                                            .destroy = endpoint_destroy,
                                            .stored = STORED_ENDPOINT,
                                            .save = endpoint_save,
                                            .load = endpoint_load};
const struct object_class entry_class = {.kind = RF_KIND_ENTRY,
                                         .records = 1,
                                         .size = sizeof(struct entry),
                                         .destroy = entry_destroy,
                                         .stored = STORED_ENTRY,
                                         .save = entry_save,
                                         .load = entry_load};

/* With its bank: what held it lets go. */
static void notice_destroy(struct object *object)
{
    struct notice *notice = container_of(object, struct notice, object);

    if (list_empty(&notice->link))
        return;
    list_del(&notice->link);
    object_release(object);
}

static const struct object_class notice_class = {
    .records = 1, .size = sizeof(struct notice), .destroy = notice_destroy};

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
    list_init(&endpoint->gone);
    endpoint->cell_number = cell_number;
    return endpoint;
}

static void drop_notice(struct notice *notice)
{
    if (!notice)
        return;
    list_del(&notice->link);
    object_release(&notice->object);
}

/* Who revokes knows. */
static void revoke(struct entry *entry)
{
    drop_notice(entry->notice);
    entry->notice = NULL;
    object_destroy(&entry->object);
}

/* All callers that wait came by one of the entries. */
static void revoke_all(struct endpoint *endpoint)
{
    pending_answer_all(&endpoint->callers, -ESTALE);
    while (!list_empty(&endpoint->entries))
        revoke(list_first(&endpoint->entries, struct entry, sibling));
}

/* Tells the receiver of an entry that is gone. The notice stays if it does not hear. */
static bool tell_gone(struct endpoint *endpoint, struct domain *receiver, u64 id, struct rf_msg *to)
{
    struct notice *notice = list_first(&endpoint->gone, struct notice, link);

    memset(to->words, 0, sizeof(to->words));
    to->data_length = 0;
    to->cap_count = 0;
    to->op = RF_OP_DROP;
    to->rights = 0;
    to->badge = notice->badge;
    if (!receiver->transport->answer(receiver, id, 0))
        return false;
    drop_notice(notice);
    return true;
}

static void tell_receivers(struct endpoint *endpoint)
{
    while (!list_empty(&endpoint->receivers) && !list_empty(&endpoint->gone)) {
        struct pending *receiver = list_first(&endpoint->receivers, struct pending, link);

        tell_gone(endpoint, receiver->domain, receiver->id,
                  domain_message(receiver->domain, receiver->msg));
        pending_done(receiver);
    }
}

static void entry_gone(struct endpoint *endpoint, struct notice *notice)
{
    if (notice->object.dead || endpoint->object.dead) {
        drop_notice(notice);
        return;
    }
    list_add_tail(&endpoint->gone, &notice->link);
    tell_receivers(endpoint);
}

static void endpoint_destroy(struct object *object)
{
    struct endpoint *endpoint = container_of(object, struct endpoint, object);

    revoke_all(endpoint);
    while (!list_empty(&endpoint->gone))
        drop_notice(list_first(&endpoint->gone, struct notice, link));
    pending_answer_all(&endpoint->receivers, -ESTALE);
}

/* Callers by this entry that were not received are told; the others are the server's to answer. */
static void entry_destroy(struct object *object)
{
    struct entry *entry = container_of(object, struct entry, object);
    struct endpoint *endpoint = entry->endpoint;

    list_for_each_safe(node, &endpoint->callers) {
        struct pending *caller = list_entry(node, struct pending, link);

        if (caller->cap.object == object)
            pending_answer(caller, -ESTALE);
    }
    list_del(&entry->sibling);
    badges_remove(&endpoint->by_badge, &entry->badge);
    entry->endpoint = NULL;
    if (entry->notice)
        entry_gone(endpoint, entry->notice);
    entry->notice = NULL;
}

static struct entry *find_entry(struct endpoint *endpoint, u64 badge)
{
    u64 *found = badges_find(&endpoint->by_badge, badge);

    return found ? container_of(found, struct entry, badge) : NULL;
}

static struct entry *entry_make(struct endpoint *endpoint, u64 badge)
{
    struct object *object = object_new(&entry_class, endpoint->object.bank);
    struct entry *entry;

    if (!object)
        return NULL;
    entry = container_of(object, struct entry, object);
    entry->endpoint = endpoint;
    entry->badge = badge;
    list_add(&endpoint->entries, &entry->sibling);
    if (!badges_add(&endpoint->by_badge, &entry->badge)) {
        object_release(object);
        return NULL;
    }
    return entry;
}

static struct notice *notice_make(struct bank *bank, u64 badge)
{
    struct object *object = object_new(&notice_class, bank);
    struct notice *notice;

    if (!object)
        return NULL;
    notice = container_of(object, struct notice, object);
    notice->badge = badge;
    list_init(&notice->link);
    return notice;
}

static bool want_notice(struct entry *entry)
{
    if (!entry->notice)
        entry->notice = notice_make(entry->endpoint->object.bank, entry->badge);
    return entry->notice;
}

s64 op_ENDPOINT_MINT(struct call *call)
{
    struct endpoint *endpoint = endpoint_of(call->cap);
    struct entry *entry = find_entry(endpoint, call->w[0]);

    if (entry)
        object_hold(&entry->object);
    else
        entry = entry_make(endpoint, call->w[0]);
    if (!entry)
        return -ENOSPC;
    if (call->w[1] && !want_notice(entry)) {
        object_release(&entry->object);
        return -ENOSPC;
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
    if (call->w[1])
        revoke_all(endpoint);
    else
        revoke(entry);
    return 0;
}

s64 op_ENDPOINT_IDENTIFY(struct call *call)
{
    const struct cap *cap = call_cap(call, 0);
    const struct entry *entry;
    int error = call_needs_message(call);

    if (error)
        return error;
    if (!cap || cap->kind != RF_KIND_ENTRY)
        return 0;
    entry = container_of(cap->object, struct entry, object);
    if (entry->endpoint != endpoint_of(call->cap))
        return 0;
    call->msg->words[0] = entry->badge;
    return 1;
}

/* Fills the receiver's buffer with the caller's message, as far as it can be read, and its table
 * with the capabilities. Room for them was made sure of. */
static void hand_over(struct pending *caller, struct domain *receiver, struct rf_msg *to,
                      u32 slots[RF_MSG_CAPS])
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
    for (u32 i = 0; i < caller->cap_count; i++) {
        slots[i] = (u32)table_add(&receiver->caps, caller->caps[i]);
        to->caps[i] = slots[i];
    }
}

/* The receiver was interrupted while it was given the message, and knows nothing of it: the next
 * one gets it. */
static void take_back(struct endpoint *endpoint, struct pending *caller, struct domain *receiver,
                      const u32 slots[RF_MSG_CAPS], u32 count)
{
    for (u32 i = 0; i < count; i++)
        caller->caps[i] = table_take(&receiver->caps, slots[i]);
    caller->cap_count = count;
    list_add(&endpoint->callers, &caller->link);
}

/* Answers the receiver with the first message: the slot of its resume capability, or why not; then
 * the message stays. */
static void deliver(struct endpoint *endpoint, struct domain *receiver, u64 id, u32 tid,
                    struct rf_msg *to)
{
    struct pending *caller = list_first(&endpoint->callers, struct pending, link);
    struct resume *resume = resume_make(endpoint->object.bank);
    u32 slots[RF_MSG_CAPS] = {0}, count = caller->cap_count;
    struct cap cap;
    s64 slot;

    if (!resume || !table_has_room(&receiver->caps, count + 1)) {
        receiver->transport->answer(receiver, id, resume ? -ENFILE : -ENOSPC);
        object_release(resume ? &resume->object : NULL);
        return;
    }
    list_del(&caller->link);
    if (caller->lends)
        loan_begin(&resume->loan, receiver, tid, caller->domain->meter);
    hand_over(caller, receiver, to, slots);
    caller->cap_count = 0;
    cap = (struct cap){.object = &resume->object, .kind = RF_KIND_RESUME, .rights = RF_RIGHT_ALL};
    slot = table_add(&receiver->caps, cap);
    if (receiver->transport->answer(receiver, id, slot)) {
        resume_bind(resume, caller);
    } else {
        take_back(endpoint, caller, receiver, slots, count);
        table_drop(&receiver->caps, (u32)slot);
    }
}

/* Whoever waits gets what is there. A receiver that is gone is dropped, and the message stays. */
static void match(struct endpoint *endpoint)
{
    object_hold(&endpoint->object); /* which the receiver alone may do */
    while (!list_empty(&endpoint->receivers) && !list_empty(&endpoint->callers)) {
        struct pending *receiver = list_first(&endpoint->receivers, struct pending, link);

        if (pending_valid(receiver)) {
            deliver(endpoint, receiver->domain, receiver->id, receiver->tid,
                    domain_message(receiver->domain, receiver->msg));
            pending_done(receiver);
        } else {
            pending_answer(receiver, -EINTR);
        }
    }
    object_release(&endpoint->object);
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
    if (call->kicked)
        pending_detach(pending);
    match(endpoint);
    return CALL_WAITS;
}

static s64 receive(struct call *call, bool wait)
{
    struct endpoint *endpoint = endpoint_of(call->cap);
    int error = call_needs_message(call);

    if (error)
        return error;
    if (!list_empty(&endpoint->gone)) {
        tell_gone(endpoint, call->domain, call->id, call->msg);
        return CALL_GRANTED;
    }
    if (!list_empty(&endpoint->callers)) {
        deliver(endpoint, call->domain, call->id, call->tid, call->msg);
        return CALL_GRANTED;
    }
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

        if (!call_is_own(call) || !cap || cap->kind != RF_KIND_RESUME)
            return -EBADF;
        if (!cap->object->dead) /* else it may be no resume object at all */
            resume_reply(call, container_of(cap->object, struct resume, object), (s64)call->w[1]);
        table_drop(&call->domain->caps, (u32)call->w[0]);
        call->committed = false;
        call->message_op = 0; /* it has begun */
    }
    return receive(call, true);
}

static void endpoint_save(const struct object *object, struct record *to)
{
    const struct endpoint *endpoint = container_of(object, const struct endpoint, object);
    u64 count = 0;

    list_for_each(node, &endpoint->gone)
        count++;
    record_put_number(to, endpoint->cell_number);
    record_put_number(to, count);
    list_for_each(node, &endpoint->gone)
        record_put_number(to, list_entry(node, struct notice, link)->badge);
}

static struct object *endpoint_load(struct record *from, struct bank *bank)
{
    struct endpoint *endpoint = endpoint_make(bank, (u32)record_get_number(from));
    u64 count = record_get_number(from);

    for (; endpoint && count && !from->bad; count--) {
        struct notice *notice = notice_make(bank, record_get_number(from));

        if (!notice)
            break;
        list_add_tail(&endpoint->gone, &notice->link);
    }
    return endpoint && !count ? &endpoint->object : NULL;
}

static void entry_save(const struct object *object, struct record *to)
{
    const struct entry *entry = container_of(object, const struct entry, object);

    record_put_object(to, &entry->endpoint->object);
    record_put_number(to, entry->badge);
    record_put_number(to, entry->notice != NULL);
}

static struct object *entry_load(struct record *from, struct bank *bank)
{
    struct object *endpoint = record_get_object(from, STORED_ENDPOINT);
    u64 badge = record_get_number(from);
    bool told = record_get_number(from);
    struct entry *entry;

    if (!endpoint || endpoint->bank != bank ||
        find_entry(container_of(endpoint, struct endpoint, object), badge))
        return NULL;
    entry = entry_make(container_of(endpoint, struct endpoint, object), badge);
    return entry && (!told || want_notice(entry)) ? &entry->object : NULL;
}
