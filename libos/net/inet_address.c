/* SPDX-License-Identifier: Apache-2.0 */
#include "base/string.h"
#include "libos/net/inet.h"

static const u8 v4_prefix[12] = {[10] = 0xff, [11] = 0xff};
static const u8 v6_loopback[16] = {[15] = 1};

static u16 swap16(u16 n)
{
    return (u16)(n << 8 | n >> 8);
}

bool ip_is_v4(const u8 ip[16])
{
    return memcmp(ip, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool ip_equal(const u8 a[16], const u8 b[16])
{
    return memcmp(a, b, 16) == 0;
}

bool ip_is_any(const u8 ip[16])
{
    static const u8 zero[16];
    return ip_is_v4(ip) ? memcmp(ip + 12, zero, 4) == 0 : ip_equal(ip, zero);
}

bool ip_is_local(const u8 ip[16])
{
    return ip_is_v4(ip) ? ip[12] == 127 : ip_equal(ip, v6_loopback);
}

static void set_v4(u8 ip[16], const u8 v4[4])
{
    memcpy(ip, v4_prefix, sizeof(v4_prefix));
    memcpy(ip + 12, v4, 4);
}

void ip_set_any(int family, u8 ip[16])
{
    memset(ip, 0, 16);
    if (family == AF_INET)
        memcpy(ip, v4_prefix, sizeof(v4_prefix));
}

static void set_loopback(u8 ip[16], bool v4)
{
    static const u8 loopback4[4] = {127, 0, 0, 1};
    if (v4)
        set_v4(ip, loopback4);
    else
        memcpy(ip, v6_loopback, 16);
}

long endpoint_from_address(const struct socket *s, const struct address *a, struct endpoint *out)
{
    if (s->family == AF_INET && a->length >= sizeof(a->in4)) {
        if (a->family != AF_INET)
            return -EAFNOSUPPORT;
        set_v4(out->ip, a->in4.address);
        out->port = swap16(a->in4.port);
        return 0;
    }
    if (s->family == AF_INET6 && a->length >= SOCKADDR_INET6_LEAST) {
        if (a->family != AF_INET6)
            return -EAFNOSUPPORT;
        memcpy(out->ip, a->in6.address, 16);
        out->port = swap16(a->in6.port);
        return s->options.v6_only && ip_is_v4(out->ip) ? -ENETUNREACH : 0;
    }
    return -EINVAL;
}

void endpoint_to_address(int family, const struct endpoint *e, struct address *out)
{
    memset(out, 0, sizeof(*out));
    out->family = (u16)family;
    if (family == AF_INET) {
        out->length = sizeof(out->in4);
        out->in4.port = swap16(e->port);
        memcpy(out->in4.address, e->ip + 12, 4);
    } else {
        out->length = sizeof(out->in6);
        out->in6.port = swap16(e->port);
        memcpy(out->in6.address, e->ip, 16);
    }
}

long route(struct endpoint *to)
{
    if (ip_is_any(to->ip))
        set_loopback(to->ip, ip_is_v4(to->ip));
    return ip_is_local(to->ip) ? 0 : -ENETUNREACH;
}

void ip_source_for(const struct endpoint *to, u8 ip[16])
{
    set_loopback(ip, ip_is_v4(to->ip));
}

void inet_name(struct socket *s, bool of_peer, struct address *out)
{
    out->length = 0;
    if (!of_peer)
        endpoint_to_address(s->family, &s->local, out);
    else if (s->state == SOCKET_CONNECTED)
        endpoint_to_address(s->family, &s->remote, out);
}
