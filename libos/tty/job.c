/* SPDX-License-Identifier: Apache-2.0 */
/* Job control: controlling terminals, foreground groups, hang-ups. */
#include "libos/tty/tty.h"
#include "libos/entry/user.h"
#include "libos/fs/poll.h"
#include "libos/host/host.h"
#include "libos/proc/process.h"
#include "libos/proc/signal.h"
#include "libos/proc/tree.h"
#include "libos/tty/session.h"
#include <asm/ioctls.h>
#include <asm/signal.h>

static bool is_leader(const struct process *p)
{
    return p->session->sid == p->pid;
}

static long check_background(int signo)
{
    int group = current_process->pgid;
    if (signal_blocked_or_ignored(signo))
        return signo == SIGTTIN ? -EIO : 0;
    if (group_orphaned(group, NULL))
        return -EIO;
    send_signal_to_group(group, signo, NULL);
    return -ERESTARTSYS;
}

long tty_job_check(struct tty *t, int signo)
{
    const struct process *p = current_process;
    long r = 0;
    lock_take(&the_cell->lock);
    if (p->session->terminal == t && t->foreground && t->foreground != p->pgid)
        r = check_background(signo);
    lock_release(&the_cell->lock);
    return r;
}

void tty_signal_foreground(struct tty *t, int signo)
{
    lock_take(&the_cell->lock);
    if (t->foreground)
        send_signal_to_group(t->foreground, signo, NULL);
    lock_release(&the_cell->lock);
}

/* Makes t the controlling terminal of the caller's session. the_cell->lock held. */
static void acquire(struct tty *t)
{
    struct process *p = current_process;
    tty_get(t);
    t->session = p->session;
    t->foreground = p->pgid;
    p->session->terminal = t;
}

/* The opposite. The session's reference becomes the caller's. */
static void separate(struct tty *t)
{
    t->session->terminal = NULL;
    t->session = NULL;
    t->foreground = 0;
}

void tty_open_controls(struct tty *t)
{
    struct process *p = current_process;
    lock_take(&the_cell->lock);
    if (is_leader(p) && !p->session->terminal && !t->session)
        acquire(t);
    lock_release(&the_cell->lock);
}

struct tty *tty_of_caller(void)
{
    lock_take(&the_cell->lock);
    struct tty *t = current_process->session->terminal;
    if (t)
        tty_get(t);
    lock_release(&the_cell->lock);
    return t;
}

bool tty_is_callers(const struct tty *t)
{
    return __atomic_load_n(&current_process->session->terminal, __ATOMIC_RELAXED) == t;
}

static void signal_leader(const struct session *s)
{
    struct process *leader = find_process(s->sid);
    if (!leader || leader->session != s)
        return;
    send_signal_to_process(leader, SIGHUP, NULL);
    send_signal_to_process(leader, SIGCONT, NULL);
}

void tty_release_session(struct tty *t)
{
    lock_take(&the_cell->lock);
    bool had = t->session != NULL;
    if (had) {
        signal_leader(t->session);
        separate(t);
    }
    lock_release(&the_cell->lock);
    if (had)
        tty_put(t);
}

void tty_hangup_locked(struct tty *t)
{
    t->generation++;
    t->opens = 0;
    t->stopped = false;
    t->exclusive = false;
    t->input_tail = t->input_committed = t->input_head;
    waitq_wake(&t->readers, ~0u);
    waitq_wake(&t->writers, ~0u);
    waitq_wake(&t->master.events, ~0u);
}

void tty_hangup(struct tty *t)
{
    lock_take(&t->lock);
    tty_hangup_locked(t);
    lock_release(&t->lock);
}

/* Waits until the device has what was written, for a while: the cell may be about to end. */
static void let_drain(struct tty *t)
{
    const u64 patience = 2000000000u;
    u64 deadline = host_now() + patience;
    lock_take(&t->lock);
    t->driver->flush(t);
    while (t->driver->drains && tty_output_used(t) &&
           wait_on(&t->writers, &t->lock, deadline) != -ETIMEDOUT && host_now() < deadline)
        t->driver->flush(t);
    lock_release(&t->lock);
}

