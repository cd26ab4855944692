/* SPDX-License-Identifier: Apache-2.0 */
/* Alternative signal stacks. */
#include "check.h"

#include <sys/mman.h>
#include <sys/resource.h>

static char stack[65536];
static volatile sig_atomic_t on_stack, flags_inside;

static void where(int signal)
{
    (void)signal;
    char here;
    stack_t now;
    on_stack = &here >= stack && &here < stack + sizeof(stack);
    sigaltstack(NULL, &now);
    flags_inside = now.ss_flags;
}

static void use_stack(void)
{
    stack_t s = {.ss_sp = stack, .ss_size = sizeof(stack)};
    OK(sigaltstack(&s, NULL));
}

CASE(used_when_asked)
{
    use_stack();
    handle(SIGUSR1, where, SA_ONSTACK);
    OK(raise(SIGUSR1));
    EQ(on_stack, 1);
    EQ(flags_inside, SS_ONSTACK);
    handle(SIGUSR1, where, 0);
    OK(raise(SIGUSR1));
    EQ(on_stack, 0);
    EQ(flags_inside, 0);
}

CASE(settings)
{
    stack_t s;
    OK(sigaltstack(NULL, &s));
    EQ(s.ss_flags, SS_DISABLE);
    use_stack();
    OK(sigaltstack(NULL, &s));
    CHECK(s.ss_sp == stack);
    EQ(s.ss_size, sizeof(stack));
    EQ(s.ss_flags, 0);
    s.ss_size = 100;
    ERR(sigaltstack(&s, NULL), ENOMEM);
    s.ss_size = sizeof(stack);
    s.ss_flags = 0x100;
    ERR(sigaltstack(&s, NULL), EINVAL);
    ERR(syscall(SYS_sigaltstack, BAD_POINTER, NULL), EFAULT);
    s.ss_flags = SS_DISABLE;
    OK(sigaltstack(&s, NULL));
    handle(SIGUSR1, where, SA_ONSTACK);
    OK(raise(SIGUSR1));
    EQ(on_stack, 0);
}

static void change(int signal)
{
    (void)signal;
    stack_t s = {.ss_sp = stack, .ss_size = sizeof(stack)};
    ERR(sigaltstack(&s, NULL), EPERM);
    on_stack = 1;
}

CASE(busy)
{
    use_stack();
    handle(SIGUSR1, change, SA_ONSTACK);
    OK(raise(SIGUSR1));
    EQ(on_stack, 1);
}

static int recurse(volatile char *previous)
{
    volatile char frame[4096];
    frame[0] = previous ? previous[0] : 1;
    return on_stack ? 0 : recurse(frame) + frame[0];
}

static void overflow(int signal, siginfo_t *info, void *context)
{
    (void)context;
    char here;
    CHECK(&here >= stack && &here < stack + sizeof(stack));
    EQ(signal, SIGSEGV);
    EQ(info->si_code, SEGV_MAPERR);
    say("caught");
    _exit(7);
}

CASE(stack_overflow)
{
    struct rlimit limit = {1 << 20, 1 << 20};
    OK(setrlimit(RLIMIT_STACK, &limit));
    JOIN_SIGNAL(CHILD(recurse(NULL)), SIGSEGV);
    use_stack();
    struct sigaction action = {.sa_sigaction = overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    OK(sigaction(SIGSEGV, &action, NULL));
    JOIN_STATUS(CHILD(recurse(NULL)), 7);
}

CASE(fork_keeps_it)
{
    use_stack();
    handle(SIGUSR1, where, SA_ONSTACK);
    JOIN(CHILD(OK(raise(SIGUSR1)); EQ(on_stack, 1)));
}

CASE(no_stack_left)
{
    /* A frame that cannot be written kills with SIGSEGV. */
    JOIN_SIGNAL(CHILD({
                    void *page = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                    stack_t s = {.ss_sp = page, .ss_size = 65536};
                    OK(sigaltstack(&s, NULL));
                    handle(SIGUSR1, where, SA_ONSTACK);
                    raise(SIGUSR1);
                }),
                SIGSEGV);
}
