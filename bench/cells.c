/* SPDX-License-Identifier: Apache-2.0 */
/* Making cells in a running world, from the host: cells COUNT PROGRAM [DEPTH]
 *
 * Each cell sees /usr and runs PROGRAM, which begins its output with one byte: prints the median
 * microseconds from the first invocation to that byte, and to the answer of CELL_WAIT. The cells'
 * bank and meter are as many slices below the world's as DEPTH says. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sdk/boot.h"
#include "sdk/ringfence.h"

#define MOST 10000

static u64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    u64 x = *(const u64 *)a, y = *(const u64 *)b;

    return x < y ? -1 : x > y;
}

static s64 import(u32 kind, int fd, u32 rights)
{
    struct rf_message message = RF_MESSAGE;

    message.words[0] = kind;
    message.words[1] = rights;
    message.descriptor = fd;
    return rf_invoke(RF_SLOT_WORLD, RF_OP_WORLD_IMPORT, &message);
}

static void give(u32 cell, u32 to, u32 slot)
{
    struct rf_message message = RF_MESSAGE;

    message.words[0] = to;
    message.caps[0] = slot;
    message.cap_count = 1;
    rf_invoke(cell, RF_OP_CELL_GIVE, &message);
}

/* What the cells are made from. */
static u32 bank = RF_SLOT_BANK, meter = RF_SLOT_METER;

/* One slice deeper, with nothing held back: false when it cannot be. */
static bool slice(void)
{
    struct rf_bank_limits limits = {0};
    struct rf_meter_terms terms = {.period_ns = 100000000u, .share = 100};
    struct rf_message message = RF_MESSAGE;
    s64 slot;

    for (u32 i = 0; i < RF_RESOURCES; i++)
        limits.most[i] = RF_NO_LIMIT;
    message.data = &limits;
    message.data_length = sizeof(limits);
    slot = rf_invoke(bank, RF_OP_BANK_SPLIT, &message);
    if (slot < 0)
        return false;
    bank = (u32)slot;
    message = RF_MESSAGE;
    message.data = &terms;
    message.data_length = sizeof(terms);
    slot = rf_invoke(meter, RF_OP_METER_SPLIT, &message);
    if (slot < 0)
        return false;
    meter = (u32)slot;
    return true;
}

static s64 create(const char *name)
{
    struct rf_message message = RF_MESSAGE;

    message.caps[0] = bank;
    message.caps[1] = meter;
    message.cap_count = 2;
    message.data = name;
    message.data_length = (u32)strlen(name);
    return rf_invoke(RF_SLOT_PLACE, RF_OP_CELL_CREATE, &message);
}

static void load(u32 cell, const u8 *record, u32 length)
{
    struct rf_message message = RF_MESSAGE;

    message.data = record;
    message.data_length = length;
    rf_invoke(cell, RF_OP_CELL_LOAD, &message);
}

static u32 describe(char *program, u8 *record)
{
    char *argv[] = {program, NULL};
    struct boot_mount mounts[] = {
        {.kind = RF_MOUNT_DIR, .path = "/usr", .slot = RF_SLOT_FIRST_DIR, .rights = 5},
        {.kind = RF_MOUNT_SYMLINK, .path = "/lib", .text = "usr/lib", .text_length = 7},
        {.kind = RF_MOUNT_SYMLINK, .path = "/lib64", .text = "usr/lib64", .text_length = 9},
        {.kind = RF_MOUNT_DIR, .path = "/bench", .slot = RF_SLOT_FIRST_DIR + 1, .rights = 5},
    };
    struct boot_spec spec = {.argv = argv,
                             .argc = 1,
                             .env = argv + 1,
                             .mounts = mounts,
                             .mount_count = 4,
                             .cwd = "/",
                             .hostname = "bench",
                             .user_name = "bench"};

    return boot_write(&spec, record);
}

int main(int argc, char **argv)
{
    static u8 record[RF_BOOT_SIZE] __attribute__((aligned(8)));
    static u64 first[MOST], whole[MOST];
    u64 count = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    u64 depth = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    s64 usr, here, out;
    u32 length;
    int ends[2];
    char byte;

    if (!count || count > MOST || pipe(ends) || rf_open(NULL))
        return 2;
    usr = import(RF_KIND_DIR, open("/usr", O_PATH), 5);
    here = import(RF_KIND_DIR, open(".", O_PATH), 5);
    out = import(RF_KIND_CONSOLE, ends[1], RF_RIGHT_WRITE);
    length = describe(argv[2], record);
    for (u64 i = 0; i < depth; i++)
        if (!slice())
            return 1;
    if (usr < 0 || here < 0 || out < 0 || !length)
        return 1;
    for (u64 i = 0; i < count; i++) {
        u64 began = now_ns();
        char name[32];
        s64 cell;

        snprintf(name, sizeof(name), "bench-%lu", i);
        cell = create(name);
        if (cell < 0)
            return 1;
        load((u32)cell, record, length);
        give((u32)cell, RF_SLOT_FIRST_DIR, (u32)usr);
        give((u32)cell, RF_SLOT_FIRST_DIR + 1, (u32)here);
        give((u32)cell, RF_SLOT_STDOUT, (u32)out);
        if (rf_call((u32)cell, RF_OP_CELL_START, 0, 0, 0, 0) || read(ends[0], &byte, 1) != 1)
            return 1;
        first[i] = now_ns() - began;
        if (rf_call((u32)cell, RF_OP_CELL_WAIT, 0, 0, 0, 0) < 0)
            return 1;
        whole[i] = now_ns() - began;
        rf_drop((u32)cell);
    }
    qsort(first, count, sizeof(first[0]), compare);
    qsort(whole, count, sizeof(whole[0]), compare);
    printf("%.1f %.1f\n", (double)first[count / 2] / 1000, (double)whole[count / 2] / 1000);
    return 0;
}