void tty_process_end(struct process *p)
{
    lock_take(&the_cell->lock);
    struct tty *t = p->session && is_leader(p) ? p->session->terminal : NULL;
    if (t) {
        if (t->foreground)
            send_signal_to_group(t->foreground, SIGHUP, NULL);
        separate(t);
    }
    lock_release(&the_cell->lock);
    if (t) {
        let_drain(t);
        tty_put(t);
    }
    if (p->request)
        console_take_back(p);
}

static long give_up_terminal(struct tty *t)
{
    struct process *p = current_process;
    long r = -ENOTTY;
    bool released = false;
    lock_take(&the_cell->lock);
    if (p->session->terminal == t) {
        r = 0;
        if (is_leader(p)) {
            if (t->foreground) {
                send_signal_to_group(t->foreground, SIGHUP, NULL);
                send_signal_to_group(t->foreground, SIGCONT, NULL);
            }
            separate(t);
            released = true;
        }
    }
    lock_release(&the_cell->lock);
    if (released)
        tty_put(t);
    return r;
}

static long set_controlling(struct tty *t, u64 steal)
{
    struct process *p = current_process;
    struct tty *stolen = NULL;
    long r = 0;
    lock_take(&the_cell->lock);
    bool is_mine = p->session->terminal == t;
    if (is_leader(p) && is_mine) {
        r = 0;
    } else if (!is_leader(p) || p->session->terminal) {
        r = -EPERM;
    } else if (t->session && !(steal == 1 && p->euid == 0)) {
        r = -EPERM;
    } else {
        if (t->session) {
            separate(t);
            stolen = t;
        }
        acquire(t);
    }
    lock_release(&the_cell->lock);
    if (stolen)
        tty_put(stolen);
    return r;
}

/* 0 if the group has a member in the session, -EPERM if only in others, -ESRCH if it has none.
 * the_cell->lock held. */
static long group_in_session(int pgid, const struct session *s)
{
    long r = -ESRCH;
    list_for_each(l, &the_cell->processes) {
        const struct process *p = list_entry(l, struct process, all);
        if (p->pgid == pgid && p->session == s)
            return 0;
        if (p->pgid == pgid)
            r = -EPERM;
    }
    return r;
}

static long set_foreground(struct tty *t, u64 user)
{
    int pgid;
    long r = tty_job_check(t, SIGTTOU);
    if (r < 0)
        return r;
    if (get_user(pgid, (const int *)user))
        return -EFAULT;
    if (pgid < 0)
        return -EINVAL;
    const struct session *s = current_process->session;
    lock_take(&the_cell->lock);
    r = s->terminal == t ? group_in_session(pgid, s) : -ENOTTY;
    if (r == 0)
        t->foreground = pgid;
    lock_release(&the_cell->lock);
    return r;
}

/* The terminal itself answers only to its own session; a master to whoever has it. */
static long get_group(struct tty *t, u64 user, bool master, bool of_session)
{
    lock_take(&the_cell->lock);
    bool mine = current_process->session->terminal == t;
    int group = t->foreground, sid = t->session ? t->session->sid : 0;
    lock_release(&the_cell->lock);
    if (!mine && !master)
        return -ENOTTY;
    if (of_session && !sid)
        return -ENOTTY;
    return put_user((int *)user, of_session ? sid : group);
}

long tty_ioctl_job(struct tty *t, u32 command, u64 argument, bool master)
{
    switch (command) {
    case TIOCSCTTY: return master ? -ENOTTY : set_controlling(t, argument);
    case TIOCNOTTY: return master ? -ENOTTY : give_up_terminal(t);
    case TIOCGPGRP: return get_group(t, argument, master, false);
    case TIOCGSID: return get_group(t, argument, master, true);
    default: return set_foreground(t, argument);
    }
}
