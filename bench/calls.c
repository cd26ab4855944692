/* SPDX-License-Identifier: Apache-2.0 */
/* A call and its answer between two programs: calls WAY COUNT, where WAY is
 *
 *   pipe      two processes and two pipes
 *   endpoint  two processes, through the kernel
 *   channel   two processes, over a channel
 *   kind      one invocation of a kernel object
 *   bytes     COUNT MiB through a pipe, for comparison with
 *   ring      COUNT MiB over a channel, 64 KiB in each call
 *   bank      a node from a bank that is as many slices deep as a third argument says, and back
 *
 * Prints nanoseconds for each. The ways but `pipe` and `bytes` are for a cell. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sdk/channel.h"

static u64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

static void say(u64 began, u64 count)
{
    printf("%.1f\n", (double)(now_ns() - began) / (double)count);
}

static int through_pipe(u64 count)
{
    int there[2], back[2];
    char byte = 0;
    u64 began;

    if (pipe(there) || pipe(back))
        return 1;
    if (fork() == 0) {
        close(there[1]);
        while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
            ;
        _exit(0);
    }
    close(there[0]);
    for (u64 i = 0; i < 1000; i++)
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
            return 1;
    began = now_ns();
    for (u64 i = 0; i < count; i++)
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
            return 1;
    say(began, count);
    return 0;
}

static s64 answer(void *context, struct rf_message *message, u32 resume, struct rf_message *reply)
{
    (void)context;
    (void)resume;
    reply->words[0] = message->words[0] + 1;
    return 0;
}

/* A server in a process of its own; its entry. */
static u32 serve(void)
{
    u32 endpoint = (u32)rf_endpoint();

    if (fork() == 0) {
        fclose(stdout);
        _exit(rf_serve_channels(endpoint, answer, NULL));
    }
    return (u32)rf_mint(endpoint, 1);
}

static int by_endpoint(u64 count)
{
    u32 entry = serve();
    u64 began;

    for (u64 i = 0; i < 1000; i++)
        rf_call(entry, 100000, i, 0, 0, 0);
    began = now_ns();
    for (u64 i = 0; i < count; i++)
        if (rf_call(entry, 100000, i, 0, 0, 0) < 0)
            return 1;
    say(began, count);
    return 0;
}

static int by_channel(u64 count, u32 bytes)
{
    static u8 data[RF_MSG_DATA];
    struct rf_channel *channel;
    struct rf_message message = RF_MESSAGE;
    u64 began;

    if (rf_channel_open(serve(), &channel) < 0)
        return 1;
    message.data = data;
    for (u64 i = 0; i < 1000; i++)
        rf_channel_call(channel, 1, &message);
    message.data_length = bytes;
    began = now_ns();
    for (u64 i = 0; i < count; i++) {
        message.words[0] = i;
        if (rf_channel_call(channel, 1, &message) || message.words[0] != i + 1)
            return 1;
    }
    say(began, count);
    return 0;
}

static int by_kind(u64 count)
{
    u64 began = now_ns();

    for (u64 i = 0; i < count; i++)
        rf_call(RF_SLOT_CLOCK, RF_OP_KIND, 0, 0, 0, 0);
    say(began, count);
    return 0;
}

static int bytes_through_pipe(u64 mebibytes)
{
    static char data[RF_MSG_DATA];
    u64 left = mebibytes << 20, began = now_ns();
    int ends[2];
    ssize_t n;

    if (pipe(ends))
        return 1;
    if (fork() == 0) {
        for (u64 i = 0; i < left; i += sizeof(data))
            if (write(ends[1], data, sizeof(data)) != (ssize_t)sizeof(data))
                _exit(1);
        _exit(0);
    }
    close(ends[1]);
    while ((n = read(ends[0], data, sizeof(data))) > 0)
        left -= (u64)n;
    say(began, mebibytes);
    return left != 0;
}

/* A bank without limits of its own below another. */
static s64 split(u32 bank)
{
    struct rf_bank_limits limits = {0};
    struct rf_message message = RF_MESSAGE;

    for (u32 i = 0; i < RF_RESOURCES; i++)
        limits.most[i] = RF_NO_LIMIT;
    message.data = &limits;
    message.data_length = sizeof(limits);
    return rf_invoke(bank, RF_OP_BANK_SPLIT, &message);
}

static int from_bank(u64 count, u64 depth)
{
    s64 bank = RF_SLOT_BANK;
    u64 began;

    for (u64 i = 0; i < depth && bank > 0; i++)
        bank = split((u32)bank);
    if (bank < 0)
        return 1;
    began = now_ns();
    for (u64 i = 0; i < count; i++) {
        s64 node = rf_call((u32)bank, RF_OP_BANK_ALLOCATE, RF_KIND_NODE, 16, 0, 0);

        if (node < 0)
            return 1;
        rf_drop((u32)node);
    }
    say(began, count);
    return 0;
}

int main(int argc, char **argv)
{
    u64 count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    const char *way = argc > 1 ? argv[1] : "";
    int status = 2;

    if (!strcmp(way, "pipe"))
        status = through_pipe(count);
    else if (!strcmp(way, "endpoint"))
        status = by_endpoint(count);
    else if (!strcmp(way, "channel"))
        status = by_channel(count, 0);
    else if (!strcmp(way, "kind"))
        status = by_kind(count);
    else if (!strcmp(way, "bytes"))
        status = bytes_through_pipe(count);
    else if (!strcmp(way, "ring"))
        status = by_channel(count * 16, RF_MSG_DATA);
    else if (!strcmp(way, "bank") && argc > 3)
        status = from_bank(count, strtoul(argv[3], NULL, 10));
    fflush(stdout);
    return status;
}
