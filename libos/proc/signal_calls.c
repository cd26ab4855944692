/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls about signals, but for sigaltstack and rt_sigreturn (signal_frame.c). */
#include "libos/proc/signal_queue.h"
#include "libos/entry/entry.h"
#include "libos/time/clock.h"
#include "base/string.h"

#define SIG_BLOCK_   0
#define SIG_UNBLOCK_ 1
#define SIG_SETMASK_ 2

static bool valid_signal(int signo)
{
    return signo >= 1 && signo <= SIGNAL_COUNT;
}

SYSCALL4(rt_sigaction, int, signo, const struct sigaction_abi *, new_user, struct sigaction_abi *,
         old_user, size_t, set_size)
{
    struct process *p = current_process;
    struct sigaction_abi new, old;
    if (set_size != sizeof(sigset) || !valid_signal(signo))
        return -EINVAL;
    if (new_user) {
        if (get_user(new, new_user))
            return -EFAULT;
        if (SIGBIT(signo) & UNBLOCKABLE)
            return -EINVAL;
        new.mask &= ~UNBLOCKABLE;
    }
    lock_take(&p->lock);
    old = p->signals.actions[signo - 1];
    if (new_user) {
        p->signals.actions[signo - 1] = new;
        if (signal_ignored(p, signo)) { /* POSIX: what is pending is forgotten */
            pending_remove(p, &p->signals.pending, SIGBIT(signo));
            list_for_each(l, &p->threads) {
                struct thread *t = list_entry(l, struct thread, siblings);
                pending_remove(p, &t->signals.pending, SIGBIT(signo));
            }
        }
    }
    lock_release(&p->lock);
    return old_user ? put_user(old_user, old) : 0;
}

static void set_mask(sigset mask)
{
    struct thread *t = current();
    t->signals.mask = mask & ~UNBLOCKABLE;
    if (thread_deliverable(t))
        __atomic_or_fetch(&t->attention, ATTENTION_EVENTS, __ATOMIC_SEQ_CST);
}

SYSCALL4(rt_sigprocmask, int, how, const sigset *, new_user, sigset *, old_user, size_t, set_size)
{
    sigset old = current()->signals.mask, new;
    if (set_size != sizeof(sigset))
        return -EINVAL;
    if (new_user) {
        if (get_user(new, new_user))
            return -EFAULT;
        switch (how) {
        case SIG_BLOCK_: set_mask(old | new); break;
        case SIG_UNBLOCK_: set_mask(old & ~new); break;
        case SIG_SETMASK_: set_mask(new); break;
        default: return -EINVAL;
        }
    }
    return old_user ? put_user(old_user, old) : 0;
}

SYSCALL2(rt_sigpending, sigset *, user, size_t, set_size)
{
    struct thread *t = current();
    sigset pending = (t->signals.pending.set | t->process->signals.pending.set) & t->signals.mask;
    if (set_size > sizeof(sigset))
        return -EINVAL;
    return copy_to_user(user, &pending, set_size);
}

static long sleep_for_signal(u64 deadline)
{
    u32 ticket = wake_ticket();
    if (signal_pending())
        return -EINTR;
    return sleep_until_woken(ticket, deadline);
}

SYSCALL2(rt_sigsuspend, const sigset *, user, size_t, set_size)
{
    sigset mask;
    if (set_size != sizeof(sigset))
        return -EINVAL;
    if (get_user(mask, user))
        return -EFAULT;
    set_mask_for_call(mask);
    while (sleep_for_signal(FOREVER) != -EINTR)
        ;
    return -ERESTARTNOHAND;
}

SYSCALL0(pause)
{
    while (sleep_for_signal(FOREVER) != -EINTR)
        ;
    return -ERESTARTNOHAND;
}

static long wait_for_signal(sigset set, struct siginfo *info, u64 deadline)
{
    struct thread *t = current();
    for (;;) {
        int signo = signal_take(set, info);
        if (signo)
            return signo;
        t->signals.waiting_for = set;
        long r = sleep_for_signal(deadline);
        t->signals.waiting_for = 0;
        signo = signal_take(set, info);
        if (signo)
            return signo;
        if (r)
            return r == -ETIMEDOUT ? -EAGAIN : r;
    }
}

