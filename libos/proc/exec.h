/* SPDX-License-Identifier: Apache-2.0 */
/* Starting processes. */
#ifndef LIBOS_PROC_EXEC_H
#define LIBOS_PROC_EXEC_H

#include "base/types.h"

struct process;
struct thread;
struct regs;

/* The prepared process, once per cell: makes `init`, then the first program's process from the boot
 * record, and serves spawn requests for ever. Called by entry/start.c when heap and files are
 * there. */
_Noreturn void prepared_process_main(void);

/* Leaves the library OS for the program: clean vector state, rsp, rip; all other registers 0. For
 * the first instruction after exec. In entry.S. */
_Noreturn void enter_program(u64 rip, u64 rsp);
/* Goes on in the program with these registers, as a system call returns. For a forked child and a
 * new thread. In entry.S. */
_Noreturn void return_to_program(struct thread *t, struct regs *regs);

/* Makes t the calling host thread's current(): sets gs base, host signal stack. In entry/start.c.
 */
void thread_become(struct thread *t);
/* The private block of a thread: library OS stack and host signal stack. Fills t->libos_stack and
 * t->stack_top. 0 or -ENOMEM. */
long thread_stack_make(struct thread *t);
void thread_stack_free(struct thread *t);
#define THREAD_BLOCK_SIZE (128ul << 10)

#endif
