/* SPDX-License-Identifier: Apache-2.0 */
/* AF_INET and AF_INET6 on a loopback that is inside the cell. */
#ifndef LIBOS_NET_INET_H
#define LIBOS_NET_INET_H

#include "libos/net/message.h"
#include "libos/net/socket.h"

extern const struct socket_ops tcp_ops, udp_ops;
struct socket *tcp_new(int family); /* inet_tcp.c; NULL: no memory */

/* inet_address.c: addresses. */

/* The endpoint that an address names, for a socket of s's family: 0, -EINVAL (too short),
 * -EAFNOSUPPORT. */
long endpoint_from_address(const struct socket *s, const struct address *a, struct endpoint *out);
/* The address of an endpoint as a socket of this family shows it. */
void endpoint_to_address(int family, const struct endpoint *e, struct address *out);
bool ip_is_any(const u8 ip[16]);
bool ip_is_v4(const u8 ip[16]);
bool ip_equal(const u8 a[16], const u8 b[16]);
/* One of the cell's own addresses: 127.0.0.0/8, ::1. */
bool ip_is_local(const u8 ip[16]);
/* The address to bind to for none. */
void ip_set_any(int family, u8 ip[16]);
/* Where packets for `to` really go: an any-address means the loopback. 0, or -ENETUNREACH. */
long route(struct endpoint *to);
/* The address that packets to `to` come from. */
void ip_source_for(const struct endpoint *to, u8 ip[16]);
void inet_name(struct socket *s, bool of_peer, struct address *out); /* socket_ops.name */

/* inet_port.c: the tables of bound sockets. */

/* Binds s to the endpoint, whose port may be 0: any. 0, -EADDRINUSE, -EINVAL (is bound),
 * -EADDRNOTAVAIL. */
long port_bind(struct socket *s, const struct endpoint *e);
/* Binds s to a free port if it has none: before it connects or sends. */
long port_bind_automatically(struct socket *s);
/* Can s listen where it is bound? 0 or -EADDRINUSE. */
long port_may_listen(struct socket *s);
void port_release(struct socket *s);
/* The socket that is to have what goes from `from` to `to`, with a reference, or NULL. `listening`:
 * only a listener will do. */
struct socket *port_find(int protocol, const struct endpoint *to, const struct endpoint *from,
                         bool listening);
long inet_bind(struct socket *s, const struct address *a); /* socket_ops.bind */

#endif
