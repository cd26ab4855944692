/* SPDX-License-Identifier: Apache-2.0 */
/* What a cell's first process does on its way into the jail, and how it tells the kernel. */
#ifndef KERNEL_JAIL_FIRST_PROCESS_H
#define KERNEL_JAIL_FIRST_PROCESS_H

#include <sys/types.h>

#include "kernel/account/cgroup.h"
#include "kernel/jail/image.h"

/* Descriptors that it gets, in this order. */
enum {
    START_HEAP,
    START_WINDOW,
    START_SOCKET,
    START_IMAGE,
    START_GROUPS,
    START_MOST = START_GROUPS + CGROUP_CONTROLLERS
};

/* What it tells when it cannot go on, or with the listener. */
struct notice {
    char step[40];
    s32 error; /* 0: the listener comes along */
    pid_t leader;
    pid_t helper; /* sent the listener; 0: none */
};

/* It and what it makes run on those processors. */
_Noreturn void first_process(const struct image *image, u64 processors, const int fds[], u32 count);

#endif
