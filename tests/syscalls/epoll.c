/* SPDX-License-Identifier: Apache-2.0 */
/* epoll. */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>

static int add(int ep, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = {.events = events, .data.u64 = data};
    return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event);
}

static int change(int ep, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = {.events = events, .data.u64 = data};
    return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &event);
}

CASE(level)
{
    struct epoll_event e[4];
    int fds[2];
    char c;
    OK(pipe(fds));
    int ep = OK(epoll_create1(EPOLL_CLOEXEC));
    EQ(fcntl(ep, F_GETFD), FD_CLOEXEC);
    OK(add(ep, fds[0], EPOLLIN, 0x123456789abcdef0));
    EQ(epoll_wait(ep, e, 4, 0), 0);
    EQ(write(fds[1], "xy", 2), 2);
    for (int i = 0; i < 2; i++) {
        EQ(epoll_wait(ep, e, 4, 0), 1);
        EQ(e[0].events, EPOLLIN);
        EQ(e[0].data.u64, 0x123456789abcdef0);
    }
    EQ(read(fds[0], &c, 1), 1);
    EQ(epoll_wait(ep, e, 4, 0), 1);
    EQ(read(fds[0], &c, 1), 1);
    EQ(epoll_wait(ep, e, 4, 0), 0);
    OK(close(fds[1]));
    EQ(epoll_wait(ep, e, 4, 0), 1);
    EQ(e[0].events, EPOLLHUP);
}

CASE(edge)
{
    struct epoll_event e[4];
    int fds[2];
    char c;
    OK(pipe(fds));
    int ep = OK(epoll_create1(0));
    EQ(write(fds[1], "x", 1), 1);
    OK(add(ep, fds[0], EPOLLIN | EPOLLET, 1));
    EQ(epoll_wait(ep, e, 4, 0), 1); /* what holds when added is an edge */
    EQ(epoll_wait(ep, e, 4, 0), 0);
    EQ(write(fds[1], "y", 1), 1);
    EQ(epoll_wait(ep, e, 4, 0), 1);
    EQ(epoll_wait(ep, e, 4, 0), 0);
    EQ(read(fds[0], &c, 1), 1);
    EQ(epoll_wait(ep, e, 4, 0), 0);
    OK(change(ep, fds[0], EPOLLIN | EPOLLET, 2)); /* rearmed, and still readable */
    EQ(epoll_wait(ep, e, 4, 0), 1);
    EQ(e[0].data.u64, 2);
}

CASE(one_shot)
{
    struct epoll_event e[4];
    int fds[2];
    OK(pipe(fds));
    int ep = OK(epoll_create1(0));
    OK(add(ep, fds[0], EPOLLIN | EPOLLONESHOT, 1));
    EQ(write(fds[1], "x", 1), 1);
    EQ(epoll_wait(ep, e, 4, 0), 1);
    EQ(epoll_wait(ep, e, 4, 0), 0);
    EQ(write(fds[1], "x", 1), 1);
    EQ(epoll_wait(ep, e, 4, 0), 0);
    OK(change(ep, fds[0], EPOLLIN | EPOLLONESHOT, 1));
    EQ(epoll_wait(ep, e, 4, 0), 1);
    EQ(epoll_wait(ep, e, 4, 0), 0);
}

CASE(control)
{
    struct epoll_event e;
    int fds[2];
    OK(pipe(fds));
    int ep = OK(epoll_create(1));
    OK(add(ep, fds[0], EPOLLIN, 1));
    ERR(add(ep, fds[0], EPOLLIN, 1), EEXIST);
    ERR(change(ep, fds[1], EPOLLOUT, 1), ENOENT);
    ERR(epoll_ctl(ep, EPOLL_CTL_DEL, fds[1], NULL), ENOENT);
    OK(epoll_ctl(ep, EPOLL_CTL_DEL, fds[0], NULL));
    EQ(write(fds[1], "x", 1), 1);
    EQ(epoll_wait(ep, &e, 1, 0), 0);
    ERR(add(ep, 999, EPOLLIN, 1), EBADF);
    ERR(add(999, fds[0], EPOLLIN, 1), EBADF);
    ERR(add(fds[0], fds[1], EPOLLIN, 1), EINVAL);
    ERR(add(ep, ep, EPOLLIN, 1), EINVAL);
    ERR(epoll_ctl(ep, 99, fds[0], &e), EINVAL);
    ERR(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], BAD_POINTER), EFAULT);
    ERR(add(ep, OK(open("f", O_CREAT | O_RDWR, 0600)), EPOLLIN, 1), EPERM);
    ERR(epoll_wait(ep, &e, 0, 0), EINVAL);
    ERR(epoll_wait(fds[0], &e, 1, 0), EINVAL);
    ERR(epoll_wait(999, &e, 1, 0), EBADF);
    ERR(epoll_create(0), EINVAL);
    ERR(epoll_create1(1), EINVAL);
}

