/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX, SOCK_STREAM and SOCK_SEQPACKET. */
#include "libos/mm/heap.h"
#include "libos/net/connection.h"
#include "libos/net/packet.h"
#include "libos/net/rights.h"
#include "libos/net/unix.h"

/* A socket for the listener's end of a new connection. It has the listener's name. */
static struct socket *new_child(const struct socket *listener)
{
    struct socket *child = socket_new(AF_UNIX, listener->type, listener->protocol, listener->ops);
    if (child) {
        child->unix_name = listener->unix_name;
        child->options.pass_credentials = listener->options.pass_credentials;
    }
    return child;
}

static long connect_to(struct socket *s, struct socket *listener, bool nonblocking)
{
    if (listener->state != SOCKET_LISTENS)
        return -ECONNREFUSED;
    long r = connection_begin(s);
    if (r)
        return r;
    struct socket *child = new_child(listener);
    if (child)
        return connection_offer(s, listener, child, nonblocking);
    connection_give_up(s);
    return -ENOMEM;
}

static long unix_connect(struct socket *s, const struct address *a, bool nonblocking)
{
    struct socket *listener;
    long r = unix_find(a, s->type, &listener);
    if (r)
        return r;
    r = connect_to(s, listener, nonblocking);
    socket_put(listener);
    return r;
}

static long unix_listen(struct socket *s)
{
    return s->unix_name.length ? connection_listen(s) : -EINVAL;
}

static void unix_close(struct socket *s)
{
    unix_unbind(s);
    connection_close(s);
}

/* What goes with a message to `to`: what the sender gave, and its credentials if `to` wants them.
 * False: nothing. */
static bool ancillary_for(struct ancillary *out, const struct message *m, const struct socket *s)
{
    *out = m->ancillary ? *m->ancillary : (struct ancillary){0};
    if (!out->has_credentials &&
        (s->options.pass_credentials || s->peer->options.pass_credentials)) {
        out->credentials = own_credentials();
        out->has_credentials = true;
    }
    return out->rights || out->has_credentials;
}

/* Sends the first bytes of m with a mark. Bytes, or -E…. */
static long send_marked(struct socket *s, struct message *m, struct mark *mark,
                        struct stream_call *call)
{
    struct stream *out = &s->peer->in;
    u32 wakes = 0;
    lock_take(&out->lock);
    long r = stream_await_room(out, 1, call);
    if (r == 1) {
        mark->start = out->ring.tail;
        r = stream_give(out, m->io, UINT64_MAX, &wakes);
    }
    if (r > 0) {
        mark->end = out->ring.tail;
        list_add_tail(&s->peer->marks, &mark->link);
        rights_lie_in(mark->ancillary.rights, s->peer);
    }
    lock_release(&out->lock);
    stream_wake(out, wakes);
    return r;
}

static long send_with(struct socket *s, struct message *m, const struct ancillary *a)
{
    if (s->write_shut)
        return broken_pipe(m);
    struct mark *mark = heap_alloc(sizeof(*mark));
    if (!mark)
        return -ENOBUFS;
    mark->ancillary = *a;
    struct stream_call call = send_call(s, m);
    long r = send_marked(s, m, mark, &call);
    if (r <= 0)
        heap_free(mark);
    if (call.broken)
        return broken_pipe(m);
    if (r <= 0)
        return settle_interrupt(r, s->options.send_timeout);
    if (m->ancillary)
        m->ancillary->rights = NULL; /* the mark has them */
    if (m->io->left) {
        long more = connection_send(s, m);
        r += more > 0 ? more : 0;
    }
    return r;
}

static long stream_send(struct socket *s, struct message *m)
{
    struct ancillary a;
    if (unlikely(m->flags & MSG_OOB))
        return -EOPNOTSUPP;
    if (unlikely(m->address != NULL))
        return s->state == SOCKET_CONNECTED ? -EISCONN : -EOPNOTSUPP;
    if (s->state != SOCKET_CONNECTED || m->io->left == 0 || !ancillary_for(&a, m, s))
        return connection_send(s, m);
    long error = take_error(s);
    return error ? error : send_with(s, m, &a);
}

/* What one look at the marks says: how many bytes may be read, and what comes with them. */
struct marked_read {
    u64 most;
    struct mark *mark; /* covers them, or NULL */
    bool more_after;   /* bytes behind them belong to something else */
};

static struct marked_read look_at_marks(const struct socket *s)
{
    u64 head = s->in.ring.head;
    struct marked_read look = {.most = UINT64_MAX};
    if (list_empty(&s->marks))
        return look;
    struct mark *first = list_first(&s->marks, struct mark, link);
    look.more_after = true;
    if (first->start > head) {
        look.most = first->start - head;
        return look;
    }
    look.mark = first;
    look.most = first->end - head;
    return look;
}

/* Hands what the mark carries to m, and ends a mark whose bytes were all read. in.lock held. *gone:
 * a mark to be freed, with the files that nobody took, once the lock is released. */
