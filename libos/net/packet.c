/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/net/packet.h"
#include "libos/mm/heap.h"
#include "libos/net/connection.h"

/* What a packet counts for beside its data. */
#define OVERHEAD 512

long packet_new(struct message *m, size_t most, struct packet **out)
{
    size_t length = m->io->left;
    if (length > most)
        return -EMSGSIZE;
    struct packet *p = heap_alloc(sizeof(*p) + length);
    if (!p)
        return -ENOBUFS;
    if (length && io_take(m->io, p->data, length) != (long)length) {
        heap_free(p);
        return -EFAULT;
    }
    p->length = (u32)length;
    if (m->ancillary) {
        p->ancillary = *m->ancillary;
        m->ancillary->rights = NULL;
    }
    *out = p;
    return 0;
}

void packet_free(struct packet *p)
{
    ancillary_drop(&p->ancillary);
    heap_free(p);
}

/* Lock held. */
static void enqueue(struct socket *to, struct packet *p)
{
    list_add_tail(&to->packets, &p->link);
    rights_lie_in(p->ancillary.rights, to);
    to->packet_count++;
    to->packet_bytes += p->length + OVERHEAD;
}

static void announce(struct socket *to)
{
    if (!list_empty(&to->in.readable.waiters))
        waitq_wake_some(&to->in.readable, POLLIN, 1);
    wake_socket_pollers(to, POLLIN | POLLRDNORM);
}

static long await_room(struct socket *to, struct stream_call *call)
{
    while (!to->in.no_readers && !packets_have_room(to)) {
        if (call->nonblocking)
            return -EAGAIN;
        long r = wait_on(&to->in.writable, &to->in.lock, call->deadline);
        if (r)
            return r == -EINTR ? -ERESTARTSYS : -EAGAIN;
    }
    return to->in.no_readers ? -EPIPE : 0;
}

long packet_deliver(struct socket *to, struct packet *p, struct stream_call *call)
{
    lock_take(&to->in.lock);
    long r = await_room(to, call);
    if (!r)
        enqueue(to, p);
    lock_release(&to->in.lock);
    if (!r)
        announce(to);
    return r;
}

void packet_deliver_or_drop(struct socket *to, struct packet *p)
{
    lock_take(&to->in.lock);
    bool fits = !to->in.no_readers && packets_have_room(to);
    if (fits)
        enqueue(to, p);
    lock_release(&to->in.lock);
    if (fits)
        announce(to);
    else
        packet_free(p);
}

/* The first packet, still queued: 0; -EAGAIN and so on; 1 at the end of input. Lock held. */
static long await_packet(struct socket *s, struct stream_call *call, struct packet **out)
{
    while (list_empty(&s->packets)) {
        if (s->in.read_error) {
            long error = s->in.read_error;
            s->in.read_error = 0;
            return error;
        }
        if (s->in.no_writers)
            return 1;
        if (call->nonblocking)
            return -EAGAIN;
        long r = wait_on(&s->in.readable, &s->in.lock, call->deadline);
        if (r && !list_empty(&s->packets))
            waitq_wake_some(&s->in.readable, POLLIN, 1);
        if (r)
            return r == -EINTR ? -ERESTARTSYS : -EAGAIN;
    }
    *out = list_first(&s->packets, struct packet, link);
    return 0;
}

/* Lock held. */
static void dequeue(struct socket *s, struct packet *p)
{
    list_del(&p->link);
    rights_lie_in(p->ancillary.rights, NULL);
    s->packet_count--;
    s->packet_bytes -= p->length + OVERHEAD;
}

static void announce_room(struct socket *s)
{
    if (!list_empty(&s->in.writable.waiters))
        waitq_wake_some(&s->in.writable, POLLOUT, 1);
    if (s->peer)
        wake_socket_pollers(s->peer, POLLOUT | POLLWRNORM);
}

/* Copies what p carries into m; its files go over to m, or copies of them if p stays. */
static long hand_out(struct packet *p, struct message *m, bool stays)
{
    long r = io_put(m->io, p->data, p->length);
    if (r < 0)
        return r;
    if ((u32)r < p->length)
        m->out_flags |= MSG_TRUNC;
    if (m->address)
        *m->address = p->from;
    if (m->ancillary) {
        *m->ancillary = p->ancillary;
        if (stays)
            m->ancillary->rights = rights_copy(p->ancillary.rights);
        else
            p->ancillary.rights = NULL;
    }
    return m->flags & MSG_TRUNC ? (long)p->length : r;
}

long packet_receive(struct socket *s, struct message *m)
{
    struct stream_call call = receive_call(s, m);
    struct packet *p = NULL;
    lock_take(&s->in.lock);
    long r = await_packet(s, &call, &p);
    if (!r && call.peek)
        r = hand_out(p, m, true);
    else if (!r)
        dequeue(s, p);
    bool more = !list_empty(&s->packets);
    lock_release(&s->in.lock);
    if (!p)
        return r == 1 ? 0 : settle_interrupt(r, s->options.receive_timeout);
    if (more && !list_empty(&s->in.readable.waiters))
        waitq_wake_some(&s->in.readable, POLLIN, 1);
    if (call.peek)
        return r;
    announce_room(s);
    r = hand_out(p, m, false);
    packet_free(p);
    return r;
}

u32 packet_input_events(const struct socket *s)
{
    u32 events = s->in.read_error ? POLLERR : 0;
    if (s->packet_count || s->read_shut)
        events |= POLLIN | POLLRDNORM;
    if (s->read_shut)
        events |= POLLRDHUP | (s->write_shut ? POLLHUP : 0);
    return events;
}

void drop_packets(struct socket *s)
{
    struct list gone;
    list_init(&gone);
    lock_take(&s->in.lock);
    while (!list_empty(&s->packets)) {
        struct packet *p = list_first(&s->packets, struct packet, link);
        dequeue(s, p);
        list_add_tail(&gone, &p->link);
    }
    lock_release(&s->in.lock);
    list_for_each_safe(l, &gone)
        packet_free(list_entry(l, struct packet, link));
}

long packet_bytes(struct socket *s, bool unsent)
{
    long bytes = 0;
    if (unsent)
        return 0;
    lock_take(&s->in.lock);
    if (!list_empty(&s->packets))
        bytes = list_first(&s->packets, struct packet, link)->length;
    lock_release(&s->in.lock);
    return bytes;
}
