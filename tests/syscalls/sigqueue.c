/* SPDX-License-Identifier: Apache-2.0 */
/* Queued and real-time signals, and waiting for signals. */
#include "check.h"

static volatile int order[64], values[64], received;

static void collect(int signal, siginfo_t *info, void *context)
{
    (void)context;
    if (received < 64) {
        order[received] = signal;
        values[received] = info->si_value.sival_int;
    }
    received++;
}

static void catch_all(sigset_t *set)
{
    struct sigaction action = {.sa_sigaction = collect, .sa_flags = SA_SIGINFO};
    sigfillset(&action.sa_mask);
    sigemptyset(set);
    for (int s = SIGRTMIN; s < SIGRTMIN + 4; s++) {
        OK(sigaction(s, &action, NULL));
        sigaddset(set, s);
    }
}

static void queue(int signal, int value)
{
    union sigval v = {.sival_int = value};
    OK(sigqueue(getpid(), signal, v));
}

CASE(order)
{
    sigset_t set;
    catch_all(&set);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    queue(SIGRTMIN + 2, 1);
    queue(SIGRTMIN, 2);
    queue(SIGRTMIN + 2, 3);
    queue(SIGRTMIN, 4);
    queue(SIGRTMIN + 1, 5);
    EQ(received, 0);
    OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
    EQ(received, 5);
    for (int i = 0; i < 5; i++)
        say("SIGRTMIN+%d value %d", order[i] - SIGRTMIN, values[i]);
}

CASE(all_are_kept)
{
    sigset_t set;
    catch_all(&set);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    for (int i = 0; i < 60; i++)
        queue(SIGRTMIN, i);
    OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
    EQ(received, 60);
    for (int i = 0; i < 60; i++)
        EQ(values[i], i);
}

CASE(wait_info)
{
    sigset_t set;
    siginfo_t info;
    catch_all(&set);
    sigaddset(&set, SIGUSR1);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    queue(SIGRTMIN + 1, 11);
    queue(SIGRTMIN, 10);
    OK(raise(SIGUSR1));
    EQ(sigwaitinfo(&set, &info), SIGUSR1);
    EQ(sigwaitinfo(&set, &info), SIGRTMIN);
    EQ(info.si_value.sival_int, 10);
    EQ(info.si_code, SI_QUEUE);
    EQ(info.si_pid, getpid());
    int signal;
    ZERO(sigwait(&set, &signal));
    EQ(signal, SIGRTMIN + 1);
    EQ(received, 0);
}

CASE(timed_wait)
{
    sigset_t set;
    siginfo_t info;
    catch_all(&set);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    struct timespec t = {0, 40000000};
    long begun = now_ms();
    ERR(sigtimedwait(&set, &info, &t), EAGAIN);
    CHECK(now_ms() - begun >= 39);
    t.tv_nsec = 0;
    ERR(sigtimedwait(&set, &info, &t), EAGAIN);
    t.tv_nsec = -1;
    ERR(sigtimedwait(&set, &info, &t), EINVAL);
    pid_t child = CHILD({
        t = (struct timespec){5, 0};
        EQ(sigtimedwait(&set, &info, &t), SIGRTMIN);
        EQ(info.si_code, SI_USER);
        EQ(info.si_pid, getppid());
    });
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGRTMIN));
    JOIN(child);
}

static void nothing(int signal)
{
    (void)signal;
}

CASE(wait_interrupted_by_other)
{
    sigset_t set;
    catch_all(&set);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    handle(SIGUSR2, nothing, SA_RESTART);
    pid_t child = CHILD(ERR(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8), EINTR));
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGUSR2));
    JOIN(child);
}

CASE(rejects)
{
    siginfo_t info = {0};
    union sigval v = {0};
    ERR(sigqueue(999999, SIGUSR1, v), ESRCH);
    ERR(sigqueue(getpid(), 65, v), EINVAL);
    OK(sigqueue(getpid(), 0, v));
    info.si_code = SI_USER; /* may not be forged for others */
    ERR(syscall(SYS_rt_sigqueueinfo, getppid(), SIGUSR1, &info), EPERM);
    ERR(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, BAD_POINTER), EFAULT);
    ERR(syscall(SYS_rt_sigtimedwait, BAD_POINTER, NULL, NULL, 8), EFAULT);
}
