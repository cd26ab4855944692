/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for one of several files: what poll and select share. */
#ifndef LIBOS_FS_POLLSET_H
#define LIBOS_FS_POLLSET_H

#include "libos/fs/fdtable.h"
#include "libos/fs/poll.h"

struct poll_target {
    struct fd_ref ref; /* file NULL: not looked at */
    u32 events;        /* asked for; POLLERR and POLLHUP always are */
    u32 found;         /* result: those of them that hold */
};

#define AT_ONCE 0 /* as a deadline: look and do not wait */

/* Waits until one of the targets has an event. How many have; 0: the deadline passed;
 * -ERESTARTNOHAND; -ENOMEM. */
long poll_targets(struct poll_target *targets, u32 count, u64 deadline);

/* The events of f that hold, as poll(2) shows them. pt may be NULL. */
static inline u32 file_poll(struct file *f, struct poll_table *pt)
{
    return f->ops->poll ? f->ops->poll(f, pt) : POLL_ALWAYS;
}

/* For ppoll, pselect6 and epoll_pwait: puts the signal mask at `user` (NULL: none) in force for the
 * call. 0, -EINVAL, -EFAULT. */
long mask_for_call_from_user(const void *user, size_t size);

/* Writes what is left until the deadline to a timeout of the program's (NULL: none), as Linux does.
 * That it cannot be written is nobody's error. */
struct timespec_abi;
void poll_write_remaining(struct timespec_abi *user, u64 deadline);

#endif
