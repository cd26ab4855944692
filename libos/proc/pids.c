/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of processes, threads, groups and sessions. */
#include "libos/entry/syscall.h"
#include "libos/mm/heap.h"
#include "libos/proc/tree.h"

SYSCALL0(getpid)
{
    return current_process->pid;
}

SYSCALL0(gettid)
{
    return current()->tid;
}

SYSCALL0(getppid)
{
    struct process *parent;
    int pid;

    lock_take(&the_cell->lock);
    parent = current_process->parent;
    pid = parent ? parent->pid : 0;
    lock_release(&the_cell->lock);
    return pid;
}

SYSCALL1(set_tid_address, u32 *, word)
{
    current()->clear_tid = word;
    return current()->tid;
}

/* Calls `get` on the process (0: the caller) under the lock. */
static long of_process(int pid, long (*get)(const struct process *p))
{
    struct process *p;
    long r;

    lock_take(&the_cell->lock);
    p = pid ? find_process(pid) : current_process;
    r = p ? get(p) : -ESRCH;
    lock_release(&the_cell->lock);
    return r;
}

static long group_of(const struct process *p)
{
    return p->pgid;
}

static long session_of(const struct process *p)
{
    return p->session->sid;
}

SYSCALL1(getpgid, int, pid)
{
    return of_process(pid, group_of);
}

SYSCALL0(getpgrp)
{
    return current_process->pgid;
}

SYSCALL1(getsid, int, pid)
{
    return of_process(pid, session_of);
}

/* Whether pgid names a group of the session. */
static bool group_in_session(int pgid, const struct session *s)
{
    list_for_each(l, &the_cell->processes) {
        struct process *p = list_entry(l, struct process, all);

        if (p->pgid == pgid && p->session == s)
            return true;
    }
    return false;
}

static long set_group(struct process *p, int pgid)
{
    struct process *self = current_process;

    if (!p || (p != self && p->parent != self))
        return -ESRCH;
    if (p != self && p->session != self->session)
        return -EPERM;
    if (p != self && p->executed)
        return -EACCES;
    if (p->session->sid == p->pid)
        return -EPERM;
    if (pgid != p->pid && !group_in_session(pgid, self->session))
        return -EPERM;
    p->pgid = pgid;
    return 0;
}

SYSCALL2(setpgid, int, pid, int, pgid)
{
    long r;

    if (pgid < 0)
        return -EINVAL;
    lock_take(&the_cell->lock);
    if (!pid)
        pid = current_process->pid;
    r = set_group(find_process(pid), pgid ? pgid : pid);
    lock_release(&the_cell->lock);
    return r;
}

static bool leads_group(int pid)
{
    list_for_each(l, &the_cell->processes) {
        if (list_entry(l, struct process, all)->pgid == pid)
            return true;
    }
    return false;
}

SYSCALL0(setsid)
{
    struct process *p = current_process;
    struct session *s = heap_alloc_first(sizeof(*s));
    long r = -EPERM;

    if (!s)
        return -ENOMEM;
    lock_take(&the_cell->lock);
    if (!leads_group(p->pid)) {
        session_put(p->session);
        s->sid = p->pid;
        s->references = 1;
        p->session = s;
        p->pgid = p->pid;
        s = NULL;
        r = p->pid;
    }
    lock_release(&the_cell->lock);
    heap_free(s);
    return r;
}
