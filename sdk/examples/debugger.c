/* SPDX-License-Identifier: Apache-2.0 */
/* A small debugger: looks into one process of a cell of a world, or of its own cell ("."), and
 * changes it. Commands come by lines: stop, go, deliver, kill, threads, regs, set NAME VALUE, peek
 * ADDRESS, poke ADDRESS VALUE, map ADDRESS BYTES (memory that both see), show ADDRESS, unmap
 * ADDRESS, protect ADDRESS, free ADDRESS, fault (waits for one). Numbers as in C. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/ringfence.h"

#define FAULTED 1u
#define MAPPED  16

static u32 process, space, notification;
static struct mapped {
    u64 address; /* 0: free */
    u32 segment;
} mapped[MAPPED];

static s64 said(const char *what, s64 result)
{
    if (result < 0)
        printf("%s: %s\n", what, rf_error_text(result));
    return result;
}

/* An invocation with two words and whatever goes along; `m` is used up. */
static s64 invoke(u32 slot, u32 op, u64 w0, u64 w1, struct rf_message m)
{
    m.words[0] = w0;
    m.words[1] = w1;
    m.descriptor = -1;
    return rf_invoke(slot, op, &m);
}

/* What asks the process for data. */
static s64 ask(u32 op, u64 w0, u64 w1, void *room, u32 size)
{
    return invoke(process, op, w0, w1, (struct rf_message){.room = room, .room_size = size});
}

/* Registers by name, in the order of struct rf_registers. */
static const char *const names[] = {"r15", "r14", "r13",    "r12", "rbp",     "rbx", "r11",
                                    "r10", "r9",  "r8",     "rax", "rcx",     "rdx", "rsi",
                                    "rdi", "rip", "eflags", "rsp", "fs_base", "call"};

static void print_registers(const u64 *r)
{
    for (u32 i = 0; i < ARRAY_SIZE(names); i++)
        printf("%s %#lx%c", names[i], r[i], i % 4 == 3 ? '\n' : ' ');
}

static void registers(u64 thread, u64 unused)
{
    u64 r[ARRAY_SIZE(names)];

    (void)unused;
    if (said("regs", ask(RF_OP_PROCESS_REGISTERS, thread, 0, r, sizeof(r))) >= 0)
        print_registers(r);
}

static void set(const char *name, u64 value)
{
    u64 r[ARRAY_SIZE(names)];

    if (!name || said("set", ask(RF_OP_PROCESS_REGISTERS, 0, 0, r, sizeof(r))) < 0)
        return;
    for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
        if (strcmp(names[i], name) == 0)
            r[i] = value;
    }
    said("set", invoke(process, RF_OP_PROCESS_SET_REGISTERS, 0, 0,
                       (struct rf_message){.data = r, .data_length = sizeof(r)}));
}

static void stop(u64 a, u64 b)
{
    (void)a, (void)b;
    if (said("stop", rf_call(process, RF_OP_PROCESS_STOP, 0, 0, 0, 0)) == 0)
        printf("stopped\n");
}

static void start(u64 how)
{
    said("start", rf_call(process, RF_OP_PROCESS_START, how, 0, 0, 0));
}

static void go(u64 a, u64 b)
{
    (void)a, (void)b;
    start(RF_START_GO_ON);
}

static void deliver(u64 a, u64 b)
{
    (void)a, (void)b;
    start(RF_START_DELIVER);
}

static void end(u64 a, u64 b)
{
    (void)a, (void)b;
    start(RF_START_KILL);
}

static void threads(u64 a, u64 b)
{
    u32 ids[1024];
    s64 n = said("threads", ask(RF_OP_PROCESS_THREADS, a, b, ids, sizeof(ids)));

    for (s64 i = 0; i < n / (s64)sizeof(u32); i++)
        printf("thread %u\n", ids[i]);
}

static void peek(u64 address, u64 unused)
{
    u64 word;

    (void)unused;
    if (said("peek", ask(RF_OP_PROCESS_READ, address, sizeof(word), &word, sizeof(word))) >= 0)
        printf("%#lx: %#lx\n", address, word);
}

static void poke(u64 address, u64 word)
{
    said("poke", invoke(process, RF_OP_PROCESS_WRITE, address, 0,
                        (struct rf_message){.data = &word, .data_length = sizeof(word)}));
}

/* The segment that was mapped there; address 0: the first free place. */
static struct mapped *mapped_at(u64 address)
{
    for (u32 i = 0; i < MAPPED; i++) {
        if (mapped[i].address == address)
            return &mapped[i];
    }
    printf("nothing is mapped there by me\n");
    return NULL;
}

static void map(u64 address, u64 bytes)
{
    s64 segment = rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_SEGMENT, bytes, 0, 0);
    struct rf_message message = RF_MESSAGE;
    struct mapped *place = mapped_at(0);

    if (!place || said("map", segment) < 0)
        return;
    message.words[0] = address;
    message.words[1] = bytes;
    message.words[3] = RF_RIGHT_READ | RF_RIGHT_WRITE;
    message.caps[0] = (u32)segment;
    message.cap_count = 1;
    if (said("map", rf_invoke(space, RF_OP_SPACE_MAP, &message)) == 0)
        *place = (struct mapped){address, (u32)segment};
    else
        rf_drop((u32)segment);
}

