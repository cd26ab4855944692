/* SPDX-License-Identifier: Apache-2.0 */
/* Work in steps, each of which is durable before the next begins, and that says how it got where it
 * is. `milestones N` in a cell that was granted checkpoints:
 *
 *   ringfence run -d --checkpoint --name work build/examples/milestones 100 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sdk/ringfence.h"

static const char *const ways[] = {"started", "resumed", "restarted", "branched", "thawed"};

/* Whatever must not be carried on from before (a connection, a nonce) is made anew here. */
static void say_if_moved(struct rf_arrival *last)
{
    struct rf_arrival now = rf_arrival();

    if (now.generation == last->generation)
        return;
    printf("%s", now.came < ARRAY_SIZE(ways) ? ways[now.came] : "moved");
    if (now.branch)
        printf(", branch %u", now.branch);
    printf("\n");
    *last = now;
}

int main(int argc, char **argv)
{
    struct rf_arrival last = rf_arrival();
    int steps = argc > 1 ? atoi(argv[1]) : 10;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int step = 1; step <= steps; step++) {
        s64 result = rf_checkpoint();

        if (result < 0) {
            fprintf(stderr, "milestones: %s\n", rf_error_text(result));
            return 1;
        }
        say_if_moved(&last);
        printf("step %d\n", step);
        usleep(100000);
    }
    return 0;
}
