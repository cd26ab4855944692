/* SPDX-License-Identifier: Apache-2.0 */
/* Resource limits. */
#include "libos/entry/syscall.h"
#include "libos/proc/process.h"
#include "libos/time/process_timers.h"

#define LIMIT_CPU    0
#define LIMIT_NOFILE 7
#define MOST_FILES   1048576u

static long get_limit(struct process *p, u32 which, struct rlimit_pair *out)
{
    if (which >= RLIMIT_COUNT)
        return -EINVAL;
    *out = p->limits[which];
    return 0;
}

static long set_limit(struct process *p, u32 which, const struct rlimit_pair *value)
{
    if (which >= RLIMIT_COUNT || value->soft > value->hard)
        return -EINVAL;
    if (which == LIMIT_NOFILE && value->hard > MOST_FILES)
        return -EPERM;
    if (value->hard > p->limits[which].hard && current_process->euid != 0)
        return -EPERM;
    p->limits[which] = *value;
    return 0;
}

SYSCALL2(getrlimit, u32, which, struct rlimit_pair *, user)
{
    struct rlimit_pair value;
    long r = get_limit(current_process, which, &value);

    return r ? r : copy_to_user(user, &value, sizeof(value));
}

SYSCALL2(setrlimit, u32, which, const struct rlimit_pair *, user)
{
    struct rlimit_pair value;

    long r;

    if (copy_from_user(&value, user, sizeof(value)))
        return -EFAULT;
    r = set_limit(current_process, which, &value);
    if (r == 0 && which == LIMIT_CPU)
        cpu_limit_watch(current_process);
    return r;
}

SYSCALL4(prlimit64, int, pid, u32, which, const struct rlimit_pair *, new_value,
         struct rlimit_pair *, old_value)
{
    struct rlimit_pair value, old = {0};
    struct process *p;
    long r = -ESRCH;

    if (new_value && copy_from_user(&value, new_value, sizeof(value)))
        return -EFAULT;
    lock_take(&the_cell->lock);
    p = pid ? find_process(pid) : current_process;
    if (p) {
        r = get_limit(p, which, &old);
        if (r == 0 && new_value)
            r = set_limit(p, which, &value);
    }
    lock_release(&the_cell->lock);
    if (r == 0 && new_value && which == LIMIT_CPU && p == current_process)
        cpu_limit_watch(p);
    if (r == 0 && old_value && copy_to_user(old_value, &old, sizeof(old)))
        return -EFAULT;
    return r;
}
