/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's end of the seccomp listener: who invokes, what the jail reports, answers. */
#ifndef KERNEL_JAIL_NOTIFY_H
#define KERNEL_JAIL_NOTIFY_H

#include "kernel/cell.h"

/* Starts serving the listener. 0 or a negative errno. */
int notify_start(struct cell *cell, int listener_fd);

/* Whether the caller of that notification still waits. */
bool notify_valid(const struct cell *cell, u64 id);

/* Answers: true if the caller got it, false if it was interrupted or is gone. */
bool notify_answer(const struct cell *cell, u64 id, s64 result);

/* Puts a descriptor into the calling process, closed on nothing but close, and answers with its
 * number: 0, or a negative errno when nothing was answered. */
int notify_grant(const struct cell *cell, u64 id, int fd);

#endif
