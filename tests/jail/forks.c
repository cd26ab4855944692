/* SPDX-License-Identifier: Apache-2.0 */
/* Makes host processes and threads without telling the library OS, as many as it gets, each of
 * which spins. The kernel's limit holds, and all of them are gone when the cell ends. Prints how
 * many it got. */
#include "tests/jail/hostile.h"

#include <asm/unistd.h>
#include <linux/sched.h>
#include <stdio.h>

#define TRIES 200

int main(void)
{
    int made = 0;
    hostile_begin();
    for (int i = 0; i < TRIES; i++) {
        bool refused;
        long r = host_call(__NR_clone, CLONE_PARENT, 0, 0, 0, 0, 0, &refused);
        if (r == 0)
            for (;;)
                host_call(__NR_sched_yield, 0, 0, 0, 0, 0, 0, &refused);
        made += r > 0;
    }
    hostile_end();
    printf("made %d\n", made);
    return 0;
}
