/* SPDX-License-Identifier: Apache-2.0 */
/* AF_NETLINK, NETLINK_ROUTE, as far as getifaddrs(3), getaddrinfo(3) and their like need it: dumps
 * of links, addresses and routes that tell of lo alone. Everything that would change something is
 * -EPERM; requests not known here are answered with -EOPNOTSUPP. */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/if_link.h>
#include <linux/if_addr.h>
#include "base/string.h"
#include "libos/mm/heap.h"
#include "libos/net/interfaces.h"
#include "libos/net/netlink.h"
#include "libos/net/packet.h"
#include "libos/proc/process.h"

#define REQUEST_MOST    8192
#define REPLY_MOST      4096
#define LINK_FLAGS      (LOOPBACK_FLAGS | 0x10000) /* IFF_LOWER_UP */
#define ARP_LOOPBACK    772
#define OPER_UNKNOWN    0
#define PREFIX_V4       8
#define PREFIX_V6       128
#define FOREVER_SECONDS 0xffffffffu

/* A datagram of answers that is being built. */
struct reply {
    u32 port, sequence;
    u32 length;
    u8 bytes[REPLY_MOST];
};

static void *add_space(struct reply *r, u32 n)
{
    void *at = r->bytes + r->length;
    r->length += NLMSG_ALIGN(n);
    return at;
}

/* Begins a message of `type` whose fixed part has n bytes. */
static struct nlmsghdr *begin(struct reply *r, u16 type, u16 flags, const void *fixed, u32 n)
{
    struct nlmsghdr *h = add_space(r, sizeof(*h));
    *h = (struct nlmsghdr){
        .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = r->sequence, .nlmsg_pid = r->port};
    memcpy(add_space(r, n), fixed, n);
    return h;
}

static void finish(struct reply *r, struct nlmsghdr *h)
{
    h->nlmsg_len = (u32)(r->bytes + r->length - (u8 *)h);
}

static void attribute(struct reply *r, u16 type, const void *value, u16 n)
{
    struct rtattr *a = add_space(r, (u32)sizeof(*a) + n);
    *a = (struct rtattr){.rta_len = (u16)(sizeof(*a) + n), .rta_type = type};
    memcpy(a + 1, value, n);
}

static void number(struct reply *r, u16 type, u32 value)
{
    attribute(r, type, &value, sizeof(value));
}

static void add_link(struct reply *r, u16 flags)
{
    static const u8 no_address[6];
    struct ifinfomsg link = {
        .ifi_type = ARP_LOOPBACK, .ifi_index = LOOPBACK_INDEX, .ifi_flags = LINK_FLAGS};
    struct rtnl_link_stats64 none = {0};
    u8 state = OPER_UNKNOWN;
    struct nlmsghdr *h = begin(r, RTM_NEWLINK, flags, &link, sizeof(link));
    attribute(r, IFLA_IFNAME, "lo", 3);
    number(r, IFLA_TXQLEN, LOOPBACK_QUEUE);
    attribute(r, IFLA_OPERSTATE, &state, sizeof(state));
    number(r, IFLA_MTU, LOOPBACK_MTU);
    attribute(r, IFLA_QDISC, "noqueue", 8);
    attribute(r, IFLA_ADDRESS, no_address, sizeof(no_address));
    attribute(r, IFLA_BROADCAST, no_address, sizeof(no_address));
    attribute(r, IFLA_STATS64, &none, sizeof(none));
    finish(r, h);
}

static void add_address(struct reply *r, u8 family, const void *address, u16 size, u8 prefix)
{
    struct ifaddrmsg a = {.ifa_family = family,
                          .ifa_prefixlen = prefix,
                          .ifa_flags = IFA_F_PERMANENT,
                          .ifa_scope = RT_SCOPE_HOST,
                          .ifa_index = LOOPBACK_INDEX};
    struct ifa_cacheinfo life = {.ifa_prefered = FOREVER_SECONDS, .ifa_valid = FOREVER_SECONDS};
    struct nlmsghdr *h = begin(r, RTM_NEWADDR, NLM_F_MULTI, &a, sizeof(a));
    attribute(r, IFA_ADDRESS, address, size);
    if (family == AF_INET) {
        attribute(r, IFA_LOCAL, address, size);
        attribute(r, IFA_LABEL, "lo", 3);
    }
    number(r, IFA_FLAGS, IFA_F_PERMANENT);
    attribute(r, IFA_CACHEINFO, &life, sizeof(life));
    finish(r, h);
}

static void add_addresses(struct reply *r, u8 family)
{
    static const u8 v4[4] = {127, 0, 0, 1};
    static const u8 v6[16] = {[15] = 1};
    if (family == AF_UNSPEC || family == AF_INET)
        add_address(r, AF_INET, v4, sizeof(v4), PREFIX_V4);
    if (family == AF_UNSPEC || family == AF_INET6)
        add_address(r, AF_INET6, v6, sizeof(v6), PREFIX_V6);
}

static void add_done(struct reply *r)
{
    int zero = 0;
    finish(r, begin(r, NLMSG_DONE, NLM_F_MULTI, &zero, sizeof(zero)));
}

static void add_error(struct reply *r, const struct nlmsghdr *request, int error)
{
    struct nlmsgerr e = {.error = error, .msg = *request};
    finish(r, begin(r, NLMSG_ERROR, 0, &e, sizeof(e)));
}

/* Does the request ask for a change? Of each four types the third is the getting one. */
static bool is_change(u16 type)
{
    return type >= RTM_BASE && (type & 3) != 2;
}

