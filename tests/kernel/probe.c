/* SPDX-License-Identifier: Apache-2.0 */
/* A library OS of a few lines, to test the kernel without the real one: ringfence run --libos probe
 * NAME [ARG...]. The first argument names a probe below; it prints what it saw on stdout, and its
 * result is the cell's exit status. */
#include "abi/boot.h"
#include "abi/invoke.h"
#include "abi/objects.h"

#define window ((struct rf_window *)RF_WINDOW_BASE)
#define record ((struct rf_boot *)((struct rf_window *)RF_WINDOW_BASE)->boot)

static long host(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static struct rf_msg *message(u32 index)
{
    return (struct rf_msg *)(window->messages + index * RF_MSG_STRIDE);
}

static long invoke(u32 slot, u32 op, u32 msg, u64 w0, u64 w1, u64 w2, u64 w3)
{
    return host(RF_NR_INVOKE, (long)(slot | (u64)op << 32), msg, (long)w0, (long)w1, (long)w2,
                (long)w3);
}

static u32 length_of(const char *text)
{
    u32 n = 0;

    while (text[n])
        n++;
    return n;
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static void fill(u32 msg, const char *text)
{
    u32 n = length_of(text);

    for (u32 i = 0; i < n; i++)
        message(msg)->data[i] = (u8)text[i];
    message(msg)->data_length = n;
}

static void say(const char *text)
{
    fill(127, text);
    invoke(RF_SLOT_STDOUT, RF_OP_CONSOLE_WRITE, 127, 0, 0, 0, 0);
}

static void say_number(const char *before, long n)
{
    char text[32], *p = text + sizeof(text);
    unsigned long left = n < 0 ? -(unsigned long)n : (unsigned long)n;

    say(before);
    *--p = 0;
    *--p = '\n';
    do
        *--p = (char)('0' + left % 10);
    while (left /= 10);
    if (n < 0)
        *--p = '-';
    say(p);
}

static const char *argument(u32 i)
{
    const u32 *offsets = (const u32 *)(window->boot + record->argv);

    return i < record->argc ? (const char *)window->boot + offsets[i] : "";
}

static u32 number(const char *text)
{
    u32 n = 0;

    while (*text >= '0' && *text <= '9')
        n = n * 10 + (u32)(*text++ - '0');
    return n;
}

/* The dir of the first mount at that place in the cell. */
static u32 dir_at(const char *path)
{
    const struct rf_boot_mount *mounts =
        (const struct rf_boot_mount *)(window->boot + record->mounts);

    for (u32 i = 0; i < record->mount_count; i++) {
        if (same((const char *)window->boot + mounts[i].path, path))
            return mounts[i].slot;
    }
    return 0;
}

static int probe_hello(void)
{
    say("hello from the cell\n");
    return 7;
}

static int probe_echo(void)
{
    long n;

    while ((n = invoke(RF_SLOT_STDIN, RF_OP_CONSOLE_READ, 0, 4096, 0, 0, 0)) > 0)
        invoke(RF_SLOT_STDOUT, RF_OP_CONSOLE_WRITE, 0, 0, 0, 0, 0);
    return n == 0 ? 0 : 1;
}

/* cat DIR PATH */
static int probe_cat(void)
{
    long file, n;
    u64 at = 0;

    fill(0, argument(2));
    file = invoke(dir_at(argument(1)), RF_OP_DIR_OPEN, 0, 0, 0, 0, 0);
    if (file < 0) {
        say_number("open ", file);
        return 1;
    }
    while ((n = invoke((u32)file, RF_OP_FILE_READ, 1, at, 65536, 0, 0)) > 0) {
        at += (u64)n;
        invoke(RF_SLOT_STDOUT, RF_OP_CONSOLE_WRITE, 1, 0, 0, 0, 0);
    }
    return 0;
}

/* lookup DIR PATH */
static int probe_lookup(void)
{
    const struct rf_attr *attr = (const struct rf_attr *)message(0)->data;
    long result;

    fill(0, argument(2));
    message(0)->words[0] = 999;
    result = invoke(dir_at(argument(1)), RF_OP_DIR_LOOKUP, 0, 0, 0, 0, 0);
    say_number("result ", result);
    if (result == -2)
        say_number("prefix ", (long)message(0)->words[0]);
    if (result >= 0) {
        say_number("type ", attr->mode >> 12);
        say_number("bytes ", message(0)->data_length);
    }
    return 0;
}

/* time COUNT: nanoseconds of one invocation */
static int probe_time(void)
{
    u32 count = number(argument(1));
    u64 t[4];

    host(228, 1, (long)t, 0, 0, 0, 0);
    for (u32 i = 0; i < count; i++)
        invoke(RF_SLOT_CELL, RF_OP_KIND, RF_MSG_NONE, 0, 0, 0, 0);
    host(228, 1, (long)(t + 2), 0, 0, 0, 0);
    say_number("ns per invocation ",
               (long)(((t[2] - t[0]) * 1000000000 + t[3] - t[1]) / (count ? count : 1)));
    return 0;
}

static void nap(u64 ns)
{
    u64 t[2];

    host(228, 1, (long)t, 0, 0, 0, 0);
    invoke(RF_SLOT_CLOCK, RF_OP_CLOCK_SLEEP, RF_MSG_NONE, t[0] * 1000000000 + t[1] + ns, 0, 0, 0);
}

static int probe_fork(void)
{
    long pid = host(56, 0x00008000 /* CLONE_PARENT */, 0, 0, 0, 0, 0);

    if (pid == 0) {
        say("child\n");
        host(231, 0, 0, 0, 0, 0, 0);
    }
    nap(200000000);
    return 0;
}

/* crash: the first process dies without a word */
static int probe_crash(void)
{
    __builtin_trap();
    return 0;
}

static int probe_panic(void)
{
    fill(0, "told to\n\033[31m");
    invoke(RF_SLOT_CELL, RF_OP_PANIC, 0, 0, 0, 0, 0);
    return 0;
}

static int probe_not_found(void)
{
    fill(0, "frobnicate: no such program");
    invoke(RF_SLOT_CELL, RF_OP_START_FAILED, 0, 127 << 8, 0, 0, 0);
    return 0;
}

/* signal: waits for one that ringfence gets */
static int probe_signal(void)
{
    long result;

    say("ready\n");
    result = invoke(RF_SLOT_CELL, RF_OP_PREPARED, RF_MSG_NONE, 0, 0, 0, 0);
    say_number("signal ", result - (long)RF_PREPARED_SIGNAL);
    return 0;
}

static int probe_sleep(void)
{
    invoke(RF_SLOT_CLOCK, RF_OP_CLOCK_SLEEP, RF_MSG_NONE, ~0ul >> 1, 0, 0, 0);
    return 0;
}

/* stuck: never asks for its signals */
static int probe_stuck(void)
{
    say("ready\n");
    return probe_sleep();
}

/* eat MIB: touches that much of the heap segment and as much of its own */
static int probe_eat(void)
{
    u64 length = (u64)number(argument(1)) << 20;
    char *own = (char *)host(9, 0, (long)length, 3, 0x22, -1, 0);

    for (u64 i = 0; i < length; i += PAGE_SIZE) {
        own[i] = 1;
        *(volatile char *)(RF_HEAP_BASE + i) = 1;
    }
    nap(300000000);
    say("eaten\n");
    return 0;
}

/* burn MS: computes for that long by the clock, and says how much of its processor it got */
static int probe_burn(void)
{
    u64 t[2], start, now, used;

    host(228, 1, (long)t, 0, 0, 0, 0);
    start = t[0] * 1000 + t[1] / 1000000;
    do {
        host(228, 1, (long)t, 0, 0, 0, 0);
        now = t[0] * 1000 + t[1] / 1000000;
    } while (now - start < number(argument(1)));
    host(228, 2, (long)t, 0, 0, 0, 0);
    used = t[0] * 1000 + t[1] / 1000000;
    say_number("percent ", (long)(used * 100 / (now - start)));
    return 0;
}

static const struct {
    const char *name;
    int (*run)(void);
} probes[] = {
    {"hello", probe_hello},   {"echo", probe_echo},   {"cat", probe_cat},
    {"lookup", probe_lookup}, {"time", probe_time},   {"fork", probe_fork},
    {"crash", probe_crash},   {"panic", probe_panic}, {"not-found", probe_not_found},
    {"signal", probe_signal}, {"sleep", probe_sleep}, {"stuck", probe_stuck},
    {"eat", probe_eat},       {"burn", probe_burn},
};

_Noreturn void start(void);

__attribute__((force_align_arg_pointer)) void start(void)
{
    int status = 99;

    for (u32 i = 0; i < ARRAY_SIZE(probes); i++) {
        if (same(probes[i].name, argument(0)))
            status = probes[i].run();
    }
    invoke(RF_SLOT_CELL, RF_OP_EXIT, RF_MSG_NONE, (u64)status << 8, 0, 0, 0);
    for (;;)
        host(24, 0, 0, 0, 0, 0, 0);
}
