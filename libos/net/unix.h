/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX: unix(7). */
#ifndef LIBOS_NET_UNIX_H
#define LIBOS_NET_UNIX_H

#include "libos/net/message.h"
#include "libos/net/socket.h"

extern const struct socket_ops unix_stream_ops, unix_packet_ops, unix_datagram_ops;

/* unix_name.c */
long unix_bind(struct socket *s, const struct address *a);
/* The socket with that name, with a reference: 0; -ECONNREFUSED, -ENOENT and such; -EPROTOTYPE if
 * it is of another type. */
long unix_find(const struct address *a, int type, struct socket **out);
void unix_unbind(struct socket *s);
void unix_name(struct socket *s, bool of_peer, struct address *out);

#endif
