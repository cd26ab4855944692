/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/helper.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/report.h"

void helper_exec(const char *name, char *const argv[])
{
    static const char *const places[] = {"build/", "", "../libexec/ringfence/"};
    char self[PATH_MAX] = "", path[PATH_MAX + 64];

    if (readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0)
        return;
    *strrchr(self, '/') = 0;
    for (u32 i = 0; i < ARRAY_SIZE(places); i++) {
        snprintf(path, sizeof(path), "%s/%s%s", self, places[i], name);
        execv(path, argv);
    }
}

pid_t helper_start(const char *name, char *const argv[], int input, int output)
{
    pid_t pid = fork();

    if (pid < 0)
        fail_errno(errno, "cannot start %s", name);
    if (pid)
        return pid;
    if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0)
        _exit(1);
    helper_exec(name, argv);
    report("%s is not installed (it is built where libzstd-dev and libsodium-dev are)", name);
    _exit(127);
}

bool helper_end(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return false;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
