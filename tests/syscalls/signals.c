/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: actions, masks, delivery, restart rules. */
#include "check.h"

#include <setjmp.h>
#include <sys/mman.h>

static volatile sig_atomic_t count_of[65], last;
static volatile siginfo_t info_of;

static void note(int signal)
{
    count_of[signal]++;
    last = signal;
}

static void note_info(int signal, siginfo_t *info, void *context)
{
    (void)context;
    count_of[signal]++;
    info_of = *info;
}

static void handle_info(int signal, int flags)
{
    struct sigaction action = {.sa_sigaction = note_info, .sa_flags = SA_SIGINFO | flags};
    sigemptyset(&action.sa_mask);
    OK(sigaction(signal, &action, NULL));
}

static void block(int how, int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    OK(sigprocmask(how, &set, NULL));
}

static bool is_pending(int signal)
{
    sigset_t set;
    OK(sigpending(&set));
    return sigismember(&set, signal) == 1;
}

CASE(handler_runs)
{
    handle(SIGUSR1, note, 0);
    OK(raise(SIGUSR1));
    EQ(count_of[SIGUSR1], 1);
    OK(kill(getpid(), SIGUSR1));
    EQ(count_of[SIGUSR1], 2);
    OK(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1));
    EQ(count_of[SIGUSR1], 3);
}

CASE(default_actions)
{
    for (int s = 1; s < 32; s++) {
        int status;
        /* In a group of its own: the program's may be orphaned, and then does not stop. */
        pid_t child = CHILD(OK(setpgid(0, 0)); kill(getpid(), s); _exit(0));
        EQ(waitpid(child, &status, WUNTRACED), child);
        if (WIFSTOPPED(status)) {
            say("%d stops", s);
            OK(kill(child, SIGKILL));
            EQ(waitpid(child, NULL, 0), child);
        } else {
            say("%d %s", s, WIFSIGNALED(status) ? "kills" : "does nothing");
        }
    }
}

CASE(blocked)
{
    handle(SIGUSR1, note, 0);
    block(SIG_BLOCK, SIGUSR1);
    OK(raise(SIGUSR1));
    OK(raise(SIGUSR1));
    EQ(count_of[SIGUSR1], 0);
    CHECK(is_pending(SIGUSR1));
    block(SIG_UNBLOCK, SIGUSR1);
    EQ(count_of[SIGUSR1], 1); /* one, though sent twice */
    CHECK(!is_pending(SIGUSR1));
    sigset_t all, now;
    sigfillset(&all);
    OK(sigprocmask(SIG_SETMASK, &all, NULL));
    OK(sigprocmask(SIG_SETMASK, NULL, &now));
    EQ(sigismember(&now, SIGKILL), 0);
    EQ(sigismember(&now, SIGSTOP), 0);
    EQ(sigismember(&now, SIGTERM), 1);
    ERR(sigprocmask(99, &all, NULL), EINVAL);
    ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, BAD_POINTER, NULL, 8), EFAULT);
    ERR(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, 4), EINVAL);
}

CASE(ignoring)
{
    block(SIG_BLOCK, SIGUSR1);
    OK(raise(SIGUSR1));
    CHECK(is_pending(SIGUSR1));
    signal(SIGUSR1, SIG_IGN); /* takes away what is pending */
    CHECK(!is_pending(SIGUSR1));
    OK(raise(SIGUSR1));
    CHECK(!is_pending(SIGUSR1) || is_pending(SIGUSR1)); /* while blocked, Linux keeps it */
    block(SIG_UNBLOCK, SIGUSR1);
    OK(raise(SIGUSR1));
    OK(raise(SIGCHLD));
}

CASE(actions)
{
    struct sigaction action, old;
    handle(SIGUSR1, note, SA_RESTART | SA_NODEFER);
    OK(sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_handler == note);
    EQ(old.sa_flags & (SA_RESTART | SA_NODEFER | SA_SIGINFO), SA_RESTART | SA_NODEFER);
    memset(&action, 0, sizeof(action));
    action.sa_handler = SIG_DFL;
    OK(sigaction(SIGUSR1, &action, &old));
    CHECK(old.sa_handler == note);
    ERR(sigaction(SIGKILL, &action, NULL), EINVAL);
    ERR(sigaction(SIGSTOP, &action, NULL), EINVAL);
    OK(sigaction(SIGKILL, NULL, &old));
    CHECK(old.sa_handler == SIG_DFL);
    ERR(syscall(SYS_rt_sigaction, 65, &action, NULL, 8), EINVAL);
    ERR(syscall(SYS_rt_sigaction, 0, &action, NULL, 8), EINVAL);
    ERR(syscall(SYS_rt_sigaction, SIGUSR1, BAD_POINTER, NULL, 8), EFAULT);
    ERR(syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 7), EINVAL);
}

