/* SPDX-License-Identifier: Apache-2.0 */
/* The program's registers at a system call, as entry.S saves them at the top of the thread's
 * library OS stack. Changing a field changes what the program sees when the call returns. */
#ifndef LIBOS_ENTRY_REGS_H
#define LIBOS_ENTRY_REGS_H

#include "base/types.h"

struct regs {
    u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    u64 call; /* number of the system call */
    u64 rip;  /* where the program goes on; at rip - 2 there is always a syscall instruction */
    u64 eflags;
    u64 rsp;
};
_Static_assert(sizeof(struct regs) == 19 * 8, "entry.S saves this");

#endif
