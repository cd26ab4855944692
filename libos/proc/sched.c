/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduling calls. The host schedules; policies, priorities and masks are kept and shown. */
#include <linux/membarrier.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <asm/unistd.h>

#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/proc/process.h"

#define MASK_BYTES     8
#define INTERVAL_NS    4000000
#define NICE_LEAST     (-20)
#define NICE_MOST      19
#define REAL_TIME_MOST 99

/* The thread (0: the caller); the_cell->lock held. */
static struct thread *target(int tid)
{
    return tid ? find_thread(tid) : current();
}

static u64 cell_mask(void)
{
    u32 n = the_boot->processors;

    return n == 0 || n >= 64 ? ~0ull : (1ull << n) - 1;
}

SYSCALL0(sched_yield)
{
    host_yield();
    return 0;
}

SYSCALL3(sched_getaffinity, int, tid, u32, size, u8 *, user)
{
    struct thread *t;
    u64 mask = 0;

    if (size < MASK_BYTES || size % sizeof(u64))
        return -EINVAL;
    lock_take(&the_cell->lock);
    t = target(tid);
    if (t)
        mask = t->affinity & cell_mask();
    lock_release(&the_cell->lock);
    if (!t)
        return -ESRCH;
    return copy_to_user(user, &mask, MASK_BYTES) ? -EFAULT : MASK_BYTES;
}

SYSCALL3(sched_setaffinity, int, tid, u32, size, const u8 *, user)
{
    struct thread *t;
    u64 mask = 0;

    if (copy_from_user(&mask, user, MIN(size, MASK_BYTES)))
        return -EFAULT;
    if (!(mask & cell_mask()))
        return -EINVAL;
    lock_take(&the_cell->lock);
    t = target(tid);
    if (t)
        t->affinity = mask & cell_mask();
    lock_release(&the_cell->lock);
    return t ? 0 : -ESRCH;
}

static bool policy_valid(int policy, int priority)
{
    if (policy == SCHED_FIFO || policy == SCHED_RR)
        return priority >= 1 && priority <= REAL_TIME_MOST;
    return (policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE) &&
           priority == 0;
}

static long set_policy(int tid, int policy, int priority)
{
    struct thread *t;
    long r = -ESRCH;

    policy &= ~SCHED_RESET_ON_FORK;
    if (tid < 0 || !policy_valid(policy, priority))
        return -EINVAL;
    lock_take(&the_cell->lock);
    t = target(tid);
    if (t) {
        bool real_time = policy == SCHED_FIFO || policy == SCHED_RR;

        r = real_time && t->process->limits[14].soft == 0 ? -EPERM : 0;
        if (r == 0) {
            t->policy = (u32)policy;
            t->priority = priority;
        }
    }
    lock_release(&the_cell->lock);
    return r;
}

SYSCALL3(sched_setscheduler, int, tid, int, policy, const int *, user)
{
    int priority;

    if (get_user(priority, user))
        return -EFAULT;
    return policy < 0 ? -EINVAL : set_policy(tid, policy, priority);
}

static long get_policy(int tid, int *policy, int *priority)
{
    struct thread *t;

    if (tid < 0)
        return -EINVAL;
    lock_take(&the_cell->lock);
    t = target(tid);
    if (t) {
        *policy = (int)t->policy;
        *priority = t->priority;
    }
    lock_release(&the_cell->lock);
    return t ? 0 : -ESRCH;
}

SYSCALL1(sched_getscheduler, int, tid)
{
    int policy, priority;
    long r = get_policy(tid, &policy, &priority);

    return r ? r : policy;
}

SYSCALL2(sched_setparam, int, tid, const int *, user)
{
    int policy, priority, wanted;
    long r;

    if (get_user(wanted, user))
        return -EFAULT;
    r = get_policy(tid, &policy, &priority);
    return r ? r : set_policy(tid, policy, wanted);
}

SYSCALL2(sched_getparam, int, tid, int *, user)
{
    int policy, priority;
    long r = get_policy(tid, &policy, &priority);

    return r ? r : put_user(user, priority);
}

