/* SPDX-License-Identifier: Apache-2.0 */
/* What fork, vfork, clone and clone3 ask for. */
#ifndef LIBOS_PROC_CLONE_H
#define LIBOS_PROC_CLONE_H

#include "base/types.h"

struct clone_request {
    u64 flags; /* CLONE_*, without the signal */
    int exit_signal;
    u64 stack; /* the child's stack pointer; 0: the parent's */
    u32 *parent_tid, *child_tid;
    int *pidfd;
    u64 tls;
};

/* Both with checked flags: the new number, or -E…. In the child they do not return. */
long clone_process(struct clone_request *c); /* proc/fork.c */
long clone_thread(struct clone_request *c);  /* proc/thread.c */

#endif
