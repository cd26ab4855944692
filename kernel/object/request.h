/* SPDX-License-Identifier: Apache-2.0 */
/* What a cell's library OS does for others: their calls wait on a list of the cell, are taken by
 * the prepared process, which PREPARED tells of them, and answered by their tokens. The last two
 * words of the pending record are used for that. */
#ifndef KERNEL_OBJECT_REQUEST_H
#define KERNEL_OBJECT_REQUEST_H

#include "kernel/cell.h"
#include "kernel/object/call.h"

/* Makes the call wait, with the capabilities that came along, and tells the library OS by `signal`.
 * As call_wait; -EBADF: no such capability. */
s64 request_wait(struct call *call, struct cell *cell, struct list *list, u32 signal);

/* The next that was not taken yet and whose caller still waits, which counts as taken then; w[3] is
 * its token. NULL: none. */
struct pending *request_next(struct list *list);
void request_taken(struct pending *pending);

/* The one that was taken by that token, or NULL. */
struct pending *request_find(struct list *list, u64 token);

/* The object that is invoked has ended: ESTALE for what was not taken yet; the rest is answered. */
void requests_withdraw(struct list *list, const struct object *object);

static inline u64 request_token(const struct pending *pending)
{
    return pending->w[3];
}

#endif