SYSCALL4(rt_sigtimedwait, const sigset *, set_user, struct siginfo *, info_user,
         const struct timespec_abi *, timeout, size_t, set_size)
{
    sigset set;
    struct siginfo info;
    u64 deadline;
    if (set_size != sizeof(sigset))
        return -EINVAL;
    if (get_user(set, set_user))
        return -EFAULT;
    long r = deadline_from_user(timeout, &deadline);
    if (r)
        return r;
    r = wait_for_signal(set & ~UNBLOCKABLE, &info, deadline);
    if (r > 0 && info_user && copy_to_user(info_user, &info, sizeof(info)))
        return -EFAULT;
    return r;
}

static bool may_signal(const struct process *p, int signo)
{
    const struct process *me = current_process;
    if (me->euid == 0 || me->euid == p->suid || me->euid == p->uid || me->uid == p->suid ||
        me->uid == p->uid)
        return true;
    return signo == SIG_CONT && p->session == me->session;
}

static long send_to_pid(int pid, int signo, const struct siginfo *info)
{
    struct process *p = find_process(pid);
    if (p == NULL)
        return -ESRCH;
    if (!may_signal(p, signo))
        return -EPERM;
    if (signo == 0 || p == the_cell->init)
        return 0;
    return send_signal_to_process(p, signo, info);
}

/* kill(-1): all but init and the caller. */
static long send_to_all(int signo, const struct siginfo *info)
{
    long r = -ESRCH;
    list_for_each(l, &the_cell->processes) {
        struct process *p = list_entry(l, struct process, all);
        if (p == current_process || p == the_cell->init || !may_signal(p, signo))
            continue;
        r = signo ? send_signal_to_process(p, signo, info) : 0;
    }
    return r;
}

SYSCALL2(kill, int, pid, int, signo)
{
    struct siginfo info;
    long r;
    if (signo != 0 && !valid_signal(signo))
        return -EINVAL;
    siginfo_from_user(&info, signo, SI_USER_);
    wakes_hold(); /* who is woken would at once wait for the lock */
    lock_take(&the_cell->lock);
    if (pid > 0)
        r = send_to_pid(pid, signo, &info);
    else if (pid == -1)
        r = send_to_all(signo, &info);
    else
        r = send_signal_to_group(pid ? -pid : current_process->pgid, signo, &info);
    lock_release(&the_cell->lock);
    wakes_release();
    return r;
}

static long send_to_tid(int tgid, int tid, int signo, const struct siginfo *info)
{
    long r = -ESRCH;
    wakes_hold();
    lock_take(&the_cell->lock);
    struct thread *t = find_thread(tid);
    if (t && (tgid < 0 || t->process->pid == tgid)) {
        if (!may_signal(t->process, signo))
            r = -EPERM;
        else
            r = signo ? send_signal_to_thread(t, signo, info) : 0;
    }
    lock_release(&the_cell->lock);
    wakes_release();
    return r;
}

SYSCALL3(tgkill, int, tgid, int, tid, int, signo)
{
    struct siginfo info;
    if (tgid <= 0 || tid <= 0 || (signo != 0 && !valid_signal(signo)))
        return -EINVAL;
    siginfo_from_user(&info, signo, SI_TKILL_);
    return send_to_tid(tgid, tid, signo, &info);
}

SYSCALL2(tkill, int, tid, int, signo)
{
    struct siginfo info;
    if (tid <= 0 || (signo != 0 && !valid_signal(signo)))
        return -EINVAL;
    siginfo_from_user(&info, signo, SI_TKILL_);
    return send_to_tid(-1, tid, signo, &info);
}

/* Only the process itself may claim to be the kernel or kill(2). */
static long queued_info(struct siginfo *info, const struct siginfo *user, int signo, bool own)
{
    if (copy_from_user(info, user, sizeof(*info)))
        return -EFAULT;
    info->signo = signo;
    if ((info->code >= 0 || info->code == SI_TKILL_) && !own)
        return -EPERM;
    return 0;
}

SYSCALL3(rt_sigqueueinfo, int, pid, int, signo, const struct siginfo *, user)
{
    struct siginfo info;
    if (signo != 0 && !valid_signal(signo))
        return -EINVAL;
    long r = queued_info(&info, user, signo, pid == current_process->pid);
    if (r)
        return r;
    lock_take(&the_cell->lock);
    r = send_to_pid(pid, signo, &info);
    lock_release(&the_cell->lock);
    return r;
}

SYSCALL4(rt_tgsigqueueinfo, int, tgid, int, tid, int, signo, const struct siginfo *, user)
{
    struct siginfo info;
    if (tgid <= 0 || tid <= 0 || (signo != 0 && !valid_signal(signo)))
        return -EINVAL;
    long r = queued_info(&info, user, signo, tgid == current_process->pid);
    return r ? r : send_to_tid(tgid, tid, signo, &info);
}
