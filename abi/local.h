/* SPDX-License-Identifier: Apache-2.0 */
/* How a program in a cell invokes: system call RF_NR_INVOKE of the library OS, which takes care of
 * message buffers and of signals.
 *
 *   rax  RF_NR_INVOKE
 *   rdi  slot (low 32 bits), operation (high 32 bits)
 *   rsi  struct rf_invocation, or NULL
 *
 * Results as in abi/invoke.h. A result that is a descriptor of the host comes as an ordinary
 * descriptor of the program that can be mapped. On the host, the number is no system call: ENOSYS.
 *
 * Slot 0 holds no capability: its operations are the library OS's own, between the program's
 * descriptors and its cell's capabilities. */
#ifndef ABI_LOCAL_H
#define ABI_LOCAL_H

#include "abi/layout.h"

struct rf_invocation {
    u64 w[4];                   /* the argument words */
    u64 words[4];               /* the message's words: in, where an operation says so; out */
    u64 data;                   /* address of data_length bytes to send */
    u64 room;                   /* address of data_room bytes for what comes; may be the same */
    u32 data_length, data_room; /* data_length out: bytes that came; EMSGSIZE if they do not fit */
    u32 caps[RF_MSG_CAPS];
    u32 cap_count;
    /* Out: of a received message. op is 0 once the kernel has begun with the invocation: if it was
     * not 0 before, EINTR tells by that whether anything can have happened. */
    u32 op, rights;
    s32 descriptor; /* in: one to send (clients of a socket), or -1; out: one that came, or -1 */
    u64 badge;
};
_Static_assert(sizeof(struct rf_invocation) == 128, "shared layout");

#define RF_LOCAL_OPERATIONS(OP)                                                                    \
    OP(SLOT_OF, 1,                                                                                 \
       "w0: descriptor of a granted directory or file, or of the cell's console; w1: RF_RIGHT_* "  \
       "to keep",                                                                                  \
       "slot of a capability to it",                                                               \
       "EOPNOTSUPP: it is an object of the library OS alone, such as a RAM file or a pipe: who "   \
       "wants to pass it on serves it")                                                            \
    OP(MOUNT, 2, "w0: slot of a dir, w1: RF_RIGHT_*; data: path of a directory in the cell", "0",  \
       "the dir appears there, over the directory; the slot now belongs to the library OS. Its "   \
       "server must not itself need this cell's file names: it would wait for itself. ENODEV: it " \
       "does not answer as a dir")                                                                 \
    OP(WAIT, 3,                                                                                    \
       "w0: address of a u32 in memory that is shared with other cells, w1: value, w2: "           \
       "CLOCK_MONOTONIC ns, or 0: no deadline",                                                    \
       "0", "as FUTEX_WAIT. EAGAIN: it has another value. ETIMEDOUT, EINTR, EFAULT")               \
    OP(WAKE, 4, "w0: address, w1: how many", "how many", "as FUTEX_WAKE")

enum rf_local_op {
#define OP(name, number, in, out, meaning) RF_LOCAL_##name = (number),
    RF_LOCAL_OPERATIONS(OP)
#undef OP
};

#endif
