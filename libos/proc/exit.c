/* SPDX-License-Identifier: Apache-2.0 */
/* Ending threads and processes.
 *
 * A thread ends itself, at a safe point. A process ends when its last thread does: exit_process
 * asks the others to end and ends the calling thread; whoever is last makes the zombie. From the
 * moment the zombie is in place its struct may be freed by the parent, so nothing of it is touched
 * after. */
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/entry/user.h"
#include "libos/fs/async.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/vfs.h"
#include "libos/fs/hostfs_cell.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/mm/mm.h"
#include "libos/proc/exit.h"
#include "libos/proc/fork.h"
#include "libos/proc/futex.h"
#include "libos/proc/parking.h"
#include "libos/proc/pidfd.h"
#include "libos/proc/tree.h"
#include "libos/proc/subject.h"
#include "libos/time/clock.h"
#include "libos/tty/session.h"

#define SIGHUP_        1
#define SIGCHLD_       17
#define SIGCONT_       18
#define SIG_IGN_       1
#define SA_NOCLDWAIT_  2
#define CLD_EXITED_    1
#define CLD_KILLED_    2
#define CLD_DUMPED_    3
#define CORE_FLAG      0x80
#define USER_TICKS(ns) ((s64)((ns) / 10000000))

/* siginfo_t's fields for SIGCHLD. */
struct siginfo_child {
    s32 pid;
    u32 uid;
    s32 status, pad;
    s64 user_time, system_time;
};
_Static_assert(sizeof(struct siginfo_child) <= sizeof(((struct siginfo *)0)->rest), "Linux ABI");

void tell_parent_of(struct process *p, int signo, int code, int status)
{
    struct siginfo info = {.signo = signo, .code = code};
    struct siginfo_child child = {
        .pid = p->pid,
        .uid = p->uid,
        .status = status,
        .user_time = USER_TICKS(p->user_ns),
        .system_time = USER_TICKS(p->system_ns),
    };

    memcpy(info.rest, &child, sizeof(child));
    send_signal_to_process(p->parent, signo, &info);
}

void reap(struct process *zombie)
{
    struct process *parent = zombie->parent;

    parent->children_user_ns += zombie->user_ns + zombie->children_user_ns;
    parent->children_system_ns += zombie->system_ns + zombie->children_system_ns;
    parent->children_peak_memory =
        MAX(parent->children_peak_memory, MAX(zombie->peak_memory, zombie->children_peak_memory));
    process_unlink(zombie);
    process_free(zombie);
}

/* A group that lost its tie to a living parent while some of it is stopped would stop for ever. */
static void wake_orphaned_group(int pgid, const struct process *ignored)
{
    if (group_orphaned(pgid, ignored) && group_has_stopped(pgid)) {
        send_signal_to_group(pgid, SIGHUP_, NULL);
        send_signal_to_group(pgid, SIGCONT_, NULL);
    }
}

static struct process *new_parent(struct process *p)
{
    struct process *ancestor = p->parent;

    while (ancestor && ancestor != the_cell->init &&
           (!ancestor->subreaper || ancestor->state == PROCESS_ZOMBIE || ancestor->exiting))
        ancestor = ancestor->parent;
    return ancestor ? ancestor : the_cell->init;
}

void orphan_children(struct process *p)
{
    struct process *parent = new_parent(p);

    list_for_each_safe(l, &p->children) {
        struct process *child = list_entry(l, struct process, sibling);

        list_del(&child->sibling);
        list_add_tail(&parent->children, &child->sibling);
        child->parent = parent;
        if (child->state == PROCESS_ZOMBIE) {
            if (parent == the_cell->init)
                reap(child);
            else
                tell_parent_of(child, SIGCHLD_, CLD_EXITED_, child->status >> 8);
            continue;
        }
        child->exit_signal = SIGCHLD_;
        if (child->parent_death_signal)
            send_signal_to_process(child, child->parent_death_signal, NULL);
        if (child->pgid != p->pgid && child->session == p->session)
            wake_orphaned_group(child->pgid, p);
    }
    waitq_wake(&parent->child_events, ~0u);
}

static void give_up_shared(struct process *p)
{
    struct fdtable *files = p->files;
    struct fs_context *paths = p->paths;

    timers_process_end(p);
    fdtable_put(files);
    p->files = NULL;
    if (tty_process_end)
        tty_process_end(p);
    p->paths = NULL;
    fs_context_put(paths);
}

static bool parent_ignores(const struct process *p)
{
    const struct sigaction_abi *a = &p->parent->signals.actions[SIGCHLD_ - 1];

    return p->parent == the_cell->init ||
           (p->exit_signal == SIGCHLD_ && (a->handler == SIG_IGN_ || (a->flags & SA_NOCLDWAIT_)));
}

