/* SPDX-License-Identifier: Apache-2.0 */
/* Packets: messages with boundaries, and the queues that they wait in. */
#ifndef LIBOS_NET_PACKET_H
#define LIBOS_NET_PACKET_H

#include "libos/net/message.h"
#include "libos/net/socket.h"

struct packet {
    struct list link;
    struct address from; /* whom receivers are told; length 0: nobody */
    struct ancillary ancillary;
    u32 length;
    u8 data[];
};

/* A packet with the bytes of m->io, and m's ancillary data (which it takes over on success). 0,
 * -EMSGSIZE, -ENOBUFS, -EFAULT. */
long packet_new(struct message *m, size_t most, struct packet **out);
void packet_free(struct packet *p);

/* Does the queue of `to` take one more? */
static inline bool packets_have_room(const struct socket *to)
{
    return to->packet_bytes < to->options.receive_buffer;
}

/* Adds p to the queue of `to`, waiting for room as `call` says, and takes it over on success. 0;
 * -EAGAIN; -ERESTARTSYS; -EPIPE (reading was shut down, or the socket is closed). */
long packet_deliver(struct socket *to, struct packet *p, struct stream_call *call);
/* The same without waiting: a packet for which there is no room is dropped. */
void packet_deliver_or_drop(struct socket *to, struct packet *p);

/* Receives one packet into m. Bytes, or the whole length with MSG_TRUNC; 0 at the end of input;
 * -E…. */
long packet_receive(struct socket *s, struct message *m);

/* What poll says of a datagram socket's input, errors and ends. */
u32 packet_input_events(const struct socket *s);
void drop_packets(struct socket *s);
long packet_bytes(struct socket *s, bool unsent); /* socket_ops.bytes */

#endif
