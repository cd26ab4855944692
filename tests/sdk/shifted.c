/* SPDX-License-Identifier: Apache-2.0 */
/* A cell whose clock page changes while it runs, as when it is restored on another boot of the
 * host. Everything that changes is the cell's own, so a program in it can do what the kernel does
 * then. */
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "abi/layout.h"
#include "base/clock.h"
#include "tests/sdk/check.h"

#define page       (&((struct rf_window *)RF_WINDOW_BASE)->cell.clock)
#define MS         1000000ul
#define SECOND     (1000 * MS)
#define ALARM_MS   200
#define BACK       (100 * MS)
#define FORWARD_NS (5000 * SECOND)

static u64 now(clockid_t clock)
{
    struct timespec t;

    expect(clock_gettime(clock, &t) == 0 && t.tv_nsec >= 0 && t.tv_nsec < (long)SECOND);
    return (u64)t.tv_sec * SECOND + (u64)t.tv_nsec;
}

static void shift(u64 by)
{
    struct rf_clock plain = {.rate = RF_CLOCK_RATE_ONE};

    __atomic_add_fetch(&page->sequence, 1, __ATOMIC_SEQ_CST);
    page->state = 0;
    page->clock = plain;
    page->shift[RF_CLOCK_MONOTONIC] += by;
    page->shift[RF_CLOCK_BOOT] += by;
    __atomic_add_fetch(&page->sequence, 1, __ATOMIC_SEQ_CST);
}

static volatile sig_atomic_t alarms;

static void note(int signal)
{
    (void)signal;
    alarms++;
}

/* The kernel wakes somebody by the host's time, when the alarm is not due; it is told again. */
static void alarms_are_set_anew(void)
{
    struct itimerval value = {.it_value = {0, ALARM_MS * 1000}};
    u64 due = now(CLOCK_MONOTONIC) + ALARM_MS * MS;

    signal(SIGALRM, note);
    expect(setitimer(ITIMER_REAL, &value, NULL) == 0);
    shift(-BACK);
    while (!alarms)
        pause();
    expect(now(CLOCK_MONOTONIC) >= due);
}

static void clocks_go_together(void)
{
    u64 monotonic = now(CLOCK_MONOTONIC), boot = now(CLOCK_BOOTTIME), real = now(CLOCK_REALTIME);

    shift(FORWARD_NS);
    expect(now(CLOCK_MONOTONIC) >= monotonic + FORWARD_NS);
    expect(now(CLOCK_MONOTONIC_RAW) >= FORWARD_NS && now(CLOCK_MONOTONIC_COARSE) >= FORWARD_NS);
    expect(now(CLOCK_BOOTTIME) >= boot + FORWARD_NS);
    expect(now(CLOCK_REALTIME) >= real && now(CLOCK_REALTIME) < real + FORWARD_NS);
    expect(now(CLOCK_REALTIME_COARSE) < real + FORWARD_NS);
}

static void sleeps_end(void)
{
    struct timespec moment = {0, 20 * MS}, until;
    u64 start = now(CLOCK_MONOTONIC);

    expect(nanosleep(&moment, NULL) == 0);
    expect(now(CLOCK_MONOTONIC) >= start + 20 * MS);
    start = now(CLOCK_MONOTONIC) + 20 * MS;
    until = (struct timespec){(time_t)(start / SECOND), (long)(start % SECOND)};
    expect(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == 0);
    expect(now(CLOCK_MONOTONIC) >= start);
}

int main(void)
{
    /* The host's vdso is where the library OS wants it, and ours is another. */
    expect(!page->host_clock_gettime ||
           (page->host_clock_gettime >= RF_HOST_VDSO && page->host_clock_gettime < RF_WINDOW_BASE));
    expect(getauxval(AT_SYSINFO_EHDR) >= RF_LIBOS_BASE &&
           getauxval(AT_SYSINFO_EHDR) < RF_HOST_VDSO);
    alarms_are_set_anew();
    clocks_go_together();
    sleeps_end();
    page->host_clock_gettime = 0; /* as on a host whose vdso cannot be had */
    clocks_go_together();
    sleeps_end();
    return 0;
}
