/* SPDX-License-Identifier: Apache-2.0 */
/* The timer service. All armed timers of the cell are on one sorted list. For each process that has
 * some, the kernel is asked to wake and kick one of its threads at the earliest of them; that
 * thread runs whatever is due then, its own or not. Timers of a process that ended go to the
 * prepared process.
 *
 * A timer that is cancelled or put off leaves the kernel's alarm as it is: it will find nothing due
 * and be set anew. So a program that sets and cancels all the time costs few invocations.
 *
 * The timer lock ranks above the process tree's: callbacks may take the_cell->lock. */
#include "libos/entry/errno.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include "libos/time/clock.h"
#include "libos/time/process_timers.h"

struct timer_service {
    struct lock lock;
    struct list armed; /* by expires */
    u64 first;         /* expiry of the first; read without the lock; FOREVER: none */
    u32 clock_version; /* with which the kernel was told of the alarms */
};

static struct timer_service *service(void)
{
    struct timer_service *made, *old = NULL;

    if (the_cell->times)
        return the_cell->times;
    made = heap_alloc(sizeof(*made));
    if (!made)
        panic("no memory for timers");
    list_init(&made->armed);
    made->first = FOREVER;
    made->clock_version = clock_version();
    if (!__atomic_compare_exchange_n(&the_cell->times, (void *)&old, made, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        heap_free(made);
        return (struct timer_service *)old;
    }
    return made;
}

static struct timer *timer_at(struct list *l)
{
    return list_entry(l, struct timer, link);
}

static void note_first(struct timer_service *s)
{
    u64 first = list_empty(&s->armed) ? FOREVER : timer_at(s->armed.next)->expires;

    __atomic_store_n(&s->first, first, __ATOMIC_RELEASE);
}

static void insert(struct timer_service *s, struct timer *t, u64 expires)
{
    struct list *before = s->armed.prev;

    t->expires = expires;
    while (before != &s->armed && timer_at(before)->expires > expires)
        before = before->prev;
    list_insert_between(&t->link, before, before->next);
    note_first(s);
}

static void take_out(struct timer_service *s, struct timer *t)
{
    t->expires = 0;
    list_del(&t->link);
    note_first(s);
}

/* A thread of p that can run timers; p->lock held. NULL: none. */
static struct thread *thread_for_alarm(struct process *p)
{
    if (p == the_cell->init)
        return the_cell->threads[0];
    list_for_each(l, &p->threads) {
        struct thread *t = list_entry(l, struct thread, siblings);

        if (!t->ending && t->host_tid)
            return t;
    }
    return NULL;
}

/* Asks the kernel to wake a thread of p no later than at `expires`. */
static void alarm_process(struct process *p, u64 expires)
{
    struct thread *t;

    if (p->alarm_time && p->alarm_version == clock_version() && p->alarm_time <= expires)
        return;
    lock_take(&p->lock);
    t = thread_for_alarm(p);
    if (t) {
        p->alarm_time = expires;
        p->alarm_thread = t->index;
        p->alarm_version = clock_version();
        invoke_surely(RF_SLOT_CELL, RF_OP_TIMER, t->index, deadline_of_host(expires), p->host_pid,
                      t->host_tid);
    }
    lock_release(&p->lock);
}

static u64 earliest_of(struct timer_service *s, const struct process *p)
{
    list_for_each(l, &s->armed) {
        if (timer_at(l)->process == p)
            return timer_at(l)->expires;
    }
    return 0;
}

static void alarm_again(struct timer_service *s, struct process *p)
{
    u64 earliest = earliest_of(s, p);

    p->alarm_time = 0;
    if (earliest)
        alarm_process(p, earliest);
}

void timer_init(struct timer *t, u64 (*fire)(struct timer *, u64), void *data, struct process *p)
{
    *t = (struct timer){.fire = fire, .data = data, .process = p};
    list_init(&t->link);
}

void timer_set(struct timer *t, u64 expires)
{
    struct timer_service *s = service();

    lock_take(&s->lock);
    if (t->expires)
        take_out(s, t);
    if (expires) {
        insert(s, t, expires);
        alarm_process(t->process, expires);
    }
    lock_release(&s->lock);
}

/* Runs what is due; returns with the lock held. The process of each that fired needs a new alarm.
 */
static void fire_due(struct timer_service *s, u64 now)
{
    while (!list_empty(&s->armed) && timer_at(s->armed.next)->expires <= now) {
        struct timer *t = timer_at(s->armed.next);
        struct process *p = t->process;
        u64 next;

        take_out(s, t);
        next = t->fire(t, now);
        if (next) {
            insert(s, t, next);
            if (p->alarm_time <= now)
                alarm_again(s, p);
        }
    }
}

/* The cell was restored: the kernel knows of no alarm, and the host's time is another. Lock held.
 */
static void set_all_alarms(struct timer_service *s)
{
    s->clock_version = clock_version();
    list_for_each(l, &s->armed)
        alarm_process(timer_at(l)->process, timer_at(l)->expires);
}

void timers_run(void)
{
    struct timer_service *s = the_cell->times;
    struct process *p = current_process;
    bool restored;
    u64 now;

    if (!s || !p)
        return;
    if (__atomic_load_n(&s->first, __ATOMIC_ACQUIRE) == FOREVER && !p->alarm_time)
        return;
    restored = __atomic_load_n(&s->clock_version, __ATOMIC_RELAXED) != clock_version();
    now = host_now();
    if (!restored && __atomic_load_n(&s->first, __ATOMIC_ACQUIRE) > now &&
        (!p->alarm_time || p->alarm_time > now))
        return;
    lock_take(&s->lock);
    if (s->clock_version != clock_version())
        set_all_alarms(s);
    fire_due(s, now);
    if (p->alarm_time && p->alarm_time <= now)
        alarm_again(s, p);
    lock_release(&s->lock);
}

/* Somebody has to run the timers that others still want, such as those of a descriptor that is
 * shared. */
static void hand_to_init(struct timer_service *s, struct process *p)
{
    lock_take(&s->lock);
    list_for_each(l, &s->armed) {
        struct timer *t = timer_at(l);

        if (t->process == p) {
            t->process = the_cell->init;
            alarm_process(the_cell->init, t->expires);
        }
    }
    lock_release(&s->lock);
}

void timers_process_end(struct process *p)
{
    process_timers_free(p);
    if (the_cell->times)
        hand_to_init(the_cell->times, p);
}

void timers_exec(struct process *p)
{
    process_timers_exec(p);
    if (!the_cell->times)
        return;
    lock_take(&service()->lock);
    alarm_again(service(), p);
    lock_release(&service()->lock);
}

void timers_thread_end(struct thread *t)
{
    struct process *p = t->process;

    if (!the_cell->times)
        return;
    lock_take(&service()->lock);
    if (p->alarm_time && p->alarm_thread == t->index)
        alarm_again(service(), p);
    lock_release(&service()->lock);
}
