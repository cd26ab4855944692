/* SPDX-License-Identifier: Apache-2.0 */
/* One invocation on its way through the kernel, and what the objects' operations are made of.
 *
 * An operation checks, commits (call_commit), acts. Up to the commit it may fail or wait and has
 * changed nothing; behind it, it neither fails nor waits, which is asserted. It returns what goes
 * into the caller's rax, or CALL_WAITS after call_wait. Messages lie in memory that the other side
 * writes at any time: what is checked is first copied out of it, once. */
#ifndef KERNEL_OBJECT_CALL_H
#define KERNEL_OBJECT_CALL_H

#include "abi/invoke.h"
#include "abi/objects.h"
#include "kernel/domain.h"

#define CALL_WAITS   (-0x10000) /* the answer is given later */
#define CALL_GRANTED (-0x10001) /* the answer has been given, perhaps with a descriptor */

struct call {
    struct domain *domain; /* who gets the answer */
    struct cap *cap;       /* what is invoked; alive */
    u32 slot, op, msg_index;
    u64 w[4];
    u32 cap_count;             /* those of `caps` that came */
    u32 caps[RF_MSG_CAPS];     /* slots, read once */
    struct cap_table *senders; /* whose slots they are */
    struct rf_msg *in;         /* arguments; NULL: none */
    s64 data_length;           /* bytes of in->data, read once; -EINVAL: no or a bad message */
    struct rf_msg *msg;        /* results; NULL: the caller named no buffer */
    u64 id;                    /* of the invocation, for the transport */
    u32 tid;
    s32 fd; /* a descriptor that came along, or -1 */
    bool committed;
    bool patient;   /* RF_INVOKE_PATIENT */
    bool lends;     /* RF_OP_LENDS_METER */
    bool kicked;    /* the caller was interrupted before its call arrived: it must not wait */
    u32 message_op; /* what the message's op was, for a call that did not begin */
};

/* Copies the message's data (checked to be `least`..`most` bytes) to `to`. The length, or -EINVAL.
 */
s64 call_data(const struct call *call, void *to, u32 least, u32 most);

/* The length of the message's data; at most RF_MSG_DATA. -EINVAL without a message. */
s64 call_data_length(const struct call *call);

/* Where results go: -EINVAL when the caller named no buffer, else 0. */
int call_needs_message(const struct call *call);

/* Puts `length` bytes at `offset` of the message's data and sets data_length to their end. */
void call_out(const struct call *call, u32 offset, const void *from, u32 length);

/* Whether the caller itself chose the arguments, and nobody who forwards for it: then words that
 * name something of the caller's, such as its slots and its heap, mean what they say. */
static inline bool call_is_own(const struct call *call)
{
    return call->senders == &call->domain->caps;
}

/* Gives the answer now: true if the caller got it. For what must not be lost with a caller that was
 * interrupted; the operation returns CALL_GRANTED then. */
bool call_answer(const struct call *call, s64 result);

/* The i-th capability that came, alive; NULL: there is none. */
struct cap *call_cap(const struct call *call, u32 i);

/* The commit point: from here on the operation neither fails nor waits. */
void call_commit(struct call *call);

/* For an operation whose commit point is in a host call, which did it or gave this error: the
 * result, and unless it is an error the commit point is passed. What of the host's files was
 * changed before is the host's, and stays. */
s64 call_done(struct call *call, s64 result);

/* Puts a capability with all of its object's own interface and those rights into a new slot of the
 * caller's table: the slot, and the commit point is passed. The caller's reference passes to the
 * table; on -ENFILE it is released, which destroys a new object. */
s64 call_new_slot(struct call *call, struct object *object, u32 rights);

/* The same for any capability. */
s64 call_new_cap(struct call *call, struct cap cap);

/* Makes the call wait on `list`; CALL_WAITS, -EAGAIN when too many wait, or -EINTR. *pending (may
 * be NULL) is its record, which keeps the invoked capability. */
s64 call_wait(const struct call *call, struct list *list, struct pending **pending);

/* The call that a pending record stands for. Its `cap` is the record's; NULL when it is stale. */
struct call call_of_pending(struct pending *pending);

/* Whether the caller still waits for the answer. */
bool pending_valid(const struct pending *pending);

/* Answers and frees the record: true if the caller got it. */
bool pending_answer(struct pending *pending, s64 result);

/* Frees the record, the answer having been given. */
void pending_done(struct pending *pending);

/* Answers all on the list. */
void pending_answer_all(struct list *list, s64 result);

#define OP(interface, name, ...) s64 op_##name(struct call *call);
RF_OPERATIONS(OP)
#undef OP

/* Serves one call: looks up the capability, checks the operation and the rights, runs it. */
s64 call_dispatch(struct call *call);

/* The same, with call->cap already found. */
s64 call_run(struct call *call);

#endif
