/* SPDX-License-Identifier: Apache-2.0 */
/* The code of the vDSO. It runs as the program's, on the program's stack, at any instant
 * interrupted by signals. What it needs lies at fixed places: the clock page, the boot record, and
 * the thread (%gs) of the library OS. */
#include "abi/boot.h"
#include "abi/layout.h"
#include "base/clock.h"

#include <asm/unistd.h>

#define NS_PER_SECOND     1000000000u
#define CLOCK_REALTIME    0
#define CLOCK_REAL_COARSE 5
#define EXPORT            __attribute__((visibility("default")))

#define the_page (&((struct rf_window *)RF_WINDOW_BASE)->cell.clock)
#define the_boot ((const struct rf_boot *)((struct rf_window *)RF_WINDOW_BASE)->boot)

struct time {
    s64 seconds, part; /* ns, or us */
};

typedef long clock_function(int clock, struct time *now);

EXPORT long __vdso_clock_gettime(int clock, struct time *now);
EXPORT long __vdso_clock_getres(int clock, struct time *step);
EXPORT long __vdso_gettimeofday(struct time *now, s32 zone[2]);
EXPORT s64 __vdso_time(s64 *now);
EXPORT long __vdso_getcpu(u32 *cpu, u32 *node, void *unused);

/* A system call, as a patched site makes it: struct thread's `entry`, with the address to go on at
 * in rcx. Two bytes before that address stands what other sites have as their syscall instruction;
 * none of these calls is ever begun again there. */
static inline long library_call(long number, long a, long b)
{
    long result;
    __asm__ volatile("lea 1f(%%rip), %%rcx\n\tjmp *%%gs:8\n\tud2\n1:"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b)
                     : "rcx", "r11", "memory");
    return result;
}

/* struct thread's `attention`: something came while the host's code ran, which is not interrupted.
 */
static inline bool called_for(void)
{
    bool is;
    __asm__ volatile("testl $1, %%gs:32" : "=@ccnz"(is) : : "memory");
    return is;
}

static struct time shifted(struct time host, const struct rf_clock_page *page, int family)
{
    u64 ns = (u64)host.seconds * NS_PER_SECOND + (u64)host.part;
    ns = clock_at(&page->clock, family, ns + page->shift[family]);
    return (struct time){(s64)(ns / NS_PER_SECOND), (s64)(ns % NS_PER_SECOND)};
}

/* The families of the clocks that the host's vdso reads: 2 bits for each number. */
#define FAMILY(clock, family) ((u64)(family) << 2 * (clock))
#define FAMILIES                                                                                   \
    (FAMILY(0, RF_CLOCK_REAL) | FAMILY(1, RF_CLOCK_MONOTONIC) | FAMILY(4, RF_CLOCK_MONOTONIC) |    \
     FAMILY(5, RF_CLOCK_REAL) | FAMILY(6, RF_CLOCK_MONOTONIC) | FAMILY(7, RF_CLOCK_BOOT) |         \
     FAMILY(11, RF_CLOCK_REAL))

/* 0, or not 0: only the library OS can tell. The page changes when a cell is restored, maybe just
 * here. */
static inline long read_clock(u32 clock, struct time *now)
{
    clock_function *host;
    struct time read;
    u32 sequence;
    do {
        sequence = __atomic_load_n(&the_page->sequence, __ATOMIC_ACQUIRE);
        host = (clock_function *)__atomic_load_n(&the_page->host_clock_gettime, __ATOMIC_RELAXED);
        if (unlikely(!host || clock >= 32 || !(RF_CLOCKS_OF_VDSO >> clock & 1)))
            return 1;
        if (unlikely(host((int)clock, &read) || called_for()))
            return 1;
        if (unlikely(!(the_page->state & RF_CLOCK_PLAIN)))
            read = shifted(read, the_page, FAMILIES >> 2 * clock & 3);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (unlikely(sequence & 1 ||
                      sequence != __atomic_load_n(&the_page->sequence, __ATOMIC_RELAXED)));
    *now = read;
    return 0;
}

long __vdso_clock_gettime(int clock, struct time *now)
{
    if (likely(read_clock((u32)clock, now) == 0))
        return 0;
    return library_call(__NR_clock_gettime, clock, (long)now);
}

long __vdso_clock_getres(int clock, struct time *step)
{
    return library_call(__NR_clock_getres, clock, (long)step);
}

long __vdso_gettimeofday(struct time *now, s32 zone[2])
{
    struct time read;
    if (unlikely(!now || read_clock(CLOCK_REALTIME, &read)))
        return library_call(__NR_gettimeofday, (long)now, (long)zone);
    *now = (struct time){read.seconds, read.part / 1000};
    if (unlikely(zone != NULL))
        zone[0] = zone[1] = 0;
    return 0;
}

s64 __vdso_time(s64 *now)
{
    struct time read;
    if (unlikely(read_clock(CLOCK_REAL_COARSE, &read)))
        return library_call(__NR_time, (long)now, 0);
    if (now)
        *now = read.seconds;
    return read.seconds;
}

/* The companion of the time-stamp counter, as the host sets it; the cell's processors are the
 * first. */
long __vdso_getcpu(u32 *cpu, u32 *node, void *unused)
{
    u32 value, low, high;
    (void)unused;
    __asm__ volatile("rdtscp" : "=c"(value), "=a"(low), "=d"(high));
    if (cpu)
        *cpu = (value & 0xfff) % MAX(the_boot->processors, 1);
    if (node)
        *node = 0;
    return 0;
}
