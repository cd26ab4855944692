/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of the world's socket: host programs of the world's owner. See abi/session.h. */
#ifndef KERNEL_SESSION_H
#define KERNEL_SESSION_H

#include "kernel/domain.h"

/* Listens on the socket in the world's directory. 0 or a negative errno. */
int session_listen(int dir_fd);

u32 session_count(void);

#endif
