/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: dup, fcntl, close-on-exec, limits. */
#include "check.h"

#include <sys/ioctl.h>
#include <sys/resource.h>

CASE(dup)
{
    int a = OK(open("f", O_CREAT | O_RDWR, 0600)), b = OK(dup(a));
    CHECK(a != b);
    EQ(write(a, "ab", 2), 2);
    EQ(lseek(b, 0, SEEK_CUR), 2);
    OK(close(a));
    EQ(write(b, "c", 1), 1);
    STR(get_file("f"), "abc");
    ERR(dup(a), EBADF);
    ERR(dup(-1), EBADF);
}

CASE(dup2)
{
    int a = OK(open("f", O_CREAT | O_RDWR, 0600));
    EQ(dup2(a, 50), 50);
    EQ(write(50, "x", 1), 1);
    EQ(dup2(50, 50), 50);
    ERR(dup2(999, 50), EBADF);
    EQ(fcntl(50, F_GETFD), 0);
    ERR(dup2(a, -1), EBADF);
    ERR(dup2(a, 1 << 30), EBADF);
    EQ(dup3(a, 51, O_CLOEXEC), 51);
    EQ(fcntl(51, F_GETFD), FD_CLOEXEC);
    ERR(dup3(a, a, 0), EINVAL);
    ERR(dup3(a, 52, O_APPEND), EINVAL);
    /* dup2 closes what was there: the last writer of a pipe is gone. */
    int fds[2];
    char c;
    OK(pipe(fds));
    EQ(dup2(a, fds[1]), fds[1]);
    EQ(read(fds[0], &c, 1), 0);
}

CASE(fcntl_dup)
{
    int a = OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
    EQ(fcntl(a, F_DUPFD, 40), 40);
    EQ(fcntl(a, F_DUPFD, 40), 41);
    EQ(fcntl(40, F_GETFD), 0);
    EQ(fcntl(a, F_DUPFD_CLOEXEC, 40), 42);
    EQ(fcntl(42, F_GETFD), FD_CLOEXEC);
    ERR(fcntl(a, F_DUPFD, -1), EINVAL);
    ERR(fcntl(a, F_DUPFD, 1 << 30), EINVAL);
    ERR(fcntl(999, F_DUPFD, 0), EBADF);
    ERR(fcntl(a, 9999, 0), EINVAL);
}

CASE(status_flags)
{
    int fds[2];
    char c;
    OK(pipe2(fds, O_NONBLOCK | O_CLOEXEC));
    EQ(fcntl(fds[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    ERR(read(fds[0], &c, 1), EAGAIN);
    OK(fcntl(fds[0], F_SETFL, 0));
    EQ(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
    int on = 1;
    OK(ioctl(fds[0], FIONBIO, &on));
    EQ(fcntl(fds[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    /* Flags belong to the open file, not to the descriptor; the access mode cannot be changed. */
    int d = OK(dup(fds[0]));
    OK(fcntl(d, F_SETFL, O_RDWR));
    EQ(fcntl(fds[0], F_GETFL) & (O_NONBLOCK | O_ACCMODE), O_RDONLY);
    OK(fcntl(d, F_SETFD, FD_CLOEXEC));
    OK(fcntl(d, F_SETFD, 0));
    EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    OK(ioctl(d, FIOCLEX));
    EQ(fcntl(d, F_GETFD), FD_CLOEXEC);
    OK(ioctl(d, FIONCLEX));
    EQ(fcntl(d, F_GETFD), 0);
    ERR(pipe2(fds, O_CREAT), EINVAL);
}

CASE(close_range)
{
    EQ(dup2(0, 60), 60);
    EQ(dup2(0, 61), 61);
    EQ(dup2(0, 65), 65);
    if (syscall(SYS_close_range, 60, 61, 0) == -1 && errno == ENOSYS)
        skip("no close_range");
    ERR(fcntl(60, F_GETFD), EBADF);
    ERR(fcntl(61, F_GETFD), EBADF);
    EQ(fcntl(65, F_GETFD), 0);
    OK(syscall(SYS_close_range, 62, ~0u, 4 /* CLOSE_RANGE_CLOEXEC */));
    EQ(fcntl(65, F_GETFD), FD_CLOEXEC);
    ERR(syscall(SYS_close_range, 65, 60, 0), EINVAL);
    ERR(syscall(SYS_close_range, 60, 65, 64), EINVAL);
}

CASE(limit)
{
    struct rlimit limit;
    OK(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 20;
    OK(setrlimit(RLIMIT_NOFILE, &limit));
    int last = 0, fd;
    while ((fd = open("/dev/null", O_RDONLY)) != -1)
        last = fd;
    EQ(errno, EMFILE);
    EQ(last, 19);
    ERR(dup(0), EMFILE);
    ERR(fcntl(0, F_DUPFD, 20), EINVAL);
    ERR(dup2(0, 20), EBADF);
    int fds[2];
    ERR(pipe(fds), EMFILE);
    OK(close(10));
    ERR(pipe(fds), EMFILE);
    EQ(dup(0), 10);
}

CASE(many)
{
    for (int i = 0; i < 900; i++)
        OK(open("/dev/null", O_RDONLY));
    int fds[2];
    OK(pipe(fds));
    CHECK(fds[1] > 900);
    JOIN(CHILD(EQ(write(fds[1], "x", 1), 1)));
    char c;
    EQ(read(fds[0], &c, 1), 1);
}

CASE(close_on_exec)
{
    int keep = OK(open("/dev/null", O_RDONLY)), gone = OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
    char script[128];
    snprintf(script, sizeof(script),
             "[ -e /proc/self/fd/%d ] && [ ! -e /proc/self/fd/%d ] && exit 5; exit 6", keep, gone);
    JOIN_STATUS(CHILD(execl("/bin/sh", "sh", "-c", script, NULL)), 5);
}

CASE(fork_copies_table)
{
    int fd = OK(open("/dev/null", O_RDONLY));
    JOIN(CHILD(OK(close(fd)); ERR(fcntl(fd, F_GETFD), EBADF)));
    EQ(fcntl(fd, F_GETFD), 0);
}

CASE(pipe_size)
{
    int fds[2];
    OK(pipe(fds));
    EQ(fcntl(fds[0], F_GETPIPE_SZ), 65536);
    CHECK(OK(fcntl(fds[0], F_SETPIPE_SZ, 100)) >= 4096);
    CHECK(OK(fcntl(fds[1], F_SETPIPE_SZ, 1 << 17)) >= 1 << 17);
    int n;
    EQ(write(fds[1], "abc", 3), 3);
    OK(ioctl(fds[0], FIONREAD, &n));
    EQ(n, 3);
    ERR(ioctl(OK(open("/dev/null", O_RDONLY)), TIOCGWINSZ, &n), ENOTTY);
    ERR(ioctl(999, FIONREAD, &n), EBADF);
}
