/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/resume.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "kernel/cell.h"
#include "kernel/checkpoint/objects.h"

static void resume_destroy(struct object *object);

static bool resume_kept(const struct object *object);
static void resume_save(const struct object *object, struct record *to);
static struct object *resume_load(struct record *from, struct bank *bank);

const struct object_class resume_class = {.kind = RF_KIND_RESUME,
                                          .records = 1,
                                          .size = sizeof(struct resume),
                                          .destroy = resume_destroy,
                                          .stored = STORED_RESUME,
                                          .kept = resume_kept,
                                          .save = resume_save,
                                          .load = resume_load};

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

    loan_end(&resume->loan);
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

    loan_end(&resume->loan);
    resume->caller = NULL;
    if (!caller)
        return;
    caller->withdrawn = NULL;
    pending_answer(caller, -ECONNRESET);
}

/* Words, data and capabilities of a reply, into the caller's buffer and table. */
static void fill_answer(const struct call *call, struct domain *receiver, struct rf_msg *to,
                        u32 slots[RF_MSG_CAPS], u32 count)
{
    s64 length = call_data_length(call);

    memcpy(to->words, (const void *)call->in->words, sizeof(to->words));
    to->data_length = (u32)MAX(length, 0);
    if (length > 0)
        memcpy(to->data, call->in->data, (size_t)length);
    to->cap_count = count;
    for (u32 i = 0; i < count; i++) {
        slots[i] = (u32)table_add(&receiver->caps, cap_copy(call_cap(call, i), ~0u));
        to->caps[i] = slots[i];
    }
}

/* What a server may say. Numbers beyond are the host kernel's own, and ENOSYS is how a caller is
 * told that the kernel is gone (abi/invoke.h). */
static s64 as_result(s64 result)
{
    if (result == -ENOSYS)
        return -EOPNOTSUPP;
    return result <= -512 || result >= (s64)RF_DETACHED ? -EINVAL : result;
}

/* Whether the message of `call` is one that can be passed on whole. */
static int check_message(const struct call *call)
{
    for (u32 i = 0; i < call->cap_count; i++) {
        if (!call_cap(call, i))
            return -EBADF;
    }
    return call->in && call_data_length(call) < 0 ? -EINVAL : 0;
}

s64 resume_reply(struct call *call, struct resume *resume, s64 result)
{
    struct pending *caller = resume->caller;
    u32 count = result < 0 ? 0 : call->cap_count, slots[RF_MSG_CAPS] = {0};
    struct domain *domain;
    struct rf_msg *to;
    int error = check_message(call);

    if (!caller)
        return -ESTALE;
    if (error)
        return error;
    domain = caller->domain;
    to = domain_message(domain, caller->msg);
    if (!pending_valid(caller)) {
        pending_answer(caller, -EINTR);
        return -ESTALE;
    }
    if (count && (!to || !table_has_room(&domain->caps, count))) {
        pending_answer(caller, -ENFILE);
        return -ENFILE;
    }
    if (to && call->in)
        fill_answer(call, domain, to, slots, count);
    if (pending_answer(caller, count ? slots[0] : as_result(result)))
        return 0;
    for (u32 i = 0; i < count; i++)
        table_drop(&domain->caps, slots[i]);
    return -ESTALE;
}

s64 op_RESUME_REPLY(struct call *call)
{
    struct resume *resume = resume_of(call);
    s64 result;

    object_hold(&resume->object);
    result = resume_reply(call, resume, (s64)call->w[0]);
    if (call->slot)
        table_drop(&call->domain->caps, call->slot);
    object_release(&resume->object);
    return call_done(call, result);
}

/* Invokes caps[0] for the caller: arguments come from this call's message, which was looked at by
 * who forwards, and the answer goes to the caller. The slot is emptied first: the call may well be
 * one that fills it. */
s64 op_RESUME_FORWARD(struct call *call)
{
    struct pending *caller = resume_of(call)->caller;
    struct cap *target = call_cap(call, 0), held;
    struct call forwarded;
    s64 result;

    if (!call->in || !target)
        return -EBADF;
    if (!caller || !pending_valid(caller))
        return -ESTALE;
    if (caller->detached)
        return -EAGAIN;
    forwarded = call_of_pending(caller);
    held = cap_copy(target, ~0u);
    forwarded.cap = &held;
    forwarded.op = (u32)call->w[0];
    forwarded.slot = 0;
    forwarded.in = call->in;
    forwarded.senders = call->senders;
    forwarded.data_length = call->data_length;
    memcpy(forwarded.w, (const void *)call->in->words, sizeof(forwarded.w));
    for (u32 i = 1; i < call->cap_count; i++)
        forwarded.caps[i - 1] = call->caps[i];
    forwarded.cap_count = call->cap_count - 1;
    call_commit(call);
    pending_done(caller);
    if (call->slot)
        table_drop(&call->domain->caps, call->slot);
    result = call_run(&forwarded);
    if (result != CALL_WAITS && result != CALL_GRANTED)
        call_answer(&forwarded, result);
    cap_drop(&held);
    return 0;
}

/* A client of the socket does not come back for its answer. */
static bool resume_kept(const struct object *object)
{
    const struct resume *resume = container_of(object, const struct resume, object);

    return resume->caller && cell_of_domain(resume->caller->domain);
}

/* The caller's cell has the rest (checkpoint/calls.h). */
static void resume_save(const struct object *object, struct record *to)
{
    (void)object;
    (void)to;
}

static struct object *resume_load(struct record *from, struct bank *bank)
{
    struct resume *resume = resume_make(bank);

    (void)from;
    return resume ? &resume->object : NULL;
}
