/* SPDX-License-Identifier: Apache-2.0 */
/* The host's signal handlers. They run on the thread's host signal stack and do as little as they
 * can: mend a fault inside a user copy, or move the interrupted program to the library OS's way in
 * or out and return. The host restores the vector registers on that return, so they stay the
 * program's.
 *
 *   SIGSYS    a system call instruction that is not patched  → libos_entry
 *   SIGSEGV…  a fault of the program                         → force_signal, exit_restart
 *   kick      look at thread->attention                      → exit_restart if program code was
 * running
 */
#include "libos/entry/entry.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/host/vdso.h"
#include "libos/mm/mm.h"
#include "libos/proc/process.h"
#include "libos/proc/sigframe.h"
#include "libos/proc/stop.h"
#include "libos/vdso/vdso.h"

#include <asm/unistd.h>
#include <linux/audit.h>

#define SIG_ILL  4
#define SIG_TRAP 5
#define SIG_BUS  7
#define SIG_FPE  8
#define SIG_SEGV 11
#define SIG_SYS  31

#define SA_SIGINFO_  4ull
#define SA_ONSTACK_  0x08000000ull
#define SA_RESTORER_ 0x04000000ull

#define PAGE_FAULT_TRAP 14

struct siginfo_sys {
    s32 signo, error, code, pad;
    u64 address;
    s32 call;
    u32 arch;
};

/* The vDSO lies in the library OS's image, and is programs' code for all that. The host's vdso,
 * which it calls, is not: after a kick the vDSO looks at `attention` when the host's code is done,
 * so no signal handler begins above a frame of it. */
static bool in_libos(u64 rip)
{
    return rip >= RF_LIBOS_BASE && rip < RF_LIBOS_END && !in_vdso(rip);
}

/* The host's code faults where the program's stack ends. */
static bool programs_fault(u64 rip)
{
    return !in_libos(rip) || (in_host_vdso(rip) && current()->user_mode);
}

/* Saves the interrupted program's registers as a frame at the top of the library OS stack, and goes
 * on in the library OS's way out. The library OS stack is empty: program code was running. */
static void redirect_to_exit(struct sigframe_context *c)
{
    struct thread *t = current();
    struct regs *r = (struct regs *)(t->stack_top - sizeof(struct regs));
    *r = regs_of_context(c);
    r->call = REGS_FULL;
    t->regs = r;
    t->user_mode = 0;
    __atomic_or_fetch(&t->attention, ATTENTION_EVENTS, __ATOMIC_SEQ_CST);
    c->rip = (u64)exit_restart;
    c->rsp = (u64)r;
    c->eflags &= ~0x400ull; /* direction flag */
}

static void handle_call(const struct siginfo *info, struct sigframe_context *c)
{
    const struct siginfo_sys *s = (const void *)info;
    /* The host's vdso gave up: who called it knows another way. */
    if (in_host_vdso(c->rip)) {
        c->rax = (u64)-ENOSYS;
        return;
    }
    if (in_libos(c->rip))
        panic("the jail refused host call %d at %#llx", s->call, (unsigned long long)c->rip);
    if (s->arch != AUDIT_ARCH_X86_64) {
        c->rax = (u64)-ENOSYS;
        return;
    }
    c->rcx = patch_call_site(c->rip, (u32)s->call);
    c->r11 = c->eflags;
    c->rax = (u32)s->call;
    c->rip = (u64)libos_entry;
}

static bool mend_user_access(struct sigframe_context *c)
{
    extern const u64 user_fixups[][3];
    for (u32 i = 0; user_fixups[i][0]; i++) {
        if (c->rip >= user_fixups[i][0] && c->rip < user_fixups[i][1]) {
            c->rip = user_fixups[i][2];
            return true;
        }
    }
    return false;
}

static void handle_fault(int signo, const struct siginfo *info, struct sigframe_context *c)
{
    u64 address = *(const u64 *)info->rest;
    struct siginfo told = *info;
    if (!programs_fault(c->rip)) {
        bool memory = signo == SIG_SEGV || signo == SIG_BUS;
        if (memory && c->trap == PAGE_FAULT_TRAP && !in_libos(address) &&
            mm_fault(address, true, signo, info->code, &told))
            return;
        if (mend_user_access(c))
            return;
        panic("host signal %d at %#llx in the library OS, address %#llx", signo,
              (unsigned long long)c->rip, (unsigned long long)address);
    }
    if (signo == SIG_TRAP && patch_breakpoint(c->rip - 1)) {
        c->rip--;
        return;
    }
    if (signo == SIG_ILL && patch_illegal(c->rip)) {
        c->rip = patch_illegal(c->rip);
        return;
    }
    if (c->trap == PAGE_FAULT_TRAP) {
        if (mm_fault(address, false, signo, info->code, &told))
            return;
        signo = told.signo;
    }
    struct thread_signals *s = &current()->signals;
    s->fault_trap = c->trap;
    s->fault_error = c->error;
    s->fault_address = c->fault_address;
    redirect_to_exit(c);
    force_signal(signo, &told);
}

static void handle_kick(struct sigframe_context *c)
{
    struct thread *t;
    if (!in_host_vdso(c->rip)) /* it gets out by itself in a moment, and is kicked again */
        stop_if_asked();
    t = current();
    __atomic_or_fetch(&t->attention, ATTENTION_EVENTS, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(t->wake_word, 1, __ATOMIC_SEQ_CST); /* see sync/wait.c */
    if (c->rip >= (u64)exit_check && c->rip < (u64)exit_end)
        c->rip = (u64)exit_restart;
    else if (c->rip >= (u64)waiting_check && c->rip < (u64)waiting_check_end)
        c->rip = (u64)waiting_interrupted;
    else if (!in_libos(c->rip))
        redirect_to_exit(c);
}

static void host_handler(int signo, struct siginfo *info, void *frame)
{
    struct sigframe_ucontext *u = frame;
    if (signo == SIG_SYS)
        handle_call(info, &u->context);
    else if (signo == RF_KICK_SIGNAL)
        handle_kick(&u->context);
    else
        handle_fault(signo, info, &u->context);
}

static void install(int signo)
{
    struct sigaction_abi action = {
        .handler = (u64)host_handler,
        .flags = SA_SIGINFO_ | SA_ONSTACK_ | SA_RESTORER_,
        .restorer = (u64)host_signal_return,
        .mask = SIGBIT(RF_KICK_SIGNAL), /* faults inside a handler must still come through */
    };
    long r = host_call(__NR_rt_sigaction, signo, (long)&action, 0, sizeof(sigset), 0, 0);
    assert_that(r == 0);
}

void host_handlers_install(void)
{
    static const int signals[] = {SIG_SYS, SIG_SEGV, SIG_BUS,       SIG_FPE,
                                  SIG_ILL, SIG_TRAP, RF_KICK_SIGNAL};
    for (u32 i = 0; i < ARRAY_SIZE(signals); i++)
        install(signals[i]);
}

void host_signal_stack_set(void *base, size_t size)
{
    struct {
        void *base;
        s32 flags, pad;
        size_t size;
    } stack = {base, 0, 0, size};
    long r = host_call(__NR_sigaltstack, (long)&stack, 0, 0, 0, 0, 0);
    assert_that(r == 0);
}

void want_full_restore(struct regs *regs)
{
    regs->call = REGS_FULL;
    __atomic_or_fetch(&current()->attention, ATTENTION_FULL, __ATOMIC_SEQ_CST);
}
