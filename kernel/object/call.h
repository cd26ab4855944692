/* SPDX-License-Identifier: Apache-2.0 */
/* One invocation on its way through the kernel, and what the objects' operations are made of.
 *
 * An operation checks, commits, acts. It returns what goes into the caller's rax, or CALL_WAITS
 * after call_wait. The message lies in memory that the cell writes at any time: what is checked is
 * first copied out of it, once. */
#ifndef KERNEL_OBJECT_CALL_H
#define KERNEL_OBJECT_CALL_H

#include "abi/invoke.h"
#include "abi/objects.h"
#include "kernel/cell.h"

#define CALL_WAITS   (-0x10000) /* the answer is given later */
#define CALL_GRANTED (-0x10001) /* the answer has been given, with a descriptor */

struct call {
    struct cell *cell;
    struct cap *cap;
    u32 slot, op, msg_index;
    u64 w[4];
    struct rf_msg *msg; /* in the window; NULL: the caller named no buffer */
    u64 id;             /* of the notification */
    u32 tid;
};

/* Copies the message's data (checked to be `least`..`most` bytes) to `to`. The length, or -EINVAL.
 */
s64 call_data(const struct call *call, void *to, u32 least, u32 most);

/* The length of the message's data, read once; at most RF_MSG_DATA. -EINVAL without a message. */
s64 call_data_length(const struct call *call);

/* Where results go: -EINVAL when the caller named no buffer, else 0. */
int call_needs_message(const struct call *call);

/* Puts `length` bytes at `offset` of the message's data and sets data_length to their end. */
void call_out(const struct call *call, u32 offset, const void *from, u32 length);

/* Makes the call wait on `list`; CALL_WAITS, or -EAGAIN when too many wait. */
s64 call_wait(const struct call *call, struct list *list);

/* The call that a pending record stands for; its `cap` is NULL when the slot was emptied meanwhile.
 */
struct call call_of_pending(const struct pending *pending);

/* Whether the caller still waits for the answer. */
bool pending_valid(const struct pending *pending);

/* Answers and frees the record: true if the caller got it. */
bool pending_answer(struct pending *pending, s64 result);

#define OP(interface, name, number, in, out, meaning) s64 op_##name(struct call *call);
RF_OPERATIONS(OP)
#undef OP

/* Serves one call: looks up the capability, checks that the operation is of its interface, runs it.
 */
s64 call_dispatch(struct call *call);

#endif
