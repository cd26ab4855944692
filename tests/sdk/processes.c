/* SPDX-License-Identifier: Apache-2.0 */
/* Processes and spaces, by a program that holds its own children: processes CASE. */
#include "tests/sdk/check.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sdk/ringfence.h"

#define AT     ((u64)0x100000000000)
#define BYTES  (2 * (u64)PAGE_SIZE)
#define RW     (RF_RIGHT_READ | RF_RIGHT_WRITE)
#define MOMENT 20000 /* us in which a process that runs shows it */

/* What parent and child share. */
static volatile struct {
    u64 counter;
    u64 *address; /* the child writes there what `value` is; then it is NULL again */
    u64 value;
    int end;
} * shared;

static u32 process, space, notification;
static pid_t child;

static s64 invoke(u32 slot, u32 op, u64 w0, u64 w1, struct rf_message m)
{
    m.words[0] = w0;
    m.words[1] = w1;
    m.descriptor = -1;
    return rf_invoke(slot, op, &m);
}

static s64 give(u32 slot, u32 op, u64 w0, u32 cap)
{
    return invoke(slot, op, w0, 0, (struct rf_message){.caps = {cap}, .cap_count = cap != 0});
}

static u32 allocate(u32 kind, u64 size)
{
    s64 slot = rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, kind, size, 0, 0);

    expect(slot > 0);
    return (u32)slot;
}

static u32 process_of(pid_t pid)
{
    s64 slot = rf_call(RF_SLOT_PLACE, RF_OP_CELL_PROCESS, (u64)pid, 0, 0, 0);

    expect(slot > 0);
    return (u32)slot;
}

/* A child that runs this and has a capability to itself made by us. */
static void start_child(void (*run)(void))
{
    shared = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    expect(shared != MAP_FAILED);
    child = fork();
    if (child == 0) {
        run();
        _exit(0);
    }
    process = process_of(child);
}

static int status_of_child(void)
{
    int status;

    expect(waitpid(child, &status, 0) == child);
    return status;
}

static s64 registers(struct rf_registers *r)
{
    return invoke(process, RF_OP_PROCESS_REGISTERS, 0, 0,
                  (struct rf_message){.room = r, .room_size = sizeof(*r)});
}

static s64 stop(void)
{
    return rf_call(process, RF_OP_PROCESS_STOP, 0, 0, 0, 0);
}

static s64 start(u64 how)
{
    return rf_call(process, RF_OP_PROCESS_START, how, 0, 0, 0);
}

static bool counts(void)
{
    u64 seen = shared->counter;

    usleep(MOMENT);
    return shared->counter != seen;
}

static void await_counting(void)
{
    while (!counts())
        ;
}

static void count(void)
{
    while (!shared->end)
        shared->counter++;
}

static void *count_too(void *unused)
{
    count();
    return unused;
}

static void count_in_threads(void)
{
    pthread_t thread;

    for (int i = 0; i < 3; i++)
        expect(pthread_create(&thread, NULL, count_too, NULL) == 0);
    count();
}

static void case_stop(void)
{
    struct rf_registers r;
    u32 threads[4];

    start_child(count);
    await_counting();
    expect_result(registers(&r), -EBUSY);
    expect_result(stop(), 0);
    expect(!counts());
    expect_result(registers(&r), sizeof(r));
    expect(r.rip && r.rsp && r.fs_base && r.call == ~(u64)0);
    expect_result(invoke(process, RF_OP_PROCESS_THREADS, 0, 0,
                         (struct rf_message){.room = threads, .room_size = sizeof(threads)}),
                  sizeof(u32));
    expect(threads[0] == (u32)child);
    kill(child, SIGUSR1); /* waits until it goes on */
    expect(!counts());
    expect_result(start(RF_START_GO_ON), 0);
    expect(WTERMSIG(status_of_child()) == SIGUSR1);
    expect_result(stop(), -ESTALE);
    rf_drop(process);
    process = process_of(child);
    expect_result(stop(), -ESRCH);
}

/* SIGKILL ends one that stands still. */
static void case_kill(void)
{
    start_child(count_in_threads);
    await_counting();
    expect_result(stop(), 0);
    expect(!counts());
    kill(child, SIGKILL);
    expect(WTERMSIG(status_of_child()) == SIGKILL);
}

static void wait_for_rbx(void)
{
    u64 rbx = 0;

    shared->counter = 1;
    __asm__ volatile("1: pause\n test %0, %0\n jz 1b" : "+b"(rbx));
    _exit((int)rbx);
}

