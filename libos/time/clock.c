/* SPDX-License-Identifier: Apache-2.0 */
/* Reading clocks. */
#include <linux/time.h>
#include <linux/timex.h>

#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/proc/exit.h"
#include "libos/proc/process.h"
#include "libos/time/clock.h"
#include "libos/time/clock_id.h"

#define NS_PER_SECOND   1000000000ull
#define COARSE_STEP_NS  4000000
#define CLOCK_LIMIT     16
#define USEC_PER_TICK   10000
#define TOLERANCE       32768000
#define TIME_OK         0
#define DYNAMIC_THREAD  4
#define DYNAMIC_KIND    3
#define KIND_USER       1
#define KIND_DESCRIPTOR 3

struct rf_time time_now(void)
{
    u64 seconds = 0, nanoseconds = 0;

    host_clock(CLOCK_REALTIME_COARSE, &seconds, &nanoseconds);
    return (struct rf_time){(s64)seconds, nanoseconds};
}

bool timespec_valid(const struct timespec_abi *t)
{
    return t->seconds >= 0 && t->nanoseconds >= 0 && t->nanoseconds < (s64)NS_PER_SECOND;
}

u64 timespec_ns(const struct timespec_abi *t)
{
    if ((u64)t->seconds >= INT64_MAX / NS_PER_SECOND)
        return INT64_MAX;
    return (u64)t->seconds * NS_PER_SECOND + (u64)t->nanoseconds;
}

struct timespec_abi timespec_from_ns(u64 ns)
{
    return (struct timespec_abi){(s64)(ns / NS_PER_SECOND), (s64)(ns % NS_PER_SECOND)};
}

long deadline_from_user(const struct timespec_abi *user, u64 *deadline)
{
    struct timespec_abi t;

    *deadline = FOREVER;
    if (!user)
        return 0;
    if (copy_from_user(&t, user, sizeof(t)))
        return -EFAULT;
    if (!timespec_valid(&t))
        return -EINVAL;
    *deadline = host_now() + timespec_ns(&t);
    return 0;
}

static u64 read_host_clock(int clock)
{
    u64 seconds = 0, nanoseconds = 0;

    host_clock(clock, &seconds, &nanoseconds);
    return seconds * NS_PER_SECOND + nanoseconds;
}

u64 host_thread_processor_time(void)
{
    return read_host_clock(CLOCK_THREAD_CPUTIME_ID);
}

u64 thread_processor_time(void)
{
    return host_thread_processor_time() - current()->processor_time_before;
}

u64 deadline_of_real_time(u64 ns)
{
    u64 real = read_host_clock(CLOCK_REALTIME);

    return ns > real ? host_now() + (ns - real) : 1;
}

u64 deadline_of_clock(int clock, u64 ns)
{
    u64 now;

    if (clock == CLOCK_MONOTONIC)
        return MAX(ns, 1);
    now = read_host_clock(clock);
    return ns > now ? host_now() + (ns - now) : 1;
}

/* Clock numbers below 0 name the cpu clock of a process or thread: ~id << 3 | thread << 2 | kind.
 */
static long dynamic_clock(int clock, u64 *ns)
{
    int id = ~(clock >> 3), kind = clock & DYNAMIC_KIND;
    u64 user_ns, system_ns, peak;
    struct process *p;
    struct thread *t;

    if (kind == KIND_DESCRIPTOR)
        return -EINVAL;
    if (id == 0 || id == ((clock & DYNAMIC_THREAD) ? current()->tid : current_process->pid)) {
        *ns = clock & DYNAMIC_THREAD ? thread_processor_time()
                                     : read_host_clock(CLOCK_PROCESS_CPUTIME_ID);
        return 0;
    }
    lock_take(&the_cell->lock);
    t = clock & DYNAMIC_THREAD ? find_thread(id) : NULL;
    p = t ? t->process : find_process(id);
    if (p)
        process_times(p, &user_ns, &system_ns, &peak);
    lock_release(&the_cell->lock);
    if (!p)
        return -EINVAL;
    *ns = kind == KIND_USER ? user_ns : user_ns + system_ns;
    return 0;
}

