/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and sleeping. */
#include "check.h"

#include <sys/time.h>
#include <sys/times.h>

static long ns(clockid_t clock)
{
    struct timespec t;
    OK(clock_gettime(clock, &t));
    CHECK(t.tv_nsec >= 0 && t.tv_nsec < 1000000000);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

CASE(clocks)
{
    CHECK(ns(CLOCK_REALTIME) / 1000000000 > 1600000000);
    CHECK(ns(CLOCK_MONOTONIC) > 0);
    CHECK(labs(ns(CLOCK_REALTIME) - ns(CLOCK_REALTIME_COARSE)) < 100000000);
    CHECK(labs(ns(CLOCK_MONOTONIC) - ns(CLOCK_MONOTONIC_COARSE)) < 100000000);
    CHECK(labs(ns(CLOCK_MONOTONIC) - ns(CLOCK_MONOTONIC_RAW)) < 60000000000);
    CHECK(ns(CLOCK_BOOTTIME) >= ns(CLOCK_MONOTONIC) - 100000000);
    CHECK(ns(CLOCK_PROCESS_CPUTIME_ID) > 0);
    CHECK(ns(CLOCK_THREAD_CPUTIME_ID) > 0);
    CHECK(labs(time(NULL) - ns(CLOCK_REALTIME) / 1000000000) <= 1);
    struct timeval tv;
    OK(gettimeofday(&tv, NULL));
    CHECK(labs(tv.tv_sec - time(NULL)) <= 1);
    CHECK(labs(syscall(SYS_time, NULL) - time(NULL)) <= 1);
    struct timespec t;
    ERR(clock_gettime(99, &t), EINVAL);
    ERR(syscall(SYS_clock_gettime, CLOCK_REALTIME, BAD_POINTER), EFAULT);
}

CASE(resolution)
{
    struct timespec t;
    OK(clock_getres(CLOCK_MONOTONIC, &t));
    EQ(t.tv_sec, 0);
    EQ(t.tv_nsec, 1);
    OK(clock_getres(CLOCK_REALTIME, NULL));
    ERR(clock_getres(99, &t), EINVAL);
    ERR(clock_settime(CLOCK_REALTIME, &t), EPERM);
    ERR(clock_settime(CLOCK_MONOTONIC, &t), EINVAL);
}

CASE(monotonic)
{
    long last = ns(CLOCK_MONOTONIC);
    for (int i = 0; i < 100000; i++) {
        long now = ns(CLOCK_MONOTONIC);
        CHECK(now >= last);
        last = now;
    }
    /* Also by the system call. */
    struct timespec t;
    OK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t));
    CHECK(labs(t.tv_sec * 1000000000L + t.tv_nsec - ns(CLOCK_MONOTONIC)) < 1000000000);
}

CASE(sleeping)
{
    struct timespec t = {0, 30000000};
    long begun = ns(CLOCK_MONOTONIC);
    OK(nanosleep(&t, NULL));
    long took = ns(CLOCK_MONOTONIC) - begun;
    CHECK(took >= 30000000 && took < 2000000000);
    begun = ns(CLOCK_MONOTONIC);
    ZERO(clock_nanosleep(CLOCK_REALTIME, 0, &t, NULL));
    CHECK(ns(CLOCK_MONOTONIC) - begun >= 29000000);
    OK(clock_gettime(CLOCK_MONOTONIC, &t));
    ZERO(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL)); /* now: at once */
    t.tv_nsec = 1000000000;
    ERR(nanosleep(&t, NULL), EINVAL);
    t.tv_nsec = 0;
    t.tv_sec = -1;
    ERR(nanosleep(&t, NULL), EINVAL);
    ERR(syscall(SYS_nanosleep, BAD_POINTER, NULL), EFAULT);
    EQ(clock_nanosleep(99, 0, &t, NULL), EINVAL);
}

CASE(sleep_uses_no_time)
{
    long cpu = ns(CLOCK_PROCESS_CPUTIME_ID);
    sleep_ms(100);
    CHECK(ns(CLOCK_PROCESS_CPUTIME_ID) - cpu < 50000000);
}

CASE(processor_time)
{
    long cpu = ns(CLOCK_PROCESS_CPUTIME_ID), thread = ns(CLOCK_THREAD_CPUTIME_ID);
    while (ns(CLOCK_PROCESS_CPUTIME_ID) - cpu < 50000000)
        ;
    CHECK(ns(CLOCK_THREAD_CPUTIME_ID) - thread > 40000000);
    CHECK(labs(ns(CLOCK_THREAD_CPUTIME_ID) - ns(CLOCK_PROCESS_CPUTIME_ID)) < 40000000);
    clockid_t clock;
    ZERO(clock_getcpuclockid(0, &clock));
    CHECK(ns(clock) > 0);
}

CASE(times)
{
    struct tms t;
    while (ns(CLOCK_PROCESS_CPUTIME_ID) < 60000000)
        ;
    CHECK(times(&t) != (clock_t)-1);
    EQ(sysconf(_SC_CLK_TCK), 100);
    CHECK(t.tms_utime + t.tms_stime >= 2);
    EQ(t.tms_cutime, 0);
    CHECK(clock() > 20000);
}
