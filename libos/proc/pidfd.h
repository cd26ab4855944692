/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that name a process. */
#ifndef LIBOS_PROC_PIDFD_H
#define LIBOS_PROC_PIDFD_H

#include "base/types.h"

struct process;

/* A new descriptor of the calling process for p, close-on-exec; flags: O_NONBLOCK. Number or -E….
 */
long pidfd_open_for(struct process *p, u32 flags);
/* The process number behind a descriptor, or -EBADF; adds WNOHANG to *wait_options if it does not
 * block. */
long pidfd_pid(int fd, u32 *wait_options);
/* Wakes who polls. the_cell->lock held; p is a zombie now. */
void pidfd_process_ended(struct process *p);
/* p is about to be freed. */
void pidfd_process_gone(struct process *p);

#endif
