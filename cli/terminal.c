/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "cli/streams.h"
#include "kernel/report.h"
#include "sdk/ringfence.h"

static struct termios cooked;
static bool is_raw;
static sigset_t passed_on;

void terminal_prepare(void)
{
    static const int signals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
                                  SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH};
    struct sigaction action;

    sigemptyset(&passed_on);
    for (u32 i = 0; i < ARRAY_SIZE(signals); i++) {
        if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&passed_on, signals[i]);
    }
    sigprocmask(SIG_BLOCK, &passed_on, NULL);
}

static void *pass_on(void *cell)
{
    int number;

    while (sigwait(&passed_on, &number) == 0) {
        if (number == SIGWINCH)
            streams_resized();
        rf_call((u32)(uintptr_t)cell, RF_OP_CELL_SIGNAL, (u64)number, 0, 0, 0);
    }
    return NULL;
}

static void *follow(void *size_changes)
{
    int number;

    while (sigwait(size_changes, &number) == 0)
        streams_resized();
    return NULL;
}

void terminal_follow(void)
{
    static sigset_t size_changes;
    pthread_t thread;

    sigemptyset(&size_changes);
    sigaddset(&size_changes, SIGWINCH);
    sigprocmask(SIG_BLOCK, &size_changes, NULL);
    if (pthread_create(&thread, NULL, follow, &size_changes) == 0)
        pthread_detach(thread);
}

bool terminal_is(int fd)
{
    struct stat a, b;

    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && isatty(fd) &&
           fstat(STDIN_FILENO, &a) == 0 && fstat(fd, &b) == 0 && a.st_rdev == b.st_rdev;
}

void terminal_raw(void)
{
    static bool prepared;
    struct termios raw;

    if (is_raw || !terminal_is(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &cooked) < 0 ||
        tcgetpgrp(STDIN_FILENO) != getpgrp())
        return;
    raw = cooked;
    cfmakeraw(&raw);
    if (!prepared) {
        atexit(terminal_end);
        report_prepare(terminal_end);
    }
    prepared = true;
    is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

void terminal_begin(u32 cell)
{
    pthread_t thread;

    streams_belong_to(cell);
    terminal_raw();
    if (pthread_create(&thread, NULL, pass_on, (void *)(uintptr_t)cell) == 0)
        pthread_detach(thread);
}

void terminal_end(void)
{
    if (is_raw)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &cooked);
    is_raw = false;
}
