/* SPDX-License-Identifier: Apache-2.0 */
/* usage: corrupt heap|image|window|jump|kick
 * Destroys the library OS or what it shares with the kernel, and goes on. Whatever happens to this
 * cell, it must end or go on by the rules; the kernel and other cells must not notice. */
#include "tests/jail/hostile.h"

#include <asm/unistd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void corrupt_heap(void)
{
    memset((void *)RF_HEAP_BASE, 0xa5, 256 << 10);
}

/* The image is private: only this process is harmed. */
static void corrupt_image(void)
{
    bool refused;
    host_call(__NR_mprotect, (long)RF_LIBOS_BASE, 64 << 10, PROT_READ | PROT_WRITE | PROT_EXEC, 0,
              0, 0, &refused);
    uint64_t state = 7;
    for (unsigned i = 0; i < (64u << 10); i += 64)
        *(volatile uint8_t *)(RF_LIBOS_BASE + 4096 + i % 61440) = (uint8_t)next_random(&state);
}

/* These end the cell or stop it, rightly, or wait for what never comes. */
static bool ends_or_waits(uint32_t op)
{
    switch (op) {
    case RF_OP_PREPARED:
    case RF_OP_EXIT:
    case RF_OP_PANIC:
    case RF_OP_START_FAILED:
    case RF_OP_STOPPED:
    case RF_OP_CONSOLE_READ:
    case RF_OP_CLOCK_SLEEP:
    case RF_OP_FILE_LOCK: return true;
    default: return false;
    }
}

/* Every byte that the kernel may look at. */
static void corrupt_window(void)
{
    memset(the_window, 0xff, sizeof(*the_window));
    for (uint32_t op = 0; op < 256; op++)
        if (!ends_or_waits(op))
            for (uint32_t slot = 0; slot < 32; slot++)
                raw_invoke(slot, op, op % RF_MSG_BUFFERS, ~0ull, ~0ull, ~0ull, ~0ull);
}

/* Into the library OS at odd places with odd registers. Returns only by luck. */
static void jump_around(void)
{
    uint64_t state = (uint64_t)getpid();
    uint64_t target = RF_LIBOS_BASE + 4096 + next_random(&state) % 100000;
    __asm__ volatile(
        "mov $-1, %%rdi\n\tmov %%rsp, %%rsi\n\tmov $0x41414141, %%ecx\n\tjmp *%0" ::"r"(target)
        : "rdi", "rsi", "rcx", "memory");
}

/* Signals to processes that are not of this cell: the kernel itself, its parent, all. */
static int kick_others(void)
{
    int reached = 0;
    hostile_begin();
    for (long pid = -3; pid < 32768; pid++)
        if (raw_invoke(RF_SLOT_CELL, RF_OP_KICK, RF_MSG_NONE, (uint64_t)pid, (uint64_t)pid, 0, 0) ==
            0)
            reached++;
    hostile_end();
    printf("reached %d\n", reached);
    return reached > 8; /* this process, the prepared one */
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "kick") == 0)
        return kick_others();
    hostile_begin();
    if (strcmp(what, "heap") == 0)
        corrupt_heap();
    else if (strcmp(what, "image") == 0)
        corrupt_image();
    else if (strcmp(what, "window") == 0)
        corrupt_window();
    else if (strcmp(what, "jump") == 0)
        jump_around();
    hostile_end();
    puts("still here");
    for (int i = 0; i < 3; i++)
        if (write(1, ".", 1) < 0)
            return 3;
    return 0;
}
