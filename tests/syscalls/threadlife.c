/* SPDX-License-Identifier: Apache-2.0 */
/* A new thread has nothing of the threads that ended before it. */
#include "check.h"

#include <dirent.h>
#include <fenv.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    ZERO(pthread_create(&thread, NULL, run, argument));
    return thread;
}

static void run(void *(*body)(void *), void *argument)
{
    ZERO(pthread_join(start(body, argument), NULL));
}

static long long own_time(clockid_t clock)
{
    struct timespec t;
    OK(clock_gettime(clock, &t));
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void *use_processor(void *argument)
{
    while (own_time(CLOCK_THREAD_CPUTIME_ID) < 60000000)
        ;
    return argument;
}

static void *look_at_clocks(void *argument)
{
    struct rusage r;
    clockid_t clock;
    CHECK(own_time(CLOCK_THREAD_CPUTIME_ID) < 30000000);
    ZERO(pthread_getcpuclockid(pthread_self(), &clock));
    CHECK(own_time(clock) < 30000000);
    OK(getrusage(RUSAGE_THREAD, &r));
    CHECK(r.ru_utime.tv_sec == 0 && r.ru_utime.tv_usec < 30000);
    CHECK(own_time(CLOCK_PROCESS_CPUTIME_ID) >= 60000000);
    return argument;
}

CASE(processor_time_begins_at_zero)
{
    run(use_processor, NULL);
    for (int i = 0; i < 3; i++)
        run(look_at_clocks, NULL);
}

static void *round_down(void *argument)
{
    EQ(fegetround(), FE_UPWARD);
    ZERO(fesetround(FE_DOWNWARD));
    return argument;
}

static void *look_at_rounding(void *argument)
{
    EQ(fegetround(), (intptr_t)argument);
    return NULL;
}

CASE(floating_point_mode_is_the_creators)
{
    ZERO(fesetround(FE_UPWARD));
    run(round_down, NULL);
    run(look_at_rounding, (void *)(intptr_t)FE_UPWARD);
    ZERO(fesetround(FE_TOWARDZERO));
    run(look_at_rounding, (void *)(intptr_t)FE_TOWARDZERO);
}

static char stack_bytes[65536];

static void *change_everything(void *argument)
{
    stack_t stack = {.ss_sp = stack_bytes, .ss_size = sizeof(stack_bytes)};
    sigset_t all;
    OK(sigaltstack(&stack, NULL));
    sigfillset(&all);
    ZERO(pthread_sigmask(SIG_SETMASK, &all, NULL));
    ZERO(pthread_kill(pthread_self(), SIGUSR1)); /* stays pending */
    OK(prctl(PR_SET_NAME, "changed"));
    return argument;
}

static void *look_at_everything(void *argument)
{
    stack_t stack;
    sigset_t now;
    char name[16];
    OK(sigaltstack(NULL, &stack));
    EQ(stack.ss_flags, SS_DISABLE);
    ZERO(pthread_sigmask(SIG_SETMASK, NULL, &now));
    EQ(sigismember(&now, SIGUSR1), 0);
    OK(sigpending(&now));
    EQ(sigismember(&now, SIGUSR1), 0);
    OK(prctl(PR_GET_NAME, name));
    STR(name, (const char *)argument);
    return NULL;
}

CASE(signals_and_name_are_new)
{
    char name[16];
    OK(prctl(PR_SET_NAME, "threadlife"));
    OK(prctl(PR_GET_NAME, name));
    run(change_everything, NULL);
    run(look_at_everything, name);
}

static int count_entries(const char *path)
{
    DIR *d = opendir(path);
    int count = 0;
    CHECK(d != NULL);
    for (struct dirent *e; (e = readdir(d));)
        count += e->d_name[0] != '.';
    closedir(d);
    return count;
}

static void *nothing(void *argument)
{
    return argument;
}

CASE(ended_threads_are_not_seen)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = start(nothing, NULL);
    for (int i = 0; i < 3; i++)
        ZERO(pthread_join(threads[i], NULL));
    UNTIL(count_entries("/proc/self/task") == 1);
    CHECK(strstr(get_file("/proc/self/status"), "\nThreads:\t1\n") != NULL);
}

CASE(fork_after_threads)
{
    for (int i = 0; i < 3; i++) {
        run(nothing, NULL);
        JOIN(CHILD(run(nothing, NULL); JOIN(CHILD(run(nothing, NULL)))));
    }
}

CASE(exec_after_threads)
{
    pid_t child = CHILD({
        run(nothing, NULL);
        execl("/bin/sh", "sh", "-c", "exit 5", NULL);
    });
    JOIN_STATUS(child, 5);
}

static volatile int handled;

static void count_signal(int signal)
{
    (void)signal;
    __atomic_add_fetch(&handled, 1, __ATOMIC_SEQ_CST);
}

static void *one_after_another(void *argument)
{
    for (int i = 0; i < 300; i++)
        run(nothing, NULL);
    return argument;
}

CASE(many_makers_under_signals)
{
    pthread_t makers[6];
    handle(SIGUSR1, count_signal, SA_RESTART);
    for (int i = 0; i < 6; i++)
        makers[i] = start(one_after_another, NULL);
    for (int i = 0; i < 200; i++) {
        OK(kill(getpid(), SIGUSR1));
        sched_yield();
    }
    for (int i = 0; i < 6; i++)
        ZERO(pthread_join(makers[i], NULL));
    CHECK(handled > 0);
}

/* While another thread is in execve, the host makes none. */
static void *make_for_ever(void *argument)
{
    pthread_t thread;
    for (;;) {
        if (pthread_create(&thread, NULL, nothing, NULL) == 0)
            ZERO(pthread_join(thread, NULL));
    }
    return argument;
}

static void let_threads_come_and_go(int milliseconds)
{
    start(make_for_ever, NULL);
    start(make_for_ever, NULL);
    sleep_ms(milliseconds);
}

CASE(exit_while_threads_come_and_go)
{
    for (int i = 0; i < 20; i++)
        JOIN_STATUS(CHILD(let_threads_come_and_go(i % 5); _exit(7)), 7);
}

CASE(exec_while_threads_come_and_go)
{
    for (int i = 0; i < 10; i++) {
        pid_t child = CHILD({
            let_threads_come_and_go(i % 5);
            execl("/bin/sh", "sh", "-c", "exit 8", NULL);
        });
        JOIN_STATUS(child, 8);
    }
}

static void *make_then_end(void *argument)
{
    sleep_ms(5);
    one_after_another(argument);
    _exit(9);
}

CASE(first_thread_ends_before_others_begin)
{
    JOIN_STATUS(CHILD(start(make_then_end, NULL); pthread_exit(NULL)), 9);
}
