/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/host/clock.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/host/vdso.h"
#include "libos/entry/errno.h"
#include "base/clock.h"
#include "base/string.h"

#include <asm/unistd.h>

#define NS_PER_SECOND           1000000000ull
#define CLOCK_REALTIME_ID       0
#define CLOCK_MONOTONIC_ID      1
#define CLOCK_BOOTTIME_ID       7
#define CLOCK_REALTIME_ALARM_ID 8
#define CLOCK_BOOTTIME_ALARM_ID 9

#define the_page (&the_window->cell.clock)

static bool is_plain(void)
{
    return likely(__atomic_load_n(&the_page->state, __ATOMIC_ACQUIRE) & RF_CLOCK_PLAIN);
}

u32 clock_version(void)
{
    return __atomic_load_n(&the_page->sequence, __ATOMIC_ACQUIRE);
}

/* A copy of the page as it was at one instant. The kernel writes it while nobody here runs, the
 * library OS while it restores a cell, so this hardly ever begins again. */
static struct rf_clock_page page_copy(void)
{
    struct rf_clock_page copy;
    u32 sequence;
    do {
        sequence = clock_version();
        copy = *the_page;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (sequence & 1 || sequence != clock_version());
    return copy;
}

static void apply_page(int clock, u64 now[2])
{
    int family = clock_family((u64)clock);
    struct rf_clock_page page;
    if (family < 0)
        return;
    page = page_copy();
    u64 ns = now[0] * NS_PER_SECOND + now[1];
    ns = clock_at(&page.clock, family, ns + page.shift[family]);
    now[0] = ns / NS_PER_SECOND;
    now[1] = ns % NS_PER_SECOND;
}

long quick_clock(int clock, u64 now[2])
{
    u32 version;
    long r;
    if (is_plain())
        return vdso_clock(clock, now);
    do {
        version = clock_version();
        r = vdso_clock(clock, now);
        if (r == 0)
            apply_page(clock, now);
    } while (version != clock_version());
    return r;
}

/* The host call, which the jail permits for all of these, where there is no vdso. */
long host_clock(int clock, u64 *seconds, u64 *nanoseconds)
{
    u64 now[2];
    if (clock == CLOCK_REALTIME_ALARM_ID)
        clock = CLOCK_REALTIME_ID;
    if (clock == CLOCK_BOOTTIME_ALARM_ID)
        clock = CLOCK_BOOTTIME_ID;
    if (quick_clock(clock, now) != 0) {
        long r = host_call(__NR_clock_gettime, clock, (long)now, 0, 0, 0, 0);
        if (r)
            return r;
        if (clock >= 0 && !is_plain())
            apply_page(clock, now);
    }
    *seconds = now[0];
    *nanoseconds = now[1];
    return 0;
}

u64 host_now(void)
{
    u64 seconds = 0, nanoseconds = 0;
    host_clock(CLOCK_MONOTONIC_ID, &seconds, &nanoseconds);
    return seconds * NS_PER_SECOND + nanoseconds;
}

u64 deadline_of_host(u64 deadline)
{
    struct rf_clock_page page;
    u64 when;
    if (is_plain() || deadline == UINT64_MAX)
        return deadline;
    page = page_copy();
    when = clock_when(&page.clock, RF_CLOCK_MONOTONIC, MIN(deadline, CLOCK_TIME_MOST));
    if (when == CLOCK_TIME_MOST)
        return when;
    when -= page.shift[RF_CLOCK_MONOTONIC];
    return (s64)when > 0 ? when : 1; /* long ago, on another boot */
}

u64 clock_span_of_host(u64 ns)
{
    return is_plain() ? ns : (u64)((unsigned __int128)ns * page_copy().clock.rate >> 32);
}

static long ask(struct rf_clock *clock)
{
    struct rf_msg *m = message_get();
    long r = invoke_message_retry(RF_SLOT_CLOCK, RF_OP_CLOCK_RELATION, m, 0, 0, 0, 0);
    if (r >= 0 && m->data_length == sizeof(*clock))
        memcpy(clock, m->data, sizeof(*clock));
    else
        r = -EINVAL;
    message_put(m);
    return r < 0 ? r : 0;
}

/* Running on the host's time instead would be the one thing that whoever wrapped it did not want.
 */
void clock_begin(void)
{
    struct rf_clock clock;
    if (!(the_page->state & RF_CLOCK_SERVED))
        return;
    if (ask(&clock) || !clock_is_valid(&clock))
        panic("the program that serves the clock does not say how it runs");
    __atomic_add_fetch(&the_page->sequence, 1, __ATOMIC_SEQ_CST);
    the_page->clock = clock;
    __atomic_add_fetch(&the_page->sequence, 1, __ATOMIC_SEQ_CST);
}
