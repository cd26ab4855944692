/* SPDX-License-Identifier: Apache-2.0 */
/* Sets and queues of pending signals. A signal is pending when its bit is set; siginfo of it, if
 * there was memory for one, is in the queue. */
#include "libos/proc/signal_queue.h"
#include "libos/entry/errno.h"
#include "libos/mm/heap.h"
#include "base/string.h"

#define RLIMIT_SIGPENDING_ 11

struct queued_signal {
    struct list link;
    struct siginfo info;
};

void pending_init(struct pending *q)
{
    q->set = 0;
    list_init(&q->queue);
}

static struct queued_signal *queue_node(struct process *p, int signo, const struct siginfo *info)
{
    if (p->signals.queued >= p->limits[RLIMIT_SIGPENDING_].soft)
        return NULL;
    struct queued_signal *n = heap_alloc_first(sizeof(*n));
    if (n == NULL)
        return NULL;
    p->signals.queued++;
    if (info)
        n->info = *info;
    else
        n->info.code = SI_KERNEL_;
    n->info.signo = signo;
    return n;
}

/* Classic signals are pending once or not at all; real-time signals queue (signal(7)). */
int pending_add(struct process *p, struct pending *q, int signo, const struct siginfo *info)
{
    if (signo < SIG_RT_FIRST && (q->set & SIGBIT(signo)))
        return 0;
    struct queued_signal *n = queue_node(p, signo, info);
    if (n)
        list_add_tail(&q->queue, &n->link);
    else if (signo >= SIG_RT_FIRST && info && info->code != SI_USER_)
        return -EAGAIN;
    q->set |= SIGBIT(signo);
    return 0;
}

static int first_signal(sigset set)
{
    sigset faults = set & FAULT_SIGNALS;
    return __builtin_ctzll(faults ? faults : set) + 1;
}

int pending_take(struct process *p, struct pending *q, sigset set, struct siginfo *info)
{
    set &= q->set;
    if (set == 0)
        return 0;
    int signo = first_signal(set);
    bool found = false, more = false;
    *info = (struct siginfo){.signo = signo, .code = SI_USER_};
    list_for_each_safe(l, &q->queue) {
        struct queued_signal *n = list_entry(l, struct queued_signal, link);
        if (n->info.signo != signo)
            continue;
        if (found) {
            more = true;
            break;
        }
        found = true;
        *info = n->info;
        list_del(&n->link);
        heap_free(n);
        p->signals.queued--;
    }
    if (!more)
        q->set &= ~SIGBIT(signo);
    return signo;
}

bool pending_overrun(struct pending *q, int signo, s32 timer, s32 more)
{
    list_for_each(l, &q->queue) {
        struct queued_signal *n = list_entry(l, struct queued_signal, link);
        s32 numbers[2]; /* si_timerid, si_overrun */

        memcpy(numbers, n->info.rest, sizeof(numbers));
        if (n->info.signo != signo || n->info.code != SI_TIMER_ || numbers[0] != timer)
            continue;
        if (__builtin_add_overflow(numbers[1], more, &numbers[1]))
            numbers[1] = INT32_MAX;
        memcpy(n->info.rest, numbers, sizeof(numbers));
        return true;
    }
    return false;
}

void pending_remove(struct process *p, struct pending *q, sigset set)
{
    list_for_each_safe(l, &q->queue) {
        struct queued_signal *n = list_entry(l, struct queued_signal, link);
        if (!(SIGBIT(n->info.signo) & set))
            continue;
        list_del(&n->link);
        heap_free(n);
        p->signals.queued--;
    }
    q->set &= ~set;
}
