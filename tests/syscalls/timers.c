/* SPDX-License-Identifier: Apache-2.0 */
/* alarm, setitimer, timer_create. */
#include "check.h"

#include <sys/time.h>

static volatile sig_atomic_t count_of[65], value, code, overrun;

static void note(int signal)
{
    count_of[signal]++;
}

static void note_info(int signal, siginfo_t *info, void *context)
{
    (void)context;
    count_of[signal]++;
    value = info->si_value.sival_int;
    code = info->si_code;
    overrun += info->si_overrun;
}

CASE(alarm)
{
    handle(SIGALRM, note, 0);
    EQ(alarm(10), 0);
    CHECK(alarm(1) >= 9);
    long begun = now_ms();
    ERR(pause(), EINTR);
    CHECK(now_ms() - begun >= 900);
    EQ(count_of[SIGALRM], 1);
    EQ(alarm(5), 0);
    EQ(alarm(0), 5);
    JOIN_SIGNAL(CHILD(signal(SIGALRM, SIG_DFL); ualarm(1000, 0); for (;;) pause()), SIGALRM);
    alarm(100);
    JOIN(CHILD(EQ(alarm(0), 0))); /* not inherited by fork */
}

CASE(interval_real)
{
    struct itimerval t = {{0, 10000}, {0, 10000}}, old;
    handle(SIGALRM, note, 0);
    OK(setitimer(ITIMER_REAL, &t, NULL));
    UNTIL(count_of[SIGALRM] >= 5);
    OK(getitimer(ITIMER_REAL, &old));
    EQ(old.it_interval.tv_usec, 10000);
    memset(&t, 0, sizeof(t));
    OK(setitimer(ITIMER_REAL, &t, &old));
    EQ(old.it_interval.tv_usec, 10000);
    int before = count_of[SIGALRM];
    sleep_ms(30);
    CHECK(count_of[SIGALRM] <= before + 1);
    t.it_value.tv_usec = 1000000;
    ERR(setitimer(ITIMER_REAL, &t, NULL), EINVAL);
    ERR(setitimer(99, &t, NULL), EINVAL);
    ERR(getitimer(ITIMER_REAL, BAD_POINTER), EFAULT);
}

CASE(interval_virtual)
{
    /* Counts processor time: a sleep does not use it up. */
    struct itimerval t = {{0, 0}, {0, 50000}};
    handle(SIGVTALRM, note, 0);
    OK(setitimer(ITIMER_VIRTUAL, &t, NULL));
    sleep_ms(150);
    EQ(count_of[SIGVTALRM], 0);
    long begun = now_ms();
    while (!count_of[SIGVTALRM] && now_ms() - begun < 5000)
        ;
    EQ(count_of[SIGVTALRM], 1);
    t.it_value.tv_usec = 20000;
    handle(SIGPROF, note, 0);
    OK(setitimer(ITIMER_PROF, &t, NULL));
    begun = now_ms();
    while (!count_of[SIGPROF] && now_ms() - begun < 5000)
        ;
    EQ(count_of[SIGPROF], 1);
}

CASE(timer_signal)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct sigaction action = {.sa_sigaction = note_info, .sa_flags = SA_SIGINFO};
    event.sigev_value.sival_int = 123;
    OK(sigaction(SIGRTMIN, &action, NULL));
    OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    struct itimerspec t = {{0, 0}, {0, 20000000}}, left;
    OK(timer_settime(timer, 0, &t, NULL));
    OK(timer_gettime(timer, &left));
    CHECK(left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 20000000);
    UNTIL(count_of[SIGRTMIN] == 1);
    EQ(value, 123);
    EQ(code, SI_TIMER);
    OK(timer_gettime(timer, &left));
    EQ(left.it_value.tv_nsec, 0);
    OK(timer_delete(timer));
    ERR(syscall(SYS_timer_delete, 12345), EINVAL);
}

CASE(timer_overrun)
{
    timer_t timer;
    sigset_t set;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct sigaction action = {.sa_sigaction = note_info, .sa_flags = SA_SIGINFO};
    OK(sigaction(SIGRTMIN, &action, NULL));
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    OK(timer_create(CLOCK_MONOTONIC, &event, &timer));
    struct itimerspec t = {{0, 5000000}, {0, 5000000}};
    OK(timer_settime(timer, 0, &t, NULL));
    sleep_ms(60);
    OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
    memset(&t, 0, sizeof(t));
    OK(timer_settime(timer, 0, &t, NULL));
    CHECK(count_of[SIGRTMIN] >= 1);
    CHECK(overrun >= 5);
    CHECK(timer_getoverrun(timer) >= 0);
}

static volatile int in_thread;

static void thread_function(union sigval v)
{
    in_thread = v.sival_int;
}

CASE(timer_thread)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD};
    event.sigev_notify_function = thread_function;
    event.sigev_value.sival_int = 55;
    OK(timer_create(CLOCK_REALTIME, &event, &timer));
    struct itimerspec t = {{0, 0}, {0, 10000000}};
    OK(timer_settime(timer, 0, &t, NULL));
    UNTIL(in_thread == 55);
}

CASE(timer_processor_time)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    handle(SIGUSR1, note, 0);
    OK(timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer));
    struct itimerspec t = {{0, 0}, {0, 30000000}};
    OK(timer_settime(timer, 0, &t, NULL));
    long begun = now_ms();
    while (!count_of[SIGUSR1] && now_ms() - begun < 5000)
        ;
    EQ(count_of[SIGUSR1], 1);
}

CASE(timer_errors)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = 77};
    ERR(timer_create(99, NULL, &timer), EINVAL);
    ERR(timer_create(CLOCK_REALTIME, &event, &timer), EINVAL);
    OK(timer_create(CLOCK_REALTIME, NULL, &timer));
    struct itimerspec t = {{0, 0}, {0, 1000000000}};
    ERR(timer_settime(timer, 0, &t, NULL), EINVAL);
}

CASE(pending_alarm_over_exec)
{
    JOIN_SIGNAL(CHILD(ualarm(100000, 0); execl("/bin/sleep", "sleep", "5", NULL)), SIGALRM);
}

/* A timer that expires while its thread is about to sleep must not be slept over. */
CASE(one_shot_after_another)
{
    sigset_t alarm_only, none;
    handle(SIGALRM, note, 0);
    sigemptyset(&none);
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    OK(sigprocmask(SIG_BLOCK, &alarm_only, NULL));
    for (int i = 1; i <= 1000; i++) {
        struct itimerval t = {.it_value = {0, 1 + i % 200}};
        OK(setitimer(ITIMER_REAL, &t, NULL));
        ERR(sigsuspend(&none), EINTR);
        EQ(count_of[SIGALRM], i);
    }
}
