/* SPDX-License-Identifier: Apache-2.0 */
/* What a file's poll operation registers with. */
#ifndef LIBOS_FS_POLL_H
#define LIBOS_FS_POLL_H

#include "libos/sync/wait.h"

#define POLLIN     0x001u
#define POLLPRI    0x002u
#define POLLOUT    0x004u
#define POLLERR    0x008u
#define POLLHUP    0x010u
#define POLLNVAL   0x020u
#define POLLRDNORM 0x040u
#define POLLRDBAND 0x080u
#define POLLWRNORM 0x100u
#define POLLWRBAND 0x200u
#define POLLRDHUP  0x2000u

struct poll_table {
    /* Arranges that a waitq_wake of q which meets `events` wakes the poller. */
    void (*add)(struct poll_table *pt, struct waitq *q);
    u32 events; /* that the poller is interested in; POLLERR and POLLHUP always are */
    /* A poll operation whose events come by time alone (timerfd) lowers this to the CLOCK_MONOTONIC
     * ns at which to look again. */
    u64 deadline;
};

static inline void poll_register(struct poll_table *pt, struct waitq *q)
{
    if (pt)
        pt->add(pt, q);
}

/* What a file without a poll operation has to say. */
#define POLL_ALWAYS (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

#endif
