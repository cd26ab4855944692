/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeping and waking. The protocol between a sleeper S and a waker W of the thread's wake word:
 *
 *     S: ticket = *word; test conditions; sleeping = 1 (full barrier); attention? ; futex
 * wait(word, ticket) W: change state; ++*word (full barrier); if sleeping: futex wake(word)
 *
 * If W sees sleeping == 0, its increment came before S's store of it, so the host finds *word !=
 * ticket and S does not sleep. The same order makes a signal's `attention` either seen by S before
 * it sleeps, or followed by a wake. A kick by the kernel, which sets `attention` in S's own host
 * signal handler, increments the word there: S may have looked at `attention` and be about to
 * sleep.
 */
#include "libos/sync/wait.h"
#include "libos/fs/async.h"
#include "libos/fs/hostfs_cell.h"
#include "libos/fs/poll.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/entry/errno.h"
#include "libos/proc/errand.h"
#include "libos/proc/process.h"
#include "libos/time/clock.h"

#define SPINS               128 /* pauses: some 6 us on processors of the last ten years */
#define SPIN_WORTH_MOST     8
#define SPIN_INTERVAL_LEAST 63
#define SPIN_INTERVAL_MOST  4095

void waitq_init(struct waitq *q)
{
    q->lock.state = 0;
    list_init(&q->waiters);
}

void waitq_add(struct waitq *q, struct waiter *w)
{
    w->queue = q;
    lock_take(&q->lock);
    list_add_tail(&q->waiters, &w->link);
    lock_release(&q->lock);
}

void waitq_remove(struct waiter *w)
{
    struct waitq *q = __atomic_load_n(&w->queue, __ATOMIC_ACQUIRE);
    if (!q) /* a waker took it off, and is done with it: wake_waiter_thread */
        return;
    lock_take(&q->lock);
    list_del(&w->link);
    lock_release(&q->lock);
}

void waitq_abandon(struct waitq *q)
{
    lock_take(&q->lock);
    while (!list_empty(&q->waiters)) {
        struct waiter *w = list_first(&q->waiters, struct waiter, link);
        list_del(&w->link);
        __atomic_store_n(&w->queue, NULL, __ATOMIC_RELEASE);
    }
    lock_release(&q->lock);
}

void waitq_wake_some(struct waitq *q, u32 events, int most)
{
    bool one_is_enough = !(events & (POLLERR | POLLHUP)), satisfied = false;
    int woken = 0;
    wakes_hold();
    lock_take(&q->lock);
    list_for_each_safe(l, &q->waiters) {
        struct waiter *w = list_entry(l, struct waiter, link);
        bool exclusive = w->exclusive; /* once woken, w is its owner's */
        if (!(w->events & events) || (exclusive && satisfied) || !w->wake(w, events))
            continue;
        satisfied = one_is_enough && (satisfied || exclusive);
        if (++woken == most)
            break;
    }
    lock_release(&q->lock);
    wakes_release();
}

/* Leaves the queue at once, so that the next wake-up of one waiter finds another. Clearing `queue`
 * comes last: from then on its thread may go on, use it again, end, and be freed. */
bool wake_waiter_thread(struct waiter *w, u32 events)
{
    (void)events;
    thread_wake(w->thread);
    list_del(&w->link);
    __atomic_store_n(&w->queue, NULL, __ATOMIC_RELEASE);
    return true;
}

static void wake_held(struct thread *me)
{
    while (me->held_wakes)
        host_futex_wake(me->held_words[--me->held_wakes], 1);
}

void wakes_hold(void)
{
    current()->holds_wakes++;
}

void wakes_release(void)
{
    struct thread *me = current();
    if (--me->holds_wakes == 0 && me->held_wakes)
        wake_held(me);
}

