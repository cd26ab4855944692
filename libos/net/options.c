/* SPDX-License-Identifier: Apache-2.0 */
/* getsockopt(2) and setsockopt(2). Three kinds of option: those with a meaning here, those that
 * tell something, and those that are only kept (the table `kept`), because on a loopback inside one
 * cell they make no difference. */
#include <linux/tcp.h>
#include "base/string.h"
#include "libos/entry/user.h"
#include "libos/mm/heap.h"
#include "libos/net/socket.h"
#include "libos/time/clock.h"

#define BUFFER_LEAST  2304u
#define BUFFER_MOST   425984u /* twice net.core.wmem_max: what Linux gives at most */
#define NET_BUFFER    212992u
#define NS_PER_SECOND 1000000000ull

enum {
    IPV6_UNICAST_HOPS_OPTION = 16,
    IPV6_MULTICAST_IF_OPTION = 17,
    IPV6_MULTICAST_HOPS_OPTION = 18,
    IPV6_MULTICAST_LOOP_OPTION = 19,
    IPV6_V6ONLY_OPTION = 26,
    IPV6_RECVERR_OPTION = 25,
    IPV6_MTU_DISCOVER_OPTION = 23,
    IPV6_RECVPKTINFO_OPTION = 49,
    IPV6_RECVHOPLIMIT_OPTION = 51,
    IPV6_RECVTCLASS_OPTION = 66,
    IPV6_TCLASS_OPTION = 67,
    IPV6_ADD_MEMBERSHIP_OPTION = 20,
    IPV6_DROP_MEMBERSHIP_OPTION = 21
};

struct kept_option {
    int level, name, initial;
};

static const struct kept_option kept[] = {
    {SOL_SOCKET, SO_DEBUG, 0},
    {SOL_SOCKET, SO_DONTROUTE, 0},
    {SOL_SOCKET, SO_KEEPALIVE, 0},
    {SOL_SOCKET, SO_OOBINLINE, 0},
    {SOL_SOCKET, SO_NO_CHECK, 0},
    {SOL_SOCKET, SO_PRIORITY, 0},
    {SOL_SOCKET, SO_PASSSEC, 0},
    {SOL_SOCKET, SO_MARK, 0},
    {SOL_SOCKET, SO_RXQ_OVFL, 0},
    {SOL_SOCKET, SO_PEEK_OFF, -1},
    {SOL_SOCKET, SO_BUSY_POLL, 0},
    {SOL_SOCKET, SO_INCOMING_CPU, -1},
    {SOL_SOCKET, SO_TIMESTAMP_OLD, 0},
    {SOL_SOCKET, SO_TIMESTAMPNS_OLD, 0},
    {SOL_SOCKET, SO_TIMESTAMPING_OLD, 0},
    {SOL_SOCKET, SO_ZEROCOPY, 0},
    {SOL_SOCKET, SO_BINDTOIFINDEX, 0},
    {SOL_TCP, TCP_NODELAY, 0},
    {SOL_TCP, TCP_MAXSEG, 65483},
    {SOL_TCP, TCP_CORK, 0},
    {SOL_TCP, TCP_KEEPIDLE, 7200},
    {SOL_TCP, TCP_KEEPINTVL, 75},
    {SOL_TCP, TCP_KEEPCNT, 9},
    {SOL_TCP, TCP_SYNCNT, 6},
    {SOL_TCP, TCP_LINGER2, 60},
    {SOL_TCP, TCP_DEFER_ACCEPT, 0},
    {SOL_TCP, TCP_WINDOW_CLAMP, 0},
    {SOL_TCP, TCP_QUICKACK, 1},
    {SOL_TCP, TCP_USER_TIMEOUT, 0},
    {SOL_TCP, TCP_FASTOPEN, 0},
    {SOL_TCP, TCP_FASTOPEN_CONNECT, 0},
    {SOL_TCP, TCP_NOTSENT_LOWAT, -1},
    {SOL_TCP, TCP_THIN_LINEAR_TIMEOUTS, 0},
    {SOL_IP, IP_TOS, 0},
    {SOL_IP, IP_TTL, 64},
    {SOL_IP, IP_MTU_DISCOVER, 1},
    {SOL_IP, IP_RECVERR, 0},
    {SOL_IP, IP_PKTINFO, 0},
    {SOL_IP, IP_RECVTTL, 0},
    {SOL_IP, IP_RECVTOS, 0},
    {SOL_IP, IP_FREEBIND, 0},
    {SOL_IP, IP_TRANSPARENT, 0},
    {SOL_IP, IP_BIND_ADDRESS_NO_PORT, 0},
    {SOL_IP, IP_MULTICAST_TTL, 1},
    {SOL_IP, IP_MULTICAST_LOOP, 1},
    {SOL_IP, IP_MULTICAST_ALL, 1},
    {SOL_IPV6, IPV6_UNICAST_HOPS_OPTION, 64},
    {SOL_IPV6, IPV6_MULTICAST_IF_OPTION, 0},
    {SOL_IPV6, IPV6_MULTICAST_HOPS_OPTION, 1},
    {SOL_IPV6, IPV6_MULTICAST_LOOP_OPTION, 1},
    {SOL_IPV6, IPV6_MTU_DISCOVER_OPTION, 1},
    {SOL_IPV6, IPV6_RECVERR_OPTION, 0},
    {SOL_IPV6, IPV6_RECVPKTINFO_OPTION, 0},
    {SOL_IPV6, IPV6_RECVHOPLIMIT_OPTION, 0},
    {SOL_IPV6, IPV6_RECVTCLASS_OPTION, 0},
    {SOL_IPV6, IPV6_TCLASS_OPTION, 0},
    {SOL_NETLINK, 1, 0},  /* NETLINK_ADD_MEMBERSHIP */
    {SOL_NETLINK, 3, 0},  /* NETLINK_PKTINFO */
    {SOL_NETLINK, 5, 0},  /* NETLINK_NO_ENOBUFS */
    {SOL_NETLINK, 10, 0}, /* NETLINK_CAP_ACK */
    {SOL_NETLINK, 11, 0}, /* NETLINK_EXT_ACK */
    {SOL_NETLINK, 12, 0}, /* NETLINK_GET_STRICT_CHK */
};

