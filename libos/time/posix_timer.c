/* SPDX-License-Identifier: Apache-2.0 */
/* timer_create and its family.
 *
 * While the signal of one expiry waits to be delivered, further expiries only count as overruns. */
#include <linux/time.h>

#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include "libos/proc/signal_queue.h"
#include "libos/time/clock_id.h"
#include "libos/time/process_timers.h"

#define SIGALRM_        14
#define SIGEV_SIGNAL    0
#define SIGEV_NONE      1
#define SIGEV_THREAD    2
#define SIGEV_THREAD_ID 4
#define OVERRUN_LIMIT   INT32_MAX
#define CPU_SAMPLE_NS   1000000ull

/* The Linux ABI's struct sigevent. */
struct sigevent_abi {
    u64 value;
    s32 signo, notify;
    s32 tid;
    s32 pad[11];
};
_Static_assert(sizeof(struct sigevent_abi) == 64, "Linux ABI");

struct itimerspec_abi {
    struct timespec_abi interval, value;
};

struct posix_timer {
    struct timer timer;
    struct process *owner;
    int id, clock;
    int notify, signo, tid;
    u64 value;    /* for the handler */
    u64 interval; /* ns */
    u64 target;   /* CLOCK_MONOTONIC, or the cpu clock's, ns */
    u64 overrun;  /* expiries since the last signal was sent, besides its own */
};

