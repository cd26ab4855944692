/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets. All of them live in the heap segment; both ends of every connection are in this cell.
 *
 * A struct socket belongs to an open file, or waits in a listener's backlog. It is counted, because
 * its peer, and senders to it, point at it after its file is closed; the last reference frees it.
 *
 * Streams: each end has a struct stream for what it receives; sending writes into the peer's.
 * Packets: each end has a queue of them; sending adds to the peer's. Both use `in.read_error` for
 * the pending error (SO_ERROR) and in.no_writers for the end of input.
 *
 * Locks, in order: the net lock (names and ports), a socket's lock (two: lock_take_two), in.lock,
 * the wait queues.
 */
#ifndef LIBOS_NET_SOCKET_H
#define LIBOS_NET_SOCKET_H

#include "base/list.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/poll.h"
#include "libos/fs/stream.h"
#include "libos/net/abi.h"
#include "libos/entry/errno.h"

struct socket;
struct message;
struct inode;

/* An address as the program writes it; length 0: none. */
struct address {
    u32 length;
    union {
        u16 family;
        struct sockaddr_unix un;
        struct sockaddr_inet4 in4;
        struct sockaddr_inet6 in6;
        struct sockaddr_netlink netlink;
        u8 bytes[128];
    };
};

/* An IPv4 or IPv6 endpoint in one form: IPv4 as ::ffff:a.b.c.d. */
struct endpoint {
    u8 ip[16];
    u16 port; /* host byte order; 0: none */
};

/* What a kind of socket does. NULL: -EOPNOTSUPP. */
struct socket_ops {
    long (*bind)(struct socket *s, const struct address *a);
    long (*connect)(struct socket *s, const struct address *a, bool nonblocking);
    long (*listen)(struct socket *s);
    long (*send)(struct socket *s, struct message *m);
    long (*receive)(struct socket *s, struct message *m);
    long (*shutdown)(struct socket *s, int how);
    u32 (*poll)(struct socket *s);
    void (*close)(struct socket *s);                                   /* the file is gone */
    void (*name)(struct socket *s, bool of_peer, struct address *out); /* length 0: not connected */
    long (*bytes)(struct socket *s, bool unsent);                      /* FIONREAD, or TIOCOUTQ */
};

enum socket_state { SOCKET_IDLE, SOCKET_CONNECTING, SOCKET_CONNECTED, SOCKET_LISTENS };

struct socket_options {
    u64 receive_timeout, send_timeout; /* ns; 0: none */
    u32 send_buffer, receive_buffer;   /* as getsockopt shows them */
    s32 receive_low_water;
    bool pass_credentials, reuse_address, reuse_port, broadcast, v6_only;
    struct linger_abi linger;
    int *stored; /* options.c: values of options that are kept and mean nothing here; or NULL */
};

struct socket {
    u32 references;
    int family, type, protocol;
    const struct socket_ops *ops;
    struct lock lock;
    enum socket_state state;
    bool read_shut, write_shut;
    bool closed;          /* the file is gone */
    bool just_connected;  /* TCP: a connect that said EINPROGRESS is to say 0 once */
    bool wrote_to_closed; /* TCP: the peer is closed, and this end has written to it since */
    struct waitq pollers;
    struct stream in;
    struct socket *peer; /* a reference. Streams: the other end. Packets: default destination */
    struct ucred peer_credentials;
    struct socket_options options;

    struct list marks; /* stream of AF_UNIX: struct mark (rights.c), guarded by in.lock */

    struct list packets; /* struct packet (packet.h), guarded by in.lock */
    u32 packet_count;
    u64 packet_bytes; /* with an overhead for each */

    struct list
        backlog; /* listener: sockets to be accepted, linked by in_backlog; guarded by lock */
    struct list in_backlog;
    u32 backlog_count, backlog_limit;
    struct waitq acceptable;   /* listener: blocked accepts */
    struct waitq backlog_room; /* listener: blocked connects */

    struct list name_link; /* in the table of names or ports; net lock */
    struct address unix_name;
    struct inode *inode;           /* AF_UNIX bound to a path; a reference; net lock */
    struct endpoint local, remote; /* AF_INET and AF_INET6 */
    u32 netlink_port;

    u32 flying; /* garbage.c, under the rights' lock: how often its file is in flight */
    bool reachable;
    struct socket *next_garbage;
};

/* What the cell's sockets share. */
#define PORT_BUCKETS 256
#define NAME_BUCKETS 64

struct net {
    struct lock lock;
    struct list tcp_ports[PORT_BUCKETS], udp_ports[PORT_BUCKETS]; /* bound sockets by port */
    struct list unix_names[NAME_BUCKETS];                         /* abstract names */
    u32 next_port, next_unix_name, next_netlink_port;
    u32 in_flight;           /* files on their way in messages */
    struct lock rights_lock; /* below all locks of sockets; nothing is locked under it */
    struct list rights;      /* struct rights (message.h), complete ones */
    bool collecting;         /* garbage.c */
};

/* Makes it at the first call. NULL: no memory. */
struct net *the_net(void);

/* A socket with one reference; NULL: no memory. */
struct socket *socket_new(int family, int type, int protocol, const struct socket_ops *ops);
static inline void socket_get(struct socket *s)
{
    __atomic_add_fetch(&s->references, 1, __ATOMIC_RELAXED);
}
void socket_put(struct socket *s); /* may be NULL */

/* The socket of a descriptor: 0, -EBADF, -ENOTSOCK; on 0 the caller releases *ref. */
long socket_borrow(int fd, struct fd_ref *ref, struct socket **out);
/* The socket of an open file, or NULL. */
struct socket *file_socket(struct file *f);
/* A descriptor for s; takes over the reference, also on failure. `flags`: SOCK_NONBLOCK,
 * SOCK_CLOEXEC. */
long socket_install(struct socket *s, int flags);

/* Copies an address from the program: 0, -EFAULT, -EINVAL. And to it, cut to *user_length, which
 * then says how long it is: 0, -EFAULT, -EINVAL. */
long address_from_user(struct address *a, const void *user, u32 length);
long address_to_user(const struct address *a, void *user, u32 *user_length);

/* Until when a call may wait, from SO_RCVTIMEO or SO_SNDTIMEO. */
u64 timeout_deadline(u64 timeout);
/* The result of a wait as the call's: with a timeout set, an interrupted call is not restarted. */
long settle_interrupt(long r, u64 timeout);

/* The pending error, which is none after it: 0 or -E…. */
long take_error(struct socket *s);
void set_error(struct socket *s, long error);

struct ucred own_credentials(void);
void wake_socket_pollers(struct socket *s, u32 events);

/* Who makes sockets of a family: *out, or -E…. */
long unix_socket_new(int type, int protocol, struct socket **out);             /* unix.c */
long inet_socket_new(int family, int type, int protocol, struct socket **out); /* inet.c */
long netlink_socket_new(int type, int protocol, struct socket **out);          /* netlink.c */

/* options.c */
long socket_set_option(struct socket *s, int level, int name, const void *user, u32 length);
long socket_get_option(struct socket *s, int level, int name, void *user, u32 *user_length);
void socket_default_options(struct socket *s);

/* interfaces.c: SIOCGIFCONF and its kin; -ENOTTY if it is none of them. */
long interface_ioctl(u32 command, void *argument);

#endif
