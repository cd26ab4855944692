/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/sync/patience.h"
#include "libos/entry/entry.h"
#include "libos/entry/errno.h"
#include "libos/host/clock.h"
#include "libos/host/host.h"
#include "libos/proc/signal_queue.h"
#include "libos/sync/wait.h"
#include "libos/time/clock.h"

#define PATIENCE     2000000000ull /* ns of the host */
#define GIVEN_UP_FOR 10000000000ull

static u64 given_up_until; /* of this process */

bool thread_is_wanted(void)
{
    struct thread *t = current();
    const struct process *p = t->process;
    if (p && p->exiting && (p->status & 0x7f) == 0)
        return killed(p) || thread_deliverable(t);
    return signal_pending();
}

/* Attention is clear then, so that what comes from now on is noticed. */
static void look(struct patience *p)
{
    struct thread *t = current();
    if (!(__atomic_load_n(&t->attention, __ATOMIC_SEQ_CST) & ATTENTION_EVENTS))
        return;
    p->looked = true;
    __atomic_and_fetch(&t->attention, ~ATTENTION_EVENTS, __ATOMIC_SEQ_CST);
    timers_run();
}

u64 patience_until(struct patience *p)
{
    if (p->until)
        return p->until;
    look(p);
    if (thread_is_wanted()) {
        p->until = host_now();
        if (p->until >= given_up_until)
            p->until += clock_span_of_host(PATIENCE);
    }
    return p->until;
}

bool patience_is_over(const struct patience *p)
{
    u64 now = host_now();
    if (!p->until || now < p->until)
        return false;
    given_up_until = now + clock_span_of_host(GIVEN_UP_FOR);
    return true;
}

/* The way out looks at all that a kick may mean. */
void patience_end(const struct patience *p)
{
    if (p->looked)
        __atomic_or_fetch(&current()->attention, ATTENTION_EVENTS, __ATOMIC_SEQ_CST);
}

long lock_take_patiently(struct lock *l)
{
    struct patience p = {0};
    long r = 0;
    if (likely(lock_try(l)))
        return 0;
    while (__atomic_exchange_n(&l->state, 2, __ATOMIC_ACQUIRE) != 0) {
        u64 until = patience_until(&p);
        if (patience_is_over(&p)) {
            r = -ERESTARTSYS;
            break;
        }
        if (until)
            host_futex_wait(&l->state, 2, until);
        else
            host_futex_wait_kicked(&l->state, 2, FOREVER);
    }
    patience_end(&p);
    return r;
}
