/* SPDX-License-Identifier: Apache-2.0 */
/* Sending signals: see signal.h for the protocol. */
#include "libos/proc/signal_queue.h"
#include "libos/proc/tree.h"
#include "libos/entry/errno.h"
#include "libos/fs/poll.h"
#include "libos/proc/subject.h"
#include "base/string.h"

/* Signals whose default action is to do nothing. */
#define IGNORED_BY_DEFAULT                                                                         \
    (SIGBIT(SIG_CHLD) | SIGBIT(SIG_CONT) | SIGBIT(SIG_URG) | SIGBIT(SIG_WINCH))

bool signal_ignored(const struct process *p, int signo)
{
    u64 handler = p->signals.actions[signo - 1].handler;
    return handler == HANDLER_IGNORE ||
           (handler == HANDLER_DEFAULT && (IGNORED_BY_DEFAULT & SIGBIT(signo)));
}

bool signal_blocked_or_ignored(int signo)
{
    struct thread *t = current();
    return (t->signals.mask & SIGBIT(signo)) ||
           t->process->signals.actions[signo - 1].handler == HANDLER_IGNORE;
}

bool killed(const struct process *p)
{
    return (p->signals.pending.set & SIGBIT(SIG_KILL)) != 0;
}

static bool wants(const struct thread *t, int signo)
{
    return !t->ending && (!(t->signals.mask & SIGBIT(signo)) ||
                          (t->signals.waiting_for & SIGBIT(signo)) || signo == SIG_KILL);
}

/* The first thread that does not block it: usually the main one, which is first in the list. */
static void poke_one(struct process *p, int signo)
{
    list_for_each(l, &p->threads) {
        struct thread *t = list_entry(l, struct thread, siblings);
        if (wants(t, signo)) {
            thread_poke(t);
            return;
        }
    }
}

static void poke_all(struct process *p)
{
    list_for_each(l, &p->threads)
        thread_poke(list_entry(l, struct thread, siblings));
}

static void remove_everywhere(struct process *p, sigset set)
{
    pending_remove(p, &p->signals.pending, set);
    list_for_each(l, &p->threads) {
        struct thread *t = list_entry(l, struct thread, siblings);
        pending_remove(p, &t->signals.pending, set);
    }
}

/* Stop signals and SIGCONT cancel each other, whether they are blocked or ignored or not. */
static void cancel_opposites(struct process *p, int signo)
{
    if (SIGBIT(signo) & STOP_SIGNALS) {
        remove_everywhere(p, SIGBIT(SIG_CONT));
    } else if (signo == SIG_CONT) {
        remove_everywhere(p, STOP_SIGNALS);
        process_continue(p);
    }
}

/* An ignored signal is dropped, unless it is blocked: the action may change before it is unblocked.
 */
static bool dropped(struct process *p, const struct thread *t, int signo)
{
    if (SIGBIT(signo) & UNBLOCKABLE)
        return false;
    if (t && ((t->signals.mask | t->signals.waiting_for) & SIGBIT(signo)))
        return false;
    return signal_ignored(p, signo);
}

int send_signal_to_process(struct process *p, int signo, const struct siginfo *info)
{
    if (p->state == PROCESS_ZOMBIE || list_empty(&p->threads))
        return 0;
    lock_take(&p->lock);
    int r = 0;
    cancel_opposites(p, signo);
    if (!list_empty(&p->threads) &&
        !dropped(p, list_first(&p->threads, struct thread, siblings), signo)) {
        r = pending_add(p, &p->signals.pending, signo, info);
        if (signo == SIG_KILL)
            poke_all(p);
        else
            poke_one(p, signo);
    }
    lock_release(&p->lock);
    waitq_wake(&p->signals.arrivals, POLLIN);
    return r;
}

int send_signal_to_thread(struct thread *t, int signo, const struct siginfo *info)
{
    struct process *p = t->process;
    lock_take(&p->lock);
    int r = 0;
    cancel_opposites(p, signo);
    if (signo == SIG_KILL) {
        r = pending_add(p, &p->signals.pending, signo, info);
        poke_all(p);
    } else if (!dropped(p, t, signo)) {
        r = pending_add(p, &t->signals.pending, signo, info);
        if (wants(t, signo))
            thread_poke(t);
    }
    lock_release(&p->lock);
    waitq_wake(&p->signals.arrivals, POLLIN);
    return r;
}

int send_signal_to_group(int pgid, int signo, const struct siginfo *info)
{
    int r = -ESRCH;
    list_for_each(l, &the_cell->processes) {
        struct process *p = list_entry(l, struct process, all);
        if (p->pgid != pgid || p == the_cell->init)
            continue;
        int sent = signo ? send_signal_to_process(p, signo, info) : 0;
        r = r == -ESRCH || sent == 0 ? sent : r;
    }
    return r;
}

/* The handler must run or the process must end: as Linux's force_sig. */
void force_signal(int signo, const struct siginfo *info)
{
    struct thread *t = current();
    struct process *p = t->process;
    lock_take(&p->lock);
    struct sigaction_abi *a = &p->signals.actions[signo - 1];
    if ((t->signals.mask & SIGBIT(signo)) || a->handler == HANDLER_IGNORE) {
        *a = (struct sigaction_abi){.handler = HANDLER_DEFAULT};
        t->signals.mask &= ~SIGBIT(signo);
    }
    pending_add(p, &t->signals.pending, signo, info);
    __atomic_or_fetch(&t->attention, 1, __ATOMIC_SEQ_CST);
    lock_release(&p->lock);
}

/* pid, uid: the first words of the union for SI_USER and SI_TKILL. */
void siginfo_from_user(struct siginfo *info, int signo, int code)
{
    u32 ids[2] = {(u32)current_process->pid, current_process->uid};
    *info = (struct siginfo){.signo = signo, .code = code};
    memcpy(info->rest, ids, sizeof(ids));
}

bool signal_pending(void)
{
    struct thread *t = current();
    struct process *p = t->process;
    if (p == NULL) /* the prepared process */
        return false;
    return t->ending || p->exiting || p->state == PROCESS_STOPPED || subject_still(p) ||
           killed(p) || thread_deliverable(t) != 0;
}

int signal_take(sigset set, struct siginfo *info)
{
    struct thread *t = current();
    struct process *p = t->process;
    lock_take(&p->lock);
    int signo = pending_take(p, &t->signals.pending, set, info);
    if (signo == 0)
        signo = pending_take(p, &p->signals.pending, set, info);
    lock_release(&p->lock);
    return signo;
}

int take_signal(sigset set, struct siginfo *info)
{
    return signal_take(set & ~UNBLOCKABLE, info);
}
