/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's end of the seccomp listener: who invokes, what the jail reports, answers. */
#ifndef KERNEL_JAIL_NOTIFY_H
#define KERNEL_JAIL_NOTIFY_H

#include "kernel/cell.h"

extern const struct transport notify_transport;

/* Starts serving the listener. 0 or a negative errno. */
int notify_start(struct cell *cell, int listener_fd);

/* Gives the caller a descriptor under that number: 0 or a negative errno. `fd` stays ours. */
int notify_put(const struct domain *domain, u64 id, int fd, u32 number);

#endif
