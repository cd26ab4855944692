/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: signals. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/table/table.h"

static volatile sig_atomic_t caught;
static pid_t parent, child;
static sigset_t both;

static void on_signal(int number)
{
    caught = number;
}

static void install(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    MUST(sigaction(SIGUSR1, &action, 0));
}

static void run_action(long count)
{
    struct sigaction action = {.sa_handler = SIG_IGN};

    while (count--)
        MUST(sigaction(SIGUSR2, &action, 0));
}

static void run_mask(long count)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    while (count--)
        MUST(sigprocmask(count % 2 ? SIG_BLOCK : SIG_UNBLOCK, &set, 0));
}

static void run_raise(long count)
{
    while (count--)
        raise(SIGUSR1);
    if (!caught)
        die("raise");
}

static void answer(void)
{
    int number;

    for (;;) {
        if (sigwait(&both, &number) || kill(parent, SIGUSR2) < 0)
            _exit(1);
    }
}

/* The child blocks both signals before it starts, so none is lost. */
static void start_answering(void)
{
    parent = getpid();
    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    MUST(sigprocmask(SIG_BLOCK, &both, 0));
    child = fork();
    MUST(child);
    if (child == 0)
        answer();
}

static void run_kill(long count)
{
    int number;

    while (count--) {
        MUST(kill(child, SIGUSR1));
        if (sigwait(&both, &number))
            die("sigwait");
    }
}

const struct row signal_rows[] = {
    {"sigaction", 0, run_action},
    {"sigprocmask", 0, run_mask},
    {"raise with a handler", install, run_raise},
    {"signal round trip between processes", start_answering, run_kill},
    {0, 0, 0},
};