SYSCALL1(sched_get_priority_max, int, policy)
{
    if (policy == SCHED_FIFO || policy == SCHED_RR)
        return REAL_TIME_MOST;
    return policy_valid(policy, 0) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

SYSCALL1(sched_get_priority_min, int, policy)
{
    if (policy == SCHED_FIFO || policy == SCHED_RR)
        return 1;
    return policy_valid(policy, 0) || policy == SCHED_DEADLINE ? 0 : -EINVAL;
}

SYSCALL2(sched_rr_get_interval, int, tid, s64 *, user)
{
    int policy, priority;
    s64 interval[2] = {0, INTERVAL_NS};
    long r = get_policy(tid, &policy, &priority);

    return r ? r : copy_to_user(user, interval, sizeof(interval));
}

SYSCALL4(sched_getattr, int, tid, struct sched_attr *, user, u32, size, u32, flags)
{
    struct sched_attr a = {.size = sizeof(a)};
    int policy, priority;
    long r = get_policy(tid, &policy, &priority);

    if (flags || size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE)
        return -EINVAL;
    if (r)
        return r;
    a.sched_policy = (u32)policy;
    a.sched_priority = (u32)priority;
    a.sched_nice = current_process->nice;
    a.size = MIN(size, (u32)sizeof(a));
    return copy_to_user(user, &a, a.size);
}

SYSCALL3(sched_setattr, int, tid, const struct sched_attr *, user, u32, flags)
{
    struct sched_attr a = {0};

    if (flags)
        return -EINVAL;
    if (copy_from_user(&a, user, SCHED_ATTR_SIZE_VER0))
        return -EFAULT;
    return set_policy(tid, (int)a.sched_policy, (int)a.sched_priority);
}

static bool in_priority_set(const struct process *p, int which, int who)
{
    switch (which) {
    case PRIO_PROCESS: return p->pid == (who ? who : current_process->pid);
    case PRIO_PGRP: return p->pgid == (who ? who : current_process->pgid);
    default: return p->uid == (who ? (u32)who : current_process->uid);
    }
}

SYSCALL2(getpriority, int, which, int, who)
{
    int best = NICE_MOST + 1;

    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    lock_take(&the_cell->lock);
    list_for_each(l, &the_cell->processes) {
        struct process *p = list_entry(l, struct process, all);

        if (in_priority_set(p, which, who))
            best = MIN(best, p->nice);
    }
    lock_release(&the_cell->lock);
    return best > NICE_MOST ? -ESRCH : 20 - best;
}

SYSCALL3(setpriority, int, which, int, who, int, nice)
{
    long r = -ESRCH;

    if (which < PRIO_PROCESS || which > PRIO_USER)
        return -EINVAL;
    nice = MAX(MIN(nice, NICE_MOST), NICE_LEAST);
    lock_take(&the_cell->lock);
    list_for_each(l, &the_cell->processes) {
        struct process *p = list_entry(l, struct process, all);

        if (!in_priority_set(p, which, who))
            continue;
        if (nice < p->nice && current_process->euid != 0) {
            r = -EACCES;
            continue;
        }
        p->nice = nice;
        if (r == -ESRCH)
            r = 0;
    }
    lock_release(&the_cell->lock);
    return r;
}

SYSCALL2(ioprio_get, int, which, int, who)
{
    (void)who;
    return which >= 1 && which <= 3 ? 0 : -EINVAL;
}

SYSCALL3(ioprio_set, int, which, int, who, int, value)
{
    (void)who, (void)value;
    return which >= 1 && which <= 3 ? 0 : -EINVAL;
}

/* The processor number is in the TSC's companion register, as the host sets it. */
SYSCALL3(getcpu, u32 *, cpu, u32 *, node, void *, unused)
{
    u32 value, n = MAX(the_boot->processors, 1);

    (void)unused;
    __asm__ volatile("rdtscp" : "=c"(value) : : "eax", "edx");
    if ((cpu && put_user(cpu, (value & 0xfff) % n)) || (node && put_user(node, 0u)))
        return -EFAULT;
    return 0;
}

#define BARRIERS                                                                                   \
    (MEMBARRIER_CMD_PRIVATE_EXPEDITED | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED |                \
     MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE |                                                  \
     MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE)

/* Those that the jail permits, and that concern the calling process only. */
SYSCALL3(membarrier, u32, command, u32, flags, int, cpu)
{
    (void)cpu;
    if (flags || (command & ~(u32)BARRIERS) || (command & (command - 1)))
        return -EINVAL;
    if (command == MEMBARRIER_CMD_QUERY)
        return BARRIERS;
    return host_call(__NR_membarrier, command, 0, 0, 0, 0, 0);
}
