/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd, timerfd, signalfd. */
#include "check.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static bool readable(int fd)
{
    struct pollfd p = {fd, POLLIN, 0};
    return poll(&p, 1, 0) == 1 && p.revents == POLLIN;
}

CASE(eventfd_counter)
{
    uint64_t n = 3;
    int fd = OK(eventfd(2, EFD_NONBLOCK));
    CHECK(readable(fd));
    EQ(write(fd, &n, 8), 8);
    EQ(read(fd, &n, 8), 8);
    EQ(n, 5);
    ERR(read(fd, &n, 8), EAGAIN);
    CHECK(!readable(fd));
    n = UINT64_MAX - 1;
    EQ(write(fd, &n, 8), 8);
    n = 1;
    ERR(write(fd, &n, 8), EAGAIN);
    struct pollfd p = {fd, POLLOUT, 0};
    EQ(poll(&p, 1, 0), 0);
    n = UINT64_MAX;
    ERR(write(fd, &n, 8), EINVAL);
    ERR(read(fd, &n, 4), EINVAL);
    ERR(write(fd, &n, 4), EINVAL);
    ERR(eventfd(0, 12345), EINVAL);
}

CASE(eventfd_semaphore)
{
    uint64_t n = 0;
    int fd = OK(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
    EQ(read(fd, &n, 8), 8);
    EQ(n, 1);
    EQ(read(fd, &n, 8), 8);
    EQ(n, 1);
    ERR(read(fd, &n, 8), EAGAIN);
}

CASE(eventfd_wakes)
{
    uint64_t n = 7;
    int fd = OK(eventfd(0, 0));
    pid_t child = CHILD(EQ(read(fd, &n, 8), 8); EQ(n, 7));
    UNTIL(is_sleeping(child));
    EQ(write(fd, &n, 8), 8);
    JOIN(child);
}

CASE(timerfd_once)
{
    uint64_t n = 0;
    int fd = OK(timerfd_create(CLOCK_MONOTONIC, 0));
    struct itimerspec t = {{0, 0}, {0, 40000000}}, left;
    OK(timerfd_gettime(fd, &left));
    EQ(left.it_value.tv_sec + left.it_value.tv_nsec, 0);
    long begun = now_ms();
    OK(timerfd_settime(fd, 0, &t, NULL));
    OK(timerfd_gettime(fd, &left));
    CHECK(left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 40000000);
    EQ(read(fd, &n, 8), 8);
    EQ(n, 1);
    CHECK(now_ms() - begun >= 39);
    CHECK(!readable(fd));
}

CASE(timerfd_repeats)
{
    uint64_t n = 0;
    int fd = OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    ERR(read(fd, &n, 8), EAGAIN);
    struct itimerspec t = {{0, 10000000}, {0, 10000000}}, old;
    OK(timerfd_settime(fd, 0, &t, NULL));
    sleep_ms(55);
    EQ(read(fd, &n, 8), 8);
    CHECK(n >= 5);
    struct pollfd p = {fd, POLLIN, 0};
    EQ(poll(&p, 1, 5000), 1);
    memset(&t, 0, sizeof(t));
    OK(timerfd_settime(fd, 0, &t, &old));
    EQ(old.it_interval.tv_nsec, 10000000);
    EQ(poll(&p, 1, 30), 0);
}

CASE(timerfd_absolute)
{
    uint64_t n = 0;
    int fd = OK(timerfd_create(CLOCK_REALTIME, 0));
    struct itimerspec t = {{0, 0}, {1, 0}}; /* long past */
    OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
    EQ(read(fd, &n, 8), 8);
    EQ(n, 1);
    fd = OK(timerfd_create(CLOCK_MONOTONIC, 0));
    OK(clock_gettime(CLOCK_MONOTONIC, &t.it_value));
    long until = now_ms() + 30;
    t.it_value.tv_nsec += 30000000;
    if (t.it_value.tv_nsec >= 1000000000) {
        t.it_value.tv_sec++;
        t.it_value.tv_nsec -= 1000000000;
    }
    OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
    EQ(read(fd, &n, 8), 8);
    CHECK(now_ms() >= until - 1);
}

CASE(timerfd_errors)
{
    uint64_t n = 0;
    struct itimerspec t = {{0, 0}, {0, 1000000000}};
    ERR(timerfd_create(99, 0), EINVAL);
    ERR(timerfd_create(CLOCK_MONOTONIC, 1 << 20), EINVAL);
    int fd = OK(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
    ERR(timerfd_settime(fd, 0, &t, NULL), EINVAL);
    t.it_value.tv_nsec = 1;
    ERR(timerfd_settime(0, 0, &t, NULL), EINVAL);
    ERR(timerfd_settime(999, 0, &t, NULL), EBADF);
    ERR(read(fd, &n, 7), EINVAL);
    ERR(write(fd, &n, 8), EINVAL);
}

static sigset_t block(int a, int b)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, a);
    sigaddset(&set, b);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    return set;
}

