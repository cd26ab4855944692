/* SPDX-License-Identifier: Apache-2.0 */
/* What entry.S, the host's signal handlers and the dispatcher know of each other. */
#ifndef LIBOS_ENTRY_ENTRY_H
#define LIBOS_ENTRY_ENTRY_H

#include "libos/entry/regs.h"
#include "libos/entry/syscall.h"

/* Bits of thread->attention. Others may set EVENTS at any time; only the thread itself clears. */
#define ATTENTION_EVENTS 1u /* signals, stops, ends, timers: see handle_attention */
#define ATTENTION_FULL   2u /* the way out must restore every register */

/* regs->call of a frame that did not come from a system call: every register is the program's and
 * must be restored. */
#define REGS_FULL (~0ull)

extern char libos_entry[], exit_check[], exit_end[], exit_restart[], host_signal_return[];
extern char waiting_check[], waiting_check_end[], waiting_interrupted[]; /* host_call_waiting */
extern char libos_text_start[], libos_text_end[]; /* by the linker: __executable_start, etext */

/* Makes the way out restore every register of `regs`. Own thread only. */
void want_full_restore(struct regs *regs);

/* By number; NULL where nothing implements it. */
extern syscall_handler *const system_calls[];
extern const u64 system_call_count;

/* The library OS's own system call, RF_NR_INVOKE of abi/local.h, which is far beyond the table. */
syscall_handler sys_invoke;

/* Not 0: calls go through dispatch_traced (--trace). Private memory; inherited by fork. */
extern u8 dispatch_slowly;
long dispatch_traced(struct regs *regs);

/* The host's handlers: once per process that was not forked. */
void host_handlers_install(void);
/* The host's signal stack of a thread: its own private memory. */
void host_signal_stack_set(void *base, size_t size);

/* A call site that trapped: perhaps turn it into a jump. `after` is the address behind the syscall
 * instruction. May move the program's way on: returns where to return to. */
u64 patch_call_site(u64 after, u64 call);
/* A site at which another process with the same code trapped often enough. */
void patch_known_site(u64 address, u32 call);
/* [start, end) was just mapped from a file, for a program that begins: patches what is known of it.
 */
void patch_new_text(u64 start, u64 end);
/* [start, end) of the program's memory is gone. The list of mappings is locked. */
void patch_unmapped(u64 start, u64 end);
/* The program's memory is gone: forget the sites and trampolines. Called at exec. */
void patch_forget(void);
/* Around the host's fork: no site is being patched meanwhile. Before locks of mm are taken. */
void patch_fork_begin(void);
void patch_fork_end(void);
/* In a forked child: nobody else is patching. */
void patch_fork_child(void);
/* SIGILL at rip: where to go on if it is the middle of a patched site, else 0. */
u64 patch_illegal(u64 rip);
/* A thread met a breakpoint at rip that patching put there for a moment: true, try again. */
bool patch_breakpoint(u64 rip);
/* The process is another one of the host, with the same memory. */
void patch_restored(void);

#endif
