/* SPDX-License-Identifier: Apache-2.0 */
/* A process of a cell, as a debugger wants it. CELL_PROCESS makes the capability; all that name one
 * process are to one object, which is stale once the process has ended. What concerns the process's
 * inside is done by the library OS of its cell, which may lie about its own programs and nothing
 * else: ETIMEDOUT if it does not within a second, ESRCH if there is no such process.
 *
 * A process that stands still (PROCESS_STOP, or a fault that a keeper heard of) does so with all of
 * its threads, whatever signals come, but for SIGKILL. */
#ifndef ABI_INTERFACE_PROCESS_H
#define ABI_INTERFACE_PROCESS_H

#include "base/types.h"

#define RF_OPS_PROCESS(OP)                                                                         \
    OP(process, PROCESS_STOP, 672, RF_RIGHT_WRITE, "", "0",                                        \
       "stands still when this returns; system calls that wait are begun again later", "")         \
    OP(process, PROCESS_START, 673, RF_RIGHT_WRITE, "w0: enum rf_process_start", "0",              \
       "goes on, if it stood still. EINVAL: no such way", "")                                      \
    OP(process, PROCESS_THREADS, 674, RF_RIGHT_READ, "", "bytes; data out: u32 of each thread",    \
       "the first 1,024", "")                                                                      \
    OP(process, PROCESS_REGISTERS, 675, RF_RIGHT_READ, "w0: thread, or 0: its first; a message",   \
       "bytes; data out: struct rf_registers", "EBUSY: it does not stand still", "")               \
    OP(process, PROCESS_SET_REGISTERS, 676, RF_RIGHT_WRITE,                                        \
       "w0: thread, or 0: its first; data: struct rf_registers", "0",                              \
       "but for fs_base, and of the flags those that programs change. EBUSY: it does not stand "   \
       "still. EINVAL: no registers, or an address beyond those of programs",                      \
       "")                                                                                         \
    OP(process, PROCESS_READ, 677, RF_RIGHT_READ, "w0: address, w1: bytes; a message",             \
       "bytes; data out",                                                                          \
       "of its memory. EFAULT: not all of it can be read. EINVAL: more than a "                    \
       "message holds",                                                                            \
       "")                                                                                         \
    OP(process, PROCESS_WRITE, 678, RF_RIGHT_WRITE, "w0: address; data", "bytes",                  \
       "EFAULT: the program itself could not write all of it", "")                                 \
    OP(process, PROCESS_FAULT, 679, RF_RIGHT_READ, "a message",                                    \
       "bytes; data out: struct rf_fault", "for which it stands still. ENOENT: none", "")          \
    OP(process, PROCESS_SET_SPACE, 680, RF_RIGHT_WRITE, "caps: a space, or none", "0",             \
       "whose ranges it shows from now on, but for those where it has other memory. A forked "     \
       "child keeps what was shown as it was; execve drops it until the space changes. EBADF. "    \
       "EACCES: a space without RF_RIGHT_READ",                                                    \
       "")                                                                                         \
    OP(process, PROCESS_SPACE, 681, RF_RIGHT_READ, "", "slot of the space that it shows",          \
       "with the rights of the capability that was given. ENOENT: none", "")                       \
    OP(process, PROCESS_SET_KEEPER, 682, RF_RIGHT_MANAGE,                                          \
       "caps: a notification, or none; w0: bits", "0",                                             \
       "signalled at each fault of its program (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP by the "  \
       "processor); it stands still then until PROCESS_START. EBADF. EACCES",                      \
       "")                                                                                         \
    OP(process, PROCESS_CELL, 683, RF_RIGHT_READ, "", "slot of its cell, to look at",              \
       "whose capability table (CELL_CAPS) is its own", "")

enum rf_process_start {
    RF_START_GO_ON,   /* a fault is forgotten: the instruction is tried again */
    RF_START_DELIVER, /* a fault becomes the signal that it would have been */
    RF_START_KILL,    /* it ends as by SIGKILL */
    RF_STARTS
};

struct rf_registers {
    u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    u64 rip, eflags, rsp;
    u64 fs_base;
    u64 call; /* the system call that it is in; ~0: none */
};
_Static_assert(sizeof(struct rf_registers) == 160, "shared layout");

struct rf_fault {
    u32 thread, signal;
    s32 code; /* si_code */
    u32 trap; /* the processor's number of it */
    u64 address;
    struct rf_registers registers;
};
_Static_assert(sizeof(struct rf_fault) == 184, "shared layout");

#endif