void socket_default_options(struct socket *s)
{
    s->options.send_buffer = s->options.receive_buffer = NET_BUFFER;
    s->options.receive_low_water = 1;
}

/* Does an option of this level make sense for s? */
static bool level_fits(const struct socket *s, int level)
{
    bool inet = s->family == AF_INET || s->family == AF_INET6;
    switch (level) {
    case SOL_SOCKET: return true;
    case SOL_TCP: return inet && s->protocol == IPPROTO_TCP;
    case SOL_UDP: return inet && s->protocol == IPPROTO_UDP;
    case SOL_IP: return inet;
    case SOL_IPV6: return s->family == AF_INET6;
    case SOL_NETLINK: return s->family == AF_NETLINK;
    default: return false;
    }
}

static int find_kept(int level, int name)
{
    for (u32 i = 0; i < ARRAY_SIZE(kept); i++)
        if (kept[i].level == level && kept[i].name == name)
            return (int)i;
    return -1;
}

static long keep(struct socket *s, int index, int value)
{
    if (!s->options.stored) {
        int *values = heap_alloc(sizeof(kept) / sizeof(kept[0]) * sizeof(int));
        if (!values)
            return -ENOBUFS;
        for (u32 i = 0; i < ARRAY_SIZE(kept); i++)
            values[i] = kept[i].initial;
        s->options.stored = values;
    }
    s->options.stored[index] = value;
    return 0;
}

/* The Linux ABI's struct timeval, for SO_RCVTIMEO. */
struct timeval_abi {
    s64 seconds, microseconds;
};

static long set_timeout(u64 *timeout, const void *user, u32 length)
{
    struct timeval_abi t;
    if (length < sizeof(t))
        return -EINVAL;
    if (get_user(t, user))
        return -EFAULT;
    if (t.microseconds < 0 || t.microseconds >= 1000000)
        return -EDOM;
    if (t.seconds < 0 || (u64)t.seconds > INT32_MAX)
        *timeout = t.seconds < 0 ? 1 : 0;
    else
        *timeout = (u64)t.seconds * NS_PER_SECOND + (u64)t.microseconds * 1000;
    return 0;
}

static long set_linger(struct socket *s, const void *user, u32 length)
{
    if (length < sizeof(s->options.linger))
        return -EINVAL;
    return get_user(s->options.linger, user);
}

static u32 buffer_size(int value)
{
    u32 doubled = value < 0 ? BUFFER_MOST : MIN((u32)value, BUFFER_MOST / 2) * 2;
    return MAX(doubled, BUFFER_LEAST);
}

