/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/proc/subject.h"

#include "base/string.h"
#include "libos/entry/entry.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include "libos/proc/errand.h"
#include "libos/proc/signal_queue.h"
#include "libos/proc/tree.h"

/* Flags that programs change, without the one that would trap at the next instruction: that is the
 * library OS's. */
#define PROGRAM_FLAGS 0xcd5u

#define PROCESSOR_SIGNALS (SIGBIT(4) | SIGBIT(5) | SIGBIT(7) | SIGBIT(8) | SIGBIT(11))

struct subject *subject_of(struct process *p)
{
    if (!p->subject) {
        p->subject = heap_alloc(sizeof(*p->subject));
        if (p->subject)
            *p->subject = (struct subject){0};
    }
    return p->subject;
}

void subject_set_still(struct process *p, bool still)
{
    __atomic_store_n(&p->subject->still, still, __ATOMIC_RELEASE);
    list_for_each(l, &p->threads)
        thread_poke(list_entry(l, struct thread, siblings));
}

void subject_wait(struct regs *r)
{
    struct thread *t = current();
    struct process *p = t->process;
    __atomic_store_n(&t->still_regs, r, __ATOMIC_RELEASE);
    for (;;) {
        u32 ticket = wake_ticket();
        errands_run();
        if (!subject_still(p) || killed(p) || p->exiting || t->ending)
            break;
        sleep_stopped(ticket);
    }
    __atomic_store_n(&t->still_regs, NULL, __ATOMIC_RELEASE);
}

void subject_registers(const struct thread *t, const struct regs *r, struct rf_registers *out)
{
    *out = (struct rf_registers){.r15 = r->r15,
                                 .r14 = r->r14,
                                 .r13 = r->r13,
                                 .r12 = r->r12,
                                 .rbp = r->rbp,
                                 .rbx = r->rbx,
                                 .r11 = r->r11,
                                 .r10 = r->r10,
                                 .r9 = r->r9,
                                 .r8 = r->r8,
                                 .rax = r->rax,
                                 .rcx = r->rcx,
                                 .rdx = r->rdx,
                                 .rsi = r->rsi,
                                 .rdi = r->rdi,
                                 .rip = r->rip,
                                 .eflags = r->eflags,
                                 .rsp = r->rsp,
                                 .fs_base = t->fs_base,
                                 .call = r->call < REGS_FULL - 1 ? r->call : ~0ull};
}

static bool is_program_address(u64 a)
{
    return a < RF_USER_TOP && (a < RF_LIBOS_BASE || a >= RF_LIBOS_END);
}

long subject_set_registers(struct thread *t, struct regs *r, const struct rf_registers *from)
{
    if (!is_program_address(from->rip))
        return -EINVAL;
    *r = (struct regs){.r15 = from->r15,
                       .r14 = from->r14,
                       .r13 = from->r13,
                       .r12 = from->r12,
                       .rbp = from->rbp,
                       .rbx = from->rbx,
                       .r11 = from->r11,
                       .r10 = from->r10,
                       .r9 = from->r9,
                       .r8 = from->r8,
                       .rax = from->rax,
                       .rcx = from->rcx,
                       .rdx = from->rdx,
                       .rsi = from->rsi,
                       .rdi = from->rdi,
                       .call = REGS_FULL,
                       .rip = from->rip,
                       .eflags = (r->eflags & ~(u64)PROGRAM_FLAGS) | (from->eflags & PROGRAM_FLAGS),
                       .rsp = from->rsp};
    __atomic_or_fetch(&t->attention, ATTENTION_FULL, __ATOMIC_SEQ_CST);
    return 0;
}

static void describe(struct rf_fault *fault, const struct regs *r, int signo,
                     const struct siginfo *info)
{
    const struct thread *t = current();
    *fault = (struct rf_fault){.thread = (u32)t->tid,
                               .signal = (u32)signo,
                               .code = info->code,
                               .trap = (u32)t->signals.fault_trap};
    memcpy(&fault->address, info->rest, sizeof(fault->address));
    subject_registers(t, r, &fault->registers);
}

/* The process stands still for this fault, unless it does for another one's. */
static bool begin(const struct regs *r, int signo, const struct siginfo *info)
{
    struct process *p = current_process;
    bool begun = false;
    lock_take(&the_cell->lock);
    const struct subject *s = subject_of(p);
    lock_take(&p->lock);
    if (s && !s->fault.signal && !s->still) {
        describe(&p->subject->fault, r, signo, info);
        p->subject->start = RF_START_DELIVER;
        subject_set_still(p, true);
        begun = true;
    }
    lock_release(&p->lock);
    lock_release(&the_cell->lock);
    return begun;
}

/* Nobody is told: it goes on at once. */
static void undo(void)
{
    struct process *p = current_process;
    lock_take(&the_cell->lock);
    lock_take(&p->lock);
    p->subject->fault.signal = 0;
    subject_set_still(p, false);
    lock_release(&p->lock);
    lock_release(&the_cell->lock);
}

/* The keeper may look as soon as it is told, so everything is in place before. */
bool subject_fault(struct regs *r, int signo, const struct siginfo *info)
{
    struct process *p = current_process;
    u64 address;
    if (likely(!the_window->cell.keepers) || !(SIGBIT(signo) & PROCESSOR_SIGNALS) ||
        info->code <= 0)
        return false;
    while (!begin(r, signo, info)) {
        if (!p->subject || killed(p) || p->exiting || current()->ending)
            return false;
        subject_wait(r);
    }
    memcpy(&address, info->rest, sizeof(address));
    if (invoke_surely(RF_SLOT_CELL, RF_OP_FAULT, (u64)p->pid, address, 0, 0) != 1) {
        undo();
        return false;
    }
    subject_wait(r);
    return p->subject->start != RF_START_DELIVER || killed(p);
}

void subject_end(const struct process *p)
{
    if (p->subject)
        invoke_surely(RF_SLOT_CELL, RF_OP_PROCESS_OVER, (u64)p->pid, 0, 0, 0);
}

void subject_free(struct process *p)
{
    if (!p->subject)
        return;
    heap_free(p->subject->shown);
    heap_free(p->subject);
}
