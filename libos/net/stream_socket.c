/* SPDX-License-Identifier: Apache-2.0 */
/* Moving bytes over a connection. */
#include "libos/net/connection.h"
#include "libos/proc/process.h"

#define SIGPIPE_NUMBER 13

struct stream_call send_call(const struct socket *s, const struct message *m)
{
    return (struct stream_call){.nonblocking = m->nonblocking || (m->flags & MSG_DONTWAIT),
                                .deadline = timeout_deadline(s->options.send_timeout)};
}

struct stream_call receive_call(const struct socket *s, const struct message *m)
{
    return (struct stream_call){.nonblocking = m->nonblocking || (m->flags & MSG_DONTWAIT),
                                .peek = m->flags & MSG_PEEK,
                                .at_least = m->flags & MSG_WAITALL ? m->io->left : 0,
                                .deadline = timeout_deadline(s->options.receive_timeout)};
}

long broken_pipe(const struct message *m)
{
    if (!(m->flags & MSG_NOSIGNAL))
        send_signal_to_thread(current(), SIGPIPE_NUMBER, NULL);
    return -EPIPE;
}

long connection_send(struct socket *s, struct message *m)
{
    long r = take_error(s);
    if (unlikely(r))
        return r;
    if (unlikely(s->state != SOCKET_CONNECTED))
        return s->family == AF_UNIX ? -ENOTCONN : broken_pipe(m);
    if (unlikely(s->write_shut))
        return broken_pipe(m);
    struct stream_call call = send_call(s, m);
    r = stream_write(&s->peer->in, m->io, &call);
    if (unlikely(call.broken))
        return r > 0 ? r : broken_pipe(m);
    return settle_interrupt(r, s->options.send_timeout);
}

long connection_receive(struct socket *s, struct message *m)
{
    if (unlikely(s->state != SOCKET_CONNECTED)) {
        long error = take_error(s);
        return error ? error : s->family == AF_UNIX ? -EINVAL : -ENOTCONN;
    }
    if (m->io->left == 0)
        return 0;
    struct stream_call call = receive_call(s, m);
    return settle_interrupt(stream_read(&s->in, m->io, &call), s->options.receive_timeout);
}

long connection_bytes(struct socket *s, bool unsent)
{
    if (!unsent)
        return (long)stream_used(&s->in);
    /* What was sent is in the peer's hands at once; AF_UNIX counts what the peer has not read. */
    return s->family == AF_UNIX && s->peer ? (long)stream_used(&s->peer->in) : 0;
}
