/* SPDX-License-Identifier: Apache-2.0 */
/* usage: service lends|plain DIR   in $RINGFENCE_WORLD: makes two cells, each on a meter of its
 * own, of which one serves the other: computes CALL_MS for each of CALLS calls, and CALL_MS on its
 * own account. Prints "server N" and "caller N": what their meters were charged, in milliseconds.
 *
 *
 * service invoke DIR: one cell makes INVOCATIONS. Prints "cell N" and "meter N": what it used
 * itself, and what its meter was charged.
 *
 * service guarantee DIR: of a bank of 100 MiB, 60 are guaranteed to one below it; that is promised
 * more than there is, and so is another. A cell on the other one holds 30 MiB, then 60; meanwhile a
 * cell on the first holds 50. Prints "guaranteed STATUS" and "other STATUS": their wait statuses.
 *
 * In the cells it is the same program: service serve, service call lends|plain, service ask,
 * service hold MIB... */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sdk/boot.h"
#include "sdk/ringfence.h"
#include "tests/sdk/check.h"

#define INVOCATIONS 50000

#define CALLS    10
#define CALL_MS  40
#define SLOT_DIR RF_SLOT_FIRST_DIR
#define SLOT_END (RF_SLOT_FIRST_DIR + 1)
#define OP_WORK  1000
#define OP_STOP  1001

static u64 thread_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (u64)t.tv_sec * 1000 + (u64)t.tv_nsec / 1000000;
}

static void compute(void)
{
    u64 end = thread_ms() + CALL_MS;

    while (thread_ms() < end)
        ;
}

static s64 work(void *context, struct rf_message *message, u32 resume, struct rf_message *reply)
{
    (void)context, (void)resume, (void)reply;
    compute();
    if (message->op == OP_STOP)
        _exit(0); /* this one's caller is told ECONNRESET */
    return 0;
}

static int serve(void)
{
    expect_result(rf_open(NULL), 0);
    compute();
    return rf_serve(SLOT_END, work, NULL);
}

static int call(u32 flag)
{
    expect_result(rf_open(NULL), 0);
    for (u32 i = 0; i + 1 < CALLS; i++)
        expect_result(rf_call(SLOT_END, OP_WORK | flag, 0, 0, 0, 0), 0);
    expect(rf_call(SLOT_END, OP_STOP | flag, 0, 0, 0, 0) < 0);
    return 0;
}

static int ask(void)
{
    expect_result(rf_open(NULL), 0);
    for (u32 i = 0; i < INVOCATIONS; i++)
        expect_result(rf_call(RF_SLOT_BANK, RF_OP_KIND, 0, 0, 0, 0), RF_KIND_BANK);
    return 0;
}

/* So many MiB one after the other, each for a second. */
static int hold(int count, char **sizes)
{
    for (int i = 0; i < count; i++) {
        size_t size = (size_t)atoi(sizes[i]) << 20;
        char *memory = malloc(size);

        expect(memory);
        memset(memory, 1, size);
        sleep(1);
    }
    return 0;
}

static s64 split_bank(u32 above, u64 most_mib, u64 guaranteed_mib)
{
    struct rf_bank_limits limits = {0};
    struct rf_message message = RF_MESSAGE;

    for (u32 i = 0; i < RF_RESOURCES; i++)
        limits.most[i] = RF_NO_LIMIT;
    limits.most[RF_RESOURCE_PAGES] = most_mib << 8;
    limits.guaranteed[RF_RESOURCE_PAGES] = guaranteed_mib << 8;
    message.data = &limits;
    message.data_length = sizeof(limits);
    return rf_invoke(above, RF_OP_BANK_SPLIT, &message);
}

static u32 make_meter(void)
{
    struct rf_meter_terms terms = {0};
    struct rf_message message = RF_MESSAGE;
    s64 slot;

    message.data = &terms;
    message.data_length = sizeof(terms);
    slot = rf_invoke(RF_SLOT_METER, RF_OP_METER_SPLIT, &message);
    expect(slot > 0);
    return (u32)slot;
}

static void give(u32 cell, u32 to, u32 slot)
{
    struct rf_message message = RF_MESSAGE;

    message.words[0] = to;
    message.caps[0] = slot;
    message.cap_count = 1;
    expect_result(rf_invoke(cell, RF_OP_CELL_GIVE, &message), 0);
}

static u32 import_dir(const char *path)
{
    struct rf_message message = RF_MESSAGE;
    s64 slot;

    message.words[0] = RF_KIND_DIR;
    message.words[1] = RF_RIGHT_READ | RF_RIGHT_EXEC;
    message.descriptor = open(path, O_PATH | O_DIRECTORY);
    slot = rf_invoke(RF_SLOT_WORLD, RF_OP_WORLD_IMPORT, &message);
    expect(slot > 0);
    close(message.descriptor);
    return (u32)slot;
}

static void load(u32 cell, char *const argv[], u32 argc)
{
    static u8 record[RF_BOOT_SIZE] __attribute__((aligned(8)));
    struct boot_mount mount = {.kind = RF_MOUNT_DIR,
                               .path = "/t",
                               .slot = SLOT_DIR,
                               .rights = RF_RIGHT_READ | RF_RIGHT_EXEC};
    struct boot_spec spec = {.argv = argv,
                             .argc = argc,
                             .env = argv + argc,
                             .mounts = &mount,
                             .mount_count = 1,
                             .cwd = "/",
                             .hostname = "cell",
                             .user_name = "user"};
    struct rf_message message = RF_MESSAGE;

    message.data = record;
    message.data_length = boot_write(&spec, record);
    expect(message.data_length);
    expect_result(rf_invoke(cell, RF_OP_CELL_LOAD, &message), 0);
}

