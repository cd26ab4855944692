/* SPDX-License-Identifier: Apache-2.0 */
/* epoll(7).
 *
 * An epoll instance holds items, one for each descriptor added. An item has waiters on the queues
 * of its file; a wake-up puts it on the instance's ready list and wakes those that wait for the
 * instance. epoll_wait goes through the ready list and asks each file what really holds: a
 * level-triggered item that has something stays on the list, others leave it.
 *
 * Files whose events come by time (timerfd) wake nobody: their items are also on the list `timed`,
 * with the instant at which to look again, and whoever waits sleeps no longer than that.
 *
 * Locks, in this order: the_cell->epoll_lock guards which item is on which file and the search for
 * loops; e->lock guards items and the table; then whatever poll operations take; then the wait
 * queues; then e->ready_lock, which guards the ready list, and is all that wake-ups take. Nested
 * instances lock from the outside in: there are no loops.
 */
#ifndef LIBOS_FS_EPOLL_H
#define LIBOS_FS_EPOLL_H

#include <linux/eventpoll.h>
#include "libos/fs/file.h"
#include "libos/fs/poll.h"

#define ITEM_WAITERS  3 /* queues that a file may have */
#define FIRST_BUCKETS 16
#define PRIVATE_BITS  (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)

struct epoll;

struct epoll_item {
    struct list bucket;  /* epoll->buckets */
    struct list of_file; /* file->epoll_items */
    struct list ready;
    struct list timed;
    struct epoll *epoll;
    struct file *file; /* not a reference: the file takes its items away when it ends */
    int fd;
    u32 events; /* asked for, with the private bits; only those after a one-shot fired */
    u64 data;
    u64 look_again; /* while on epoll->timed */
    bool is_ready;  /* on epoll->ready, or about to be looked at again */
    u32 waiter_count;
    struct waiter waiters[ITEM_WAITERS];
};

struct epoll {
    struct lock lock;
    u32 count, bucket_count; /* a power of two */
    struct list *buckets;    /* first_buckets, or of the heap */
    struct list first_buckets[FIRST_BUCKETS];
    struct list timed;
    struct lock ready_lock;
    struct list ready;
    struct list looking;  /* items taken off the ready list while one call looks at them */
    struct waitq waiters; /* epoll_wait */
    struct waitq pollers; /* of the instance itself */
};

/* What the item asks for; 0: nothing, its one shot has fired. */
static inline u32 epoll_wanted(const struct epoll_item *it)
{
    u32 events = it->events & ~PRIVATE_BITS;
    return events ? events | POLLERR | POLLHUP : 0;
}

/* fs/epoll_item.c. e->lock held unless something else is said. */
struct epoll_item *epoll_find(struct epoll *e, const struct file *f, int fd);
/* epoll_lock held too. 0 or -ENOMEM. */
long epoll_add(struct epoll *e, struct file *f, int fd, const struct epoll_event *event);
long epoll_modify(struct epoll_item *it, const struct epoll_event *event);
/* epoll_lock held too. Frees it. */
void epoll_remove(struct epoll_item *it);
/* The events of the item that hold now. */
u32 epoll_ask(struct epoll_item *it);
/* Puts it on the ready list and wakes nobody. False: it was there already, so nobody sleeps for
 * want of it. No lock needed. */
bool epoll_make_ready(struct epoll_item *it);
/* Makes ready what has become so by time alone; the next instant at which to look. Lock NOT held.
 */
u64 epoll_look_at_timed(struct epoll *e);

#endif