static volatile int depth, deepest;

static void nest(int signal)
{
    if (++depth > deepest)
        deepest = depth;
    if (deepest < 3)
        raise(signal);
    depth--;
}

CASE(nodefer)
{
    handle(SIGUSR1, nest, SA_NODEFER);
    OK(raise(SIGUSR1));
    EQ(deepest, 3);
}

static void raise_once(int signal)
{
    depth++;
    if (depth == 1) {
        raise(signal);
        EQ(depth, 1); /* held back until the handler returns */
    }
}

CASE(deferred)
{
    handle(SIGUSR1, raise_once, 0);
    OK(raise(SIGUSR1));
    EQ(depth, 2);
}

CASE(reset_hand)
{
    handle(SIGUSR1, note, SA_RESETHAND);
    OK(raise(SIGUSR1));
    EQ(count_of[SIGUSR1], 1);
    struct sigaction old;
    OK(sigaction(SIGUSR1, NULL, &old));
    CHECK(old.sa_handler == SIG_DFL);
    JOIN_SIGNAL(CHILD(raise(SIGUSR1)), SIGUSR1);
}

static void see_mask(int signal)
{
    sigset_t mask;
    OK(sigprocmask(SIG_BLOCK, NULL, &mask));
    say("in the handler of %d: USR1 %d USR2 %d TERM %d", signal, sigismember(&mask, SIGUSR1),
        sigismember(&mask, SIGUSR2), sigismember(&mask, SIGTERM));
}

CASE(handler_mask)
{
    struct sigaction action = {.sa_handler = see_mask};
    sigset_t mask;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGTERM);
    OK(sigaction(SIGUSR1, &action, NULL));
    OK(raise(SIGUSR1));
    OK(sigprocmask(SIG_BLOCK, NULL, &mask));
    EQ(sigismember(&mask, SIGTERM) + sigismember(&mask, SIGUSR1), 0);
}

CASE(info_of_kill)
{
    handle_info(SIGUSR1, 0);
    pid_t child = CHILD(OK(kill(getppid(), SIGUSR1)));
    UNTIL(count_of[SIGUSR1] == 1);
    EQ(info_of.si_signo, SIGUSR1);
    EQ(info_of.si_code, SI_USER);
    EQ(info_of.si_pid, child);
    EQ(info_of.si_uid, getuid());
    JOIN(child);
    OK(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1));
    EQ(info_of.si_code, SI_TKILL);
    EQ(info_of.si_pid, getpid());
}

CASE(info_of_child)
{
    handle_info(SIGCHLD, 0);
    pid_t child = CHILD(_exit(3));
    UNTIL(count_of[SIGCHLD] == 1);
    EQ(info_of.si_pid, child);
    EQ(info_of.si_code, CLD_EXITED);
    EQ(info_of.si_status, 3);
    JOIN_STATUS(child, 3);
    child = CHILD(for (;;) pause());
    OK(kill(child, SIGSTOP));
    UNTIL(count_of[SIGCHLD] == 2);
    EQ(info_of.si_code, CLD_STOPPED);
    EQ(info_of.si_status, SIGSTOP);
    OK(kill(child, SIGCONT));
    UNTIL(count_of[SIGCHLD] == 3);
    EQ(info_of.si_code, CLD_CONTINUED);
    OK(kill(child, SIGKILL));
    UNTIL(count_of[SIGCHLD] == 4);
    EQ(info_of.si_code, CLD_KILLED);
    EQ(info_of.si_status, SIGKILL);
    JOIN_SIGNAL(child, SIGKILL);
}

CASE(suspend)
{
    sigset_t none, mask;
    sigemptyset(&none);
    handle(SIGUSR1, note, 0);
    block(SIG_BLOCK, SIGUSR1);
    pid_t child = CHILD({
        ERR(sigsuspend(&none), EINTR);
        EQ(count_of[SIGUSR1], 1);
        OK(sigprocmask(SIG_BLOCK, NULL, &mask));
        EQ(sigismember(&mask, SIGUSR1), 1);
    });
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGUSR1));
    JOIN(child);
    OK(raise(SIGUSR1)); /* already pending */
    ERR(sigsuspend(&none), EINTR);
    EQ(count_of[SIGUSR1], 1);
}