/* Fills the reply to one request; left empty: none is due. */
static void answer(struct reply *r, const struct nlmsghdr *request)
{
    u8 family = request->nlmsg_len > sizeof(*request) ? *(const u8 *)(request + 1) : 0;
    bool dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
    u16 type = request->nlmsg_type;
    if (type < NLMSG_MIN_TYPE)
        return;
    if (type == RTM_GETLINK && !dump) {
        add_link(r, 0);
    } else if (dump && (type == RTM_GETLINK || type == RTM_GETADDR || type == RTM_GETROUTE ||
                        type == RTM_GETNEIGH || type == RTM_GETRULE)) {
        if (type == RTM_GETLINK)
            add_link(r, NLM_F_MULTI);
        if (type == RTM_GETADDR)
            add_addresses(r, family);
        add_done(r);
    } else {
        add_error(r, request, is_change(type) ? -EPERM : -EOPNOTSUPP);
    }
    if (!dump && (request->nlmsg_flags & NLM_F_ACK) && type == RTM_GETLINK)
        add_error(r, request, 0);
}

static long queue_reply(struct socket *s, struct reply *r)
{
    struct io io;
    struct io_piece piece;
    struct packet *p;
    if (r->length == 0)
        return 0;
    io_init_ours(&io, &piece, r->bytes, r->length);
    struct message m = {.io = &io};
    long result = packet_new(&m, REPLY_MOST, &p);
    if (result)
        return result;
    p->from.length = sizeof(p->from.netlink);
    p->from.family = AF_NETLINK;
    packet_deliver_or_drop(s, p);
    return 0;
}

/* Answers each request of a datagram. */
static long serve(struct socket *s, const u8 *bytes, u32 length, struct reply *r)
{
    while (length >= sizeof(struct nlmsghdr)) {
        const struct nlmsghdr *h = (const void *)bytes;
        if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > length)
            return 0;
        *r = (struct reply){.port = s->netlink_port, .sequence = h->nlmsg_seq};
        answer(r, h);
        long result = queue_reply(s, r);
        if (result)
            return result;
        u32 step = MIN(length, (u32)NLMSG_ALIGN(h->nlmsg_len));
        bytes += step;
        length -= step;
    }
    return 0;
}

/* Gives s a port of its own if it has none. */
static void bind_automatically(struct socket *s)
{
    u32 nth;
    if (s->netlink_port)
        return;
    nth = __atomic_fetch_add(&the_net()->next_netlink_port, 1, __ATOMIC_RELAXED);
    s->netlink_port = nth ? 0x80000000u | nth : (u32)current_process->pid;
}

static long netlink_bind(struct socket *s, const struct address *a)
{
    if (a->length < sizeof(a->netlink) || a->family != AF_NETLINK)
        return -EINVAL;
    if (a->netlink.port)
        s->netlink_port = a->netlink.port;
    else
        bind_automatically(s);
    return 0;
}

static long netlink_connect(struct socket *s, const struct address *a,
                            bool nonblocking __attribute__((unused)))
{
    if (a->family != AF_NETLINK && a->family != AF_UNSPEC)
        return -EINVAL;
    bind_automatically(s);
    return 0;
}

static long netlink_send(struct socket *s, struct message *m)
{
    long length = (long)m->io->left;
    if (length > REQUEST_MOST)
        return -EMSGSIZE;
    bind_automatically(s);
    u8 *request = heap_alloc(REQUEST_MOST);
    struct reply *r = heap_alloc(sizeof(*r));
    long result = -ENOBUFS;
    if (request && r)
        result = length && io_take(m->io, request, (size_t)length) != length ? -EFAULT : 0;
    if (!result)
        result = serve(s, request, (u32)length, r);
    heap_free(request);
    heap_free(r);
    return result ? result : length;
}

static u32 netlink_poll(struct socket *s)
{
    return POLLOUT | POLLWRNORM | (s->packet_count ? POLLIN | POLLRDNORM : 0);
}

static void netlink_close(struct socket *s)
{
    stream_end_reading(&s->in);
    drop_packets(s);
}

static void netlink_name(struct socket *s, bool of_peer, struct address *out)
{
    *out = (struct address){.length = sizeof(out->netlink)};
    out->netlink.family = AF_NETLINK;
    out->netlink.port = of_peer ? 0 : s->netlink_port;
}

static const struct socket_ops netlink_ops = {
    .bind = netlink_bind,
    .connect = netlink_connect,
    .send = netlink_send,
    .receive = packet_receive,
    .poll = netlink_poll,
    .close = netlink_close,
    .name = netlink_name,
    .bytes = packet_bytes,
};

long netlink_of(int fd, struct socket **out)
{
    struct fd_ref ref;
    long r = socket_borrow(fd, &ref, out);
    if (r)
        return r == -ENOTSOCK ? -EINVAL : r;
    if ((*out)->family == AF_NETLINK)
        socket_get(*out);
    else
        r = -EINVAL;
    fd_release(ref);
    if (r)
        *out = NULL;
    return r;
}

void netlink_deliver(struct socket *s, const void *bytes, size_t n)
{
    struct io_piece piece;
    struct io io;
    struct message m = {.io = &io};
    struct packet *p;
    io_init_ours(&io, &piece, (void *)bytes, n);
    if (packet_new(&m, n, &p))
        return;
    p->from = (struct address){.length = sizeof(p->from.netlink)};
    p->from.netlink.family = AF_NETLINK;
    packet_deliver_or_drop(s, p);
}

long netlink_socket_new(int type, int protocol, struct socket **out)
{
    if (type != SOCK_RAW && type != SOCK_DGRAM)
        return -ESOCKTNOSUPPORT;
    if (protocol != NETLINK_ROUTE)
        return -EPROTONOSUPPORT;
    *out = socket_new(AF_NETLINK, type, protocol, &netlink_ops);
    return *out ? 0 : -ENOMEM;
}