static void use_mark(struct marked_read *look, struct message *m, u64 taken, bool peek,
                     struct mark **gone)
{
    struct mark *mark = look->mark;
    if (m->ancillary) {
        *m->ancillary = mark->ancillary;
        if (peek)
            m->ancillary->rights = rights_copy(mark->ancillary.rights);
        else
            rights_lie_in(m->ancillary->rights, NULL);
        if (!peek)
            mark->ancillary.rights = NULL;
    }
    if (peek || taken < look->most)
        return;
    list_del(&mark->link);
    *gone = mark;
}

static void free_mark(struct mark *mark)
{
    if (!mark)
        return;
    ancillary_drop(&mark->ancillary);
    heap_free(mark);
}

/* One piece of a read, never across a mark. Bytes, 0, -E…; *last: no more may follow in this call.
 */
static long receive_piece(struct socket *s, struct message *m, struct stream_call *call, bool *last)
{
    struct mark *gone = NULL;
    u32 wakes = 0;
    lock_take(&s->in.lock);
    long r = stream_await_data(&s->in, call);
    if (r == 1) {
        struct marked_read look = look_at_marks(s);
        *last = look.more_after || call->peek;
        r = stream_take(&s->in, m->io, look.most, call->peek, &wakes);
        if (r > 0 && look.mark)
            use_mark(&look, m, (u64)r, call->peek, &gone);
    } else {
        *last = true;
    }
    lock_release(&s->in.lock);
    stream_wake(&s->in, wakes);
    free_mark(gone);
    return r;
}

static long stream_receive(struct socket *s, struct message *m)
{
    if (unlikely(m->flags & MSG_OOB))
        return -EOPNOTSUPP;
    if (s->state != SOCKET_CONNECTED || m->io->left == 0)
        return connection_receive(s, m);
    struct stream_call call = receive_call(s, m);
    long done = 0, r;
    bool last = false;
    do {
        r = receive_piece(s, m, &call, &last);
        done += r > 0 ? r : 0;
    } while (r > 0 && !last && m->io->left && (u64)done < call.at_least);
    if (m->ancillary && s->options.pass_credentials && !m->ancillary->has_credentials && done)
        *m->ancillary = (struct ancillary){.rights = m->ancillary->rights,
                                           .has_credentials = true,
                                           .credentials = {0, 65534, 65534}};
    if (m->ancillary && !s->options.pass_credentials)
        m->ancillary->has_credentials = false;
    return done ? done : settle_interrupt(r, s->options.receive_timeout);
}

static long packet_send(struct socket *s, struct message *m)
{
    struct packet *p;
    long r = take_error(s);
    if (r)
        return r;
    if (s->state != SOCKET_CONNECTED)
        return -ENOTCONN;
    if (s->write_shut)
        return broken_pipe(m);
    r = packet_new(m, s->options.send_buffer, &p);
    if (r)
        return r;
    if (!p->ancillary.has_credentials)
        p->ancillary.credentials = own_credentials();
    struct stream_call call = send_call(s, m);
    long length = p->length;
    r = packet_deliver(s->peer, p, &call);
    if (!r)
        return length;
    packet_free(p);
    return r == -EPIPE ? broken_pipe(m) : settle_interrupt(r, s->options.send_timeout);
}

static long seqpacket_receive(struct socket *s, struct message *m)
{
    if (s->state != SOCKET_CONNECTED)
        return -ENOTCONN;
    long r = packet_receive(s, m);
    if (m->ancillary)
        m->ancillary->has_credentials = r >= 0 && s->options.pass_credentials;
    if (r > 0)
        m->out_flags |= MSG_EOR;
    return r;
}

const struct socket_ops unix_stream_ops = {
    .bind = unix_bind,
    .connect = unix_connect,
    .listen = unix_listen,
    .send = stream_send,
    .receive = stream_receive,
    .shutdown = connection_shutdown,
    .poll = connection_poll,
    .close = unix_close,
    .name = unix_name,
    .bytes = connection_bytes,
};

const struct socket_ops unix_packet_ops = {
    .bind = unix_bind,
    .connect = unix_connect,
    .listen = unix_listen,
    .send = packet_send,
    .receive = seqpacket_receive,
    .shutdown = connection_shutdown,
    .poll = connection_poll,
    .close = unix_close,
    .name = unix_name,
    .bytes = packet_bytes,
};

long unix_socket_new(int type, int protocol, struct socket **out)
{
    const struct socket_ops *ops;
    if (protocol != 0 && protocol != AF_UNIX)
        return -EPROTONOSUPPORT;
    switch (type) {
    case SOCK_STREAM: ops = &unix_stream_ops; break;
    case SOCK_SEQPACKET: ops = &unix_packet_ops; break;
    case SOCK_RAW: type = SOCK_DGRAM; /* fall through */
    case SOCK_DGRAM: ops = &unix_datagram_ops; break;
    default: return -ESOCKTNOSUPPORT;
    }
    *out = socket_new(AF_UNIX, type, 0, ops);
    return *out ? 0 : -ENOMEM;
}
