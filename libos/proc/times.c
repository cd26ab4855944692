/* SPDX-License-Identifier: Apache-2.0 */
/* Processor time and memory that processes used: times(2), getrusage(2). */
#include <linux/resource.h>
#include <linux/times.h>

#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/mm/mm.h"
#include "libos/proc/exit.h"
#include "libos/proc/process.h"
#include "libos/time/clock.h"

#define CLOCK_PROCESS      2
#define NS_PER_SECOND      1000000000ull
#define NS_PER_TICK        10000000ull
#define WORTH_SPLITTING_NS 4000000u
#define RUSAGE_THREAD_     1

static u64 cpu_clock(int clock)
{
    u64 seconds = 0, nanoseconds = 0;

    host_clock(clock, &seconds, &nanoseconds);
    return seconds * NS_PER_SECOND + nanoseconds;
}

/* The kernel knows how the time divides; for a process that used next to none, asking would cost
 * more than the answer is worth: it all counts as user time. */
void process_times(struct process *p, u64 *user_ns, u64 *system_ns, u64 *peak)
{
    struct rf_msg *m;
    long r;

    *user_ns = *system_ns = *peak = 0;
    if (p->memory == current_process->memory) {
        *user_ns = cpu_clock(CLOCK_PROCESS);
        *peak = mm_resident_estimate();
        if (*user_ns < WORTH_SPLITTING_NS)
            return;
    }
    m = message_get();
    m->data_length = 0;
    r = invoke_message_retry(RF_SLOT_CELL, RF_OP_TIMES, m, p->host_pid, 0, 0, 0);
    if (r >= 0) {
        *user_ns = m->words[0];
        *system_ns = m->words[1];
        *peak = m->words[2];
    }
    message_put(m);
}

SYSCALL1(times, struct tms *, user)
{
    struct process *p = current_process;
    u64 user_ns, system_ns, peak;
    struct tms t;

    if (user) {
        process_times(p, &user_ns, &system_ns, &peak);
        t.tms_utime = (s64)(user_ns / NS_PER_TICK);
        t.tms_stime = (s64)(system_ns / NS_PER_TICK);
        t.tms_cutime = (s64)(p->children_user_ns / NS_PER_TICK);
        t.tms_cstime = (s64)(p->children_system_ns / NS_PER_TICK);
        if (copy_to_user(user, &t, sizeof(t)))
            return -EFAULT;
    }
    return (long)(host_now() / NS_PER_TICK);
}

static void put_time(struct __kernel_old_timeval *to, u64 ns)
{
    to->tv_sec = (s64)(ns / NS_PER_SECOND);
    to->tv_usec = (s64)(ns % NS_PER_SECOND / 1000);
}

SYSCALL2(getrusage, int, who, struct rusage *, user)
{
    struct process *p = current_process;
    u64 user_ns = 0, system_ns = 0, peak = 0;
    struct rusage r;

    switch (who) {
    case RUSAGE_SELF: process_times(p, &user_ns, &system_ns, &peak); break;
    case RUSAGE_CHILDREN:
        user_ns = p->children_user_ns;
        system_ns = p->children_system_ns;
        peak = p->children_peak_memory;
        break;
    case RUSAGE_THREAD_:
        user_ns = thread_processor_time();
        peak = mm_resident_estimate();
        break;
    default: return -EINVAL;
    }
    memset(&r, 0, sizeof(r));
    put_time(&r.ru_utime, user_ns);
    put_time(&r.ru_stime, system_ns);
    r.ru_maxrss = (s64)(peak / 1024);
    return copy_to_user(user, &r, sizeof(r));
}
