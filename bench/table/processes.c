/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: processes. */
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench/table/table.h"

#define BIG (100ul << 20)

extern char **environ;
static char *const true_argv[] = {"true", 0};

static void wait_for(pid_t pid)
{
    int status;

    MUST(waitpid(pid, &status, 0));
    if (status != 0)
        die("status of a child");
}

static void run_fork(long count)
{
    while (count--) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(0);
        MUST(pid);
        wait_for(pid);
    }
}

static void run_fork_exec(long count)
{
    while (count--) {
        pid_t pid = fork();

        if (pid == 0) {
            execve("/bin/true", true_argv, environ);
            _exit(127);
        }
        MUST(pid);
        wait_for(pid);
    }
}

static void run_spawn(long count)
{
    while (count--) {
        pid_t pid;

        if (posix_spawn(&pid, "/bin/true", 0, 0, true_argv, environ))
            die("posix_spawn");
        wait_for(pid);
    }
}

static void grow(void)
{
    char *p = mmap(0, BIG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        die("mmap");
    madvise(p, BIG, MADV_NOHUGEPAGE);
    memset(p, 1, BIG);
}

static void run_shell(long count)
{
    static char *const argv[] = {"sh", "-c", "x=$(echo 1)", 0};

    while (count--) {
        pid_t pid;

        if (posix_spawn(&pid, "/bin/sh", 0, 0, argv, environ))
            die("posix_spawn");
        wait_for(pid);
    }
}

const struct row process_rows[] = {
    {"fork+exit+wait", 0, run_fork},
    {"fork+exec+wait /bin/true", 0, run_fork_exec},
    {"posix_spawn+wait /bin/true", 0, run_spawn},
    {"fork+exit+wait from 100 MB", grow, run_fork},
    {"posix_spawn+wait from 100 MB", grow, run_spawn},
    {"fork+exec+wait from 100 MB", grow, run_fork_exec},
    {"sh -c with a substitution", 0, run_shell},
    {0, 0, 0},
};
