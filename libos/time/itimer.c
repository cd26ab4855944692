/* SPDX-License-Identifier: Apache-2.0 */
/* alarm, setitimer, getitimer. */
#include <linux/resource.h>
#include <linux/time.h>

#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/proc/exit.h"
#include "libos/proc/process.h"
#include "libos/time/process_timers.h"

#define NS_PER_SECOND 1000000000ull
#define SIGKILL_      9
#define SIGALRM_      14
#define SIGXCPU_      24
#define SIGVTALRM_    26
#define SIGPROF_      27
#define LEAST_STEP_NS 1000000ull

static const int signals[ITIMERS] = {SIGALRM_, SIGVTALRM_, SIGPROF_};

/* The cpu time that an interval timer counts. */
static u64 cpu_time(struct process *p, int which)
{
    u64 user_ns, system_ns, peak;

    process_times(p, &user_ns, &system_ns, &peak);
    return which == ITIMER_VIRTUAL ? user_ns : user_ns + system_ns;
}

static void send(struct process *p, int signo)
{
    lock_take(&the_cell->lock);
    send_signal_to_process(p, signo, NULL);
    lock_release(&the_cell->lock);
}

/* The earliest instant at which the process can have used `left` more cpu time. */
static u64 next_sample(struct process *p, u64 now, u64 left)
{
    return now + clock_span_of_host(MAX(left / MAX(p->thread_count, 1), LEAST_STEP_NS));
}

/* RLIMIT_CPU: SIGXCPU at the soft limit and every second after it, SIGKILL at the hard one. */
static u64 fire_limit(struct itimer *i, u64 now)
{
    const struct rlimit_pair *limit = &i->owner->limits[RLIMIT_CPU];
    u64 used = cpu_time(i->owner, i->which), seconds = used / NS_PER_SECOND;
    int signo = seconds >= limit->hard ? SIGKILL_ : seconds >= limit->soft ? SIGXCPU_ : 0;

    if (used < i->target)
        return next_sample(i->owner, now, i->target - used);
    if (signo)
        send(i->owner, signo);
    i->target += NS_PER_SECOND;
    return next_sample(i->owner, now, NS_PER_SECOND);
}

static u64 fire_cpu(struct itimer *i, u64 now)
{
    u64 used = cpu_time(i->owner, i->which);

    if (used < i->target)
        return next_sample(i->owner, now, i->target - used);
    send(i->owner, signals[i->which]);
    if (!i->interval)
        return 0;
    i->target += i->interval * ((used - i->target) / i->interval + 1);
    return next_sample(i->owner, now, i->target - used);
}

static u64 fire(struct timer *t, u64 now)
{
    struct itimer *i = container_of(t, struct itimer, timer);

    if (i->which == CPU_LIMIT)
        return fire_limit(i, now);
    if (i->which != ITIMER_REAL)
        return fire_cpu(i, now);
    send(i->owner, signals[i->which]);
    if (!i->interval)
        return 0;
    /* `expires` was cleared when it was taken off the list; the grid is kept by `target`. */
    i->target += i->interval * ((now - i->target) / i->interval + 1);
    return i->target;
}

struct process_timers *process_timers_get(struct process *p)
{
    struct process_timers *made, *old = NULL;