CASE(pause)
{
    handle(SIGUSR1, note, SA_RESTART);
    pid_t child = CHILD(ERR(pause(), EINTR));
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGUSR1));
    JOIN(child);
}

CASE(sleep_interrupted)
{
    handle(SIGUSR1, note, SA_RESTART);
    pid_t child = CHILD({
        struct timespec t = {5, 0};
        struct timespec left = {0, 0};
        ERR(nanosleep(&t, &left), EINTR);
        CHECK(left.tv_sec >= 1 && left.tv_sec < 5);
        t.tv_sec = 5;
        EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &left), EINTR);
    });
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGUSR1));
    sleep_ms(50);
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGUSR1));
    JOIN(child);
}

CASE(stop_and_continue_sleep)
{
    /* A stop and continue without a handler does not interrupt a sleep. */
    pid_t child = CHILD({
        struct timespec t = {0, 200000000};
        OK(nanosleep(&t, NULL));
    });
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGSTOP));
    EQ(waitpid(child, NULL, WUNTRACED), child);
    OK(kill(child, SIGCONT));
    JOIN(child);
}

static sigjmp_buf jump;

static void jump_out(int signal)
{
    siglongjmp(jump, signal);
}

CASE(jump_out)
{
    handle(SIGUSR1, jump_out, 0);
    for (volatile int i = 0; i < 3; i++)
        if (sigsetjmp(jump, 1) == 0) {
            raise(SIGUSR1);
            FAIL("came back");
        }
    sigset_t mask;
    OK(sigprocmask(SIG_BLOCK, NULL, &mask));
    EQ(sigismember(&mask, SIGUSR1), 0);
}

CASE(errno_and_registers_survive)
{
    handle(SIGALRM, note, 0);
    struct timespec now;
    unsigned long long sum = 0, expected = 0;
    ualarm(1000, 1000);
    long begun = now_ms();
    for (unsigned long long i = 0; now_ms() - begun < 200; i++) {
        sum += i * i;
        expected += i * i;
        OK(clock_gettime(CLOCK_MONOTONIC, &now));
        CHECK(sum == expected);
    }
    ualarm(0, 0);
    CHECK(count_of[SIGALRM] > 5);
}

CASE(many_signals)
{
    handle(SIGUSR1, note, 0);
    pid_t parent = getpid();
    int fds[2];
    char c;
    OK(pipe(fds));
    pid_t child = CHILD({
        for (int i = 0; i < 500; i++) {
            OK(kill(parent, SIGUSR1));
            while (read(fds[0], &c, 1) != 1)
                ;
        }
    });
    for (int i = 1; i <= 500; i++) {
        UNTIL(count_of[SIGUSR1] == i);
        EQ(write(fds[1], "x", 1), 1);
    }
    JOIN(child);
}

CASE(order_on_unblock)
{
    /* Of several, the lowest numbers first; so the highest handler runs first of nested frames. */
    sigset_t set;
    handle(SIGUSR1, see_mask, 0);
    handle(SIGUSR2, see_mask, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    OK(raise(SIGUSR2));
    OK(raise(SIGUSR1));
    OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

CASE(continue_clears_stop)
{
    block(SIG_BLOCK, SIGTSTP);
    block(SIG_BLOCK, SIGCONT);
    OK(raise(SIGTSTP));
    CHECK(is_pending(SIGTSTP));
    OK(raise(SIGCONT));
    CHECK(!is_pending(SIGTSTP));
    CHECK(is_pending(SIGCONT));
    OK(raise(SIGTSTP));
    CHECK(!is_pending(SIGCONT));
}

CASE(kill_every_thread_of_loops)
{
    /* A loop without system calls dies too. */
    pid_t child = CHILD(for (volatile unsigned i = 0;; i++));
    sleep_ms(20);
    OK(kill(child, SIGTERM));
    JOIN_SIGNAL(child, SIGTERM);
    child = CHILD(for (volatile unsigned i = 0;; i++));
    OK(kill(child, SIGSTOP));
    int status;
    EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status));
    OK(kill(child, SIGKILL));
    JOIN_SIGNAL(child, SIGKILL);
}

CASE(handler_in_loop)
{
    handle(SIGUSR1, note, 0);
    pid_t child = CHILD(while (!count_of[SIGUSR1]));
    sleep_ms(20);
    OK(kill(child, SIGUSR1));
    JOIN(child);
}
