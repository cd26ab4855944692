/* SPDX-License-Identifier: Apache-2.0 */
/* fork, vfork, clone: new processes.
 *
 * fork and its like make a host fork; the child's entries in the process table are made before by
 * the parent, in the heap segment.
 *
 * vfork makes no host process: the child runs in its parent's memory on its parent's host thread,
 * with a library OS stack of its own, while the parent's struct thread rests with its registers at
 * the top of its own stack. The child ends this by ending, or by execve, for which the prepared
 * process forks a host process. */
#include <linux/sched.h>
#include <asm/unistd.h>

#include "base/string.h"
#include "libos/entry/entry.h"
#include "libos/entry/patch_hints.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/hostfs_cell.h"
#include "libos/fs/vfs.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include "libos/mm/mm.h"
#include "libos/proc/clone.h"
#include "libos/proc/exec.h"
#include "libos/proc/fork.h"
#include "libos/proc/parking.h"
#include "libos/proc/pidfd.h"
#include "libos/proc/stacks.h"
#include "libos/proc/tree.h"
#include "libos/time/process_timers.h"

#define HOST_FORK_FLAGS (CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)

/* Whether no other thread uses this process's memory. Then a fork needs no locks, and neither
 * parent nor child copies the page that they are on. */
static bool alone_in_memory(const struct thread *t)
{
    return !t->vfork_caller && t->process->thread_count <= 1 && parking_is_empty();
}

static void hold_memory(void)
{
    patch_fork_begin();
    stacks_lock();
    mm_lock();
}

static void release_memory(void)
{
    mm_unlock();
    stacks_unlock();
    patch_fork_end();
}

/* A function of its own, so that nothing of the old current() is kept. */
static __attribute__((noinline)) _Noreturn void forked(struct thread *t, u32 host_id, bool held,
                                                       void (*start)(void *), void *argument)
{
    heap_bring_in_first();
    host_set_gs((u64)t); /* the signal stack is its parent's, which the host keeps set */
    t->process->host_pid = host_id;
    t->process->memory = memory_name();
    __atomic_store_n(&t->host_tid, host_id, __ATOMIC_SEQ_CST);
    if (held) /* nobody else runs here, and what follows may want them */
        release_memory();
    mm_fork_child();
    patch_fork_child();
    stacks_fork_child(t);
    cpu_limit_watch(t->process);
    start(argument);
    panic("a forked process returned");
}

long host_fork(struct thread *t, void (*start)(void *), void *argument)
{
    struct thread *self = current();
    bool hold = !alone_in_memory(self);
    volatile u32 host_id = 0; /* written by the host in the child's copy of this stack */
    long r;

    t->libos_stack = self->libos_stack;
    t->stack_top = self->stack_top;
    t->stack_slot = self->stack_slot;
    t->spare_slot = self->spare_slot;
    if (hold)
        hold_memory();
    else
        hostfs_keep_popular(); /* so that no child has to ask for what many of them ask for */
    mm_fork_begin();
    do {
        r = host_call(__NR_clone, HOST_FORK_FLAGS, 0, 0, (long)&host_id, 0, 0);
    } while (r == -EINTR);
    if (r == 0)
        forked(t, host_id, hold, start, argument);
    if (r < 0)
        mm_fork_undo();
    if (hold)
        release_memory();
    return r > 0 ? 0 : r;
}

void spawn_from_prepared(struct thread *t)
{
    u32 token = t->index;
    long r;

    while ((r = invoke(RF_SLOT_CELL, RF_OP_SPAWN, token, 0, 0, 0)) == -EAGAIN || r == -EINTR)
        host_yield();
    assert_that(r == 0);
}

_Noreturn void vfork_resume(struct thread *caller, long result)
{
    thread_become(caller);
    host_set_fs(caller->fs_base);
    caller->regs->rax = (u64)result;
    return_to_program(caller, caller->regs);
}

/* What current() is in a host thread that has left the process table: kicks that come late find it.
 */
static u32 nobodys_word;
static struct thread nobody = {.self = &nobody, .wake_word = &nobodys_word};

_Noreturn void host_leave(struct thread *t, bool last, long vfork_result,
                          struct parking_place *place)
{
    struct thread *caller = t->vfork_caller;
    u32 spare = t->spare_slot;

    host_set_gs((u64)&nobody);
    thread_free(t);
    if (caller) {
        stack_give_back(spare);
        vfork_resume(caller, vfork_result);
    }
    if (last)
        host_exit_process();
    stack_give_back(spare);
    if (place)
        parking_wait(place);
    host_exit_thread();
}

