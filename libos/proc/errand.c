/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/proc/errand.h"

#include "libos/entry/errno.h"
#include "libos/host/host.h"
#include "libos/proc/process.h"
#include "libos/proc/tree.h"

#define PATIENCE_NS 1000000000ull
#define SHORT_NS    1000000ull
#define LOOK_NS     20000000ull /* how often to see whether the other process is still there */

static bool can_answer(const struct process *p)
{
    return p && !p->exiting && p->state != PROCESS_ZOMBIE && !list_empty(&p->threads);
}

/* 0; -EAGAIN: its host process is still being made; -ESRCH. */
static long post(int pid, struct errand *e)
{
    struct process *p;
    long r;

    lock_take(&the_cell->lock);
    p = find_process(pid);
    r = !can_answer(p) ? -ESRCH : p->memory ? 0 : -EAGAIN;
    if (r == 0) {
        e->memory = p->memory;
        e->state = ERRAND_WAITS;
        waitq_init(&e->done);
        lock_take(&the_cell->errand_lock);
        list_add_tail(&the_cell->errands, &e->link);
        lock_release(&the_cell->errand_lock);
        list_for_each(l, &p->threads)
            thread_poke(list_entry(l, struct thread, siblings));
    }
    lock_release(&the_cell->lock);
    return r;
}

static bool is_there(int pid)
{
    bool can;

    lock_take(&the_cell->lock);
    can = can_answer(find_process(pid));
    lock_release(&the_cell->lock);
    return can;
}

/* Once the other process has begun it, it is done soon. */
static bool wait_for_end(int pid, struct errand *e)
{
    u64 begun = host_now(), now = begun;
    bool give_up = false, done;
    long r;

    lock_take(&the_cell->errand_lock);
    while (e->state == ERRAND_RUNS || (e->state == ERRAND_WAITS && !give_up)) {
        r = wait_on(&e->done, &the_cell->errand_lock, now + clock_span_of_host(LOOK_NS));
        lock_release(&the_cell->errand_lock);
        now = host_now();
        give_up = r == -EINTR || now - begun > clock_span_of_host(PATIENCE_NS) || !is_there(pid);
        if (r == -EINTR) /* wait_on would not sleep; it is about to be done */
            host_yield();
        lock_take(&the_cell->errand_lock);
    }
    done = e->state == ERRAND_DONE;
    if (!done)
        list_del(&e->link);
    lock_release(&the_cell->errand_lock);
    return done;
}

bool errand_send(int pid, struct errand *e)
{
    u64 begun = host_now();
    long r;

    while ((r = post(pid, e)) == -EAGAIN && host_now() - begun < clock_span_of_host(PATIENCE_NS))
        sleep_until_woken(wake_ticket(), host_now() + clock_span_of_host(SHORT_NS));
    return r == 0 && wait_for_end(pid, e);
}

/* The first errand for this host process, taken off the list. errand_lock held. */
static struct errand *take_mine(void)
{
    u64 own = current_process ? current_process->memory : 0;

    list_for_each(l, &the_cell->errands) {
        struct errand *e = list_entry(l, struct errand, link);

        if (own && e->memory == own) {
            list_del(&e->link);
            e->state = ERRAND_RUNS;
            return e;
        }
    }
    return NULL;
}

void errands_run(void)
{
    struct errand *e;

    if (likely(list_empty(&the_cell->errands)))
        return;
    lock_take(&the_cell->errand_lock);
    while ((e = take_mine())) {
        lock_release(&the_cell->errand_lock);
        e->run(e);
        lock_take(&the_cell->errand_lock);
        e->state = ERRAND_DONE;
        waitq_wake(&e->done, ~0u); /* the asker frees e once it has the lock */
    }
    lock_release(&the_cell->errand_lock);
}
