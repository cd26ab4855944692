/* SPDX-License-Identifier: Apache-2.0 */
/* The system calls that make processes and threads.
 *
 * A child that shares its parent's memory without being a thread, and for which the parent does not
 * wait (CLONE_VM without CLONE_VFORK and CLONE_THREAD), gets a copy of the memory. */
#include <linux/sched.h>

#include "libos/entry/syscall.h"
#include "libos/proc/clone.h"
#include "libos/proc/process.h"

#define SIGNAL_MASK 0xffu
#define SIGCHLD_    17
#define NEW_NAMESPACE                                                                              \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)

static long clone_any(struct clone_request *c)
{
    u64 flags = c->flags;

    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return -EINVAL;
    if ((flags & CLONE_THREAD) && (flags & CLONE_PIDFD))
        return -EINVAL;
    if ((flags & (CLONE_NEWNS | CLONE_FS)) == (CLONE_NEWNS | CLONE_FS) ||
        (flags & (CLONE_NEWUSER | CLONE_FS)) == (CLONE_NEWUSER | CLONE_FS) ||
        ((flags & CLONE_THREAD) && (flags & (CLONE_NEWUSER | CLONE_NEWPID))))
        return -EINVAL;
    if (flags & NEW_NAMESPACE)
        return -EPERM;
    /* A tracer of its own parent, as the leak sanitizer has one, would wait for ever. */
    if ((flags & (CLONE_VM | CLONE_VFORK | CLONE_THREAD | CLONE_UNTRACED)) ==
        (CLONE_VM | CLONE_UNTRACED))
        return -EPERM;
    if (flags & CLONE_THREAD)
        return current_process->vfork_parent ? -EINVAL : clone_thread(c);
    return clone_process(c);
}

SYSCALL0(fork)
{
    struct clone_request c = {.exit_signal = SIGCHLD_};

    return clone_any(&c);
}

SYSCALL0(vfork)
{
    struct clone_request c = {.flags = CLONE_VM | CLONE_VFORK, .exit_signal = SIGCHLD_};

    return clone_any(&c);
}

SYSCALL5(clone, u64, flags, u64, stack, u32 *, parent_tid, u32 *, child_tid, u64, tls)
{
    struct clone_request c = {
        .flags = flags & ~(u64)SIGNAL_MASK & 0xffffffff,
        .exit_signal = flags & SIGNAL_MASK,
        .stack = stack,
        .parent_tid = parent_tid,
        .child_tid = child_tid,
        .pidfd = (int *)parent_tid,
        .tls = tls,
    };

    if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID))
        return -EINVAL;
    return clone_any(&c);
}

SYSCALL2(clone3, const struct clone_args *, user, size_t, size)
{
    struct clone_args a = {0};
    struct clone_request c;

    if (size > PAGE_SIZE)
        return -E2BIG;
    if (size < CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    if (copy_from_user(&a, user, MIN(size, sizeof(a))))
        return -EFAULT;
    for (size_t i = sizeof(a); i < size; i++) {
        u8 rest;

        if (get_user(rest, (const u8 *)user + i))
            return -EFAULT;
        if (rest)
            return -E2BIG;
    }
    if ((a.flags & (CLONE_DETACHED | SIGNAL_MASK)) || a.exit_signal > SIGNAL_COUNT ||
        (a.stack == 0) != (a.stack_size == 0))
        return -EINVAL;
    if ((a.flags & (CLONE_THREAD | CLONE_PARENT)) && a.exit_signal)
        return -EINVAL;
    if ((a.flags & (CLONE_INTO_CGROUP | CLONE_CLEAR_SIGHAND)) || a.set_tid_size)
        return a.flags & CLONE_CLEAR_SIGHAND ? -EINVAL : -EPERM;
    c = (struct clone_request){
        .flags = a.flags,
        .exit_signal = (int)a.exit_signal,
        .stack = a.stack + a.stack_size,
        .parent_tid = (u32 *)a.parent_tid,
        .child_tid = (u32 *)a.child_tid,
        .pidfd = (int *)a.pidfd,
        .tls = a.tls,
    };
    return clone_any(&c);
}