static void fork_return(void *argument)
{
    const struct clone_request *c = argument;
    struct thread *t = current();

    t->regs->rax = 0;
    if (c->stack)
        t->regs->rsp = c->stack;
    if (c->flags & CLONE_SETTLS)
        host_set_fs(c->tls);
    if (c->flags & CLONE_CHILD_SETTID)
        put_user(c->child_tid, (u32)t->tid);
    return_to_program(t, t->regs);
}

/* The child in the parent's memory: goes on with a copy of the parent's registers on the spare
 * stack. */
static __attribute__((noinline)) _Noreturn void vfork_run(struct thread *t, struct thread *caller,
                                                          struct clone_request *c)
{
    struct regs *regs = (struct regs *)(t->stack_top - sizeof(struct regs));
    struct clone_request request = *c;

    *regs = *caller->regs;
    t->regs = regs;
    t->host_tid = caller->host_tid;
    t->process->host_pid = caller->process->host_pid;
    t->process->memory = caller->process->memory;
    thread_become(t);
    fork_return(&request);
    panic("a vfork child returned");
}

static long process_resources(struct process *p, struct process *from, u64 flags)
{
    p->files = flags & CLONE_FILES ? fdtable_share(from->files) : fdtable_copy(from->files);
    p->paths = flags & CLONE_FS ? fs_context_share(from->paths) : fs_context_copy(from->paths);
    return p->files && p->paths ? 0 : -ENOMEM;
}

static void enter_tree(struct process *p, struct thread *t, struct process *from, u64 flags)
{
    lock_take(&the_cell->lock);
    p->pid = t->tid = id_take();
    p->pgid = from->pgid;
    p->session = from->session;
    process_link(p, flags & CLONE_PARENT ? from->parent : from);
    thread_link(t);
    lock_release(&the_cell->lock);
}

static void leave_tree(struct process *p, struct thread *t)
{
    lock_take(&the_cell->lock);
    thread_unlink(t);
    process_unlink(p);
    lock_release(&the_cell->lock);
}

/* Hands the new numbers to the program. */
static long tell_parent(const struct clone_request *c, struct process *p, int *pidfd)
{
    *pidfd = -1;
    if ((c->flags & CLONE_PARENT_SETTID) && put_user(c->parent_tid, (u32)p->pid))
        return -EFAULT;
    if (c->flags & CLONE_PIDFD) {
        long fd = pidfd_open_for(p, 0);

        if (fd < 0)
            return fd;
        *pidfd = (int)fd;
        if (put_user(c->pidfd, *pidfd))
            return -EFAULT;
    }
    return 0;
}

static long vfork_process(struct process *p, struct thread *t, struct clone_request *c)
{
    struct thread *self = current();

    if (!self->spare_slot)
        self->spare_slot = stack_take();
    if (!self->spare_slot)
        return -ENOMEM;
    stack_use(t, self->spare_slot);
    t->stack_slot = self->spare_slot;
    t->vfork_caller = self;
    p->vfork_parent = self->process;
    vfork_run(t, self, c);
}

static long start_process(struct process *p, struct thread *t, struct clone_request *c)
{
    int pid = p->pid;
    long r;

    if ((c->flags & (CLONE_VM | CLONE_VFORK)) == (CLONE_VM | CLONE_VFORK))
        return vfork_process(p, t, c);
    t->regs = current()->regs;
    patch_hints_fork(p);
    r = host_fork(t, fork_return, c);
    return r ? r : pid;
}

long clone_process(struct clone_request *c)
{
    struct process *from = current_process, *p;
    struct thread *t = NULL;
    int pidfd;
    long r;

    if (!task_allowed())
        return -EAGAIN;
    p = process_copy(from);
    if (p)
        t = thread_copy(p, current());
    if (!t) {
        if (p)
            process_free(p);
        return -EAGAIN;
    }
    p->exit_signal = c->exit_signal;
    if (c->flags & CLONE_CHILD_CLEARTID)
        t->clear_tid = c->child_tid;
    if (c->flags & CLONE_SETTLS)
        t->fs_base = c->tls;
    r = process_resources(p, from, c->flags);
    if (r == 0) {
        enter_tree(p, t, from, c->flags);
        r = tell_parent(c, p, &pidfd);
        if (r == 0)
            r = start_process(p, t, c);
        if (r >= 0)
            return r;
        leave_tree(p, t);
        if (pidfd >= 0)
            fd_close(pidfd);
    }
    thread_free(t);
    process_free(p);
    return r;
}
