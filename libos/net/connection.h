/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: what SOCK_STREAM and SOCK_SEQPACKET of AF_UNIX, and TCP, have in common. */
#ifndef LIBOS_NET_CONNECTION_H
#define LIBOS_NET_CONNECTION_H

#include "libos/net/message.h"
#include "libos/net/socket.h"

#define BACKLOG_MOST 4096u /* net.core.somaxconn */

/* Makes each the other's peer: socketpair. */
void connection_pair(struct socket *a, struct socket *b);

/* Marks s as about to be connected, so that no other thread does it too: 0, -EISCONN, -EALREADY,
 * -EINVAL (it listens). connection_offer or connection_give_up follows. */
long connection_begin(struct socket *s);
void connection_give_up(struct socket *s);
/* Connects s with a new socket `child`, which goes to the listener's backlog; waits for room there
 * unless nonblocking. Takes over the reference to child, also on failure. 0, -EAGAIN (no room),
 * -ECONNREFUSED (it stopped listening), -ERESTARTSYS. */
long connection_offer(struct socket *s, struct socket *listener, struct socket *child,
                      bool nonblocking);

/* Begins to listen: 0, or -EINVAL if it is connected. */
long connection_listen(struct socket *s);
/* The next socket of the backlog, with a reference: 0, -EAGAIN, -EINVAL (does not listen),
 * -ERESTARTSYS. */
long connection_accept(struct socket *s, bool nonblocking, struct socket **out);

/* socket_ops. */
long connection_shutdown(struct socket *s, int how);
u32 connection_poll(struct socket *s);
void connection_close(struct socket *s);

/* Sends and receives on a connected stream: socket_ops of TCP, and of AF_UNIX where there is no
 * ancillary data. */
long connection_send(struct socket *s, struct message *m);
long connection_receive(struct socket *s, struct message *m);
long connection_bytes(struct socket *s, bool unsent);
/* -EPIPE for m, with SIGPIPE unless it does not want that. */
long broken_pipe(const struct message *m);
/* The stream_call of a send or receive. */
struct stream_call send_call(const struct socket *s, const struct message *m);
struct stream_call receive_call(const struct socket *s, const struct message *m);

#endif
