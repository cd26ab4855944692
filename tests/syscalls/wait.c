/* SPDX-License-Identifier: Apache-2.0 */
/* The wait family. */
#include "check.h"

#include <sys/resource.h>

CASE(statuses)
{
    int status;
    pid_t child = CHILD(_exit(42));
    EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    EQ(WEXITSTATUS(status), 42);
    child = CHILD(raise(SIGKILL));
    EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    EQ(WTERMSIG(status), SIGKILL);
    child = CHILD(raise(SIGTERM));
    EQ(wait(&status), child);
    EQ(WTERMSIG(status), SIGTERM);
    EQ(WCOREDUMP(status), 0);
}

CASE(nohang)
{
    int fds[2];
    char c;
    OK(pipe(fds));
    pid_t child = CHILD(OK(close(fds[1])); EQ(read(fds[0], &c, 1), 0));
    EQ(waitpid(child, NULL, WNOHANG), 0);
    EQ(waitpid(-1, NULL, WNOHANG), 0);
    OK(close(fds[1]));
    UNTIL(waitpid(child, NULL, WNOHANG) == child);
    ERR(waitpid(child, NULL, WNOHANG), ECHILD);
    ERR(waitpid(-1, NULL, 0), ECHILD);
}

CASE(errors)
{
    ERR(wait(NULL), ECHILD);
    ERR(waitpid(1, NULL, 0), ECHILD);
    ERR(waitpid(getpid(), NULL, 0), ECHILD);
    ERR(waitpid(-1, NULL, 0x40), EINVAL);
    siginfo_t info;
    ERR(waitid(P_ALL, 0, &info, 0), EINVAL);
    ERR(waitid(P_ALL, 0, &info, WEXITED), ECHILD);
    ERR(waitid(99, 0, &info, WEXITED), EINVAL);
    CHILD(_exit(0));
    sleep_ms(20);
    ERR(syscall(SYS_wait4, -1, BAD_POINTER, 0, NULL), EFAULT);
}

CASE(stopped_and_continued)
{
    int status;
    pid_t child = CHILD(OK(setpgid(0, 0)); for (;;) pause());
    UNTIL(getpgid(child) == child); /* an orphaned group would not stop */
    OK(kill(child, SIGSTOP));
    EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status));
    EQ(WSTOPSIG(status), SIGSTOP);
    EQ(waitpid(child, &status, WUNTRACED | WNOHANG), 0); /* told once */
    OK(kill(child, SIGCONT));
    EQ(waitpid(child, &status, WCONTINUED), child);
    CHECK(WIFCONTINUED(status));
    OK(kill(child, SIGTSTP));
    EQ(waitpid(child, &status, WUNTRACED), child);
    EQ(WSTOPSIG(status), SIGTSTP);
    /* A stopped process does nothing but die. */
    OK(kill(child, SIGTERM));
    EQ(waitpid(child, &status, WNOHANG), 0);
    OK(kill(child, SIGCONT));
    JOIN_SIGNAL(child, SIGTERM);
    child = CHILD(for (;;) pause());
    OK(kill(child, SIGSTOP));
    EQ(waitpid(child, &status, WUNTRACED), child);
    OK(kill(child, SIGKILL));
    JOIN_SIGNAL(child, SIGKILL);
}

CASE(waitid)
{
    siginfo_t info;
    pid_t child = CHILD(_exit(5));
    memset(&info, 0, sizeof(info));
    EQ(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    EQ(info.si_pid, child);
    EQ(info.si_signo, SIGCHLD);
    EQ(info.si_code, CLD_EXITED);
    EQ(info.si_status, 5);
    EQ(info.si_uid, getuid());
    memset(&info, 0, sizeof(info));
    EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
    EQ(info.si_pid, child);
    child = CHILD(raise(SIGKILL));
    EQ(waitid(P_PID, (id_t)child, &info, WEXITED), 0);
    EQ(info.si_code, CLD_KILLED);
    EQ(info.si_status, SIGKILL);
    child = CHILD(for (;;) pause());
    info.si_pid = 99;
    EQ(waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG), 0);
    EQ(info.si_pid, 0);
    OK(kill(child, SIGSTOP));
    EQ(waitid(P_PID, (id_t)child, &info, WSTOPPED), 0);
    EQ(info.si_code, CLD_STOPPED);
    EQ(info.si_status, SIGSTOP);
    OK(kill(child, SIGCONT));
    EQ(waitid(P_PID, (id_t)child, &info, WCONTINUED), 0);
    EQ(info.si_code, CLD_CONTINUED);
    OK(kill(child, SIGKILL));
    EQ(waitid(P_PID, (id_t)child, &info, WEXITED), 0);
}

