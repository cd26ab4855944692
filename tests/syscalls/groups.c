/* SPDX-License-Identifier: Apache-2.0 */
/* Process groups and sessions. */
#include "check.h"

static volatile sig_atomic_t signals;

static void count(int signal)
{
    (void)signal;
    signals++;
}

CASE(groups)
{
    pid_t child = CHILD(for (;;) pause());
    EQ(getpgid(child), getpgrp());
    OK(setpgid(child, child));
    EQ(getpgid(child), child);
    OK(setpgid(child, getpgrp()));
    EQ(getpgid(child), getpgrp());
    ERR(setpgid(child, 999999), EPERM);
    ERR(setpgid(child, -1), EINVAL);
    ERR(setpgid(999999, 0), ESRCH);
    ERR(setpgid(getppid(), 0), ESRCH);
    ERR(getpgid(999999), ESRCH);
    EQ(getpgid(0), getpgrp());
    OK(kill(child, SIGKILL));
    JOIN_SIGNAL(child, SIGKILL);
}

CASE(after_exec)
{
    int fds[2];
    char c;
    OK(pipe(fds));
    pid_t child = CHILD(dup2(fds[1], 1); execl("/bin/sh", "sh", "-c", "echo; exec sleep 9", NULL));
    EQ(read(fds[0], &c, 1), 1);
    ERR(setpgid(child, child), EACCES);
    OK(kill(child, SIGKILL));
    JOIN_SIGNAL(child, SIGKILL);
}

CASE(kill_group)
{
    handle(SIGUSR1, count, 0);
    pid_t leader = CHILD(OK(setpgid(0, 0)); while (!signals) sleep_ms(1));
    setpgid(leader, leader);
    pid_t other = CHILD(OK(setpgid(0, leader)); while (!signals) sleep_ms(1));
    setpgid(other, leader);
    OK(kill(-leader, SIGUSR1));
    JOIN(leader);
    JOIN(other);
    ERR(kill(-leader, 0), ESRCH);
    EQ(signals, 0);
    JOIN(CHILD(OK(setpgid(0, 0)); OK(kill(0, SIGUSR1)); EQ(signals, 1)));
    JOIN(CHILD(OK(setpgid(0, 0)); OK(killpg(getpgrp(), SIGUSR1)); EQ(signals, 1)));
}

CASE(sessions)
{
    JOIN(CHILD({
        pid_t old = getsid(0);
        EQ(setsid(), getpid());
        EQ(getsid(0), getpid());
        EQ(getpgrp(), getpid());
        CHECK(old != getpid());
        ERR(setsid(), EPERM);
        ERR(setpgid(0, 0), EPERM);
        int fd = open("/dev/tty", O_RDWR);
        EQ(fd, -1);
        EQ(errno, ENXIO);
    }));
    JOIN(CHILD(OK(setpgid(0, 0)); ERR(setsid(), EPERM)));
    pid_t child = CHILD(OK(setsid()); for (;;) pause());
    UNTIL(getsid(child) == child);
    ERR(setpgid(child, getpgrp()), EPERM);
    OK(kill(child, SIGKILL));
    JOIN_SIGNAL(child, SIGKILL);
    ERR(getsid(999999), ESRCH);
}

CASE(orphaned_group_is_hung_up)
{
    /* A stopped process whose group becomes orphaned gets SIGHUP and SIGCONT. */
    int fds[2];
    char c = 0;
    OK(pipe(fds));
    pid_t middle = CHILD({
        OK(setpgid(0, 0));
        pid_t own = getpid();
        pid_t child = CHILD({
            handle(SIGHUP, count, 0);
            OK(kill(getpid(), SIGSTOP));
            UNTIL(signals == 1);
            EQ(getpgrp(), own);
            EQ(write(fds[1], "x", 1), 1);
        });
        EQ(waitpid(child, NULL, WUNTRACED), child);
    });
    JOIN(middle);
    OK(close(fds[1]));
    EQ(read(fds[0], &c, 1), 1);
}

CASE(orphaned_group_does_not_stop)
{
    /* The default of SIGTSTP is nothing there. */
    int fds[2];
    char c = 0;
    OK(pipe(fds));
    JOIN(CHILD({
        OK(setsid());
        OK(raise(SIGTSTP));
        OK(raise(SIGTTIN));
        EQ(write(fds[1], "x", 1), 1);
    }));
    EQ(read(fds[0], &c, 1), 1);
}

CASE(kill_errors)
{
    ERR(kill(999999, 0), ESRCH);
    ERR(kill(getpid(), 65), EINVAL);
    ERR(kill(getpid(), -1), EINVAL);
    ERR(kill(-999999, 0), ESRCH);
    OK(kill(getpid(), 0));
    ERR(syscall(SYS_tgkill, getpid(), 999999, 0), ESRCH);
    ERR(syscall(SYS_tgkill, 0, 0, 0), EINVAL);
    OK(syscall(SYS_tgkill, getpid(), gettid(), 0));
    OK(syscall(SYS_tkill, gettid(), 0));
}
