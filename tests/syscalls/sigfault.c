/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of the processor as signals: addresses, codes, and going on afterwards. */
#include "check.h"

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

static sigjmp_buf jump;
static siginfo_t info;

static void caught(int signal, siginfo_t *i, void *context)
{
    (void)context;
    info = *i;
    siglongjmp(jump, signal);
}

static void catch_fault(int signal)
{
    struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    OK(sigaction(signal, &action, NULL));
}

/* The signal that the statement raises, 0 if none. */
#define FAULT(statement)                                                                           \
    ({                                                                                             \
        int fault_signal = sigsetjmp(jump, 1);                                                     \
        if (fault_signal == 0) {                                                                   \
            statement;                                                                             \
        }                                                                                          \
        fault_signal;                                                                              \
    })

CASE(unmapped)
{
    catch_fault(SIGSEGV);
    EQ(FAULT(*(volatile int *)0x1234 = 1), SIGSEGV);
    EQ(info.si_code, SEGV_MAPERR);
    EQ((long)info.si_addr, 0x1234);
    EQ(FAULT((void)*(volatile char *)0), SIGSEGV);
    EQ((long)info.si_addr, 0);
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OK(munmap(page, 4096));
    EQ(FAULT(*(volatile char *)(page + 5) = 1), SIGSEGV);
    CHECK(info.si_addr == page + 5);
    EQ(info.si_code, SEGV_MAPERR);
}

CASE(protection)
{
    catch_fault(SIGSEGV);
    char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EQ(FAULT(*(volatile char *)(page + 9) = 1), SIGSEGV);
    EQ(info.si_code, SEGV_ACCERR);
    CHECK(info.si_addr == page + 9);
    EQ(FAULT((void)*(volatile char *)page), 0);
    OK(mprotect(page, 4096, PROT_NONE));
    EQ(FAULT((void)*(volatile char *)page), SIGSEGV);
    EQ(info.si_code, SEGV_ACCERR);
}

CASE(execute)
{
    catch_fault(SIGSEGV);
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page[0] = (char)0xc3; /* ret */
    EQ(FAULT(((void (*)(void))(uintptr_t)page)()), SIGSEGV);
    EQ(info.si_code, SEGV_ACCERR);
    CHECK(info.si_addr == page);
    OK(mprotect(page, 4096, PROT_READ | PROT_EXEC));
    EQ(FAULT(((void (*)(void))(uintptr_t)page)()), 0);
}

CASE(non_canonical)
{
    catch_fault(SIGSEGV);
    catch_fault(SIGBUS);
    EQ(FAULT((void)*(volatile char *)0x8000000000000000), SIGSEGV);
    EQ(info.si_code, SI_KERNEL);
    EQ((long)info.si_addr, 0);
}

CASE(division)
{
    catch_fault(SIGFPE);
    volatile int zero = 0, one = 1;
    EQ(FAULT(one = one / zero), SIGFPE);
    EQ(info.si_code, FPE_INTDIV);
    CHECK(info.si_addr != NULL);
}

CASE(illegal_instruction)
{
    catch_fault(SIGILL);
    EQ(FAULT(__asm__ volatile("ud2")), SIGILL);
    EQ(info.si_code, ILL_ILLOPN);
    CHECK(info.si_addr != NULL);
}

CASE(breakpoint)
{
    catch_fault(SIGTRAP);
    EQ(FAULT(__asm__ volatile("int3")), SIGTRAP);
    EQ(info.si_code, SI_KERNEL);
}

CASE(privileged_instruction)
{
    catch_fault(SIGSEGV);
    EQ(FAULT(__asm__ volatile("hlt")), SIGSEGV);
    EQ(info.si_code, SI_KERNEL);
}

static char *fixed_page;

static void repair(int signal, siginfo_t *i, void *context)
{
    (void)signal;
    (void)context;
    CHECK((char *)i->si_addr >= fixed_page && (char *)i->si_addr < fixed_page + 4096);
    OK(mprotect(fixed_page, 4096, PROT_READ | PROT_WRITE));
}

CASE(repair_and_retry)
{
    struct sigaction action = {.sa_sigaction = repair, .sa_flags = SA_SIGINFO};
    OK(sigaction(SIGSEGV, &action, NULL));
    fixed_page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *(volatile char *)fixed_page = 5;
    EQ(*fixed_page, 5);
}

static void skip_instruction(int signal, siginfo_t *i, void *context)
{
    (void)signal;
    (void)i;
    ucontext_t *u = context;
    u->uc_mcontext.gregs[REG_RIP] += 2; /* ud2 */
    u->uc_mcontext.gregs[REG_RAX] = 0x1234;
}

CASE(handler_changes_registers)
{
    struct sigaction action = {.sa_sigaction = skip_instruction, .sa_flags = SA_SIGINFO};
    OK(sigaction(SIGILL, &action, NULL));
    long a = 1;
    __asm__ volatile("ud2" : "+a"(a));
    EQ(a, 0x1234);
}

CASE(blocked_fault_kills)
{
    sigset_t set;
    catch_fault(SIGSEGV);
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    OK(sigprocmask(SIG_BLOCK, &set, NULL));
    JOIN_SIGNAL(CHILD(*(volatile int *)16 = 1), SIGSEGV);
    signal(SIGSEGV, SIG_IGN);
    OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
    JOIN_SIGNAL(CHILD(*(volatile int *)16 = 1), SIGSEGV);
}

CASE(fatal_by_default)
{
    JOIN_SIGNAL(CHILD(*(volatile int *)16 = 1), SIGSEGV);
    JOIN_SIGNAL(CHILD(__asm__ volatile("ud2")), SIGILL);
    volatile int zero = 0, one = 1;
    JOIN_SIGNAL(CHILD(one = one / zero), SIGFPE);
}

static volatile long seen_rbx, seen_r15;

static void see_registers(int signal, siginfo_t *i, void *context)
{
    (void)signal;
    (void)i;
    ucontext_t *u = context;
    seen_rbx = u->uc_mcontext.gregs[REG_RBX];
    seen_r15 = u->uc_mcontext.gregs[REG_R15];
    u->uc_mcontext.gregs[REG_RIP] += 2;
}

CASE(context_of_fault)
{
    /* The registers at the fault are the program's. */
    struct sigaction action = {.sa_sigaction = see_registers, .sa_flags = SA_SIGINFO};
    OK(sigaction(SIGILL, &action, NULL));
    __asm__ volatile("mov $0x11, %%rbx\n mov $0x22, %%r15\n ud2" ::: "rbx", "r15");
    EQ(seen_rbx, 0x11);
    EQ(seen_r15, 0x22);
}
