/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX, SOCK_DGRAM. A datagram socket's peer is its default destination; only two that have each
 * other for peer are a pair. */
#include "libos/net/connection.h"
#include "libos/net/packet.h"
#include "libos/net/rights.h"
#include "libos/net/unix.h"

#define UNPAIRED_MOST 10 /* packets that may wait at a socket that is not the sender's pair */

/* Makes `peer` (a reference, or NULL) the default destination. */
static void set_peer(struct socket *s, struct socket *peer)
{
    lock_take(&s->lock);
    struct socket *old = s->peer;
    s->peer = peer;
    s->state = peer ? SOCKET_CONNECTED : SOCKET_IDLE;
    lock_release(&s->lock);
    socket_put(old);
}

static long datagram_connect(struct socket *s, const struct address *a,
                             bool nonblocking __attribute__((unused)))
{
    struct socket *to;
    if (a->family == AF_UNSPEC) {
        set_peer(s, NULL);
        return 0;
    }
    long r = unix_find(a, SOCK_DGRAM, &to);
    if (r)
        return r;
    if (to->peer && to->peer != s) {
        socket_put(to);
        return -EPERM;
    }
    set_peer(s, to);
    return 0;
}

/* The destination of m, with a reference. */
static long destination(struct socket *s, const struct message *m, struct socket **out)
{
    if (m->address && m->address->length)
        return unix_find(m->address, SOCK_DGRAM, out);
    lock_take(&s->lock);
    *out = s->peer;
    if (*out)
        socket_get(*out);
    lock_release(&s->lock);
    return *out ? 0 : -ENOTCONN;
}

/* Waits while there are too many packets at a destination that does not read for us alone. */
static long await_turn(struct socket *s, struct socket *to, struct stream_call *call)
{
    long r = 0;
    if (to->peer == s)
        return 0;
    lock_take(&to->in.lock);
    while (!r && !to->in.no_readers && to->packet_count > UNPAIRED_MOST)
        r = call->nonblocking ? -EAGAIN : wait_on(&to->in.writable, &to->in.lock, call->deadline);
    lock_release(&to->in.lock);
    return r == -EINTR ? -ERESTARTSYS : r == -ETIMEDOUT ? -EAGAIN : r;
}

static long send_to(struct socket *s, struct socket *to, struct message *m)
{
    struct packet *p;
    struct stream_call call = send_call(s, m);
    if (to->peer && to->peer != s)
        return -EPERM;
    if (to->closed)
        return -ECONNREFUSED;
    if (to->read_shut)
        return -EPIPE;
    long r = packet_new(m, s->options.send_buffer, &p);
    if (r)
        return r;
    if (!p->ancillary.has_credentials)
        p->ancillary.credentials = own_credentials();
    unix_name(s, false, &p->from);
    long length = p->length;
    r = await_turn(s, to, &call);
    if (!r)
        r = packet_deliver(to, p, &call);
    if (!r)
        return length;
    packet_free(p);
    if (r == -EPIPE && to->closed)
        return -ECONNREFUSED;
    return settle_interrupt(r, s->options.send_timeout);
}

static long datagram_send(struct socket *s, struct message *m)
{
    struct socket *to;
    if (m->flags & MSG_OOB)
        return -EOPNOTSUPP;
    if (s->write_shut)
        return broken_pipe(m);
    long r = take_error(s);
    if (!r)
        r = destination(s, m, &to);
    if (r)
        return r;
    r = send_to(s, to, m);
    if (r == -ECONNREFUSED && !m->address)
        set_peer(s, NULL);
    socket_put(to);
    return r == -EPIPE ? broken_pipe(m) : r;
}

static long datagram_receive(struct socket *s, struct message *m)
{
    long r = packet_receive(s, m);
    if (m->ancillary)
        m->ancillary->has_credentials = r >= 0 && s->options.pass_credentials;
    return r;
}

static long datagram_shutdown(struct socket *s, int how)
{
    if (!s->peer)
        return -ENOTCONN;
    if (how != SHUT_RD)
        s->write_shut = true;
    if (how != SHUT_WR) {
        s->read_shut = true;
        stream_end_reading(&s->in);
        stream_end_writing(&s->in);
    }
    return 0;
}

static u32 datagram_poll(struct socket *s)
{
    u32 events = packet_input_events(s);
    lock_take(&s->lock);
    bool paired = s->peer && s->peer->peer == s;
    if (!paired || packets_have_room(s->peer) || s->peer->closed)
        events |= POLLOUT | POLLWRNORM;
    lock_release(&s->lock);
    return events;
}

static void datagram_close(struct socket *s)
{
    unix_unbind(s);
    s->closed = true;
    stream_end_reading(&s->in);
    drop_packets(s);
    struct socket *peer = s->peer;
    if (peer && peer->peer == s)
        wake_socket_pollers(peer, POLLOUT | POLLWRNORM);
    set_peer(s, NULL);
}

const struct socket_ops unix_datagram_ops = {
    .bind = unix_bind,
    .connect = datagram_connect,
    .send = datagram_send,
    .receive = datagram_receive,
    .shutdown = datagram_shutdown,
    .poll = datagram_poll,
    .close = datagram_close,
    .name = unix_name,
    .bytes = packet_bytes,
};
