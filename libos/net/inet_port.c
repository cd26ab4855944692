/* SPDX-License-Identifier: Apache-2.0 */
/* Ports: which socket is bound where. The net lock guards the tables and each socket's `local`
 * while it is in one. */
#include "libos/net/inet.h"

#define FIRST_EPHEMERAL 32768u
#define EPHEMERAL_COUNT 28232u

static struct list *bucket_of(int protocol, u16 port)
{
    struct net *n = the_net();
    return &(protocol == IPPROTO_TCP ? n->tcp_ports : n->udp_ports)[port % PORT_BUCKETS];
}

/* Does an address that is bound to take what goes to `to`? */
static bool takes(const struct socket *s, const u8 to[16])
{
    if (ip_equal(s->local.ip, to))
        return true;
    if (!ip_is_any(s->local.ip))
        return false;
    if (ip_is_v4(s->local.ip) || ip_is_v4(to))
        return ip_is_v4(to) && !(s->family == AF_INET6 && s->options.v6_only);
    return true;
}

static bool overlap(const struct socket *s, const struct socket *other)
{
    return takes(s, other->local.ip) || takes(other, s->local.ip);
}

/* May s and other be bound to the same port, at addresses that overlap? */
static bool may_share(const struct socket *s, const struct socket *other)
{
    const struct socket_options *a = &s->options, *b = &other->options;
    if (a->reuse_port && b->reuse_port)
        return true;
    if (!a->reuse_address || !b->reuse_address)
        return false;
    return s->state != SOCKET_LISTENS && other->state != SOCKET_LISTENS;
}

/* Is s->local free for s? Net lock held. */
static bool is_free(const struct socket *s)
{
    list_for_each(l, bucket_of(s->protocol, s->local.port)) {
        const struct socket *other = list_entry(l, struct socket, name_link);
        if (other != s && other->local.port == s->local.port && overlap(s, other) &&
            !may_share(s, other))
            return false;
    }
    return true;
}

/* Chooses a free port: 0 or -EADDRINUSE. Net lock held. */
static long choose_port(struct socket *s)
{
    struct net *n = the_net();
    for (u32 tries = 0; tries < EPHEMERAL_COUNT; tries++) {
        s->local.port = (u16)(FIRST_EPHEMERAL + n->next_port++ % EPHEMERAL_COUNT);
        bool taken = false;
        list_for_each(l, bucket_of(s->protocol, s->local.port)) {
            const struct socket *other = list_entry(l, struct socket, name_link);
            taken |= other->local.port == s->local.port && overlap(s, other);
        }
        if (!taken)
            return 0;
    }
    s->local.port = 0;
    return -EADDRINUSE;
}

/* Net lock held. */
static long bind_locked(struct socket *s, const struct endpoint *e)
{
    if (!list_empty(&s->name_link))
        return -EINVAL;
    s->local = *e;
    long r = 0;
    if (e->port == 0)
        r = choose_port(s);
    else if (!is_free(s))
        r = -EADDRINUSE;
    if (r)
        s->local.port = 0;
    else
        list_add(bucket_of(s->protocol, s->local.port), &s->name_link);
    return r;
}

long port_bind(struct socket *s, const struct endpoint *e)
{
    if (!ip_is_any(e->ip) && !ip_is_local(e->ip))
        return -EADDRNOTAVAIL;
    lock_take(&the_net()->lock);
    long r = bind_locked(s, e);
    lock_release(&the_net()->lock);
    return r;
}

long port_bind_automatically(struct socket *s)
{
    struct endpoint e = {.port = 0};
    long r = 0;
    ip_set_any(s->family, e.ip);
    lock_take(&the_net()->lock);
    if (list_empty(&s->name_link))
        r = bind_locked(s, &e) ? -EADDRNOTAVAIL : 0;
    lock_release(&the_net()->lock);
    return r;
}

long port_may_listen(struct socket *s)
{
    long r = 0;
    lock_take(&the_net()->lock);
    list_for_each(l, bucket_of(s->protocol, s->local.port)) {
        const struct socket *other = list_entry(l, struct socket, name_link);
        if (other != s && other->local.port == s->local.port && other->state == SOCKET_LISTENS &&
            overlap(s, other) && !(s->options.reuse_port && other->options.reuse_port))
            r = -EADDRINUSE;
    }
    lock_release(&the_net()->lock);
    return r;
}

void port_release(struct socket *s)
{
    lock_take(&the_net()->lock);
    list_del(&s->name_link);
    lock_release(&the_net()->lock);
}

/* How well s fits what goes from `from` to `to`; 0: not at all. */
static int fit(const struct socket *s, const struct endpoint *to, const struct endpoint *from,
               bool listening)
{
    if (s->local.port != to->port || !takes(s, to->ip) || listening != (s->state == SOCKET_LISTENS))
        return 0;
    int score = ip_is_any(s->local.ip) ? 1 : 3;
    if (ip_is_v4(s->local.ip) == ip_is_v4(to->ip))
        score++;
    if (s->state != SOCKET_CONNECTED)
        return score;
    bool is_peer = s->remote.port == from->port && ip_equal(s->remote.ip, from->ip);
    return is_peer ? score + 4 : 0;
}

/* Which of two that fit equally well is taken goes by the sender's port, so that a group of
 * SO_REUSEPORT sockets shares the load. */
static bool comes_first(u32 nth, const struct endpoint *from)
{
    u32 hash = (u32)from->port * 2654435761u >> 16;
    return hash % nth == 0;
}

struct socket *port_find(int protocol, const struct endpoint *to, const struct endpoint *from,
                         bool listening)
{
    struct socket *best = NULL;
    int best_score = 0;
    u32 equals = 0;
    lock_take(&the_net()->lock);
    list_for_each(l, bucket_of(protocol, to->port)) {
        struct socket *s = list_entry(l, struct socket, name_link);
        int score = fit(s, to, from, listening);
        if (score == 0 || score < best_score)
            continue;
        equals = score == best_score ? equals + 1 : 1;
        if (equals == 1 || (s->options.reuse_port && comes_first(equals, from)))
            best = s;
        best_score = score;
    }
    if (best)
        socket_get(best);
    lock_release(&the_net()->lock);
    return best;
}

long inet_bind(struct socket *s, const struct address *a)
{
    struct endpoint e;
    long r = endpoint_from_address(s, a, &e);
    /* Programs bind with AF_UNSPEC for INADDR_ANY, as Linux allows. */
    if (r == -EAFNOSUPPORT && s->family == AF_INET && a->family == AF_UNSPEC) {
        struct address as_inet = *a;
        as_inet.family = AF_INET;
        r = endpoint_from_address(s, &as_inet, &e);
    }
    return r ? r : port_bind(s, &e);
}
