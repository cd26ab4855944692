/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for something to happen to an object.
 *
 * An object that can be waited for has a `struct waitq`. Whoever changes the object's state calls
 * waitq_wake with the poll(2) events that now may hold. Two ways to wait:
 *
 *  - wait_on: like a condition variable. The caller holds the object's lock, tests its condition,
 * and calls wait_on in a loop:
 *
 *        lock_take(&p->lock);
 *        while (p->used == 0) {
 *            long r = wait_on(&p->readers, &p->lock, FOREVER);
 *            if (r) { lock_release(&p->lock); return r == -EINTR ? -ERESTARTSYS : r; }
 *        }
 *
 *  - a `struct waiter` with a callback, for poll, epoll and the like: take a ticket, waitq_add,
 * test all conditions, sleep_until_woken.
 *
 * The waker changes the state first (under the object's lock) and calls waitq_wake after it; then
 * no wake-up is lost. Callbacks run in the waker's process with the queue's lock held: they touch
 * only heap memory and take no lock of a rank above the wait queue.
 */
#ifndef LIBOS_SYNC_WAIT_H
#define LIBOS_SYNC_WAIT_H

#include "base/list.h"
#include "libos/sync/lock.h"

#define FOREVER UINT64_MAX

struct thread;

struct waitq {
    struct lock lock;
    struct list waiters; /* of struct waiter */
};

struct waiter {
    struct list link;
    struct waitq *queue; /* NULL: wake_waiter_thread took it off */
    /* Called for every wake-up whose events meet `events`. Returns true if it counts as woken. */
    bool (*wake)(struct waiter *w, u32 events);
    u32 events;            /* POLL* bits of interest; ~0u: all */
    bool exclusive;        /* not woken where another such one of the queue was (EPOLLEXCLUSIVE) */
    struct thread *thread; /* for wake_waiter_thread */
    void *data;            /* for other callbacks */
};

void waitq_init(struct waitq *q);
/* Adds w, of which the caller has filled in all but link and queue. w lies in the heap segment. */
void waitq_add(struct waitq *q, struct waiter *w);
void waitq_remove(struct waiter *w);
/* The queue is about to end: takes all off it, without waking them. Their waitq_remove does nothing
 * then. */
void waitq_abandon(struct waitq *q);
/* Wakes those that are interested, in order of arrival, at most `most` (0: all). Of the exclusive
 * ones the first that counts as woken is the last, unless the events tell of an end or an error. */
void waitq_wake_some(struct waitq *q, u32 events, int most);
static inline void waitq_wake(struct waitq *q, u32 events)
{
    if (!list_empty(&q->waiters))
        waitq_wake_some(q, events, 0);
}

/* The usual callback: wakes w->thread. */
bool wake_waiter_thread(struct waiter *w, u32 events);

/* Sleeps on q: releases `held` (may be NULL), sleeps, takes it again. `deadline`: CLOCK_MONOTONIC
 * ns. 0: woken (test your condition again); -ETIMEDOUT; -EINTR: a signal that is not blocked is
 * pending (or the thread is to end). */
long wait_on(struct waitq *q, struct lock *held, u64 deadline);

/* For callers with waiters of their own. Results as wait_on; returns at once if something woke the
 * thread since the ticket was taken. */
u32 wake_ticket(void);
long sleep_until_woken(u32 ticket, u64 deadline);

/* The same without looking at signals: for a stopped thread. */
void sleep_stopped(u32 ticket);

/* Wakes a thread that sleeps or is about to. Safe from any process. */
/* True if it slept. */
bool thread_wake(struct thread *t);

/* Between these two, which nest, and at most until the calling thread sleeps itself, threads that
 * are woken are not started yet: for wake-ups under a lock that the woken thread will want. */
void wakes_hold(void);
void wakes_release(void);

#endif
