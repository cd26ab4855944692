/* SPDX-License-Identifier: Apache-2.0 */
/* usage: ticks MIB: has that much memory, all of it written, and looks at the clock all the time.
 * Says "ready", and, when more than 5 ms went by on the host's clock that it did not see, a line:
 * the real time at which it went on, in ns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static unsigned long now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (unsigned long)t.tv_sec * 1000000000u + (unsigned long)t.tv_nsec;
}

int main(int argc, char **argv)
{
    size_t length = argc > 1 ? strtoul(argv[1], NULL, 10) << 20 : 0;
    unsigned long last;
    char *memory = malloc(length + 1);

    if (!memory)
        return 1;
    for (size_t i = 0; i < length; i += 64)
        memset(memory + i, (int)(i >> 12) + 1, 64);
    puts("ready");
    fflush(stdout);
    for (last = now_ns();; usleep(200)) {
        unsigned long now = now_ns();

        if (now - last > 5000000)
            printf("%lu\n", now), fflush(stdout);
        last = now_ns();
    }
}