static void set_receive_buffer(struct socket *s, int value)
{
    s->options.receive_buffer = buffer_size(value);
    lock_take(&s->in.lock);
    s->in.capacity = MAX(s->options.receive_buffer, PAGE_SIZE);
    s->in.poll_room = s->in.capacity / 4;
    lock_release(&s->in.lock);
}

static long set_flag(struct socket *s, int name, int value)
{
    struct socket_options *o = &s->options;
    switch (name) {
    case SO_REUSEADDR: o->reuse_address = value; return 0;
    case SO_REUSEPORT: o->reuse_port = value; return 0;
    case SO_BROADCAST: o->broadcast = value; return 0;
    case SO_PASSCRED: o->pass_credentials = value; return 0;
    case SO_SNDBUF:
    case SO_SNDBUFFORCE: o->send_buffer = MAX(buffer_size(value), 4608); return 0;
    case SO_RCVBUF:
    case SO_RCVBUFFORCE: set_receive_buffer(s, value); return 0;
    case SO_RCVLOWAT: o->receive_low_water = value ? value : 1; return 0;
    default: return -ENOPROTOOPT;
    }
}

static long set_socket_level(struct socket *s, int name, const void *user, u32 length)
{
    int value;
    switch (name) {
    case SO_LINGER: return set_linger(s, user, length);
    case SO_RCVTIMEO_OLD: return set_timeout(&s->options.receive_timeout, user, length);
    case SO_SNDTIMEO_OLD: return set_timeout(&s->options.send_timeout, user, length);
    case SO_BINDTODEVICE: return 0;
    case SO_ATTACH_FILTER:
    case SO_DETACH_FILTER: return 0; /* nothing foreign ever arrives */
    }
    if (length < sizeof(value))
        return -EINVAL;
    if (get_user(value, user))
        return -EFAULT;
    return set_flag(s, name, value);
}

/* Options that name a group, an interface or a filter: there is nothing to join but the loopback.
 */
static bool is_harmless(int level, int name)
{
    if (level == SOL_IP)
        return name == IP_MULTICAST_IF || name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP ||
               name == IP_ADD_SOURCE_MEMBERSHIP || name == IP_DROP_SOURCE_MEMBERSHIP ||
               name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP || name == IP_UNBLOCK_SOURCE;
    if (level == SOL_IPV6)
        return name == IPV6_ADD_MEMBERSHIP_OPTION || name == IPV6_DROP_MEMBERSHIP_OPTION ||
               name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP;
    return level == SOL_TCP && name == TCP_CONGESTION;
}

/* An int, or where programs may also give one byte (IP_TTL, IP_MULTICAST_LOOP …), that. */
static long get_number(int *value, int level, const void *user, u32 length)
{
    u8 byte;
    if (length >= sizeof(*value))
        return get_user(*value, user);
    if (level == SOL_IP && length >= 1 && !get_user(byte, (const u8 *)user)) {
        *value = byte;
        return 0;
    }
    return -EINVAL;
}

long socket_set_option(struct socket *s, int level, int name, const void *user, u32 length)
{
    int value;
    if ((s32)length < 0)
        return -EINVAL;
    if (!level_fits(s, level))
        return s->family == AF_UNIX ? -EOPNOTSUPP : -ENOPROTOOPT;
    if (is_harmless(level, name))
        return 0;
    int index = find_kept(level, name);
    if (index < 0 && level == SOL_SOCKET)
        return set_socket_level(s, name, user, length);
    bool v6_only = level == SOL_IPV6 && name == IPV6_V6ONLY_OPTION;
    if (index < 0 && !v6_only)
        return -ENOPROTOOPT;
    long r = get_number(&value, level, user, length);
    if (r)
        return r;
    if (!v6_only)
        return keep(s, index, value);
    if (s->local.port)
        return -EINVAL;
    s->options.v6_only = value;
    return 0;
}

/* Reading. */

static long give(const void *value, u32 size, void *user, u32 *user_length)
{
    s32 room;
    if (get_user(room, user_length))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    size = MIN(size, (u32)room);
    if (copy_to_user(user, value, size))
        return -EFAULT;
    return put_user(user_length, size);
}

