/* SPDX-License-Identifier: Apache-2.0 */
/* UDP, and the choice among the internet protocols. */
#include "libos/net/connection.h"
#include "libos/net/inet.h"
#include "libos/net/packet.h"

#define DATAGRAM_MOST 65507

static struct socket *udp_new(int family)
{
    struct socket *s = socket_new(family, SOCK_DGRAM, IPPROTO_UDP, &udp_ops);
    if (s)
        ip_set_any(family, s->local.ip);
    return s;
}

static long disconnect(struct socket *s)
{
    lock_take(&s->lock);
    s->state = SOCKET_IDLE;
    s->remote = (struct endpoint){.port = 0};
    lock_release(&s->lock);
    return 0;
}

static long udp_connect(struct socket *s, const struct address *a,
                        bool nonblocking __attribute__((unused)))
{
    struct endpoint to;
    if (a->family == AF_UNSPEC)
        return disconnect(s);
    long r = endpoint_from_address(s, a, &to);
    if (!r)
        r = route(&to);
    if (!r)
        r = port_bind_automatically(s);
    if (r)
        return r;
    lock_take(&s->lock);
    if (ip_is_any(s->local.ip))
        ip_source_for(&to, s->local.ip);
    s->remote = to;
    s->state = SOCKET_CONNECTED;
    lock_release(&s->lock);
    return 0;
}

/* Where m goes, and where it comes from. */
static long choose_endpoints(struct socket *s, const struct message *m, struct endpoint *to,
                             struct endpoint *from)
{
    long r = port_bind_automatically(s);
    if (r)
        return r;
    if (m->address && m->address->length) {
        r = endpoint_from_address(s, m->address, to);
        if (!r && to->port == 0)
            r = -EINVAL;
        if (!r)
            r = route(to);
    } else if (s->state == SOCKET_CONNECTED) {
        *to = s->remote;
    } else {
        r = -EDESTADDRREQ;
    }
    *from = s->local;
    if (!r && ip_is_any(from->ip))
        ip_source_for(to, from->ip);
    return r;
}

static long udp_send(struct socket *s, struct message *m)
{
    struct endpoint to, from;
    struct packet *p;
    long r = take_error(s);
    if (r)
        return r;
    if (s->write_shut)
        return broken_pipe(m);
    r = choose_endpoints(s, m, &to, &from);
    if (!r)
        r = packet_new(m, DATAGRAM_MOST, &p);
    if (r)
        return r;
    long length = p->length;
    struct socket *receiver = port_find(IPPROTO_UDP, &to, &from, false);
    if (receiver) {
        endpoint_to_address(receiver->family, &from, &p->from);
        packet_deliver_or_drop(receiver, p);
        socket_put(receiver);
        return length;
    }
    packet_free(p);
    if (s->state == SOCKET_CONNECTED)
        set_error(s, -ECONNREFUSED); /* as the ICMP message would */
    return length;
}

static long udp_receive(struct socket *s, struct message *m)
{
    if (m->flags & (MSG_OOB | MSG_ERRQUEUE))
        return m->flags & MSG_ERRQUEUE ? -EAGAIN : -EOPNOTSUPP;
    return packet_receive(s, m);
}

static long udp_shutdown(struct socket *s, int how)
{
    if (s->state != SOCKET_CONNECTED)
        return -ENOTCONN;
    if (how != SHUT_RD)
        s->write_shut = true;
    if (how != SHUT_WR) {
        s->read_shut = true;
        stream_end_writing(&s->in);
    }
    return 0;
}

static u32 udp_poll(struct socket *s)
{
    return packet_input_events(s) | POLLOUT | POLLWRNORM;
}

static void udp_close(struct socket *s)
{
    port_release(s);
    s->closed = true;
    stream_end_reading(&s->in);
    drop_packets(s);
}

const struct socket_ops udp_ops = {
    .bind = inet_bind,
    .connect = udp_connect,
    .send = udp_send,
    .receive = udp_receive,
    .shutdown = udp_shutdown,
    .poll = udp_poll,
    .close = udp_close,
    .name = inet_name,
    .bytes = packet_bytes,
};

long inet_socket_new(int family, int type, int protocol, struct socket **out)
{
    if (type == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP))
        *out = tcp_new(family);
    else if (type == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP))
        *out = udp_new(family);
    else if (type == SOCK_RAW)
        return -EPERM;
    else if (type == SOCK_STREAM || type == SOCK_DGRAM)
        return -EPROTONOSUPPORT;
    else
        return -ESOCKTNOSUPPORT;
    return *out ? 0 : -ENOMEM;
}
