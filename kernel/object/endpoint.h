/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints, their entries, and the callers that wait. One call's way:
 *
 *   entry_call     the caller's pending record joins endpoint->callers, holding copies of its
 * capabilities deliver        a receiver gets the message; the record moves to a new resume object
 *   RESUME_REPLY   the caller gets the answer; the resume object is dead then
 *
 * A caller that is interrupted or gone takes its record with it: from `callers`, or from the resume
 * object, which stays as a stale one. */
#ifndef KERNEL_OBJECT_ENDPOINT_H
#define KERNEL_OBJECT_ENDPOINT_H

#include "kernel/object/badges.h"
#include "kernel/account/loan.h"
#include "kernel/object/call.h"

struct endpoint {
    struct object object;
    struct list entries; /* struct entry.sibling */
    struct badges by_badge;
    struct list callers;   /* struct pending: messages that nobody received yet */
    struct list receivers; /* struct pending: who waits for one */
    struct list gone;      /* struct notice.link: entries whose server is to be told */
    u32 cell_number;       /* whose program serves: the cell that made it, as far as is known */
};

/* All capabilities minted with one badge. */
struct entry {
    struct object object;
    struct endpoint *endpoint; /* NULL when stale; the endpoint does not hold its entries */
    struct list sibling;
    u64 badge;
    struct notice *notice; /* a reference; NULL: nobody is told of its end */
};

/* That the last capability to an entry is gone. Made with the entry, so that it never fails. */
struct notice {
    struct object object;
    struct list link; /* on endpoint->gone, which holds it then */
    u64 badge;
};

struct resume {
    struct object object;
    struct pending *caller; /* NULL: nobody waits any more */
    struct loan loan;       /* of the caller's meter, if it lends it */
};

extern const struct object_class endpoint_class, entry_class;

struct endpoint *endpoint_make(struct bank *bank, u32 cell_number);

/* An invocation of an entry: CALL_WAITS, or why it cannot wait. */
s64 entry_call(struct call *call);

#endif
