/* SPDX-License-Identifier: Apache-2.0 */
/* Signals. Actions are per process, masks per thread, pending sets both, as POSIX says; real-time
 * signals queue. All of it lies in the heap segment, so that any process can send.
 *
 * Sending: mark it pending, choose a thread that does not block it, set its `attention`, wake it
 * (thread_wake), and if it may be running program code, have the kernel kick it. The receiving
 * thread acts on its own way out of the library OS, or in the host's kick handler when it was in
 * program code.
 */
#ifndef LIBOS_PROC_SIGNAL_H
#define LIBOS_PROC_SIGNAL_H

#include "base/list.h"
#include "base/types.h"
#include "libos/sync/wait.h"

#define SIGNAL_COUNT 64

typedef u64 sigset; /* bit n-1 is signal n */
#define SIGBIT(n) (1ull << ((n)-1))

/* The Linux ABI's siginfo_t. */
struct siginfo {
    s32 signo, error, code, pad0;
    u8 rest[112];
};
_Static_assert(sizeof(struct siginfo) == 128, "Linux ABI");

/* The Linux ABI's struct sigaction of rt_sigaction(2) on x86-64. */
struct sigaction_abi {
    u64 handler;
    u64 flags;
    u64 restorer;
    sigset mask;
};

struct pending {
    sigset set;
    struct list queue; /* of struct queued_signal (signal.c), in order of arrival */
};

struct signal_state {
    struct sigaction_abi actions[SIGNAL_COUNT];
    struct pending pending;
    u32 queued;            /* counted against RLIMIT_SIGPENDING */
    struct waitq arrivals; /* woken with POLLIN whenever a signal becomes pending: signalfd */
};

struct thread_signals {
    sigset mask;
    sigset saved_mask; /* to be restored after sigsuspend, ppoll, pselect, epoll_pwait */
    bool restore_saved_mask;
    struct pending pending;
    u64 stack_base, stack_size; /* sigaltstack(2) */
    u32 stack_flags;
    sigset waiting_for;                         /* sigtimedwait */
    u64 fault_trap, fault_error, fault_address; /* of the last fault, for the handler's context */
};

struct process;
struct thread;

/* Sending. `info` may be NULL: as the kernel would. 0, -EAGAIN (queue full), -ESRCH. The process or
 * thread must not go away meanwhile: it is the caller's own, or the caller holds the_cell->lock.
 * Takes the process's lock, which also guards its list of threads (changed only with the_cell->lock
 * held too). */
int send_signal_to_process(struct process *p, int signo, const struct siginfo *info);
int send_signal_to_thread(struct thread *t, int signo, const struct siginfo *info);
int send_signal_to_group(int pgid, int signo, const struct siginfo *info);
/* A synchronous fault of the calling thread: cannot be blocked or ignored. */
void force_signal(int signo, const struct siginfo *info);

/* Siginfo for a signal sent by the calling process (SI_USER, SI_TKILL …). */
void siginfo_from_user(struct siginfo *info, int signo, int code);

/* True if the calling thread has a signal to act on (not blocked), must stop or must end. */
bool signal_pending(void);

/* For calls that wait with another mask (ppoll, pselect, epoll_pwait, sigsuspend): sets it now; the
 * old one comes back on the way out, after the frame for a signal that arrived was set up. */
void set_mask_for_call(sigset mask);

/* signalfd: takes the first pending signal in `set` of the calling thread or process. 0: none. */
int take_signal(sigset set, struct siginfo *info);

/* True if p would not act on the signal: ignored, or ignored by default. p's lock held. */
bool signal_ignored(const struct process *p, int signo);
/* True if the calling thread blocks the signal or its process ignores it: for terminals (SIGTTIN).
 */
bool signal_blocked_or_ignored(int signo);
/* True if SIGKILL is pending for p. */
bool killed(const struct process *p);

void signals_init_process(struct process *p,
                          const struct process *parent); /* parent NULL: defaults */
void signals_init_thread(struct thread *t, const struct thread *parent);
void signals_reset_for_exec(struct process *p, struct thread *t);
void signals_destroy_process(struct process *p);
void signals_destroy_thread(struct thread *t);

#endif