static void unmap(u64 address, u64 unused)
{
    struct mapped *place = mapped_at(address);

    (void)unused;
    if (!place || said("unmap", rf_call(space, RF_OP_SPACE_UNMAP, address, 0, 0, 0)) < 0)
        return;
    rf_drop(place->segment);
    *place = (struct mapped){0};
}

static void protect(u64 address, u64 unused)
{
    (void)unused;
    said("protect", rf_call(space, RF_OP_SPACE_PROTECT, address, RF_RIGHT_READ, 0, 0));
}

/* Ends the segment, and leaves the mapping. */
static void end_segment(u64 address, u64 unused)
{
    struct mapped *place = mapped_at(address);

    (void)unused;
    if (place)
        said("free", invoke(RF_SLOT_BANK, RF_OP_BANK_FREE, 0, 0,
                            (struct rf_message){.caps = {place->segment}, .cap_count = 1}));
}

/* The first word of a segment, without the process. */
static void show(u64 address, u64 unused)
{
    const struct mapped *place = mapped_at(address);
    u64 word = 0;

    (void)unused;
    if (place && said("show", invoke(place->segment, RF_OP_SEGMENT_READ, 0, sizeof(word),
                                     (struct rf_message){.room = &word, .room_size = 8})) >= 0)
        printf("segment: %#lx\n", word);
}

static void fill(u64 address, u64 word)
{
    const struct mapped *place = mapped_at(address);

    if (place)
        said("fill", invoke(place->segment, RF_OP_SEGMENT_WRITE, 0, 0,
                            (struct rf_message){.data = &word, .data_length = sizeof(word)}));
}

static void fault(u64 a, u64 b)
{
    struct rf_message message = RF_MESSAGE;
    struct rf_fault f;

    (void)a, (void)b;
    message.words[0] = FAULTED;
    if (said("fault", rf_invoke(notification, RF_OP_NOTIFICATION_WAIT, &message)) < 0 ||
        said("fault", ask(RF_OP_PROCESS_FAULT, 0, 0, &f, sizeof(f))) < 0)
        return;
    printf("thread %u: signal %u, code %d, address %#lx, rip %#lx\n", f.thread, f.signal, f.code,
           f.address, f.registers.rip);
}

static const struct {
    const char *name;
    void (*run)(u64 a, u64 b);
} commands[] = {{"stop", stop},   {"go", go},           {"deliver", deliver},
                {"kill", end},    {"threads", threads}, {"regs", registers},
                {"peek", peek},   {"poke", poke},       {"map", map},
                {"unmap", unmap}, {"protect", protect}, {"free", end_segment},
                {"show", show},   {"fill", fill},       {"fault", fault}};

static void obey(char *line)
{
    const char *name = strtok(line, " \n"), *first = strtok(NULL, " \n");
    const char *second = strtok(NULL, " \n");
    u64 a = first ? strtoul(first, NULL, 0) : 0, b = second ? strtoul(second, NULL, 0) : 0;

    if (!name)
        return;
    if (strcmp(name, "set") == 0 && second) {
        set(first, b);
        return;
    }
    for (u32 i = 0; i < ARRAY_SIZE(commands); i++) {
        if (strcmp(name, commands[i].name) == 0) {
            commands[i].run(a, b);
            return;
        }
    }
    printf("%s: no such command\n", name);
}

/* The process's capability, with a space of ours shown and us as its keeper; or an error. */
static s64 attach(const char *cell, u64 pid)
{
    struct rf_message find = RF_MESSAGE;
    s64 r = RF_SLOT_PLACE;

    find.data = cell;
    find.data_length = (u32)strlen(cell);
    if (strcmp(cell, ".") != 0)
        r = rf_invoke(RF_SLOT_PLACE, RF_OP_CELL_FIND, &find);
    if (r >= 0)
        r = rf_call((u32)r, RF_OP_CELL_PROCESS, pid, 0, 0, 0);
    process = (u32)r;
    if (r >= 0)
        r = rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_SPACE, 0, 0, 0);
    space = (u32)r;
    if (r >= 0)
        r = rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_NOTIFICATION, 0, 0, 0);
    notification = (u32)r;
    if (r >= 0)
        r = invoke(process, RF_OP_PROCESS_SET_SPACE, 0, 0,
                   (struct rf_message){.caps = {space}, .cap_count = 1});
    if (r >= 0)
        r = invoke(process, RF_OP_PROCESS_SET_KEEPER, FAULTED, 0,
                   (struct rf_message){.caps = {notification}, .cap_count = 1});
    return r;
}

/* The process goes on without us. */
static void detach(void)
{
    rf_call(process, RF_OP_PROCESS_SET_KEEPER, 0, 0, 0, 0);
    rf_call(process, RF_OP_PROCESS_SET_SPACE, 0, 0, 0, 0);
    rf_call(process, RF_OP_PROCESS_START, RF_START_DELIVER, 0, 0, 0);
}

int main(int argc, char **argv)
{
    char line[256];
    s64 r = argc == 3 ? rf_open(NULL) : 0;

    if (argc != 3) {
        fprintf(stderr, "usage: debugger CELL PROCESS\n");
        return 2;
    }
    if (r == 0)
        r = attach(argv[1], strtoul(argv[2], NULL, 10));
    if (r < 0) {
        fprintf(stderr, "debugger: %s: %s\n", argv[1], rf_error_text(r));
        return 1;
    }
    setlinebuf(stdout);
    while (fgets(line, sizeof(line), stdin))
        obey(line);
    detach();
    return 0;
}
