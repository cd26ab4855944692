/* SPDX-License-Identifier: Apache-2.0 */
/* Acting on signals, on the way out of the library OS. */
#include "libos/proc/signal_queue.h"
#include "libos/entry/entry.h"
#include "libos/entry/trace.h"
#include "libos/host/print.h"
#include "libos/fs/async.h"
#include "libos/mm/heap.h"
#include "libos/mm/mm.h"
#include "libos/proc/errand.h"
#include "libos/proc/subject.h"
#include "libos/time/clock.h"
#include "base/string.h"

/* A frame that is neither a call's nor wants every register: a handler's entry. */
#define REGS_HANDLER (~0ull - 1)

static bool is_call(const struct regs *r)
{
    return r->call < REGS_HANDLER;
}

/* An interrupted call begins again: rip - 2 is its syscall instruction. */
static void restart_call(struct regs *r)
{
    r->rax = r->call;
    r->rip -= 2;
}

/* `action` NULL: no handler runs. */
static void settle_result(struct regs *r, const struct sigaction_abi *action)
{
    long result = (long)r->rax;
    if (!is_call(r) || (result != -ERESTARTSYS && result != -ERESTARTNOHAND))
        return;
    if (action == NULL || (result == -ERESTARTSYS && (action->flags & SA_RESTART_)))
        restart_call(r);
    else
        r->rax = (u64)-EINTR;
}

static void note_signal(int signo, const struct siginfo *info)
{
    char text[64];
    if (!dispatch_slowly)
        return;
    format_text(text, sizeof(text), "SIG%d (code %d)", signo, info->code);
    trace_note(text);
}

static void default_action(int signo)
{
    sigset bit = SIGBIT(signo);
    if (bit & STOP_SIGNALS)
        process_stop(signo);
    else if (!(bit & (SIGBIT(SIG_CHLD) | SIGBIT(SIG_CONT) | SIGBIT(SIG_URG) | SIGBIT(SIG_WINCH))))
        exit_process(signo);
}

/* The mask that the handler's return restores: after sigsuspend and the like the one from before.
 */
static sigset mask_to_restore(struct thread_signals *s)
{
    sigset mask = s->restore_saved_mask ? s->saved_mask : s->mask;
    s->restore_saved_mask = false;
    return mask;
}

static void run_handler(struct regs *r, int signo, const struct siginfo *info,
                        const struct sigaction_abi *action)
{
    struct thread *t = current();
    settle_result(r, action);
    sigset restore = mask_to_restore(&t->signals);
    if (!frame_push(r, signo, info, action, restore)) {
        exit_process(SIG_SEGV); /* no stack for the frame: as Linux does */
    }
    t->signals.mask |= action->mask & ~UNBLOCKABLE;
    if (!(action->flags & SA_NODEFER_))
        t->signals.mask |= SIGBIT(signo);
    r->call = REGS_HANDLER;
}

static struct sigaction_abi action_of(struct process *p, int signo)
{
    lock_take(&p->lock);
    struct sigaction_abi *a = &p->signals.actions[signo - 1];
    struct sigaction_abi action = *a;
    if ((action.flags & SA_RESETHAND_) && action.handler > HANDLER_IGNORE)
        a->handler = HANDLER_DEFAULT;
    lock_release(&p->lock);
    return action;
}

static void act(struct regs *r, int signo, const struct siginfo *info)
{
    if (subject_fault(r, signo, info))
        return;
    struct sigaction_abi action = action_of(current_process, signo);
    note_signal(signo, info);
    if (action.handler == HANDLER_DEFAULT)
        default_action(signo);
    else if (action.handler != HANDLER_IGNORE)
        run_handler(r, signo, info, &action);
}

static void finish_without_handler(struct regs *r)
{
    struct thread_signals *s = &current()->signals;
    settle_result(r, NULL);
    if (s->restore_saved_mask) {
        s->restore_saved_mask = false;
        s->mask = s->saved_mask;
    }
}

void handle_attention(struct regs *r)
{
    struct thread *t = current();
    struct process *p = t->process;
    struct siginfo info;
    __atomic_and_fetch(&t->attention, ~ATTENTION_EVENTS, __ATOMIC_SEQ_CST);
    timers_run();
    async_send();
    errands_run();
    mm_look_at_shrunk();
    for (;;) {
        if (t->ending || p->exiting)
            exit_thread(0);
        if (subject_still(p) && !killed(p)) {
            settle_result(r, NULL);
            subject_wait(r);
            continue;
        }
        if (p->state == PROCESS_STOPPED && !killed(p)) {
            stopped_wait();
            continue;
        }
        if (p->news_continued && !p->told_continued)
            report_continued();
        if (p->stop_later && !p->vfork_parent) {
            process_stop_now(p);
            continue;
        }
        int signo = signal_take(~t->signals.mask, &info);
        if (signo == 0)
            break;
        act(r, signo, &info);
    }
    finish_without_handler(r);
    /* A mask that came back may uncover a signal. */
    if (thread_deliverable(t))
        __atomic_or_fetch(&t->attention, ATTENTION_EVENTS, __ATOMIC_SEQ_CST);
}

void set_mask_for_call(sigset mask)
{
    struct thread *t = current();
    t->signals.saved_mask = t->signals.mask;
    t->signals.restore_saved_mask = true;
    t->signals.mask = mask & ~UNBLOCKABLE;
    __atomic_or_fetch(&t->attention, ATTENTION_EVENTS, __ATOMIC_SEQ_CST);
}

void signals_init_process(struct process *p, const struct process *parent)
{
    struct signal_state *s = &p->signals;
    if (parent)
        memcpy(s->actions, parent->signals.actions, sizeof(s->actions));
    else
        memset(s->actions, 0, sizeof(s->actions));
    pending_init(&s->pending);
    s->queued = 0;
    waitq_init(&s->arrivals);
}

void signals_init_thread(struct thread *t, const struct thread *parent)
{
    struct thread_signals *s = &t->signals;
    *s = (struct thread_signals){.stack_flags = 2 /* SS_DISABLE */};
    if (parent)
        s->mask = parent->signals.mask;
    /* A new process has its parent's memory, so also its signal stack; a thread has none. */
    if (parent && parent->process != t->process) {
        s->stack_base = parent->signals.stack_base;
        s->stack_size = parent->signals.stack_size;
        s->stack_flags = parent->signals.stack_flags;
    }
    pending_init(&s->pending);
}

/* execve(2): handlers become the default action, ignored stays ignored, masks and pending stay. */
void signals_reset_for_exec(struct process *p, struct thread *t)
{
    lock_take(&p->lock);
    for (int i = 0; i < SIGNAL_COUNT; i++) {
        struct sigaction_abi *a = &p->signals.actions[i];
        u64 kept = a->handler == HANDLER_IGNORE ? HANDLER_IGNORE : HANDLER_DEFAULT;
        *a = (struct sigaction_abi){.handler = kept};
    }
    lock_release(&p->lock);
    t->signals.stack_base = t->signals.stack_size = 0;
    t->signals.stack_flags = 2;
}

void signals_destroy_process(struct process *p)
{
    pending_remove(p, &p->signals.pending, ~0ull);
    waitq_abandon(&p->signals.arrivals); /* a signalfd in an epoll that a child still has */
}

void signals_destroy_thread(struct thread *t)
{
    pending_remove(t->process, &t->signals.pending, ~0ull);
}
