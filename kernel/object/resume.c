/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/resume.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static void resume_destroy(struct object *object);

static const struct object_class resume_class = {
    .kind = RF_KIND_RESUME, .records = 1, .size = sizeof(struct resume), .destroy = resume_destroy};

static struct resume *resume_of(const struct call *call)
{
    return container_of(call->cap->object, struct resume, object);
}

struct resume *resume_make(struct bank *bank)
{
    struct object *object = object_new(&resume_class, bank);

    return object ? container_of(object, struct resume, object) : NULL;
}

/* The caller was interrupted, or has its answer: the capability is stale. */
static void caller_withdrawn(struct pending *pending)
{
    struct resume *resume = pending->resume;

    resume->caller = NULL;
    pending->resume = NULL;
    object_destroy(&resume->object);
}

void resume_bind(struct resume *resume, struct pending *caller)
{
    resume->caller = caller;
    caller->resume = resume;
    caller->withdrawn = caller_withdrawn;
    list_init(&caller->link);
}

static void resume_destroy(struct object *object)
{
    struct resume *resume = container_of(object, struct resume, object);
    struct pending *caller = resume->caller;

    resume->caller = NULL;
    if (!caller)
        return;
    caller->withdrawn = NULL;
    pending_answer(caller, -ECONNRESET);
}

/* Words, data and capabilities of a reply, into the caller's buffer and table. */
static void fill_answer(const struct call *call, struct domain *receiver, struct rf_msg *to)
{
    s64 length = call_data_length(call);

    memcpy(to->words, (const void *)call->in->words, sizeof(to->words));
    to->data_length = (u32)MAX(length, 0);
    if (length > 0)
        memcpy(to->data, call->in->data, (size_t)length);
    to->cap_count = call->cap_count;
    for (u32 i = 0; i < call->cap_count; i++)
        to->caps[i] = (u32)table_add(&receiver->caps, cap_copy(call_cap(call, i), ~0u));
}

s64 resume_reply(struct call *call, struct resume *resume, s64 result)
{
    struct pending *caller = resume->caller;
    struct rf_msg *to;

    if (!caller)
        return -ESTALE;
    for (u32 i = 0; i < call->cap_count; i++) {
        if (!call_cap(call, i))
            return -EBADF;
    }
    to = domain_message(caller->domain, caller->msg);
    if (call->cap_count && (!to || !table_has_room(&caller->domain->caps, call->cap_count))) {
        pending_answer(caller, -ENFILE);
        return -ENFILE;
    }
    if (!pending_valid(caller)) {
        pending_answer(caller, -EINTR);
        return -ESTALE;
    }
    call_commit(call);
    if (to && call->in)
        fill_answer(call, caller->domain, to);
    if (result < -4095) /* not a result of any host call either */
        result = -EINVAL;
    if (result >= 0 && to && call->cap_count)
        result = to->caps[0];
    pending_answer(caller, result);
    return 0;
}

s64 op_RESUME_REPLY(struct call *call)
{
    struct resume *resume = resume_of(call);
    s64 result;

    object_hold(&resume->object);
    result = resume_reply(call, resume, (s64)call->w[0]);
    call->committed = false;
    if (call->slot)
        table_drop(&call->domain->caps, call->slot);
    object_release(&resume->object);
    return result;
}

/* Invokes caps[0] for the caller: arguments come from this call's message, which was looked at by
 * who forwards, and the answer goes to the caller. */
s64 op_RESUME_FORWARD(struct call *call)
{
    struct resume *resume = resume_of(call);
    struct pending *caller = resume->caller;
    struct cap *target = call_cap(call, 0), held;
    struct call forwarded;
    u64 id;
    s64 result;

    if (!call->in || !target)
        return -EBADF;
    if (!caller || !pending_valid(caller))
        return -ESTALE;
    forwarded = call_of_pending(caller);
    id = forwarded.id;
    held = cap_copy(target, ~0u);
    forwarded.cap = &held;
    forwarded.op = (u32)call->w[0];
    forwarded.slot = 0;
    forwarded.in = call->in;
    forwarded.senders = call->senders;
    memcpy(forwarded.w, (const void *)call->in->words, sizeof(forwarded.w));
    for (u32 i = 1; i < call->cap_count; i++)
        forwarded.caps[i - 1] = call->caps[i];
    forwarded.cap_count = call->cap_count - 1;
    pending_done(caller);
    result = call_run(&forwarded);
    if (result != CALL_WAITS && result != CALL_GRANTED)
        forwarded.domain->transport->answer(forwarded.domain, id, result);
    cap_drop(&held);
    if (call->slot)
        table_drop(&call->domain->caps, call->slot);
    return 0;
}