static void case_registers(void)
{
    struct rf_registers r;

    start_child(wait_for_rbx);
    while (!shared->counter)
        usleep(1000);
    expect_result(stop(), 0);
    expect_result(registers(&r), sizeof(r));
    r.rbx = 7;
#define SET(length)                                                                                \
    invoke(process, RF_OP_PROCESS_SET_REGISTERS, 0, 0,                                             \
           (struct rf_message){.data = &r, .data_length = (length)})
    expect_result(SET(sizeof(r) - 1), -EINVAL);
    expect_result(SET(sizeof(r)), 0);
    r.rip = RF_LIBOS_BASE;
    expect_result(SET(sizeof(r)), -EINVAL);
    expect_result(start(RF_START_GO_ON), 0);
    expect(WEXITSTATUS(status_of_child()) == 7);
#undef SET
}

static int ends[2];

static void read_one(void)
{
    char byte = 0;

    shared->counter = 1;
    expect(read(ends[0], &byte, 1) == 1);
    _exit(byte);
}

/* A call that waits is begun again. */
static void case_waiting_call(void)
{
    struct rf_registers r;

    expect(pipe(ends) == 0);
    start_child(read_one);
    while (!shared->counter)
        usleep(1000);
    usleep(MOMENT);
    expect_result(stop(), 0);
    expect_result(registers(&r), sizeof(r));
    expect(write(ends[1], "\x05", 1) == 1);
    expect_result(start(RF_START_GO_ON), 0);
    expect(WEXITSTATUS(status_of_child()) == 5);
}

static void case_memory(void)
{
    static volatile u64 word = 11;
    u64 seen = 0, other = 12;

    start_child(count);
#define READ(address)                                                                              \
    invoke(process, RF_OP_PROCESS_READ, (address), 8,                                              \
           (struct rf_message){.room = &seen, .room_size = 8})
#define WRITE(address)                                                                             \
    invoke(process, RF_OP_PROCESS_WRITE, (address), 0,                                             \
           (struct rf_message){.data = &other, .data_length = 8})
    expect_result(READ((u64)&word), 8);
    expect(seen == 11);
    expect_result(WRITE((u64)&word), 8);
    expect_result(READ((u64)&word), 8);
    expect(seen == 12 && word == 11);
    expect_result(READ(16), -EFAULT);
    expect_result(READ(RF_HEAP_BASE), -EFAULT);
    expect_result(WRITE((u64)case_memory), -EFAULT);
    shared->end = 1;
    expect(status_of_child() == 0);
#undef READ
#undef WRITE
}

static void write_where_told(void)
{
    while (!shared->end) {
        if (shared->address) {
            *shared->address = shared->value;
            shared->address = NULL;
        }
        usleep(500);
    }
}

/* With a space that it shows, and us as the keeper of both. */
static void start_writer(void)
{
    start_child(write_where_told);
    space = allocate(RF_KIND_SPACE, 0);
    notification = allocate(RF_KIND_NOTIFICATION, 0);
    expect_result(give(process, RF_OP_PROCESS_SET_SPACE, 0, space), 0);
    expect_result(give(process, RF_OP_PROCESS_SET_KEEPER, 1, notification), 0);
    expect_result(give(space, RF_OP_SPACE_SET_KEEPER, 2, notification), 0);
}

static s64 map(u64 address, u32 segment)
{
    struct rf_message m = RF_MESSAGE;

    m.words[0] = address;
    m.words[1] = BYTES;
    m.words[3] = RW;
    m.caps[0] = segment;
    m.cap_count = 1;
    return rf_invoke(space, RF_OP_SPACE_MAP, &m);
}

/* What was changed of the space is done in the process once it has served something else. */
static void settle(void)
{
    u32 threads[4];

    expect(invoke(process, RF_OP_PROCESS_THREADS, 0, 0,
                  (struct rf_message){.room = threads, .room_size = sizeof(threads)}) > 0);
}

static void tell_to_write(u64 address, u64 value)
{
    shared->value = value;
    shared->address = (u64 *)address;
}

static u64 word_of(u32 segment)
{
    u64 word = 0;

    expect_result(invoke(segment, RF_OP_SEGMENT_READ, 0, 8,
                         (struct rf_message){.room = &word, .room_size = 8}),
                  8);
    return word;
}

static void await_written(void)
{
    while (shared->address)
        usleep(500);
}

/* Until a fault was told with these bits: what it is. */
static struct rf_fault await_fault(u64 bits)
{
    struct rf_message m = RF_MESSAGE;
    struct rf_fault fault;

    m.words[0] = ~(u64)0;
    expect_result(rf_invoke(notification, RF_OP_NOTIFICATION_WAIT, &m), 0);
    expect_result(m.words[0], bits);
    expect_result(invoke(process, RF_OP_PROCESS_FAULT, 0, 0,
                         (struct rf_message){.room = &fault, .room_size = sizeof(fault)}),
                  sizeof(fault));
    expect(fault.thread == (u32)child && fault.registers.rip);
    return fault;
}

static void end_writer(void)
{
    shared->end = 1;
    expect(status_of_child() == 0);
}

