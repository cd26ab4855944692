/* SPDX-License-Identifier: Apache-2.0 */
/* Who invokes: a capability table, message buffers that are shared with it, and the way to answer.
 * A cell has one, and so has a client of the world's socket. */
#ifndef KERNEL_DOMAIN_H
#define KERNEL_DOMAIN_H

#include "abi/layout.h"
#include "kernel/cap/table.h"
#include "kernel/event.h"

#define MAX_PENDING RF_MAX_THREADS
#define MAX_KICKED  64u /* remembered; of more, the first are forgotten */

struct domain;
struct meter;

/* How answers go out. `id` is the invocation's, as it came. */
struct transport {
    /* Whether the caller still waits. */
    bool (*valid)(const struct domain *domain, u64 id);
    /* True if the caller got it, false if it was interrupted or is gone. */
    bool (*answer)(struct domain *domain, u64 id, s64 result);
    /* Answers with a descriptor, which stays ours: the number is the result. 0; -ENOENT: the caller
     * is gone; another negative errno: not answered. */
    int (*grant)(struct domain *domain, u64 id, int fd);
};

struct domain {
    const struct transport *transport;
    struct cap_table caps;
    u8 *messages; /* RF_MSG_BUFFERS of RF_MSG_STRIDE: hostile */
    struct bank *bank;
    struct meter *meter;
    int heap_fd;     /* what FILE_TO_HEAP reaches; -1: nothing */
    u8 *heap;        /* that, mapped at the first use */
    u32 uid, gid;    /* who its program is to itself */
    u32 cell_number; /* 0: a client of the socket */
    u64 memory_limit;
    u64 invocations;
    struct pending *pending_memory; /* MAX_PENDING, untouched from pending_fresh on */
    u32 pending_fresh;
    struct list pending, free_pending;
    struct list timed; /* those that wait for a time */
    bool ended;        /* nothing is answered any more */
    u32 last_detached; /* serial number */
    /* Threads that were kicked when none of their calls waited. One of these may have sent a call
     * that is not here yet: the host lets it sleep on when it arrives, so it must not wait then. */
    u32 kicked[MAX_KICKED], kicked_count, kicked_next;
};

/* An invocation whose answer waits. On one list of what it waits for. */
struct pending {
    struct list link;
    struct list all; /* domain->pending, or domain->free_pending */
    struct timer timer;
    struct domain *domain;
    struct cap cap; /* what was invoked, with a reference; empty: nothing that needs one */
    struct cap caps[RF_MSG_CAPS]; /* what it carries, with references */
    u32 cap_count;
    u64 id;
    u32 tid, op, msg; /* msg: index, or RF_MSG_NONE */
    u64 w[4];
    s64 data_length; /* of the arguments; -EINVAL: none */
    bool patient;
    bool lends; /* RF_OP_LENDS_METER */
    /* A call at an endpoint: the resume object once it was received. */
    struct resume *resume;
    /* The one that waits is no more: link is off its list. NULL: nothing else to do. */
    void (*withdrawn)(struct pending *pending);
    /* Arguments that outlast the buffer they came in: owned; NULL: in the buffer. */
    struct rf_msg *kept;
    u64 kept_pages; /* charged for it to caps.holding of the domain */
    /* Not 0: the caller was let go, and comes back for the result with ATTACH and this serial
     * number. Then id and tid mean nothing. */
    u32 detached;
    bool finished; /* the result is here; nothing else of the record is used any more */
    s64 result;
};

/* The table has `reserved` slots for table_put. 0 or -ENOMEM. Undo with domain_finish. */
int domain_init(struct domain *domain, const struct transport *transport, struct bank *bank,
                struct meter *meter, u32 reserved);

/* Gives up all that waits and all capabilities. */
void domain_finish(struct domain *domain);

/* Gives up the mapping of its heap segment, until that is used again. */
void domain_drop_heap(struct domain *domain);

/* Interrupts what the thread `tid` waits for: EINTR. */
void domain_interrupt(struct domain *domain, u32 tid);

/* Lets all callers go, for a cut. When they come back (ATTACH) they wait on. What a program answers
 * meanwhile is kept for them; where anything else happened they find that they were interrupted,
 * and begin again. */
void domain_detach(struct domain *domain);

/* Lets the caller of one go. */
void pending_detach(struct pending *pending);

/* The record of that number (ATTACH), or NULL. */
struct pending *domain_detached(const struct domain *domain, u64 number);

/* A call of that thread has arrived. True: it was kicked since the last one. */
bool domain_was_kicked(struct domain *domain, u32 tid);

/* Message buffer `index`, or NULL when there is none of that number. A cell that sleeps deep wakes;
 * if its window cannot be had back, it ends, and the buffer is nobody's. */
struct rf_msg *domain_message(struct domain *domain, u32 index);

#endif
