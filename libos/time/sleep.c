/* SPDX-License-Identifier: Apache-2.0 */
/* nanosleep and clock_nanosleep.
 *
 * A sleep that a stop and a continuation interrupted begins again as the same call and must not
 * last longer for it: the thread remembers the deadline, and that its next call is the repetition.
 */
#include <linux/time.h>

#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/proc/process.h"
#include "libos/time/clock_id.h"

#define CPU_CLOCK_STEP_NS 5000000u

static void remember(u64 deadline)
{
    struct thread *t = current();

    t->restarted_call = t->system_calls + 1;
    t->restarted_deadline = deadline;
}

/* The deadline of this sleep, if it is the repetition of an interrupted one. */
static u64 repeated(u64 deadline)
{
    struct thread *t = current();

    return t->restarted_call == t->system_calls && t->restarted_call ? t->restarted_deadline
                                                                     : deadline;
}

static long put_remaining(struct timespec_abi *user, u64 deadline)
{
    u64 now = host_now();
    struct timespec_abi left = timespec_from_ns(deadline > now ? deadline - now : 0);

    return copy_to_user(user, &left, sizeof(left));
}

static long sleep_until(u64 deadline)
{
    for (;;) {
        u32 ticket = wake_ticket();
        long r;

        if (host_now() >= deadline)
            return 0;
        r = sleep_until_woken(ticket, deadline);
        if (r == -ETIMEDOUT)
            return 0;
        if (r == -EINTR)
            return r;
    }
}

static long relative_sleep(u64 ns, struct timespec_abi *remaining)
{
    u64 deadline = repeated(host_now() + ns);
    long r = sleep_until(deadline);

    if (r == 0)
        return 0;
    if (remaining && put_remaining(remaining, deadline))
        return -EFAULT;
    remember(deadline);
    return -ERESTARTNOHAND;
}

/* A clock that may be slow: look again and again. */
static long cpu_clock_sleep(int clock, u64 until)
{
    for (;;) {
        u64 now;
        long r = clock_read(clock, &now);

        if (r || now >= until)
            return r;
        r = sleep_until(host_now() + clock_span_of_host(MIN(until - now, CPU_CLOCK_STEP_NS)));
        if (r)
            return -ERESTARTNOHAND;
    }
}

SYSCALL2(nanosleep, const struct timespec_abi *, user, struct timespec_abi *, remaining)
{
    struct timespec_abi t;

    if (copy_from_user(&t, user, sizeof(t)))
        return -EFAULT;
    if (!timespec_valid(&t))
        return -EINVAL;
    return relative_sleep(timespec_ns(&t), remaining);
}

SYSCALL4(clock_nanosleep, int, clock, int, flags, const struct timespec_abi *, user,
         struct timespec_abi *, remaining)
{
    struct timespec_abi t;
    u64 now, ns;
    long r;

    if (!clock_exists(clock) || clock == CLOCK_THREAD_CPUTIME_ID)
        return -EINVAL;
    if (clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_REALTIME_COARSE ||
        clock == CLOCK_MONOTONIC_COARSE)
        return -EOPNOTSUPP;
    if (copy_from_user(&t, user, sizeof(t)))
        return -EFAULT;
    if (!timespec_valid(&t))
        return -EINVAL;
    ns = timespec_ns(&t);
    if (clock == CLOCK_PROCESS_CPUTIME_ID || clock < 0) {
        r = clock_read(clock, &now);
        return r ? r : cpu_clock_sleep(clock, flags & TIMER_ABSTIME ? ns : now + ns);
    }
    if (!(flags & TIMER_ABSTIME))
        return relative_sleep(ns, remaining);
    r = sleep_until(deadline_of_clock(clock, ns));
    return r ? -ERESTARTNOHAND : 0;
}