CASE(closing_removes)
{
    struct epoll_event e;
    int fds[2];
    OK(pipe(fds));
    int ep = OK(epoll_create1(0));
    OK(add(ep, fds[0], EPOLLIN, 1));
    EQ(write(fds[1], "x", 1), 1);
    int copy = OK(dup(fds[0]));
    OK(close(fds[0]));
    /* The open file lives on in the copy, and so does the interest. */
    EQ(epoll_wait(ep, &e, 1, 0), 1);
    OK(close(copy));
    EQ(epoll_wait(ep, &e, 1, 0), 0);
}

CASE(timeout_and_wake)
{
    struct epoll_event e;
    int fds[2];
    OK(pipe(fds));
    int ep = OK(epoll_create1(0));
    OK(add(ep, fds[0], EPOLLIN, 1));
    long begun = now_ms();
    EQ(epoll_wait(ep, &e, 1, 50), 0);
    CHECK(now_ms() - begun >= 49);
    pid_t child = CHILD(EQ(epoll_wait(ep, &e, 1, 5000), 1); EQ(e.data.u64, 1));
    UNTIL(is_sleeping(child));
    EQ(write(fds[1], "x", 1), 1);
    JOIN(child);
}

static void *writer(void *argument)
{
    sleep_ms(30);
    EQ(write(*(int *)argument, "x", 1), 1);
    return NULL;
}

CASE(added_while_waiting)
{
    struct epoll_event e;
    int fds[2];
    pthread_t thread;
    OK(pipe(fds));
    int ep = OK(epoll_create1(0));
    ZERO(pthread_create(&thread, NULL, writer, &fds[1]));
    OK(add(ep, fds[0], EPOLLIN, 9));
    EQ(epoll_wait(ep, &e, 1, -1), 1);
    EQ(e.data.u64, 9);
    ZERO(pthread_join(thread, NULL));
}

CASE(nested)
{
    struct epoll_event e;
    int fds[2];
    OK(pipe(fds));
    int inner = OK(epoll_create1(0)), outer = OK(epoll_create1(0));
    OK(add(inner, fds[0], EPOLLIN, 1));
    OK(add(outer, inner, EPOLLIN, 2));
    ERR(add(inner, outer, EPOLLIN, 3), ELOOP);
    EQ(epoll_wait(outer, &e, 1, 0), 0);
    EQ(write(fds[1], "x", 1), 1);
    EQ(epoll_wait(outer, &e, 1, 0), 1);
    EQ(e.data.u64, 2);
    struct pollfd p = {outer, POLLIN, 0};
    EQ(poll(&p, 1, 0), 1);
    EQ(p.revents, POLLIN);
}

CASE(many)
{
    static struct epoll_event e[300];
    static char seen[300];
    int fds[2];
    int ep = OK(epoll_create1(0));
    for (int i = 0; i < 300; i++) {
        OK(pipe(fds));
        OK(add(ep, fds[0], EPOLLIN, (uint64_t)i));
        if (i % 3 == 0)
            EQ(write(fds[1], "x", 1), 1);
    }
    EQ(epoll_wait(ep, e, 300, 0), 100);
    for (int i = 0; i < 100; i++)
        seen[e[i].data.u64] = 1;
    for (int i = 0; i < 300; i++)
        EQ(seen[i], i % 3 == 0);
    /* Fewer at a time: everybody gets a turn. */
    memset(seen, 0, sizeof(seen));
    for (int round = 0; round < 10; round++) {
        EQ(epoll_wait(ep, e, 10, 0), 10);
        for (int i = 0; i < 10; i++)
            seen[e[i].data.u64] = 1;
    }
    for (int i = 0; i < 300; i++)
        EQ(seen[i], i % 3 == 0);
}

