/* SPDX-License-Identifier: Apache-2.0 */
/* wrapped DIR PLACE LAYERS [MEMBRANE-OPTION...] -- PROGRAM [ARG...]
 *
 * Mounts DIR at PLACE through that many membranes, and runs the program. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/ringfence.h"
#include "tests/sdk/check.h"

int main(int argc, char **argv)
{
    char *membrane[16] = {getenv("MEMBRANE") ?: "/e/membrane"};
    int at = 4, layers = argc > 4 ? atoi(argv[3]) : 0, status, pid;
    int dir = argc > 4 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
    s64 slot;

    for (int n = 1; argv[at] && strcmp(argv[at], "--") != 0 && n < 15; at++)
        membrane[n++] = argv[at];
    expect(argv[at] && argv[at + 1] && dir >= 0);
    slot = rf_slot_of(dir, RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC);
    expect(slot > 0);
    close(dir);
    if (strcmp(argv[3], "instead") == 0) /* what the wrapper offers, and not DIR */
        layers = 1;
    for (int i = 0; i < layers; i++) {
        slot = rf_wrap(membrane, (u32)slot, NULL);
        if (slot < 0)
            fprintf(stderr, "%s: %s\n", membrane[0], rf_error_text(slot));
        expect(slot > 0);
    }
    expect_result(rf_mount((u32)slot, RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC, argv[2]), 0);
    pid = fork();
    if (pid == 0) {
        execvp(argv[at + 1], argv + at + 1);
        perror(argv[at + 1]);
        _exit(127);
    }
    expect(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
