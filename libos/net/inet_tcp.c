/* SPDX-License-Identifier: Apache-2.0 */
/* TCP: connections through shared memory. There are no packets; what tcp(7) promises to programs is
 * kept. */
#include "libos/mm/heap.h"
#include "libos/net/connection.h"
#include "libos/net/inet.h"

#define TCP_CAPACITY       (512u << 10) /* bytes that a connection takes before it says it is full */
#define TCP_SEND_BUFFER    16384u       /* as getsockopt shows them: net.ipv4.tcp_wmem, tcp_rmem */
#define TCP_RECEIVE_BUFFER 131072u

struct socket *tcp_new(int family)
{
    struct socket *s = socket_new(family, SOCK_STREAM, IPPROTO_TCP, &tcp_ops);
    if (!s)
        return NULL;
    s->in.capacity = TCP_CAPACITY;
    s->in.poll_room = TCP_CAPACITY / 4;
    s->options.send_buffer = TCP_SEND_BUFFER;
    s->options.receive_buffer = TCP_RECEIVE_BUFFER;
    ip_set_any(family, s->local.ip);
    return s;
}

/* A socket for the listener's end of a connection from s. */
static struct socket *new_child(const struct socket *listener, const struct socket *s)
{
    struct socket *child = tcp_new(listener->family);
    if (!child)
        return NULL;
    child->options = listener->options;
    child->options.stored = NULL;
    child->in.capacity = listener->in.capacity;
    child->in.poll_room = listener->in.poll_room;
    child->local = s->remote;
    child->remote = s->local;
    return child;
}

/* A nonblocking connect answers as one does whose packets are still on their way. */
static long settle_connect(struct socket *s, long r, bool nonblocking)
{
    if (!nonblocking || (r && r != -ECONNREFUSED))
        return r;
    if (r == 0)
        s->just_connected = true;
    else
        set_error(s, r);
    return -EINPROGRESS;
}

/* Connects s, which is bound and has its remote end set. */
static long connect_to_listener(struct socket *s, bool nonblocking)
{
    struct socket *listener = port_find(IPPROTO_TCP, &s->remote, &s->local, true);
    struct socket *child = listener ? new_child(listener, s) : NULL;
    long r;
    if (child) {
        r = connection_offer(s, listener, child, nonblocking);
    } else {
        connection_give_up(s);
        r = listener ? -ENOMEM : -ECONNREFUSED;
    }
    socket_put(listener);
    return settle_connect(s, r, nonblocking);
}

/* A second connect after EINPROGRESS: 0 once, or what went wrong. */
static long connect_again(struct socket *s, long r)
{
    if (r != -EISCONN || !s->just_connected)
        return r;
    s->just_connected = false;
    return 0;
}

/* Sets both ends' addresses for a connection to `to`. */
static long choose_addresses(struct socket *s, struct endpoint *to)
{
    long r = route(to);
    if (!r)
        r = port_bind_automatically(s);
    if (r)
        return r;
    if (ip_is_any(s->local.ip))
        ip_source_for(to, s->local.ip);
    s->remote = *to;
    return 0;
}

static long tcp_connect(struct socket *s, const struct address *a, bool nonblocking)
{
    struct endpoint to;
    if (a->family == AF_UNSPEC)
        return 0;
    long r = endpoint_from_address(s, a, &to);
    if (r)
        return r;
    if (s->state == SOCKET_IDLE && (r = take_error(s)))
        return r;
    r = connection_begin(s);
    if (r)
        return connect_again(s, r == -EINVAL ? -EISCONN : r);
    r = choose_addresses(s, &to);
    if (!r)
        return connect_to_listener(s, nonblocking);
    connection_give_up(s);
    return r;
}

static long tcp_listen(struct socket *s)
{
    if (s->state == SOCKET_LISTENS)
        return 0;
    long r = port_bind_automatically(s);
    if (!r)
        r = port_may_listen(s);
    return r ? r : connection_listen(s);
}

static void tcp_close(struct socket *s)
{
    port_release(s);
    connection_close(s);
}

/* The first bytes that are sent to a closed peer are lost without a word: only their answer would
 * tell. */
static bool is_lost(struct socket *s)
{
    if (s->state != SOCKET_CONNECTED || s->write_shut || s->wrote_to_closed || s->in.read_error ||
        !s->peer->closed)
        return false;
    s->wrote_to_closed = true;
    wake_socket_pollers(s, POLLERR | POLLHUP);
    return true;
}

static long tcp_send(struct socket *s, struct message *m)
{
    if (m->io->left == 0 && s->state == SOCKET_CONNECTED)
        return 0;
    if (s->state == SOCKET_CONNECTED && unlikely(s->peer->closed) && is_lost(s))
        return (long)m->io->left;
    return connection_send(s, m);
}

static long tcp_receive(struct socket *s, struct message *m)
{
    if (unlikely(m->flags & (MSG_OOB | MSG_ERRQUEUE)))
        return m->flags & MSG_ERRQUEUE ? -EAGAIN : -EINVAL;
    if (m->address)
        m->address->length = 0;
    return connection_receive(s, m);
}

const struct socket_ops tcp_ops = {
    .bind = inet_bind,
    .connect = tcp_connect,
    .listen = tcp_listen,
    .send = tcp_send,
    .receive = tcp_receive,
    .shutdown = connection_shutdown,
    .poll = connection_poll,
    .close = tcp_close,
    .name = inet_name,
    .bytes = connection_bytes,
};