static u32 start_on(const char *name, u32 bank, u32 meter, u32 dir, u32 slot, char *const argv[],
                    u32 argc)
{
    struct rf_message message = RF_MESSAGE;
    s64 cell;

    message.caps[0] = bank;
    message.caps[1] = meter;
    message.cap_count = 2;
    message.data = name;
    message.data_length = (u32)strlen(name);
    cell = rf_invoke(RF_SLOT_PLACE, RF_OP_CELL_CREATE, &message);
    expect(cell > 0);
    load((u32)cell, argv, argc);
    give((u32)cell, SLOT_DIR, dir);
    give((u32)cell, SLOT_END, slot);
    expect_result(rf_call((u32)cell, RF_OP_CELL_START, 0, 0, 0, 0), 0);
    return (u32)cell;
}

static u32 start(const char *name, u32 meter, u32 dir, u32 slot, char *const argv[], u32 argc)
{
    return start_on(name, RF_SLOT_BANK, meter, dir, slot, argv, argc);
}

static void show(const char *name, u32 meter)
{
    struct rf_message message = RF_MESSAGE;
    struct rf_meter_usage usage;

    message.room = &usage;
    message.room_size = sizeof(usage);
    expect_result(rf_invoke(meter, RF_OP_METER_USAGE, &message), 0);
    printf("%s %lu\n", name, usage.used_ns / 1000000);
}

static int direct(char *how, const char *programs)
{
    char *server_argv[] = {"/t/service", "serve", NULL};
    char *caller_argv[] = {"/t/service", "call", how, NULL};
    u32 server_meter, caller_meter, dir, endpoint, server, caller;

    expect_result(rf_open(NULL), 0);
    server_meter = make_meter();
    caller_meter = make_meter();
    dir = import_dir(programs);
    endpoint = (u32)rf_endpoint();
    server = start("server", server_meter, dir, endpoint, server_argv, 2);
    caller = start("caller", caller_meter, dir, (u32)rf_mint(endpoint, 1), caller_argv, 3);
    expect_result(rf_call(server, RF_OP_CELL_WAIT, 0, 0, 0, 0), 0);
    rf_drop(endpoint);
    expect_result(rf_call(caller, RF_OP_CELL_WAIT, 0, 0, 0, 0), 0);
    show("server", server_meter);
    show("caller", caller_meter);
    return 0;
}

static int invoke(const char *programs)
{
    char *argv[] = {"/t/service", "ask", NULL};
    struct rf_message message = RF_MESSAGE;
    struct rf_cell_stat stat;
    u32 meter, cell;

    expect_result(rf_open(NULL), 0);
    meter = make_meter();
    cell = start("asker", meter, import_dir(programs), RF_SLOT_CLOCK, argv, 2);
    expect_result(rf_call(cell, RF_OP_CELL_WAIT, 0, 0, 0, 0), 0);
    message.room = &stat;
    message.room_size = sizeof(stat);
    expect_result(rf_invoke(cell, RF_OP_CELL_STAT, &message), 0);
    printf("cell %lu\n", stat.used_ns / 1000000);
    show("meter", meter);
    return 0;
}

static int guarantee(const char *programs)
{
    char *modest[] = {"/t/service", "hold", "25", "25", NULL};
    char *greedy[] = {"/t/service", "hold", "30", "30", "1", NULL};
    s64 above, first, other;
    u32 dir, modest_cell, greedy_cell;

    expect_result(rf_open(NULL), 0);
    above = split_bank(RF_SLOT_BANK, 100, 0);
    first = split_bank((u32)above, 400, 60);
    other = split_bank((u32)above, 400, 0);
    expect(above > 0 && first > 0 && other > 0);
    expect_result(split_bank((u32)above, 400, 50), -ENOSPC);
    dir = import_dir(programs);
    greedy_cell = start_on("greedy", (u32)other, RF_SLOT_METER, dir, RF_SLOT_CLOCK, greedy, 5);
    modest_cell = start_on("modest", (u32)first, RF_SLOT_METER, dir, RF_SLOT_CLOCK, modest, 4);
    printf("guaranteed %ld\n", rf_call(modest_cell, RF_OP_CELL_WAIT, 0, 0, 0, 0));
    printf("other %ld\n", rf_call(greedy_cell, RF_OP_CELL_WAIT, 0, 0, 0, 0));
    return 0;
}

int main(int argc, char **argv)
{
    expect(argc > 1);
    if (!strcmp(argv[1], "serve"))
        return serve();
    if (!strcmp(argv[1], "call"))
        return call(strcmp(argv[2], "lends") ? 0 : RF_OP_LENDS_METER);
    if (!strcmp(argv[1], "ask"))
        return ask();
    if (!strcmp(argv[1], "hold"))
        return hold(argc - 2, argv + 2);
    expect(argc == 3);
    if (!strcmp(argv[1], "guarantee"))
        return guarantee(argv[2]);
    if (!strcmp(argv[1], "invoke"))
        return invoke(argv[2]);
    return direct(argv[1], argv[2]);
}
