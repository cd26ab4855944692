/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: calls that only ask, and descriptors. */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "bench/table/table.h"

static int file, event, epoll;
static struct pollfd polled[10];

static void run_getpid(long count)
{
    while (count--)
        syscall(SYS_getpid);
}

static void run_getppid(long count)
{
    while (count--)
        syscall(SYS_getppid);
}

static void run_getuid(long count)
{
    while (count--)
        syscall(SYS_getuid);
}

static void run_clock_call(long count)
{
    struct timespec t;

    while (count--)
        MUST(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t));
}

static void run_clock_libc(long count)
{
    struct timespec t;

    while (count--)
        MUST(clock_gettime(CLOCK_MONOTONIC, &t));
}

static void run_uname(long count)
{
    struct utsname name;

    while (count--)
        MUST(uname(&name));
}

static void run_getcwd(long count)
{
    char path[4096];

    while (count--) {
        if (!getcwd(path, sizeof path))
            die("getcwd");
    }
}

static void run_random(long count)
{
    char bytes[16];

    while (count--)
        MUST(getrandom(bytes, sizeof bytes, 0));
}

static void run_yield(long count)
{
    while (count--)
        MUST(sched_yield());
}

static void open_file(void)
{
    file = open(READ_ONLY_FILE, O_RDONLY);
    MUST(file);
}

static void run_lseek(long count)
{
    while (count--)
        MUST(lseek(file, count & 4095, SEEK_SET));
}

static void run_fstat(long count)
{
    struct stat s;

    while (count--)
        MUST(fstat(file, &s));
}

static void run_dup(long count)
{
    while (count--)
        MUST(close(dup(file)));
}

static void run_fcntl(long count)
{
    while (count--)
        MUST(fcntl(file, F_GETFL));
}

static void open_events(void)
{
    struct epoll_event interest = {.events = EPOLLIN};

    event = eventfd(1, EFD_NONBLOCK);
    MUST(event);
    for (int i = 0; i < 10; i++) {
        polled[i].fd = i == 9 ? event : eventfd(0, EFD_NONBLOCK);
        polled[i].events = POLLIN;
    }
    epoll = epoll_create1(0);
    MUST(epoll);
    for (int i = 0; i < 10; i++)
        MUST(epoll_ctl(epoll, EPOLL_CTL_ADD, polled[i].fd, &interest));
}

static void run_poll(long count)
{
    while (count--) {
        if (poll(polled, 10, -1) != 1)
            die("poll");
    }
}

static void run_select(long count)
{
    while (count--) {
        fd_set set;

        FD_ZERO(&set);
        for (int i = 0; i < 10; i++)
            FD_SET(polled[i].fd, &set);
        if (select(event + 12, &set, 0, 0, 0) != 1)
            die("select");
    }
}

static void run_epoll(long count)
{
    struct epoll_event got[4];

    while (count--) {
        if (epoll_wait(epoll, got, 4, -1) != 1)
            die("epoll_wait");
    }
}

static void run_eventfd(long count)
{
    eventfd_t value;

    while (count--) {
        MUST(eventfd_read(event, &value));
        MUST(eventfd_write(event, 1));
    }
}

const struct row call_rows[] = {
    {"getpid", 0, run_getpid},
    {"getppid", 0, run_getppid},
    {"getuid", 0, run_getuid},
    {"clock_gettime (system call)", 0, run_clock_call},
    {"clock_gettime (libc)", 0, run_clock_libc},
    {"uname", 0, run_uname},
    {"getcwd", 0, run_getcwd},
    {"getrandom 16 bytes", 0, run_random},
    {"sched_yield", 0, run_yield},
    {"lseek", open_file, run_lseek},
    {"fstat", open_file, run_fstat},
    {"dup+close", open_file, run_dup},
    {"fcntl F_GETFL", open_file, run_fcntl},
    {"poll of 10", open_events, run_poll},
    {"select of 10", open_events, run_select},
    {"epoll_wait of 10", open_events, run_epoll},
    {"eventfd write+read", open_events, run_eventfd},
    {0, 0, 0},
};
