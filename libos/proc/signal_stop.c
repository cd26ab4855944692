/* SPDX-License-Identifier: Apache-2.0 */
/* Job control: stopping and going on. A process is stopped when its state says so; each of its
 * threads notices on its way out of the library OS and waits in stopped_wait. */
#include "libos/proc/errand.h"
#include "libos/proc/signal_queue.h"
#include "libos/proc/subject.h"
#include "libos/proc/tree.h"
#include "libos/fs/poll.h"
#include "libos/host/invoke.h"
#include "libos/tty/session.h"
#include "base/string.h"

#define CLD_STOPPED_   5
#define CLD_CONTINUED_ 6

/* pid, uid, status: the union's members for SIGCHLD. */
static void tell_parent(struct process *p, int code, int status)
{
    struct process *parent = p->parent;
    if (parent == NULL || parent == the_cell->init)
        return;
    const struct sigaction_abi *a = &parent->signals.actions[SIG_CHLD - 1];
    if (!(a->flags & SA_NOCLDSTOP_)) {
        struct siginfo info = {.signo = SIG_CHLD, .code = code};
        u32 rest[3] = {(u32)p->pid, p->uid, (u32)status};
        memcpy(info.rest, rest, sizeof(rest));
        send_signal_to_process(parent, SIG_CHLD, &info);
    }
    waitq_wake(&parent->child_events, POLLIN);
}

/* Nobody in the cell could let an orphaned group go on; but if the main program is to stop, the
 * user could let the whole cell. Others of its group leave that to it, so that the cell stops once.
 */
static void orphans_stop(int signo)
{
    bool is_main = current_process == the_cell->main_process;
    lock_release(&the_cell->lock);
    if (is_main && signo == SIG_TSTP)
        console_suspend();
}

/* A terminal's stop signal does not stop the child of a vfork before it has another program: its
 * parent waits for that, cannot stop itself, and a shell would wait for both for ever. */
static bool stop_must_wait(struct process *p, int signo)
{
    lock_take(&p->lock);
    bool wait = p->vfork_parent && signo != SIG_STOP;
    if (wait)
        p->stop_later = signo;
    lock_release(&p->lock);
    return wait;
}

void process_stop_now(struct process *p)
{
    int signo = p->stop_later;
    p->stop_later = 0;
    if (signo)
        process_stop(signo);
}

void process_stop(int signo)
{
    struct process *p = current_process;
    if (stop_must_wait(p, signo))
        return;
    lock_take(&the_cell->lock);
    if (signo != SIG_STOP && group_orphaned(p->pgid, NULL)) {
        orphans_stop(signo);
        return;
    }
    lock_take(&p->lock);
    bool news = p->state == PROCESS_RUNS;
    if (news) {
        p->state = PROCESS_STOPPED;
        p->status = signo << 8 | 0x7f;
        p->news_stopped = true;
        p->news_continued = false;
        list_for_each(l, &p->threads)
            thread_poke(list_entry(l, struct thread, siblings));
    }
    lock_release(&p->lock);
    if (news)
        tell_parent(p, CLD_STOPPED_, signo);
    lock_release(&the_cell->lock);
    if (news && p == the_cell->main_process)
        invoke_surely(RF_SLOT_CELL, RF_OP_STOPPED, 0, 0, 0, 0);
}

void process_continue(struct process *p)
{
    p->stop_later = 0;
    if (p->state != PROCESS_STOPPED)
        return;
    p->state = PROCESS_RUNS;
    p->news_stopped = false;
    p->news_continued = true;
    list_for_each(l, &p->threads)
        thread_poke(list_entry(l, struct thread, siblings));
}

/* The parent is told by the process that went on, because that needs the_cell->lock. */
void report_continued(void)
{
    struct process *p = current_process;
    lock_take(&the_cell->lock);
    lock_take(&p->lock);
    bool news = p->news_continued && !p->told_continued;
    p->told_continued = p->news_continued;
    lock_release(&p->lock);
    if (news)
        tell_parent(p, CLD_CONTINUED_, SIG_CONT);
    lock_release(&the_cell->lock);
}

void stopped_wait(void)
{
    struct process *p = current_process;
    for (;;) {
        u32 ticket = wake_ticket();
        errands_run();
        if (__atomic_load_n(&p->state, __ATOMIC_ACQUIRE) != PROCESS_STOPPED || killed(p) ||
            subject_still(p) || p->exiting || current()->ending)
            break;
        sleep_stopped(ticket);
    }
    report_continued();
}