    if (p->timers)
        return p->timers;
    made = heap_alloc(sizeof(*made));
    if (!made)
        return NULL;
    for (int which = 0; which <= CPU_LIMIT; which++) {
        struct itimer *i = &made->intervals[which];

        i->owner = p;
        i->which = which;
        timer_init(&i->timer, fire, i, p);
    }
    if (!__atomic_compare_exchange_n(&p->timers, (void *)&old, made, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        heap_free(made);
        return (struct process_timers *)old;
    }
    return made;
}

void process_timers_free(struct process *p)
{
    struct process_timers *pt = p->timers;

    if (!pt)
        return;
    for (int which = 0; which <= CPU_LIMIT; which++)
        timer_set(&pt->intervals[which].timer, 0);
    posix_timers_delete(pt);
    p->timers = NULL;
    heap_free(pt);
}

void process_timers_exec(struct process *p)
{
    if (p->timers)
        posix_timers_delete(p->timers);
}

/* Nanoseconds until it fires; 0: not armed. */
static u64 remaining(struct itimer *i)
{
    u64 now = i->which == ITIMER_REAL ? host_now() : cpu_time(i->owner, i->which);

    if (!i->timer.expires)
        return 0;
    return i->target > now ? i->target - now : 1000;
}

static void set(struct itimer *i, u64 value, u64 interval)
{
    u64 now = host_now();

    timer_set(&i->timer, 0);
    i->interval = interval;
    if (!value)
        return;
    if (i->which == ITIMER_REAL) {
        i->target = now + value;
        timer_set(&i->timer, i->target);
    } else {
        i->target = cpu_time(i->owner, i->which) + value;
        timer_set(&i->timer, next_sample(i->owner, now, value));
    }
}

void cpu_limit_watch(struct process *p)
{
    u64 soft = p->limits[RLIMIT_CPU].soft;
    struct process_timers *pt;
    struct itimer *i;

    if (soft == RLIM64_INFINITY && !p->timers)
        return;
    pt = process_timers_get(p);
    if (!pt)
        return;
    i = &pt->intervals[CPU_LIMIT];
    timer_set(&i->timer, 0);
    if (soft > INT64_MAX / NS_PER_SECOND)
        return;
    i->target = MAX(soft, 1) * NS_PER_SECOND;
    timer_set(&i->timer, next_sample(p, host_now(), 0));
}

static u64 timeval_ns(const struct __kernel_old_timeval *t)
{
    struct timespec_abi ts = {t->tv_sec, t->tv_usec * 1000};

    return timespec_ns(&ts);
}

static struct __kernel_old_timeval timeval_from_ns(u64 ns)
{
    struct __kernel_old_timeval t;

    t.tv_sec = (s64)(ns / NS_PER_SECOND);
    t.tv_usec = (s64)(ns % NS_PER_SECOND / 1000);
    return t;
}

static bool timeval_valid(const struct __kernel_old_timeval *t)
{
    return t->tv_sec >= 0 && t->tv_usec >= 0 && t->tv_usec < 1000000;
}

struct itimerval_abi {
    struct __kernel_old_timeval interval, value;
};

static struct itimerval_abi describe(struct itimer *i)
{
    return (struct itimerval_abi){timeval_from_ns(i->interval), timeval_from_ns(remaining(i))};
}

SYSCALL2(getitimer, u32, which, struct itimerval_abi *, user)
{
    struct process_timers *pt;
    struct itimerval_abi value;

    if (which >= ITIMERS)
        return -EINVAL;
    pt = process_timers_get(current_process);
    if (!pt)
        return -ENOMEM;
    value = describe(&pt->intervals[which]);
    return copy_to_user(user, &value, sizeof(value));
}

SYSCALL3(setitimer, u32, which, const struct itimerval_abi *, user, struct itimerval_abi *, old)
{
    struct itimerval_abi value = {0}, before;
    struct process_timers *pt;

    if (which >= ITIMERS)
        return -EINVAL;
    if (user && copy_from_user(&value, user, sizeof(value)))
        return -EFAULT;
    if (!timeval_valid(&value.value) || !timeval_valid(&value.interval))
        return -EINVAL;
    pt = process_timers_get(current_process);
    if (!pt)
        return -ENOMEM;
    before = describe(&pt->intervals[which]);
    set(&pt->intervals[which], timeval_ns(&value.value), timeval_ns(&value.interval));
    return old ? copy_to_user(old, &before, sizeof(before)) : 0;
}

SYSCALL1(alarm, u32, seconds)
{
    struct process_timers *pt = process_timers_get(current_process);
    u64 left;

    if (!pt)
        return 0;
    left = remaining(&pt->intervals[ITIMER_REAL]);
    set(&pt->intervals[ITIMER_REAL], seconds * NS_PER_SECOND, 0);
    return (long)(left ? MAX((left + NS_PER_SECOND / 2) / NS_PER_SECOND, 1) : 0);
}
