/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/net/connection.h"
#include "libos/net/packet.h"
#include "libos/net/rights.h"

static void set_peers(struct socket *a, struct socket *b)
{
    socket_get(a);
    socket_get(b);
    a->peer = b;
    b->peer = a;
    a->in.write_pollers = &b->pollers;
    b->in.write_pollers = &a->pollers;
}

void connection_pair(struct socket *a, struct socket *b)
{
    set_peers(a, b);
    a->state = b->state = SOCKET_CONNECTED;
    a->peer_credentials = b->peer_credentials = own_credentials();
}

/* Connecting. */

long connection_begin(struct socket *s)
{
    long r = 0;
    lock_take(&s->lock);
    switch (s->state) {
    case SOCKET_IDLE: s->state = SOCKET_CONNECTING; break;
    case SOCKET_CONNECTING: r = -EALREADY; break;
    case SOCKET_CONNECTED: r = -EISCONN; break;
    case SOCKET_LISTENS: r = -EINVAL; break;
    }
    lock_release(&s->lock);
    return r;
}

void connection_give_up(struct socket *s)
{
    s->state = SOCKET_IDLE;
}

static void undo_peers(struct socket *s, struct socket *child)
{
    s->peer = child->peer = NULL;
    s->in.write_pollers = &s->pollers;
    socket_put(child);
    socket_put(child);
    socket_put(s);
}

/* A TCP connect that may not wait goes on after the call, as a listener with a full backlog lets
 * the other end try again: here it waits in the backlog itself. */
static u32 backlog_limit(const struct socket *listener, bool nonblocking)
{
    return listener->family != AF_UNIX && nonblocking ? BACKLOG_MOST : listener->backlog_limit;
}

/* Waits until the backlog takes one more. Listener's lock held. */
static long await_backlog_room(struct socket *s, struct socket *listener, bool nonblocking)
{
    u64 deadline = timeout_deadline(s->options.send_timeout);
    while (listener->state == SOCKET_LISTENS &&
           listener->backlog_count > backlog_limit(listener, nonblocking)) {
        long r =
            nonblocking ? -EAGAIN : wait_on(&listener->backlog_room, &listener->lock, deadline);
        if (r)
            return r == -EINTR ? settle_interrupt(-ERESTARTSYS, s->options.send_timeout) : -EAGAIN;
    }
    return listener->state == SOCKET_LISTENS ? 0 : -ECONNREFUSED;
}

long connection_offer(struct socket *s, struct socket *listener, struct socket *child,
                      bool nonblocking)
{
    s->peer_credentials = listener->peer_credentials;
    child->peer_credentials = own_credentials();
    child->state = SOCKET_CONNECTED;
    set_peers(s, child);
    lock_take(&listener->lock);
    long r = await_backlog_room(s, listener, nonblocking);
    if (!r) {
        s->state = SOCKET_CONNECTED;
        list_add_tail(&listener->backlog, &child->in_backlog);
        listener->backlog_count++;
    }
    lock_release(&listener->lock);
    if (r) {
        undo_peers(s, child);
        connection_give_up(s);
        return r;
    }
    if (!list_empty(&listener->acceptable.waiters))
        waitq_wake_some(&listener->acceptable, POLLIN, 1);
    wake_socket_pollers(listener, POLLIN | POLLRDNORM);
    wake_socket_pollers(s, POLLOUT | POLLWRNORM);
    return 0;
}

/* Accepting. */

long connection_listen(struct socket *s)
{
    long r = 0;
    lock_take(&s->lock);
    if (s->state == SOCKET_CONNECTED || s->state == SOCKET_CONNECTING)
        r = -EINVAL;
    else
        s->state = SOCKET_LISTENS;
    s->peer_credentials = own_credentials();
    lock_release(&s->lock);
    return r;
}

/* Waits for something in the backlog. Lock held. */
static long await_backlog(struct socket *s, bool nonblocking)
{
    u64 deadline = timeout_deadline(s->options.receive_timeout);
    while (list_empty(&s->backlog) || s->state != SOCKET_LISTENS) {
        if (s->state != SOCKET_LISTENS)
            return -EINVAL;
        if (nonblocking)
            return -EAGAIN;
        long r = wait_on(&s->acceptable, &s->lock, deadline);
        if (r && !list_empty(&s->backlog))
            waitq_wake_some(&s->acceptable, POLLIN, 1);
        if (r)
            return r == -EINTR ? settle_interrupt(-ERESTARTSYS, s->options.receive_timeout)
                               : -EAGAIN;
    }
    return 0;
}

