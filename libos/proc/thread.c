/* SPDX-License-Identifier: Apache-2.0 */
/* New threads: host threads of the same host process. */
#include <linux/sched.h>

#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/proc/clone.h"
#include "libos/proc/exec.h"
#include "libos/proc/parking.h"
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

static struct regs first_registers(const struct clone_request *c)
{
    struct regs r = *current()->regs;

    r.rax = 0;
    if (c->stack)
        r.rsp = c->stack;
    return r;
}

static long tell_numbers(const struct thread *t, const struct clone_request *c)
{
    if ((c->flags & CLONE_PARENT_SETTID) && put_user(c->parent_tid, (u32)t->tid))
        return -EFAULT;
    if ((c->flags & CLONE_CHILD_SETTID) && put_user(c->child_tid, (u32)t->tid))
        return -EFAULT;
    return 0;
}

/* The thread's number, after which t may be gone; or -E…. */
static long start_on_new_host_thread(struct thread *t, u32 slot, const struct clone_request *c)
{
    int tid = t->tid;
    u64 stack;
    long r;

    t->regs = (struct regs *)(t->stack_top - sizeof(struct regs));
    *t->regs = first_registers(c);
    stack = ((u64)t->regs - 16) & ~15ul;
    do {
        r = host_clone_thread(HOST_THREAD_FLAGS, stack, stack_host_tid(slot), stack_busy_word(slot),
                              t->fs_base, thread_start, t);
    } while (r == -EINTR);
    return r < 0 ? r : tid;
}

static long start_on_parked(struct thread *t, struct parking_place *place,
                            const struct clone_request *c)
{
    struct regs regs = first_registers(c);
    int tid = t->tid;

    parking_start(place, t, &regs);
    return tid;
}

static long start_thread(struct thread *t, struct parking_place *place,
                         const struct clone_request *c)
{
    long r = tell_numbers(t, c);

    if (r)
        return r;
    return place ? start_on_parked(t, place, c) : start_on_new_host_thread(t, t->stack_slot, c);
}

/* A host thread and stacks for t: *place, or if that is NULL stacks alone. */
static bool take_place(struct thread *t, struct parking_place **place)
{
    u32 slot;

    *place = parking_take(t);
    if (*place)
        return true;
    slot = stack_take();
    if (slot)
        stack_use(t, slot);
    return slot != 0;
}

static void give_back_place(struct thread *t, struct parking_place *place)
{
    if (place)
        parking_give_back(place);
    else
        stack_give_back(t->stack_slot);
}

long clone_thread(struct clone_request *c)
{
    struct parking_place *place;
    struct thread *t;
    long r = -EAGAIN;

    if (!task_allowed())
        return -EAGAIN;
    t = thread_copy(current_process, current());
    if (!t)
        return -EAGAIN;
    if (!take_place(t, &place)) {
        thread_free(t);
        return -EAGAIN;
    }
    if (c->flags & CLONE_SETTLS)
        t->fs_base = c->tls;
    if (c->flags & CLONE_CHILD_CLEARTID)
        t->clear_tid = c->child_tid;
    if (enter_process(t)) {
        r = start_thread(t, place, c);
        if (r >= 0)
            return r;
        leave_process(t);
    }
    give_back_place(t, place);
    thread_free(t);
    return r;
}
