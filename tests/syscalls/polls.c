/* SPDX-License-Identifier: Apache-2.0 */
/* select and poll. */
#include "check.h"

#include <poll.h>
#include <sys/select.h>

static volatile sig_atomic_t signals;

static void count(int signal)
{
    (void)signal;
    signals++;
}

CASE(poll_basics)
{
    int a[2], b[2];
    OK(pipe(a));
    OK(pipe(b));
    struct pollfd p[] = {{a[0], POLLIN, 7}, {b[0], POLLIN, 7}, {-1, POLLIN, 7}, {999, POLLIN, 7}};
    EQ(poll(p, 3, 0), 0);
    EQ(p[0].revents | p[1].revents | p[2].revents, 0);
    EQ(poll(p, 4, 0), 1);
    EQ(p[3].revents, POLLNVAL);
    EQ(write(b[1], "x", 1), 1);
    EQ(poll(p, 3, -1), 1);
    EQ(p[1].revents, POLLIN);
    EQ(poll(NULL, 0, 0), 0);
    ERR(poll(BAD_POINTER, 1, 0), EFAULT);
    struct pollfd file = {OK(open("f", O_CREAT | O_RDWR, 0600)), POLLIN | POLLOUT, 0};
    EQ(poll(&file, 1, -1), 1);
    EQ(file.revents, POLLIN | POLLOUT);
}

CASE(poll_timeout)
{
    int fds[2];
    OK(pipe(fds));
    struct pollfd p = {fds[0], POLLIN, 0};
    long begun = now_ms();
    EQ(poll(&p, 1, 60), 0);
    long took = now_ms() - begun;
    CHECK(took >= 59 && took < 2000);
    begun = now_ms();
    EQ(poll(NULL, 0, 30), 0);
    CHECK(now_ms() - begun >= 29);
}

CASE(poll_wakes)
{
    int a[2], b[2];
    OK(pipe(a));
    OK(pipe(b));
    pid_t child = CHILD({
        struct pollfd p[] = {{a[0], POLLIN, 0}, {b[0], POLLIN, 0}};
        EQ(poll(p, 2, 5000), 1);
        EQ(p[0].revents, 0);
        EQ(p[1].revents, POLLIN);
    });
    UNTIL(is_sleeping(child));
    EQ(write(b[1], "x", 1), 1);
    JOIN(child);
}

CASE(poll_interrupted)
{
    handle(SIGUSR1, count, SA_RESTART); /* poll is never restarted */
    pid_t child = CHILD(ERR(poll(NULL, 0, 5000), EINTR); EQ(signals, 1));
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGUSR1));
    JOIN(child);
}

CASE(ppoll_mask)
{
    sigset_t set, none;
    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    handle(SIGUSR1, count, 0);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    OK(raise(SIGUSR1));
    EQ(signals, 0);
    struct timespec second = {1, 0};
    ERR(ppoll(NULL, 0, &second, &none), EINTR);
    EQ(signals, 1);
    sigset_t now;
    OK(sigprocmask(SIG_SETMASK, NULL, &now));
    EQ(sigismember(&now, SIGUSR1), 1);
    second.tv_nsec = -1;
    ERR(ppoll(NULL, 0, &second, &none), EINVAL);
}

CASE(select_sets)
{
    int a[2], b[2];
    OK(pipe(a));
    OK(pipe(b));
    fd_set in, out;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(a[0], &in);
    FD_SET(b[0], &in);
    FD_SET(a[1], &out);
    struct timeval now = {0, 0};
    EQ(select(b[1] + 1, &in, &out, NULL, &now), 1);
    CHECK(!FD_ISSET(a[0], &in) && !FD_ISSET(b[0], &in) && FD_ISSET(a[1], &out));
    EQ(write(b[1], "x", 1), 1);
    FD_SET(a[0], &in);
    FD_SET(b[0], &in);
    EQ(select(b[1] + 1, &in, &out, NULL, NULL), 2);
    CHECK(!FD_ISSET(a[0], &in) && FD_ISSET(b[0], &in) && FD_ISSET(a[1], &out));
    FD_ZERO(&in);
    FD_SET(50, &in);
    ERR(select(51, &in, NULL, NULL, &now), EBADF);
    ERR(select(-1, NULL, NULL, NULL, &now), EINVAL);
    ERR(select(b[1] + 1, BAD_POINTER, NULL, NULL, &now), EFAULT);
    now.tv_sec = -1;
    ERR(select(0, NULL, NULL, NULL, &now), EINVAL);
}

CASE(select_timeout)
{
    struct timeval t = {0, 50000};
    long begun = now_ms();
    EQ(select(0, NULL, NULL, NULL, &t), 0);
    CHECK(now_ms() - begun >= 49);
    EQ(t.tv_sec, 0);
    EQ(t.tv_usec, 0); /* Linux tells what is left */
    int fds[2];
    OK(pipe(fds));
    EQ(write(fds[1], "x", 1), 1);
    fd_set in;
    FD_ZERO(&in);
    FD_SET(fds[0], &in);
    t.tv_sec = 100;
    EQ(select(fds[0] + 1, &in, NULL, NULL, &t), 1);
    CHECK(t.tv_sec >= 90 && t.tv_sec <= 100);
}

CASE(pselect_mask)
{
    sigset_t set, none;
    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    handle(SIGUSR1, count, 0);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    pid_t child = CHILD({
        ERR(pselect(0, NULL, NULL, NULL, NULL, &none), EINTR);
        EQ(signals, 1);
    });
    OK(kill(child, SIGUSR1));
    JOIN(child);
}

CASE(hangup_wakes)
{
    int fds[2];
    OK(pipe(fds));
    pid_t child = CHILD({
        OK(close(fds[1]));
        struct pollfd p = {fds[0], POLLIN, 0};
        EQ(poll(&p, 1, 5000), 1);
        EQ(p.revents, POLLHUP);
    });
    UNTIL(is_sleeping(child));
    OK(close(fds[1]));
    JOIN(child);
}

CASE(write_space)
{
    int fds[2];
    static char block[65536];
    OK(pipe(fds));
    EQ(write(fds[1], block, sizeof(block)), sizeof(block));
    struct pollfd p = {fds[1], POLLOUT, 0};
    EQ(poll(&p, 1, 0), 0);
    pid_t child = CHILD(EQ(poll(&p, 1, 5000), 1); EQ(p.revents, POLLOUT));
    UNTIL(is_sleeping(child));
    EQ(read(fds[0], block, 8192), 8192);
    JOIN(child);
}

CASE(many_descriptors)
{
    static struct pollfd p[200];
    int fds[2], ends[200];
    for (int i = 0; i < 200; i++) {
        OK(pipe(fds));
        p[i] = (struct pollfd){fds[0], POLLIN, 0};
        ends[i] = fds[1];
    }
    EQ(poll(p, 200, 0), 0);
    pid_t child = CHILD(EQ(poll(p, 200, 5000), 1); EQ(p[137].revents, POLLIN));
    UNTIL(is_sleeping(child));
    EQ(write(ends[137], "x", 1), 1);
    JOIN(child);
}
