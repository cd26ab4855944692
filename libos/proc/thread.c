/* SPDX-License-Identifier: Apache-2.0 */
/* New threads: host threads of the same host process. */
#include <linux/sched.h>

#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/proc/clone.h"
#include "libos/proc/exec.h"
#include "libos/proc/stacks.h"
#include "libos/proc/tree.h"

#define HOST_THREAD_FLAGS                                                                          \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |            \
     CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID | CLONE_SETTLS)

long host_clone_thread(u64 flags, u64 stack, u32 *parent_tid, u32 *child_tid, u64 tls,
                       void (*start)(void *), void *argument);

/* The new thread's first steps, on its own library OS stack. Its frame is at the top of it. */
static void thread_start(void *argument)
{
    struct thread *t = argument;

    thread_become(t);
    __atomic_store_n(&t->host_tid, *stack_host_tid(t->stack_slot), __ATOMIC_SEQ_CST);
    return_to_program(t, t->regs);
}

/* False: the process is ending, or another thread is in execve. */
static bool enter_process(struct thread *t)
{
    struct process *p = t->process;
    bool may;

    lock_take(&the_cell->lock);
    may = !p->exiting && !p->exec_thread;
    if (may) {
        t->tid = id_take();
        thread_link(t);
    }
    lock_release(&the_cell->lock);
    return may;
}

static void leave_process(struct thread *t)
{
    lock_take(&the_cell->lock);
    thread_unlink(t);
    lock_release(&the_cell->lock);
}

static void prepare_frame(struct thread *t, const struct clone_request *c)
{
    t->regs = (struct regs *)(t->stack_top - sizeof(struct regs));
    *t->regs = *current()->regs;
    t->regs->rax = 0;
    if (c->stack)
        t->regs->rsp = c->stack;
}

static long start_thread(struct thread *t, const struct clone_request *c)
{
    u32 slot = t->stack_slot;
    u64 stack = ((u64)t->regs - 16) & ~15ul;
    int tid = t->tid;
    long r;

    if ((c->flags & CLONE_PARENT_SETTID) && put_user(c->parent_tid, (u32)tid))
        return -EFAULT;
    if ((c->flags & CLONE_CHILD_SETTID) && put_user(c->child_tid, (u32)tid))
        return -EFAULT;
    do {
        r = host_clone_thread(HOST_THREAD_FLAGS, stack, stack_host_tid(slot), stack_busy_word(slot),
                              t->fs_base, thread_start, t);
    } while (r == -EINTR);
    return r < 0 ? r : tid;
}

long clone_thread(struct clone_request *c)
{
    struct thread *t;
    u32 slot;
    long r;

    if (!task_allowed())
        return -EAGAIN;
    slot = stack_take();
    if (!slot)
        return -EAGAIN;
    t = thread_copy(current_process, current());
    if (!t) {
        stack_give_back(slot);
        return -EAGAIN;
    }
    stack_use(t, slot);
    if (c->flags & CLONE_SETTLS)
        t->fs_base = c->tls;
    if (c->flags & CLONE_CHILD_CLEARTID)
        t->clear_tid = c->child_tid;
    prepare_frame(t, c);
    r = -EAGAIN;
    if (enter_process(t)) {
        r = start_thread(t, c);
        if (r >= 0)
            return r;
        leave_process(t);
    }
    thread_free(t);
    stack_give_back(slot);
    return r;
}