long connection_accept(struct socket *s, bool nonblocking, struct socket **out)
{
    lock_take(&s->lock);
    long r = await_backlog(s, nonblocking);
    if (!r) {
        *out = list_first(&s->backlog, struct socket, in_backlog);
        list_del(&(*out)->in_backlog);
        s->backlog_count--;
    }
    lock_release(&s->lock);
    if (!r && !list_empty(&s->backlog_room.waiters))
        waitq_wake_some(&s->backlog_room, POLLOUT, 1);
    return r;
}

/* Ending. */

static void stop_listening(struct socket *s)
{
    struct list orphans;
    list_init(&orphans);
    lock_take(&s->lock);
    s->state = SOCKET_IDLE;
    while (!list_empty(&s->backlog)) {
        struct list *l = s->backlog.next;
        list_del(l);
        list_add_tail(&orphans, l);
    }
    s->backlog_count = 0;
    lock_release(&s->lock);
    waitq_wake(&s->acceptable, ~0u);
    waitq_wake(&s->backlog_room, ~0u);
    wake_socket_pollers(s, POLLIN | POLLHUP | POLLERR);
    list_for_each_safe(l, &orphans) {
        struct socket *child = list_entry(l, struct socket, in_backlog);
        list_del(l);
        child->options.linger = (struct linger_abi){1, 0}; /* its peer is reset */
        child->ops->close(child);
        socket_put(child);
    }
}

/* Does closing s lose data, or is it told to break the connection? Then the peer learns it. */
static bool closes_hard(const struct socket *s)
{
    return stream_used(&s->in) || s->packet_count ||
           (s->options.linger.on && s->options.linger.seconds == 0);
}

static void reset_peer(struct socket *peer)
{
    lock_take(&peer->in.lock);
    peer->in.read_error = -ECONNRESET;
    peer->write_shut = true;
    lock_release(&peer->in.lock);
}

/* Nothing that was sent to s is read any more. */
static void drop_input(struct socket *s)
{
    stream_end_reading(&s->in);
    drop_packets(s);
    drop_marks(s);
    lock_take(&s->in.lock);
    ring_free(&s->in.ring);
    lock_release(&s->in.lock);
}

void connection_close(struct socket *s)
{
    struct socket *peer = s->peer;
    if (s->state == SOCKET_LISTENS)
        stop_listening(s);
    s->closed = true;
    if (peer && closes_hard(s))
        reset_peer(peer);
    drop_input(s);
    if (!peer)
        return;
    stream_end_writing(&peer->in);
    wake_socket_pollers(peer, POLLOUT | POLLHUP | POLLERR);
    s->peer = NULL;
    socket_put(peer);
}

long connection_shutdown(struct socket *s, int how)
{
    if (s->state == SOCKET_LISTENS) {
        if (how != SHUT_WR)
            stop_listening(s);
        return 0;
    }
    if (s->state != SOCKET_CONNECTED)
        return -ENOTCONN;
    if (how != SHUT_RD) {
        s->write_shut = true;
        stream_end_writing(&s->peer->in);
    }
    if (how != SHUT_WR) {
        s->read_shut = true;
        if (s->family == AF_UNIX)
            stream_end_reading(&s->in);
        stream_end_writing(&s->in);
    }
    wake_socket_pollers(s, POLLIN | POLLOUT | POLLHUP | POLLRDHUP);
    return 0;
}

/* Polling. */

static u32 poll_unconnected(const struct socket *s)
{
    u32 events = POLLOUT | POLLWRNORM | POLLHUP;
    if (s->in.read_error)
        events |= POLLERR | POLLIN | POLLRDNORM | POLLRDHUP;
    return events;
}

u32 connection_poll(struct socket *s)
{
    if (s->state != SOCKET_CONNECTED)
        return poll_unconnected(s);
    const struct stream *in = &s->in, *out = &s->peer->in;
    bool cut = s->write_shut || out->no_readers;
    u32 events = 0;
    if (in->read_error || s->wrote_to_closed)
        events |= POLLERR;
    if (in->no_writers)
        events |= POLLIN | POLLRDNORM | POLLRDHUP;
    if (in->no_writers && (s->write_shut || s->wrote_to_closed || (cut && s->family == AF_UNIX)))
        events |= POLLHUP;
    if (stream_used(in) || s->packet_count)
        events |= POLLIN | POLLRDNORM;
    if (cut || (stream_writable(out) && packets_have_room(s->peer)))
        events |= POLLOUT | POLLWRNORM;
    return events;
}