static bool is_cpu_clock(int clock)
{
    return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

/* True if the signal of an earlier expiry still waits; then it tells of this one too. */
static bool counted(struct posix_timer *t, struct pending *pending, u64 missed)
{
    bool waits;

    lock_take(&t->owner->lock);
    waits = pending_overrun(pending, t->signo, t->id, (s32)MIN(missed + 1, OVERRUN_LIMIT));
    lock_release(&t->owner->lock);
    t->overrun = waits ? t->overrun + missed + 1 : missed;
    return waits;
}

static void notify(struct posix_timer *t, u64 missed)
{
    struct siginfo info = {.signo = t->signo, .code = SI_TIMER_};
    struct pending *pending = &t->owner->signals.pending;
    struct thread *target = NULL;
    s32 numbers[2] = {t->id, (s32)MIN(missed, OVERRUN_LIMIT)};

    if (t->notify == SIGEV_NONE)
        return;
    memcpy(info.rest, numbers, sizeof(numbers));
    memcpy(info.rest + sizeof(numbers), &t->value, sizeof(t->value));
    lock_take(&the_cell->lock);
    if (t->notify & SIGEV_THREAD_ID) {
        target = find_thread(t->tid);
        pending = target ? &target->signals.pending : NULL;
    }
    if (pending && !counted(t, pending, missed)) {
        if (target)
            send_signal_to_thread(target, t->signo, &info);
        else
            send_signal_to_process(t->owner, t->signo, &info);
    }
    lock_release(&the_cell->lock);
}

/* Moves the target past `now` of its clock; the number of intervals that were skipped. */
static u64 advance(struct posix_timer *t, u64 now)
{
    u64 passed = (now - t->target) / t->interval;

    t->target += t->interval * (passed + 1);
    return passed;
}

/* When to look at the cpu clock again: it does not run faster than the host's time. */
static u64 next_sample(const struct posix_timer *t, u64 now, u64 clock_now)
{
    u64 left = t->target > clock_now ? t->target - clock_now : 0;

    return now + clock_span_of_host(MAX(CPU_SAMPLE_NS, left));
}

static u64 fire(struct timer *timer, u64 now)
{
    struct posix_timer *t = container_of(timer, struct posix_timer, timer);
    u64 clock_now = now;

    if (is_cpu_clock(t->clock)) {
        if (clock_read(t->clock, &clock_now) || clock_now < t->target)
            return next_sample(t, now, clock_now);
    }
    notify(t, t->interval ? advance(t, clock_now) : 0);
    if (!t->interval)
        return 0;
    return is_cpu_clock(t->clock) ? next_sample(t, now, clock_now) : t->target;
}

static struct posix_timer *find_timer(int id)
{
    struct process_timers *pt = current_process->timers;

    return pt && id >= 0 && id < POSIX_TIMERS ? pt->posix[id] : NULL;
}

static long check_event(struct sigevent_abi *e)
{
    if (e->notify == SIGEV_NONE)
        return 0;
    if ((e->notify & ~SIGEV_THREAD_ID) != SIGEV_SIGNAL &&
        (e->notify & ~SIGEV_THREAD_ID) != SIGEV_THREAD)
        return -EINVAL;
    if (e->signo < 1 || e->signo > SIGNAL_COUNT)
        return -EINVAL;
    if (e->notify & SIGEV_THREAD_ID) {
        struct thread *target;
        bool ours;

        lock_take(&the_cell->lock);
        target = find_thread(e->tid);
        ours = target && target->process == current_process;
        lock_release(&the_cell->lock);
        return ours ? 0 : -EINVAL;
    }
    return 0;
}

static long add_to_table(struct process_timers *pt, struct posix_timer *t)
{
    long r = -EAGAIN;

    lock_take(&pt->lock);
    for (int i = 0; i < POSIX_TIMERS; i++) {
        if (!pt->posix[i]) {
            t->id = i;
            pt->posix[i] = t;
            r = 0;
            break;
        }
    }
    lock_release(&pt->lock);
    return r;
}

/* A cpu clock of "the caller" is read by whichever thread samples it: name it fully. */
static int named_clock(int clock)
{
    if (clock == CLOCK_PROCESS_CPUTIME_ID)
        return (int)(~(u32)current_process->pid << 3 | 2);
    if (clock == CLOCK_THREAD_CPUTIME_ID)
        return (int)(~(u32)current()->tid << 3 | 6);
    return clock;
}

SYSCALL3(timer_create, int, clock, const struct sigevent_abi *, user, int *, id)
{
    struct process_timers *pt = process_timers_get(current_process);
    struct sigevent_abi e = {.notify = SIGEV_SIGNAL, .signo = SIGALRM_};
    struct posix_timer *t;
    long r;

    if (!clock_exists(clock) || clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_REALTIME_COARSE ||
        clock == CLOCK_MONOTONIC_COARSE)
        return -EINVAL;
    if (user && copy_from_user(&e, user, sizeof(e)))
        return -EFAULT;
    r = check_event(&e);
    if (r)
        return r;
    t = pt ? heap_alloc(sizeof(*t)) : NULL;
    if (!t)
        return -EAGAIN;
    timer_init(&t->timer, fire, t, current_process);
    t->owner = current_process;
    t->clock = named_clock(clock);
    t->notify = e.notify;
    t->signo = e.signo;
    t->tid = e.tid;
    r = add_to_table(pt, t);
    if (r) {
        heap_free(t);
        return r;
    }
    t->value = user ? e.value : (u64)t->id;
    return put_user(id, t->id);
}

static struct itimerspec_abi describe(struct posix_timer *t)
{
    u64 now = host_now(), left = 0;

    if (is_cpu_clock(t->clock))
        clock_read(t->clock, &now);
    if (t->timer.expires)
        left = t->target > now ? t->target - now : 1;
    return (struct itimerspec_abi){timespec_from_ns(t->interval), timespec_from_ns(left)};
}

static void start(struct posix_timer *t, u64 value, u64 interval, bool absolute)
{
    u64 now = host_now(), clock_now = now;

    timer_set(&t->timer, 0);
    t->interval = interval;
    t->overrun = 0;
    if (!value)
        return;
    if (is_cpu_clock(t->clock)) {
        clock_read(t->clock, &clock_now);
        t->target = absolute ? value : clock_now + value;
        timer_set(&t->timer, next_sample(t, now, t->target));
        return;
    }
    t->target = absolute ? deadline_of_clock(t->clock, value) : now + value;
    timer_set(&t->timer, t->target);
}

SYSCALL4(timer_settime, int, id, int, flags, const struct itimerspec_abi *, user,
         struct itimerspec_abi *, old)
{
    struct posix_timer *t = find_timer(id);
    struct itimerspec_abi value, before;

    if (!t)
        return -EINVAL;
    if (copy_from_user(&value, user, sizeof(value)))
        return -EFAULT;
    if (!timespec_valid(&value.value) || !timespec_valid(&value.interval))
        return -EINVAL;
    before = describe(t);
    start(t, timespec_ns(&value.value), timespec_ns(&value.interval), flags & TIMER_ABSTIME);
    return old ? copy_to_user(old, &before, sizeof(before)) : 0;
}

SYSCALL2(timer_gettime, int, id, struct itimerspec_abi *, user)
{
    struct posix_timer *t = find_timer(id);
    struct itimerspec_abi value;

    if (!t)
        return -EINVAL;
    value = describe(t);
    return copy_to_user(user, &value, sizeof(value));
}

SYSCALL1(timer_getoverrun, int, id)
{
    struct posix_timer *t = find_timer(id);

    return t ? (long)MIN(t->overrun, OVERRUN_LIMIT) : -EINVAL;
}

static void delete (struct process_timers *pt, int id)
{
    struct posix_timer *t = pt->posix[id];

    pt->posix[id] = NULL;
    timer_set(&t->timer, 0);
    heap_free(t);
}

SYSCALL1(timer_delete, int, id)
{
    struct process_timers *pt = current_process->timers;

    if (!find_timer(id))
        return -EINVAL;
    lock_take(&pt->lock);
    delete (pt, id);
    lock_release(&pt->lock);
    return 0;
}

void posix_timers_delete(struct process_timers *pt)
{
    for (int i = 0; i < POSIX_TIMERS; i++) {
        if (pt->posix[i])
            delete (pt, i);
    }
}
