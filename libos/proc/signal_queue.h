/* SPDX-License-Identifier: Apache-2.0 */
/* Pending signals: within proc/signal*.c. The process's lock is held for all of it. */
#ifndef LIBOS_PROC_SIGNAL_QUEUE_H
#define LIBOS_PROC_SIGNAL_QUEUE_H

#include "libos/proc/process.h"

#define SIG_HUP      1
#define SIG_KILL     9
#define SIG_PIPE     13
#define SIG_CHLD     17
#define SIG_CONT     18
#define SIG_STOP     19
#define SIG_TSTP     20
#define SIG_TTIN     21
#define SIG_TTOU     22
#define SIG_URG      23
#define SIG_WINCH    28
#define SIG_SEGV     11
#define SIG_RT_FIRST 32

#define STOP_SIGNALS (SIGBIT(SIG_STOP) | SIGBIT(SIG_TSTP) | SIGBIT(SIG_TTIN) | SIGBIT(SIG_TTOU))
#define UNBLOCKABLE  (SIGBIT(SIG_KILL) | SIGBIT(SIG_STOP))
/* Faults: taken before all others, so that the handler sees the fault's own context. */
#define FAULT_SIGNALS (SIGBIT(4) | SIGBIT(5) | SIGBIT(7) | SIGBIT(8) | SIGBIT(11) | SIGBIT(31))

#define HANDLER_DEFAULT 0ull
#define HANDLER_IGNORE  1ull

#define SA_NOCLDSTOP_ 1ull
#define SA_ONSTACK_   0x08000000ull
#define SA_RESTART_   0x10000000ull
#define SA_NODEFER_   0x40000000ull
#define SA_RESETHAND_ 0x80000000ull
#define SA_RESTORER_  0x04000000ull

/* siginfo codes */
#define SI_USER_   0
#define SI_KERNEL_ 0x80
#define SI_QUEUE_  (-1)
#define SI_TIMER_  (-2)
#define SI_TKILL_  (-6)

void pending_init(struct pending *q);
/* 0; -EAGAIN: the limit on queued signals is reached and the sender must know. */
int pending_add(struct process *p, struct pending *q, int signo, const struct siginfo *info);
/* Takes the next signal in `set`; 0: none. */
int pending_take(struct process *p, struct pending *q, sigset set, struct siginfo *info);
/* A timer fired again while its signal (si_code SI_TIMER, the timer's number) still waits: adds to
 * the overrun that it tells. False: it does not wait. */
bool pending_overrun(struct pending *q, int signo, s32 timer, s32 more);
void pending_remove(struct process *p, struct pending *q, sigset set);

/* Signals that the thread would act on now, or waits for in sigtimedwait. */
static inline sigset thread_deliverable(const struct thread *t)
{
    sigset pending = t->signals.pending.set | t->process->signals.pending.set;
    return pending & (~t->signals.mask | t->signals.waiting_for);
}

/* The next signal of the calling thread or its process in `set`. Takes the process's lock. */
int signal_take(sigset set, struct siginfo *info);

/* Job control (signal_stop.c). */
/* A stop signal's default action: stops the whole process. Takes the locks. */
void process_stop(int signo);
/* What process_stop put off, once the process has a program of its own; for its one thread. */
void process_stop_now(struct process *p);
/* The calling thread waits while its process is stopped. */
void stopped_wait(void);
/* SIGCONT was sent: stop signals are forgotten, a stopped process runs. p's lock held. */
void process_continue(struct process *p);
/* Tells the parent of the calling process that it went on, if that is news. */
void report_continued(void);

/* signal_frame.c: makes the program run the handler when it goes on. False: no room on its stack.
 */
bool frame_push(struct regs *r, int signo, const struct siginfo *info,
                const struct sigaction_abi *action, sigset mask_to_restore);

#endif
