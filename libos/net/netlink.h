/* SPDX-License-Identifier: Apache-2.0 */
/* Netlink sockets as a way to wake a thread of a C library (ipc/mq_notice.h). */
#ifndef LIBOS_NET_NETLINK_H
#define LIBOS_NET_NETLINK_H

#include "libos/net/socket.h"

/* The netlink socket of a descriptor, with a reference: 0, -EBADF, -EINVAL. */
long netlink_of(int fd, struct socket **out);
/* Sends it a message, unless there is no room or no memory for it. */
void netlink_deliver(struct socket *s, const void *bytes, size_t n);

#endif