CASE(signalfd_reads)
{
    struct signalfd_siginfo info[4];
    sigset_t set = block(SIGUSR1, SIGRTMIN);
    int fd = OK(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    ERR(read(fd, info, sizeof(info)), EAGAIN);
    CHECK(!readable(fd));
    OK(kill(getpid(), SIGUSR1));
    OK(kill(getpid(), SIGUSR1)); /* not queued twice */
    union sigval value = {.sival_int = 77};
    OK(sigqueue(getpid(), SIGRTMIN, value));
    OK(sigqueue(getpid(), SIGRTMIN, value));
    CHECK(readable(fd));
    EQ(read(fd, info, sizeof(info)), 3 * sizeof(info[0]));
    EQ(info[0].ssi_signo, SIGUSR1);
    EQ(info[0].ssi_pid, getpid());
    EQ(info[0].ssi_uid, getuid());
    EQ(info[0].ssi_code, SI_USER);
    EQ(info[1].ssi_signo, SIGRTMIN);
    EQ(info[1].ssi_code, SI_QUEUE);
    EQ(info[1].ssi_int, 77);
    EQ(info[2].ssi_signo, SIGRTMIN);
    ERR(read(fd, info, 10), EINVAL);
}

CASE(signalfd_waits)
{
    struct signalfd_siginfo info;
    sigset_t set = block(SIGUSR1, SIGCHLD);
    int fd = OK(signalfd(-1, &set, 0));
    pid_t child = CHILD({
        EQ(read(fd, &info, sizeof(info)), sizeof(info));
        EQ(info.ssi_signo, SIGUSR1);
        EQ(info.ssi_pid, getppid());
        _exit(4);
    });
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGUSR1));
    EQ(read(fd, &info, sizeof(info)), sizeof(info));
    EQ(info.ssi_signo, SIGCHLD);
    EQ(info.ssi_pid, child);
    EQ(info.ssi_status, 4);
    EQ(info.ssi_code, CLD_EXITED);
    JOIN_STATUS(child, 4);
}

CASE(signalfd_changes)
{
    struct signalfd_siginfo info;
    sigset_t set = block(SIGUSR1, SIGUSR2), one;
    sigemptyset(&one);
    sigaddset(&one, SIGUSR1);
    int fd = OK(signalfd(-1, &one, SFD_NONBLOCK));
    OK(raise(SIGUSR2));
    ERR(read(fd, &info, sizeof(info)), EAGAIN);
    EQ(signalfd(fd, &set, 0), fd);
    EQ(read(fd, &info, sizeof(info)), sizeof(info));
    EQ(info.ssi_signo, SIGUSR2);
    ERR(signalfd(0, &set, 0), EINVAL);
    ERR(signalfd(999, &set, 0), EBADF);
    ERR(signalfd(-1, &set, 1), EINVAL);
}
