/* SPDX-License-Identifier: Apache-2.0 */
/* The socket calls but for sending, receiving and options. */
#include <linux/fcntl.h>
#include "libos/entry/syscall.h"
#include "libos/net/connection.h"
#include "libos/net/message.h"
#include "libos/net/socket.h"

/* A socket of any family: 0, or -E…. */
static long make(int family, int type, int protocol, struct socket **out)
{
    if (family < 0 || family > AF_MOST)
        return -EAFNOSUPPORT;
    switch (family) {
    case AF_UNIX: return unix_socket_new(type, protocol, out);
    case AF_INET:
    case AF_INET6: return inet_socket_new(family, type, protocol, out);
    case AF_NETLINK: return netlink_socket_new(type, protocol, out);
    default: return -EAFNOSUPPORT;
    }
}

/* Splits the type argument of socket(2): the type, or -EINVAL. */
static int plain_type(int type)
{
    if (type & ~(SOCK_TYPE_MASK | SOCK_NONBLOCK | SOCK_CLOEXEC))
        return -EINVAL;
    return type & SOCK_TYPE_MASK;
}

SYSCALL3(socket, int, family, int, type, int, protocol)
{
    struct socket *s;
    int plain = plain_type(type);
    if (plain < 0)
        return plain;
    long r = make(family, plain, protocol, &s);
    return r ? r : socket_install(s, type);
}

static long install_pair(struct socket *a, struct socket *b, int flags, int *user_fds)
{
    int fds[2];
    long r = socket_install(a, flags);
    if (r < 0) {
        b->ops->close(b);
        socket_put(b);
        return r;
    }
    fds[0] = (int)r;
    r = socket_install(b, flags);
    if (r < 0) {
        fd_close(fds[0]);
        return r;
    }
    fds[1] = (int)r;
    if (!copy_to_user(user_fds, fds, sizeof(fds)))
        return 0;
    fd_close(fds[0]);
    fd_close(fds[1]);
    return -EFAULT;
}

SYSCALL4(socketpair, int, family, int, type, int, protocol, int *, fds)
{
    struct socket *a, *b;
    int plain = plain_type(type);
    if (plain < 0)
        return plain;
    long r = make(family, plain, protocol, &a);
    if (r)
        return r;
    r = family == AF_UNIX ? make(family, plain, protocol, &b) : -EOPNOTSUPP;
    if (r) {
        a->ops->close(a);
        socket_put(a);
        return r;
    }
    connection_pair(a, b);
    return install_pair(a, b, type, fds);
}

/* bind(2) or connect(2). */
static long act_on_address(int fd, const void *user, u32 length, bool connects)
{
    struct fd_ref ref;
    struct socket *s;
    struct address a;
    long r = socket_borrow(fd, &ref, &s);
    if (r)
        return r;
    r = address_from_user(&a, user, length);
    if (!r && connects && length < sizeof(a.family))
        r = -EINVAL;
    if (!r)
        r = connects ? s->ops->connect(s, &a, ref.file->flags & O_NONBLOCK) : s->ops->bind(s, &a);
    fd_release(ref);
    return r;
}

SYSCALL3(bind, int, fd, const void *, user, u32, length)
{
    return act_on_address(fd, user, length, false);
}

SYSCALL3(connect, int, fd, const void *, user, u32, length)
{
    return act_on_address(fd, user, length, true);
}

SYSCALL2(listen, int, fd, int, backlog)
{
    struct fd_ref ref;
    struct socket *s;
    long r = socket_borrow(fd, &ref, &s);
    if (r)
        return r;
    s->backlog_limit = MIN((u32)backlog, BACKLOG_MOST);
    r = s->ops->listen ? s->ops->listen(s) : -EOPNOTSUPP;
    fd_release(ref);
    return r;
}

/* Tells the program whom it accepted, then gives the socket a descriptor. */
static long give_accepted(struct socket *child, void *user, u32 *user_length, int flags)
{
    struct address a = {0};
    if (user) {
        child->ops->name(child, true, &a);
        if (a.length == 0)
            a = (struct address){.length = sizeof(a.family), .family = (u16)child->family};
        long r = address_to_user(&a, user, user_length);
        if (r) {
            child->ops->close(child);
            socket_put(child);
            return r;
        }
    }
    return socket_install(child, flags);
}

static long accept_call(int fd, void *user, u32 *user_length, int flags)
{
    struct fd_ref ref;
    struct socket *s, *child;
    if (flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
        return -EINVAL;
    long r = socket_borrow(fd, &ref, &s);
    if (r)
        return r;
    if (!s->ops->listen)
        r = -EOPNOTSUPP;
    else
        r = connection_accept(s, ref.file->flags & O_NONBLOCK, &child);
    fd_release(ref);
    return r ? r : give_accepted(child, user, user_length, flags);
}

SYSCALL3(accept, int, fd, void *, address, u32 *, length)
{
    return accept_call(fd, address, length, 0);
}

SYSCALL4(accept4, int, fd, void *, address, u32 *, length, int, flags)
{
    return accept_call(fd, address, length, flags);
}

static long name_call(int fd, bool of_peer, void *user, u32 *user_length)
{
    struct fd_ref ref;
    struct socket *s;
    struct address a = {0};
    long r = socket_borrow(fd, &ref, &s);
    if (r)
        return r;
    s->ops->name(s, of_peer, &a);
    fd_release(ref);
    return a.length ? address_to_user(&a, user, user_length) : -ENOTCONN;
}

SYSCALL3(getsockname, int, fd, void *, address, u32 *, length)
{
    return name_call(fd, false, address, length);
}

SYSCALL3(getpeername, int, fd, void *, address, u32 *, length)
{
    return name_call(fd, true, address, length);
}

SYSCALL2(shutdown, int, fd, int, how)
{
    struct fd_ref ref;
    struct socket *s;
    if (how < SHUT_RD || how > SHUT_RDWR)
        return -EINVAL;
    long r = socket_borrow(fd, &ref, &s);
    if (r)
        return r;
    r = s->ops->shutdown ? s->ops->shutdown(s, how) : -EOPNOTSUPP;
    fd_release(ref);
    return r;
}

SYSCALL5(setsockopt, int, fd, int, level, int, name, const void *, value, u32, length)
{
    struct fd_ref ref;
    struct socket *s;
    long r = socket_borrow(fd, &ref, &s);
    if (r)
        return r;
    r = socket_set_option(s, level, name, value, length);
    fd_release(ref);
    return r;
}

SYSCALL5(getsockopt, int, fd, int, level, int, name, void *, value, u32 *, length)
{
    struct fd_ref ref;
    struct socket *s;
    long r = socket_borrow(fd, &ref, &s);
    if (r)
        return r;
    r = socket_get_option(s, level, name, value, length);
    fd_release(ref);
    return r;
}
