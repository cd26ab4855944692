/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: pipes. */
#include <fcntl.h>
#include <unistd.h>
#include "bench/table/table.h"

#define BLOCK 65536l

static int there[2], back[2];
static char buffer[BLOCK];

static void open_pipe(void)
{
    MUST(pipe(there));
}

static void run_self(long count)
{
    char byte = 0;

    while (count--) {
        MUST(write(there[1], &byte, 1));
        MUST(read(there[0], &byte, 1));
    }
}

static void run_self_block(long count)
{
    while (count--) {
        MUST(write(there[1], buffer, 4096));
        MUST(read(there[0], buffer, 4096));
    }
}

static void echo(void)
{
    char byte;

    close(there[1]);
    while (read(there[0], &byte, 1) == 1) {
        if (write(back[1], &byte, 1) != 1)
            break;
    }
}

static void start_echo(void)
{
    MUST(pipe(there));
    MUST(pipe(back));
    start_child(echo);
}

static void run_round_trip(long count)
{
    char byte = 0;

    while (count--) {
        MUST(write(there[1], &byte, 1));
        if (read(back[0], &byte, 1) != 1)
            die("read");
    }
}

static void drain(void)
{
    close(there[1]);
    while (read(there[0], buffer, BLOCK) > 0)
        continue;
}

static void start_drain(void)
{
    MUST(pipe(there));
    start_child(drain);
}

static void run_bandwidth(long count)
{
    while (count--) {
        if (write(there[1], buffer, BLOCK) != BLOCK)
            die("write");
    }
}

static void run_make(long count)
{
    while (count--) {
        MUST(pipe2(there, O_CLOEXEC));
        close(there[0]);
        close(there[1]);
    }
}

const struct row pipe_rows[] = {
    {"pipe made and closed", 0, run_make},
    {"pipe write+read in one process", open_pipe, run_self},
    {"pipe write+read 4 KiB in one process", open_pipe, run_self_block},
    {"pipe round trip between processes", start_echo, run_round_trip},
    {"pipe 64 KiB to another process", start_drain, run_bandwidth},
    {0, 0, 0},
};
