/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: memory, threads and futexes. */
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bench/table/table.h"

#define SMALL 65536ul
#define PAGE  4096ul
#define PAGES 1024l

static _Atomic unsigned ball;
static char *area;

static char *map(unsigned long size)
{
    char *p = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        die("mmap");
    return p;
}

static void run_map(long count)
{
    while (count--)
        MUST(munmap(map(SMALL), SMALL));
}

/* One operation is one page touched for the first time; a new area now and then. */
static void run_fault(long count)
{
    char *p = map((unsigned long)PAGES * PAGE);
    long next = 0;

    while (count--) {
        if (next == PAGES) {
            MUST(munmap(p, (unsigned long)PAGES * PAGE));
            p = map((unsigned long)PAGES * PAGE);
            next = 0;
        }
        ((volatile char *)p)[next++ * (long)PAGE] = 1;
    }
    MUST(munmap(p, (unsigned long)PAGES * PAGE));
}

static void map_area(void)
{
    area = map(SMALL);
    area[0] = 1;
}

static void run_protect(long count)
{
    while (count--)
        MUST(mprotect(area, SMALL, count % 2 ? PROT_READ : PROT_READ | PROT_WRITE));
}

static void run_brk(long count)
{
    while (count--) {
        if (sbrk(SMALL) == (void *)-1 || sbrk(-(long)SMALL) == (void *)-1)
            die("sbrk");
    }
}

static void *nothing(void *arg)
{
    return arg;
}

static void run_thread(long count)
{
    while (count--) {
        pthread_t thread;

        if (pthread_create(&thread, 0, nothing, 0))
            die("pthread_create");
        pthread_join(thread, 0);
    }
}

/* Waits until the ball is on the wanted side (0 or 1), then passes it. */
static void pass(unsigned from)
{
    while (atomic_load(&ball) != from)
        syscall(SYS_futex, &ball, FUTEX_WAIT_PRIVATE, 1 - from, 0, 0, 0);
    atomic_store(&ball, 1 - from);
    syscall(SYS_futex, &ball, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

static void *pass_back(void *arg)
{
    for (;;)
        pass(1);
    return arg;
}

static void start_player(void)
{
    pthread_t thread;

    if (pthread_create(&thread, 0, pass_back, 0))
        die("pthread_create");
}

static void run_futex(long count)
{
    while (count--)
        pass(0);
}

static void run_wake_none(long count)
{
    while (count--)
        MUST(syscall(SYS_futex, &ball, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0));
}

const struct row memory_rows[] = {
    {"mmap+munmap 64 KiB", 0, run_map},         {"page fault", 0, run_fault},
    {"mprotect 64 KiB", map_area, run_protect}, {"brk up and down", 0, run_brk},
    {"thread create+join", 0, run_thread},      {"futex ping-pong", start_player, run_futex},
    {"futex wake of nobody", 0, run_wake_none}, {0, 0, 0},
};