bool thread_wake(struct thread *t)
{
    struct thread *me = current();
    u32 *word = t->wake_word;
    __atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&t->sleeping, __ATOMIC_SEQ_CST) ||
        !__atomic_exchange_n(&t->sleeping, 0, __ATOMIC_SEQ_CST))
        return false;
    if (me->holds_wakes && me->held_wakes < ARRAY_SIZE(me->held_words))
        me->held_words[me->held_wakes++] = word;
    else
        host_futex_wake(word, 1);
    return true;
}

u32 wake_ticket(void)
{
    return __atomic_load_n(current()->wake_word, __ATOMIC_ACQUIRE);
}

void sleep_stopped(u32 ticket)
{
    struct thread *t = current();
    t->wakes_at = FOREVER;
    __atomic_exchange_n(&t->sleeping, 1, __ATOMIC_SEQ_CST);
    host_futex_wait(t->wake_word, ticket, FOREVER);
    __atomic_exchange_n(&t->sleeping, 0, __ATOMIC_SEQ_CST);
}

/* `looking` tells thread_poke that no kick is needed: attention is looked at after it is cleared
 * again, before the thread sleeps or on its way out. */
static bool look_for_wake(struct thread *t, u32 ticket)
{
    bool came = false;
    __atomic_exchange_n(&t->looking, 1, __ATOMIC_SEQ_CST);
    for (int i = 0; i < SPINS && !came && !__atomic_load_n(&t->attention, __ATOMIC_RELAXED); i++) {
        came = __atomic_load_n(t->wake_word, __ATOMIC_ACQUIRE) != ticket;
        __builtin_ia32_pause();
    }
    __atomic_exchange_n(&t->looking, 0, __ATOMIC_SEQ_CST);
    return came;
}

/* Looks for the wake-up a little while before sleeping for it: where the waker runs on another
 * processor and answers at once, that saves both the host calls and the time until the host has the
 * thread run again. It looks about as long as a sleep and a wake-up cost, so at worst it doubles
 * what waiting costs; and a thread for which looking was in vain tries it ever more rarely. */
static bool comes_at_once(struct thread *t, u32 ticket)
{
    if (the_boot->processors == 1 || (t->spin_worth == 0 && ++t->spin_skipped < t->spin_interval))
        return false;
    t->spin_skipped = 0;
    if (look_for_wake(t, ticket)) {
        t->spin_worth = MIN(t->spin_worth + 2, SPIN_WORTH_MOST);
        t->spin_interval = SPIN_INTERVAL_LEAST;
        return true;
    }
    if (t->spin_worth)
        t->spin_worth--;
    else
        t->spin_interval = MIN(t->spin_interval * 2 + 1, SPIN_INTERVAL_MOST);
    return false;
}

/* A kick may mean a timer, and a timer a signal; or an errand. */
static bool signal_came(void)
{
    timers_run();
    errands_run();
    return signal_pending();
}

long sleep_until_woken(u32 ticket, u64 deadline)
{
    struct thread *t = current();
    long r = 0;
    if (unlikely(t->attention))
        async_send();
    wake_held(t);
    if (unlikely(hostfs_any_dirty()))
        hostfs_flush_mine();
    if (comes_at_once(t, ticket))
        return 0;
    t->wakes_at = deadline;
    __atomic_exchange_n(&t->sleeping, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&t->attention, __ATOMIC_SEQ_CST) && signal_came())
        r = -EINTR;
    else
        r = host_futex_wait(t->wake_word, ticket, deadline);
    __atomic_exchange_n(&t->sleeping, 0, __ATOMIC_SEQ_CST);
    if (r == -ETIMEDOUT)
        return r;
    return t->attention && signal_came() ? -EINTR : 0;
}

long wait_on(struct waitq *q, struct lock *held, u64 deadline)
{
    struct thread *t = current();
    struct waiter *w = &t->waiter;
    u32 ticket = wake_ticket();
    w->wake = wake_waiter_thread;
    w->events = ~0u;
    w->thread = t;
    waitq_add(q, w);
    if (held)
        lock_release(held);
    long r = sleep_until_woken(ticket, deadline);
    waitq_remove(w);
    if (held)
        lock_take(held);
    return r;
}
