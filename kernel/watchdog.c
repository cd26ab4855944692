/* SPDX-License-Identifier: Apache-2.0 */
/* It has a session of its own, so that whoever kills the kernel's process group does not hit it,
 * and waits for the other end of a pipe to close. */
#include "kernel/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/types.h"
#include "kernel/account/limits.h"
#include "kernel/object/console.h"
#include "kernel/report.h"

static int pipe_end = -1;
static pid_t watchdog;

static void keep_only(int fd, int other)
{
    unsigned low = (unsigned)MIN(fd, other), high = (unsigned)MAX(fd, other);

    if (other < 0)
        low = high = (unsigned)fd;
    if (low > 0)
        close_range(0, low - 1, 0);
    if (high > low + 1)
        close_range(low + 1, high - 1, 0);
    close_range(high + 1, ~0u, 0);
}

_Noreturn static void watch(int fd, pid_t group)
{
    sigset_t all;
    ssize_t n;
    char byte;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setsid();
    keep_only(fd, consoles_terminal());
    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n == 0) {
        kill(-group, SIGKILL);
        consoles_restore_after_death();
        limits_remove_groups();
    }
    _exit(0);
}

void watchdog_start(pid_t group)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        fail_errno(errno, "cannot make a pipe");
    watchdog = fork();
    if (watchdog < 0)
        fail_errno(errno, "cannot make a process");
    if (watchdog == 0) {
        close(ends[1]);
        watch(ends[0], group);
    }
    close(ends[0]);
    pipe_end = ends[1];
}

void watchdog_end(void)
{
    if (watchdog <= 0)
        return;
    if (write(pipe_end, "", 1) < 0)
        return;
    waitpid(watchdog, NULL, 0);
    watchdog = 0;
}
