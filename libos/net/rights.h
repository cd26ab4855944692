/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a stream of AF_UNIX ancillary data lies. */
#ifndef LIBOS_NET_RIGHTS_H
#define LIBOS_NET_RIGHTS_H

#include "libos/net/message.h"

/* The bytes from `start` up to `end` (numbers as of struct ring) were sent with this. A read never
 * goes from bytes with one mark to bytes with another, or with none. */
struct mark {
    struct list link; /* socket->marks, in order */
    u64 start, end;
    struct ancillary ancillary;
};

void drop_marks(struct socket *s);

/* garbage.c: ends sockets that only lie in each other's queues. Without locks. */
void collect_garbage(void);

#endif