bool clock_exists(int clock)
{
    return clock < 0 || (clock < CLOCK_LIMIT && clock != 10 && clock < 12);
}

long clock_read(int clock, u64 *ns)
{
    u64 seconds = 0, nanoseconds = 0;
    long r;

    if (!clock_exists(clock))
        return -EINVAL;
    if (clock < 0)
        return dynamic_clock(clock, ns);
    if (clock == CLOCK_REALTIME_ALARM)
        clock = CLOCK_REALTIME;
    if (clock == CLOCK_BOOTTIME_ALARM)
        clock = CLOCK_BOOTTIME;
    r = host_clock(clock, &seconds, &nanoseconds);
    *ns = seconds * NS_PER_SECOND + nanoseconds;
    if (clock == CLOCK_THREAD_CPUTIME_ID)
        *ns -= current()->processor_time_before;
    return r;
}

SYSCALL2(clock_gettime, int, clock, struct timespec_abi *, user)
{
    struct timespec_abi t;
    u64 now[2], ns;
    long r;

    if (likely(quick_clock(clock, now) == 0)) { /* programs that ask this way ask often */
        t = (struct timespec_abi){(s64)now[0], (s64)now[1]};
        return copy_to_user(user, &t, sizeof(t));
    }
    r = clock_read(clock, &ns);
    if (r)
        return r;
    t = timespec_from_ns(ns);
    return copy_to_user(user, &t, sizeof(t));
}

SYSCALL2(clock_getres, int, clock, struct timespec_abi *, user)
{
    bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
    struct timespec_abi t = {0, coarse ? COARSE_STEP_NS : 1};

    if (!clock_exists(clock))
        return -EINVAL;
    return user ? copy_to_user(user, &t, sizeof(t)) : 0;
}

SYSCALL2(gettimeofday, struct __kernel_old_timeval *, user, s32 *, zone)
{
    static const s32 no_zone[2];
    u64 ns;

    if (user) {
        struct __kernel_old_timeval t;

        ns = read_host_clock(CLOCK_REALTIME);
        t.tv_sec = (s64)(ns / NS_PER_SECOND);
        t.tv_usec = (s64)(ns % NS_PER_SECOND / 1000);
        if (copy_to_user(user, &t, sizeof(t)))
            return -EFAULT;
    }
    return zone ? copy_to_user(zone, no_zone, sizeof(no_zone)) : 0;
}

SYSCALL1(time, s64 *, user)
{
    s64 now = (s64)(read_host_clock(CLOCK_REALTIME) / NS_PER_SECOND);

    if (user && put_user(user, now))
        return -EFAULT;
    return now;
}

SYSCALL2(clock_settime, int, clock, const struct timespec_abi *, user)
{
    struct timespec_abi t;

    if (clock != CLOCK_REALTIME)
        return -EINVAL;
    if (copy_from_user(&t, user, sizeof(t)))
        return -EFAULT;
    return timespec_valid(&t) ? -EPERM : -EINVAL;
}

SYSCALL2(settimeofday, const void *, time, const void *, zone)
{
    return time || zone ? -EPERM : 0;
}

/* The host's clock is not the cell's to change; asking is free. */
static long adjust_time(struct __kernel_timex *user)
{
    struct __kernel_timex t;

    if (copy_from_user(&t, user, sizeof(t)))
        return -EFAULT;
    if (t.modes)
        return -EPERM;
    memset(&t, 0, sizeof(t));
    t.tick = USEC_PER_TICK;
    t.tolerance = TOLERANCE;
    t.time.tv_sec = (s64)(read_host_clock(CLOCK_REALTIME) / NS_PER_SECOND);
    t.time.tv_usec = (s64)(read_host_clock(CLOCK_REALTIME) % NS_PER_SECOND / 1000);
    return copy_to_user(user, &t, sizeof(t)) ? -EFAULT : TIME_OK;
}

SYSCALL1(adjtimex, struct __kernel_timex *, user)
{
    return adjust_time(user);
}

SYSCALL2(clock_adjtime, int, clock, struct __kernel_timex *, user)
{
    return clock == CLOCK_REALTIME ? adjust_time(user) : -EINVAL;
}