static void case_space(void)
{
    u32 segment = allocate(RF_KIND_SEGMENT, BYTES), other = allocate(RF_KIND_SEGMENT, BYTES);
    struct rf_fault fault;

    start_writer();
    expect_result(map(AT, segment), 0);
    expect_result(map(AT, segment), -EEXIST);
    settle();
    tell_to_write(AT, 21);
    await_written();
    expect(word_of(segment) == 21);
    expect_result(rf_call(space, RF_OP_SPACE_PROTECT, AT, RF_RIGHT_READ, 0, 0), 0);
    settle();
    tell_to_write(AT, 22);
    fault = await_fault(2);
    expect(fault.signal == SIGSEGV && fault.address == AT && word_of(segment) == 21);
    expect_result(rf_call(space, RF_OP_SPACE_UNMAP, AT, 0, 0, 0), 0);
    expect_result(map(AT, other), 0);
    settle();
    expect_result(start(RF_START_GO_ON), 0);
    await_written();
    expect(word_of(segment) == 21 && word_of(other) == 22);
    expect_result(rf_call(space, RF_OP_SPACE_UNMAP, AT, 0, 0, 0), 0);
    settle();
    tell_to_write(AT, 23);
    expect(await_fault(1).address == AT);
    expect_result(map(AT, segment), 0); /* memory when it is wanted, by a program */
    settle();
    expect_result(start(RF_START_GO_ON), 0);
    await_written();
    expect(word_of(segment) == 23 && word_of(other) == 22);
    end_writer();
}

/* Where the program has other memory it keeps it. */
static void case_space_beside(void)
{
    u64 own = (u64)mmap((void *)AT, BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    u32 segment = allocate(RF_KIND_SEGMENT, BYTES);

    expect(own == AT);
    start_writer();
    expect_result(map(AT, segment), 0);
    settle();
    tell_to_write(AT, 31);
    await_written();
    expect(word_of(segment) == 0);
    expect_result(rf_call(space, RF_OP_SPACE_UNMAP, AT, 0, 0, 0), 0);
    settle();
    tell_to_write(AT, 32);
    await_written();
    end_writer();
}

static void case_segment_ends(void)
{
    u32 segment = allocate(RF_KIND_SEGMENT, BYTES);
    struct rf_fault fault;

    start_writer();
    expect_result(map(AT, segment), 0);
    settle();
    tell_to_write(AT, 41);
    await_written();
    expect_result(give(RF_SLOT_BANK, RF_OP_BANK_FREE, 0, segment), 0);
    tell_to_write(AT, 42);
    fault = await_fault(2);
    expect(fault.signal == SIGBUS && fault.address == AT);
    expect_result(start(RF_START_DELIVER), 0);
    expect(WTERMSIG(status_of_child()) == SIGBUS);
}

static void case_fault(void)
{
    struct rf_fault fault;
    struct rf_registers r;

    start_writer();
    expect_result(invoke(process, RF_OP_PROCESS_FAULT, 0, 0,
                         (struct rf_message){.room = &fault, .room_size = sizeof(fault)}),
                  -ENOENT);
    tell_to_write(16, 1);
    fault = await_fault(1);
    expect(fault.signal == SIGSEGV && fault.code == SEGV_MAPERR && fault.address == 16);
    expect_result(registers(&r), sizeof(r));
    expect(memcmp(&r, &fault.registers, sizeof(r)) == 0);
    expect_result(start(RF_START_GO_ON), 0); /* and so it faults again */
    expect(await_fault(1).address == 16);
    expect_result(start(RF_STARTS), -EINVAL);
    expect_result(start(RF_START_KILL), 0);
    expect(WTERMSIG(status_of_child()) == SIGKILL);
}

static void case_cell_keeper(void)
{
    struct rf_message m = RF_MESSAGE;
    s64 cell = rf_call(RF_SLOT_PLACE, RF_OP_COPY, ~0u, 0, 0, 0);

    /* No cell is its own keeper's: that wants the right of its maker. */
    notification = allocate(RF_KIND_NOTIFICATION, 0);
    m.words[0] = 1;
    m.caps[0] = notification;
    m.cap_count = 1;
    expect_result(rf_invoke((u32)cell, RF_OP_CELL_SET_KEEPER, &m), -EACCES);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {{"stop", case_stop},
             {"kill", case_kill},
             {"registers", case_registers},
             {"waiting_call", case_waiting_call},
             {"memory", case_memory},
             {"space", case_space},
             {"space_beside", case_space_beside},
             {"segment_ends", case_segment_ends},
             {"fault", case_fault},
             {"cell_keeper", case_cell_keeper}};

int main(int argc, char **argv)
{
    expect(argc == 2);
    expect_result(rf_open(NULL), 0);
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        if (strcmp(cases[i].name, argv[1]) == 0) {
            cases[i].run();
            return 0;
        }
    }
    fprintf(stderr, "no case %s\n", argv[1]);
    return 1;
}
