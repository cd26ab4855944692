/* SPDX-License-Identifier: Apache-2.0 */
/* Invocations from the library OS. */
#ifndef LIBOS_HOST_INVOKE_H
#define LIBOS_HOST_INVOKE_H

#include "abi/invoke.h"
#include "abi/objects.h"
#include "abi/boot.h"

#define the_window          ((struct rf_window *)RF_WINDOW_BASE)
#define the_boot            ((const struct rf_boot *)the_window->boot)
#define boot_string(offset) ((const char *)the_window->boot + (offset))

/* An invocation without a message buffer. Returns the result; -EINTR if a signal interrupted it. */
long invoke(u32 slot, u32 op, u64 w0, u64 w1, u64 w2, u64 w3);

/* The same until it was not interrupted: for operations that do not wait, and must not get lost. */
long invoke_surely(u32 slot, u32 op, u64 w0, u64 w1, u64 w2, u64 w3);

/* Takes a message buffer for the calling thread (waits for one if all are taken; never fails) and
 * gives it back. Keep it only around one invocation and the reading of its results; do not sleep in
 * wait_on while you hold one. The invocation itself may block. */
struct rf_msg *message_get(void);
struct rf_msg *message_try(void); /* NULL: none is free now */
void message_put(struct rf_msg *m);

/* Invokes with the buffer: m->data_length bytes of m->data go in. Results as abi/objects.h says. */
long invoke_message(u32 slot, u32 op, struct rf_msg *m, u64 w0, u64 w1, u64 w2, u64 w3);

/* For operations that do not wait, but for a program that serves the object: only while that keeps
 * silent does a signal for the calling thread, or its end, interrupt them, and not before two
 * seconds. -ERESTARTSYS then: the program may have done it, or still do. */
long invoke_retry(u32 slot, u32 op, u64 w0, u64 w1, u64 w2, u64 w3);
long invoke_message_retry(u32 slot, u32 op, struct rf_msg *m, u64 w0, u64 w1, u64 w2, u64 w3);

/* The same for one that may wait for ever: a signal for the calling thread, or its end, interrupts
 * it. -EINTR then: nothing has happened if m->op is what it was, and not 0; else a program may have
 * received it all the same. */
long invoke_waiting(u32 slot, u32 op, struct rf_msg *m, const u64 w[4]);

/* Sleeps while *word == value, for a program: memory that it shares with other cells. 0, -EAGAIN,
 * -ETIMEDOUT (deadline: CLOCK_MONOTONIC, UINT64_MAX: none), -EINTR: a signal is to be handled,
 * -EFAULT. */
long wait_on_word(u32 *word, u32 value, u64 deadline);

/* A buffer for a program's own invocation, which may hold it for as long as its signals let it: so
 * these are never more than some, and there are always some left for the library OS. NULL: a signal
 * came while all were taken. */
struct rf_msg *message_lend(void);
void message_return(struct rf_msg *m);

#endif