static volatile sig_atomic_t signals;

static void count(int signal)
{
    (void)signal;
    signals++;
}

CASE(pwait_mask)
{
    struct epoll_event e;
    sigset_t set, none;
    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    handle(SIGUSR1, count, SA_RESTART);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    OK(raise(SIGUSR1));
    int ep = OK(epoll_create1(0));
    EQ(epoll_wait(ep, &e, 1, 10), 0);
    ERR(epoll_pwait(ep, &e, 1, 1000, &none), EINTR);
    EQ(signals, 1);
}

CASE(across_fork)
{
    struct epoll_event e;
    int fds[2];
    OK(pipe(fds));
    int ep = OK(epoll_create1(0));
    JOIN(CHILD(OK(add(ep, fds[0], EPOLLIN, 5))));
    EQ(write(fds[1], "x", 1), 1);
    EQ(epoll_wait(ep, &e, 1, 0), 1);
    EQ(e.data.u64, 5);
}

CASE(exclusive_of_events)
{
    struct epoll_event e;
    int fds[2];
    OK(pipe(fds));
    int ep = OK(epoll_create1(0));
    OK(add(ep, fds[1], 0, 1));
    EQ(epoll_wait(ep, &e, 1, 0), 0);
    OK(close(fds[0]));
    EQ(epoll_wait(ep, &e, 1, 0), 1); /* errors are always told */
    EQ(e.events, EPOLLERR);
}

/* Each waits with an instance of its own for one descriptor. */
static pid_t wait_for(int fd, uint32_t events, volatile int *woken)
{
    return CHILD({
        int e = OK(epoll_create1(0));
        struct epoll_event event = {.events = events};
        OK(epoll_ctl(e, EPOLL_CTL_ADD, fd, &event));
        EQ(epoll_wait(e, &event, 1, 10000), 1);
        __atomic_add_fetch(woken, 1, __ATOMIC_SEQ_CST);
    });
}

CASE(exclusive_wakes_one)
{
    volatile int *woken = shared_memory(4096);
    pid_t waiting[4];
    int fds[2];
    OK(pipe(fds));
    for (int i = 0; i < 4; i++)
        waiting[i] = wait_for(fds[0], EPOLLIN | EPOLLEXCLUSIVE, woken);
    for (int i = 0; i < 4; i++)
        UNTIL(is_sleeping(waiting[i]));
    sleep_ms(20);
    EQ(write(fds[1], "x", 1), 1);
    UNTIL(*woken == 1);
    sleep_ms(50);
    EQ(*woken, 1);
    EQ(write(fds[1], "x", 1), 1);
    UNTIL(*woken == 2);
    sleep_ms(50);
    EQ(*woken, 2);
    /* Those that are not exclusive are woken all, beside one that is. */
    pid_t others[2] = {wait_for(fds[0], EPOLLIN | EPOLLET, woken + 1), 0};
    UNTIL(woken[1] == 1); /* at once: there is something */
    JOIN(others[0]);
    char c[2];
    EQ(read(fds[0], c, 2), 2);
    for (int i = 0; i < 2; i++)
        others[i] = wait_for(fds[0], EPOLLIN, woken + 1);
    for (int i = 0; i < 2; i++)
        UNTIL(is_sleeping(others[i]));
    EQ(write(fds[1], "x", 1), 1);
    UNTIL(woken[1] == 3 && woken[0] == 3);
    sleep_ms(50);
    EQ(woken[0], 3);
    for (int i = 0; i < 2; i++)
        JOIN(others[i]);
    EQ(write(fds[1], "x", 1), 1);
    for (int i = 0; i < 4; i++)
        JOIN(waiting[i]);
}
