/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/jail/hostile.h"

#include <asm/unistd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

struct host_action {
    uint64_t handler, flags, restorer, mask;
};

static uint64_t gadget; /* address of `syscall; ret`-like code in the library OS */
static volatile sig_atomic_t trapped;
static struct host_action library_action, library_ill_action;

/* Every register as given; the gadget returns here because its instructions behind the syscall are
 * a return (find_gadget makes sure of that). */
static long call_at(uint64_t where, long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("mov %%rsp, %%rbx\n\t"
                     "sub $128, %%rsp\n\t"
                     "and $-16, %%rsp\n\t"
                     "call *%[where]\n\t"
                     "mov %%rbx, %%rsp"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
                       "r"(r9), [where] "r"(where)
                     : "rcx", "r11", "rbx", "memory");
    return result;
}

__asm__(".text\n"
        "own_gadget: syscall\n"
        "ret\n");
extern const char own_gadget[];

/* The library OS may have changed rcx and the like; its handler is replaced by this one, which
 * gives every refused call the result -ENOSYS and takes note. */
static void on_trap(int signo, siginfo_t *info, void *context)
{
    (void)signo;
    (void)info;
    ucontext_t *u = context;
    u->uc_mcontext.gregs[REG_RAX] = -38;
    trapped = 1;
}

__asm__(".text\n"
        "trap_return: mov $15, %eax\n"
        "jmp *gadget(%rip)\n");
extern const char trap_return[];

/* syscall (0f 05) followed by ret (c3). */
static uint64_t find_gadget(void)
{
    const uint8_t *p = (const uint8_t *)RF_LIBOS_BASE;
    for (uint64_t i = 0; i < RF_LIBOS_CODE_SIZE; i++)
        if (p[i] == 0x0f && p[i + 1] == 0x05 && p[i + 2] == 0xc3)
            return RF_LIBOS_BASE + i;
    return 0;
}

void hostile_begin(void)
{
    gadget = find_gadget();
    if (gadget == 0) {
        puts("no gadget found");
        exit(1);
    }
    struct host_action mine = {
        .handler = (uint64_t)on_trap,
        .flags = SA_SIGINFO | SA_ONSTACK | 0x04000000,
        .restorer = (uint64_t)trap_return,
    };
    long r =
        call_at(gadget, __NR_rt_sigaction, SIGSYS, (long)&mine, (long)&library_action, 8, 0, 0);
    /* The host kernel lets its own uprobe calls (335, 336) past every filter, and answers them with
     * SIGILL unless its own trampoline made them: refused, in another way. */
    call_at(gadget, __NR_rt_sigaction, SIGILL, (long)&mine, (long)&library_ill_action, 8, 0, 0);
    if (r != 0) {
        printf("taking SIGSYS over: %ld\n", r);
        exit(1);
    }
}

void hostile_end(void)
{
    call_at(gadget, __NR_rt_sigaction, SIGSYS, (long)&library_action, 0, 8, 0, 0);
    call_at(gadget, __NR_rt_sigaction, SIGILL, (long)&library_ill_action, 0, 8, 0, 0);
}

long host_call(long nr, long a, long b, long c, long d, long e, long f, bool *refused)
{
    trapped = 0;
    long r = call_at(gadget, nr, a, b, c, d, e, f);
    *refused = trapped;
    return r;
}

long own_call(long nr, long a, long b, long c, long d, long e, long f, bool *refused)
{
    trapped = 0;
    long r = call_at((uint64_t)own_gadget, nr, a, b, c, d, e, f);
    *refused = trapped;
    return r;
}

long raw_invoke(uint32_t slot, uint32_t op, uint64_t buffer, uint64_t w0, uint64_t w1, uint64_t w2,
                uint64_t w3)
{
    return call_at(gadget, RF_NR_INVOKE, (long)(slot | (uint64_t)op << 32), (long)buffer, (long)w0,
                   (long)w1, (long)w2, (long)w3);
}

struct rf_msg *raw_message(uint32_t index)
{
    return (struct rf_msg *)(the_window->messages + index * RF_MSG_STRIDE);
}

uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1dull;
}