/* The numbers that SOL_SOCKET options tell; -ENOPROTOOPT: another kind of option. */
static long socket_number(struct socket *s, int name, int *value)
{
    const struct socket_options *o = &s->options;
    switch (name) {
    case SO_TYPE: *value = s->type; return 0;
    case SO_DOMAIN: *value = s->family; return 0;
    case SO_PROTOCOL: *value = s->protocol; return 0;
    case SO_ACCEPTCONN: *value = s->state == SOCKET_LISTENS; return 0;
    case SO_ERROR: *value = (int)-take_error(s); return 0;
    case SO_REUSEADDR: *value = o->reuse_address; return 0;
    case SO_REUSEPORT: *value = o->reuse_port; return 0;
    case SO_BROADCAST: *value = o->broadcast; return 0;
    case SO_PASSCRED: *value = o->pass_credentials; return 0;
    case SO_SNDBUF: *value = (int)o->send_buffer; return 0;
    case SO_RCVBUF: *value = (int)o->receive_buffer; return 0;
    case SO_RCVLOWAT: *value = o->receive_low_water; return 0;
    case SO_SNDLOWAT: *value = 1; return 0;
    case SO_BSDCOMPAT: *value = 0; return 0;
    default: return -ENOPROTOOPT;
    }
}

static long give_timeout(u64 timeout, void *user, u32 *user_length)
{
    struct timeval_abi t = {(s64)(timeout / NS_PER_SECOND), (s64)(timeout % NS_PER_SECOND / 1000)};
    return give(&t, sizeof(t), user, user_length);
}

static long get_socket_level(struct socket *s, int name, void *user, u32 *user_length)
{
    int value;
    u64 cookie = (u64)s;
    switch (name) {
    case SO_LINGER: return give(&s->options.linger, sizeof(s->options.linger), user, user_length);
    case SO_RCVTIMEO_OLD: return give_timeout(s->options.receive_timeout, user, user_length);
    case SO_SNDTIMEO_OLD: return give_timeout(s->options.send_timeout, user, user_length);
    case SO_PEERCRED:
        return give(&s->peer_credentials, sizeof(s->peer_credentials), user, user_length);
    case SO_PEERGROUPS: return -ENODATA;
    case SO_BINDTODEVICE: return give("", 0, user, user_length);
    case SO_COOKIE: return give(&cookie, sizeof(cookie), user, user_length);
    }
    long r = socket_number(s, name, &value);
    return r ? r : give(&value, sizeof(value), user, user_length);
}

/* tcpi_state as the kernel numbers them. */
enum {
    STATE_ESTABLISHED = 1,
    STATE_FIN_WAIT2 = 5,
    STATE_CLOSE = 7,
    STATE_CLOSE_WAIT = 8,
    STATE_LISTEN = 10
};

static u8 tcp_state(const struct socket *s)
{
    if (s->state == SOCKET_LISTENS)
        return STATE_LISTEN;
    if (s->state != SOCKET_CONNECTED || (s->in.no_writers && s->write_shut))
        return STATE_CLOSE;
    if (s->in.no_writers)
        return STATE_CLOSE_WAIT;
    return s->write_shut ? STATE_FIN_WAIT2 : STATE_ESTABLISHED;
}

static long give_tcp_info(const struct socket *s, void *user, u32 *user_length)
{
    struct tcp_info info = {.tcpi_state = tcp_state(s),
                            .tcpi_rto = 204000,
                            .tcpi_ato = 40000,
                            .tcpi_snd_mss = 32768,
                            .tcpi_rcv_mss = 32768,
                            .tcpi_pmtu = 65535,
                            .tcpi_rtt = 20,
                            .tcpi_rttvar = 10,
                            .tcpi_snd_cwnd = 10,
                            .tcpi_advmss = 65483,
                            .tcpi_rcv_space = 65495};
    return give(&info, sizeof(info), user, user_length);
}

long socket_get_option(struct socket *s, int level, int name, void *user, u32 *user_length)
{
    if (!level_fits(s, level))
        return -EOPNOTSUPP;
    int index = find_kept(level, name);
    if (index >= 0) {
        const int *stored = s->options.stored;
        int value = stored ? stored[index] : kept[index].initial;
        return give(&value, sizeof(value), user, user_length);
    }
    if (level == SOL_SOCKET)
        return get_socket_level(s, name, user, user_length);
    if (level == SOL_TCP && name == TCP_INFO)
        return give_tcp_info(s, user, user_length);
    if (level == SOL_TCP && name == TCP_CONGESTION)
        return give("cubic\0\0\0\0\0\0\0\0\0\0\0", 16, user, user_length);
    if (level == SOL_IPV6 && name == IPV6_V6ONLY_OPTION) {
        int value = s->options.v6_only;
        return give(&value, sizeof(value), user, user_length);
    }
    return -ENOPROTOOPT;
}