CASE(groups)
{
    pid_t a = CHILD(OK(setpgid(0, 0)); for (;;) pause());
    setpgid(a, a);
    pid_t b = CHILD(for (;;) pause());
    OK(setpgid(b, a));
    pid_t own = CHILD(_exit(0));
    EQ(waitpid(0, NULL, 0), own); /* only of our group */
    EQ(waitpid(-a, NULL, WNOHANG), 0);
    OK(kill(-a, SIGKILL));
    pid_t first = OK(waitpid(-a, NULL, 0));
    CHECK(first == a || first == b);
    EQ(waitpid(-a, NULL, 0), first == a ? b : a);
    ERR(waitpid(-a, NULL, 0), ECHILD);
}

CASE(usage)
{
    struct rusage usage;
    pid_t child = CHILD({
        struct timespec t;
        do
            OK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t));
        while (t.tv_nsec < 60000000);
    });
    EQ(wait4(child, NULL, 0, &usage), child);
    long us = usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    CHECK(us >= 40000 && us < 5000000);
    OK(getrusage(RUSAGE_CHILDREN, &usage));
    us = usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    CHECK(us >= 40000);
}

CASE(ignored_children_reap_themselves)
{
    signal(SIGCHLD, SIG_IGN);
    pid_t child = CHILD(sleep_ms(20));
    ERR(waitpid(child, NULL, 0), ECHILD); /* waits until it is gone */
    UNTIL(kill(child, 0) == -1);
    EQ(errno, ESRCH);
}

static volatile sig_atomic_t signals;

static void count(int signal)
{
    (void)signal;
    signals++;
}

CASE(signal_of_child)
{
    handle(SIGCHLD, count, SA_RESTART);
    pid_t child = CHILD(sleep_ms(20));
    EQ(waitpid(child, NULL, 0), child);
    EQ(signals, 1);
    handle(SIGCHLD, count, SA_NOCLDSTOP);
    child = CHILD(for (;;) pause());
    OK(kill(child, SIGSTOP));
    EQ(waitpid(child, NULL, WUNTRACED), child);
    EQ(signals, 1);
    OK(kill(child, SIGKILL));
    UNTIL(signals == 2);
    JOIN_SIGNAL(child, SIGKILL);
}

CASE(no_child_wait)
{
    handle(SIGCHLD, count, SA_NOCLDWAIT | SA_RESTART);
    CHILD(_exit(0));
    ERR(wait(NULL), ECHILD);
    EQ(signals, 1);
}

CASE(interrupted)
{
    handle(SIGUSR1, count, 0);
    pid_t parent = getpid();
    pid_t child = CHILD({
        UNTIL(is_sleeping(parent));
        OK(kill(parent, SIGUSR1));
        sleep_ms(300);
    });
    ERR(waitpid(child, NULL, 0), EINTR);
    JOIN(child);
}

CASE(zombies)
{
    pid_t child = CHILD(_exit(1));
    sleep_ms(30);
    OK(kill(child, 0)); /* it is still there */
    OK(kill(child, SIGKILL));
    EQ(getpgid(child), getpgrp());
    JOIN_STATUS(child, 1);
    ERR(kill(child, 0), ESRCH);
}

CASE(pidfd)
{
    pid_t child = CHILD(for (;;) pause());
    long fd = syscall(SYS_pidfd_open, child, 0);
    if (fd == -1 && errno == ENOSYS)
        skip("no pidfd_open");
    OK(fd);
    OK(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
    siginfo_t info;
    EQ(waitid(3 /* P_PIDFD */, (id_t)fd, &info, WEXITED), 0);
    EQ(info.si_pid, child);
    EQ(info.si_status, SIGTERM);
    ERR(syscall(SYS_pidfd_open, 0, 0), EINVAL);
    ERR(syscall(SYS_pidfd_open, child, 0), ESRCH);
}
