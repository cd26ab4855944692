/* SPDX-License-Identifier: Apache-2.0 */
/* The invocation: the one way to use a capability.
 *
 * A system call number that no host kernel uses, caught by seccomp user notification. Registers:
 *
 *   rax  RF_NR_INVOKE
 *   rdi  slot of the invoked capability (low 32 bits), operation (high 32 bits)
 *   rsi  index of the message buffer in the window, or RF_MSG_NONE; and how it waits
 *   rdx, r10, r8, r9   the four argument words
 *
 * With RF_INVOKE_PATIENT in rsi, KICK does not interrupt it, for what must not be begun twice: if a
 * program serves the object the caller is let go (RF_DETACHED). With RF_INVOKE_LET_GO too, it is as
 * if KICK came at once.
 *
 * The result in rax is 0 or more, or a negative errno. Longer results are in the message buffer. A
 * result that is a capability is the number of the slot where it now is; a program that answers
 * with capabilities returns the first of them so, and all in message.caps.
 *
 * Errors every invocation can give:
 *   -EBADF   the slot is empty
 *   -ESTALE  the object was destroyed, or the capability revoked
 *   -ECONNRESET  a program that serves the object had the message, and ended or gave it up
 *   -EINVAL  the operation is not one of the object's interface, or a message that is malformed
 *   -EACCES  the capability lacks the right
 *   -EINTR   the caller was interrupted before the commit point; nothing happened
 *   -ENOSYS  the kernel is gone; the caller should exit
 */
#ifndef ABI_INVOKE_H
#define ABI_INVOKE_H

#include "abi/layout.h"
#include "abi/rights.h"

#define RF_NR_INVOKE      0x5246
#define RF_INVOKE_PATIENT (1ul << 32)
#define RF_INVOKE_LET_GO  (1ul << 33)

/* Added to the operation: while a program works on the call, its time is charged to the caller's
 * meter instead of its own. The kernel's objects serve as always. */
#define RF_OP_LENDS_METER 0x80000000u

/* A result from here on is none: the caller was let go, for a cut or by KICK. The call goes on;
 * ATTACH, with the rest of the number, waits for its result. */
#define RF_DETACHED (1ul << 62)

/* Slots that a new cell finds filled. */
enum {
    RF_SLOT_NONE = 0,
    RF_SLOT_CELL,   /* the cell itself: interface cell_self */
    RF_SLOT_STDIN,  /* interface console */
    RF_SLOT_STDOUT, /* interface console */
    RF_SLOT_STDERR, /* interface console */
    RF_SLOT_CLOCK,  /* interface clock */
    RF_SLOT_TRACE,  /* interface console, write only; present when tracing */
    RF_SLOT_BANK,   /* interface bank: what the cell is charged to */
    RF_SLOT_METER,  /* interface meter: what the cell runs on */
    RF_SLOT_PLACE,  /* interface cell: the cell as others see it, to make cells below it */
    RF_SLOT_DISCRIM,
    RF_SLOT_WORLD, /* interface world: clients of a world's socket, and cells that were granted
                      checkpoints */
    RF_SLOT_FIRST_DIR =
        16, /* the mounts' dir (or file) capabilities, in the order of the boot record */
    RF_SLOT_LIMIT = 1024, /* of slots that are given before the cell runs */
};

#endif