/* Commits the end: after it p belongs to its parent, or is gone. */
static void become_zombie(struct process *p, struct thread *t, int status)
{
    int signo = status & 0x7f;
    int code = !signo ? CLD_EXITED_ : status & CORE_FLAG ? CLD_DUMPED_ : CLD_KILLED_;

    wakes_hold(); /* the parent would at once wait for the lock */
    lock_take(&the_cell->lock);
    thread_unlink(t);
    orphan_children(p);
    if (p->parent->session == p->session && p->parent->pgid != p->pgid)
        wake_orphaned_group(p->pgid, p);
    p->status = status;
    p->state = PROCESS_ZOMBIE;
    pidfd_process_ended(p);
    if (p->exit_signal && p->parent != the_cell->init)
        tell_parent_of(p, p->exit_signal, code, signo ? signo : status >> 8);
    waitq_wake(&p->parent->child_events, ~0u);
    if (parent_ignores(p))
        reap(p);
    lock_release(&the_cell->lock);
    wakes_release();
}

/* The main process ended: the cell does, with the calls of those that still live counted. */
static void end_cell(int wait_status)
{
    u64 *calls = &the_window->cell.stat_system_calls;

    lock_take(&the_cell->lock);
    for (u32 i = 1; i < RF_MAX_THREADS; i++) {
        if (the_cell->threads[i])
            __atomic_fetch_add(calls, the_cell->threads[i]->system_calls, __ATOMIC_RELAXED);
    }
    lock_release(&the_cell->lock);
    invoke_surely(RF_SLOT_CELL, RF_OP_EXIT, (u64)wait_status, 0, 0, 0);
}

static _Noreturn void end_last_thread(struct thread *t, int status)
{
    struct process *p = t->process;
    bool is_main = p == the_cell->main_process;
    int pid = p->pid;

    p->exiting = true;
    if (!p->vfork_parent)
        process_times(p, &p->user_ns, &p->system_ns, &p->peak_memory);
    give_up_shared(p);
    async_send();
    if (!p->vfork_parent) {
        ipc_process_end(p);
        parking_process_end();
        mm_exit();
    }
    if (is_main) {
        hostfs_flush_all();
        end_cell(status);
    }
    if (p->request)
        invoke_surely(RF_SLOT_CELL, RF_OP_EXEC_DONE, p->request, (u64)status, 0, 0);
    subject_end(p);
    become_zombie(p, t, status);
    host_leave(t, true, pid, NULL);
}

void end_unstarted(struct thread *t, int wait_status)
{
    struct process *p = t->process;

    p->exiting = true;
    give_up_shared(p);
    if (p == the_cell->main_process)
        end_cell(wait_status);
    if (p->request)
        invoke_surely(RF_SLOT_CELL, RF_OP_EXEC_DONE, p->request, (u64)wait_status, 0, 0);
    become_zombie(p, t, wait_status);
    thread_free(t);
}

/* True if another thread of the process lives on; then t is out of the tree. Otherwise t is the
 * last. */
static bool leave_others_behind(struct thread *t)
{
    struct process *p = t->process;
    bool others;

    lock_take(&the_cell->lock);
    others = p->thread_count > 1;
    if (others) {
        thread_unlink(t);
        if (p->exec_thread)
            waitq_wake(&p->child_events, ~0u);
    }
    lock_release(&the_cell->lock);
    return others;
}

/* Without another thread nobody reads the word, and as on Linux it stays as it is. */
static void release_user_words(struct thread *t)
{
    robust_list_exit(t);
    if (t->clear_tid && (t->process->thread_count > 1 || t->vfork_caller)) {
        if (put_user(t->clear_tid, 0u) == 0)
            futex_wake_user(t->clear_tid, 1);
    }
    t->clear_tid = NULL;
}

_Noreturn void exit_thread(int code)
{
    struct thread *t = current();
    struct process *p = t->process;
    bool others = p->thread_count > 1;
    struct parking_place *place;

    __atomic_store_n(&t->ending, true, __ATOMIC_SEQ_CST);
    place = others && !p->exiting ? parking_offer(t) : NULL;
    release_user_words(t);
    if (others)
        timers_thread_end(t);
    if (leave_others_behind(t))
        host_leave(t, false, 0, place);
    end_last_thread(t, p->exiting ? p->status : (code & 0xff) << 8);
}

_Noreturn void exit_process(int wait_status)
{
    struct thread *t = current();
    struct process *p = t->process;

    lock_take(&the_cell->lock);
    if (!p->exiting) {
        p->exiting = true;
        p->status = wait_status;
        list_for_each(l, &p->threads) {
            struct thread *other = list_entry(l, struct thread, siblings);

            if (other != t) {
                other->ending = true;
                thread_poke(other);
            }
        }
    }
    lock_release(&the_cell->lock);
    exit_thread(0);
}

SYSCALL1(exit, int, code)
{
    exit_thread(code);
}

SYSCALL1(exit_group, int, code)
{
    exit_process((code & 0xff) << 8);
}
