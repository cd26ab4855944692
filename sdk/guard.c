/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/guard.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

_Thread_local struct guard rf_guard;
static struct sigaction before;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The signal's mask is put back by hand: the jump leaves the handler without returning from it. */
static void gone(int number, siginfo_t *info, void *context)
{
    if (rf_guard.armed) {
        sigset_t set;

        rf_guard.armed = false;
        sigemptyset(&set);
        sigaddset(&set, SIGBUS);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        siglongjmp(rf_guard.out, 1);
    }
    if (before.sa_flags & SA_SIGINFO) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    } else {
        signal(number, SIG_DFL);
        raise(number);
    }
}

static void prepare(void)
{
    struct sigaction action = {.sa_sigaction = gone, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    sigaction(SIGBUS, &action, &before);
}

void guard_prepare(void)
{
    pthread_once(&once, prepare);
}
