/* SPDX-License-Identifier: Apache-2.0 */
/* A caller's meter lent to a server: from when a thread of it receives the call until the call is
 * over, the processor time of that thread is charged to the caller's meter, not to the server's. A
 * thread that receives another such call before works for that one meanwhile. What a thread used
 * for a call during which it ended stays the server's. */
#ifndef KERNEL_ACCOUNT_LOAN_H
#define KERNEL_ACCOUNT_LOAN_H

#include <sys/types.h>

#include "base/list.h"
#include "base/types.h"

struct domain;
struct meter;

struct loan {
    struct list link;    /* of all loans, the latest first */
    struct meter *meter; /* lent; a reference. NULL: none is */
    u32 cell_number;     /* of the server */
    pid_t tid;
    u64 since_ns; /* the thread's clock when it began to work for this */
};

/* The thread of `server` has received a call that lends `meter`. */
void loan_begin(struct loan *loan, const struct domain *server, u32 tid, struct meter *meter);

/* The call is over; nothing if there is no loan. */
void loan_end(struct loan *loan);

#endif
