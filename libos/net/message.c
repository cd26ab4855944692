/* SPDX-License-Identifier: Apache-2.0 */
/* Sending and receiving calls. */
#include <linux/fcntl.h>
#include "libos/entry/syscall.h"
#include "libos/fs/calls.h"
#include "libos/host/host.h"
#include "libos/net/message.h"
#include "libos/net/socket.h"
#include "libos/time/clock.h"

#define MESSAGES_MOST 1024u

SYSCALL6(sendto, int, fd, void *, data, size_t, length, u32, flags, const void *, user_address, u32,
         address_length)
{
    struct fd_ref ref;
    struct socket *s;
    struct address a;
    struct io io;
    struct io_piece piece;
    long r = socket_borrow(fd, &ref, &s);
    if (r)
        return r;
    io_init(&io, &piece, data, MIN(length, (size_t)INT32_MAX));
    struct message m = {.io = &io, .flags = flags, .nonblocking = ref.file->flags & O_NONBLOCK};
    if (user_address) {
        r = address_from_user(&a, user_address, address_length);
        m.address = &a;
    }
    if (!r)
        r = s->ops->send(s, &m);
    fd_release(ref);
    return r;
}

SYSCALL6(recvfrom, int, fd, void *, data, size_t, length, u32, flags, void *, user_address, u32 *,
         user_length)
{
    struct fd_ref ref;
    struct socket *s;
    struct address a = {0};
    struct io io;
    struct io_piece piece;
    long r = socket_borrow(fd, &ref, &s);
    if (r)
        return r;
    io_init(&io, &piece, data, MIN(length, (size_t)INT32_MAX));
    struct message m = {.io = &io, .flags = flags, .nonblocking = ref.file->flags & O_NONBLOCK};
    if (user_address)
        m.address = &a;
    r = s->ops->receive(s, &m);
    fd_release(ref);
    if (r >= 0 && user_address && user_length) {
        long error = address_to_user(&a, user_address, user_length);
        return error ? error : r;
    }
    return r;
}

/* Sends what h describes from s. */
static long send_header(struct socket *s, const struct msghdr_abi *h, u32 flags, bool nonblocking)
{
    struct io_vector v;
    struct address a;
    struct ancillary ancillary;
    struct message m = {.flags = flags, .nonblocking = nonblocking};
    long r = io_vector_get(&v, h->pieces, h->piece_count);
    if (r)
        return r == -EINVAL && h->piece_count > 1024 ? -EMSGSIZE : r;
    m.io = &v.io;
    if (h->name && h->name_length) {
        r = address_from_user(&a, h->name, MIN(h->name_length, sizeof(a.bytes)));
        m.address = &a;
    }
    if (!r && h->control && h->control_length) {
        r = ancillary_from_user(&ancillary, h->control, h->control_length);
        m.ancillary = r ? NULL : &ancillary;
    }
    if (!r)
        r = s->ops->send(s, &m);
    if (m.ancillary)
        ancillary_drop(m.ancillary);
    io_vector_put(&v);
    return r;
}

/* Receives as *h says from s and updates *h. */
static long receive_header(struct socket *s, struct msghdr_abi *h, u32 flags, bool nonblocking)
{
    struct io_vector v;
    struct address a = {0};
    struct ancillary ancillary = {0};
    struct message m = {
        .flags = flags, .nonblocking = nonblocking, .address = &a, .ancillary = &ancillary};
    long r = io_vector_get(&v, h->pieces, h->piece_count);
    if (r)
        return r == -EINVAL && h->piece_count > 1024 ? -EMSGSIZE : r;
    m.io = &v.io;
    r = s->ops->receive(s, &m);
    io_vector_put(&v);
    if (r < 0) {
        ancillary_drop(&ancillary);
        return r;
    }
    h->flags = m.out_flags | (flags & MSG_CMSG_CLOEXEC);
    h->control_length = ancillary_to_user(&ancillary, h->control, h->control_length,
                                          flags & MSG_CMSG_CLOEXEC, &h->flags);
    if (h->name && copy_to_user(h->name, a.bytes, MIN(h->name_length, a.length)))
        return -EFAULT;
    if (h->name)
        h->name_length = a.length;
    return r;
}

static long copy_header_out(struct msghdr_abi *user, const struct msghdr_abi *h)
{
    if ((h->name && put_user(&user->name_length, h->name_length)) ||
        put_user(&user->control_length, h->control_length) || put_user(&user->flags, h->flags))
        return -EFAULT;
    return 0;
}

static long get_header(struct msghdr_abi *h, const struct msghdr_abi *user)
{
    if (get_user(*h, user))
        return -EFAULT;
    return h->name && (s32)h->name_length < 0 ? -EINVAL : 0;
}

/* sendmsg(2) or recvmsg(2). */
static long one_message(int fd, struct msghdr_abi *user, u32 flags, bool receives)
{
    struct fd_ref ref;
    struct socket *s;
    struct msghdr_abi h;
    long r = socket_borrow(fd, &ref, &s);
    if (r)
        return r;
    bool nonblocking = ref.file->flags & O_NONBLOCK;
    r = get_header(&h, user);
    if (!r)
        r = receives ? receive_header(s, &h, flags, nonblocking)
                     : send_header(s, &h, flags, nonblocking);
    if (r >= 0 && receives && copy_header_out(user, &h))
        r = -EFAULT;
    fd_release(ref);
    return r;
}

SYSCALL3(sendmsg, int, fd, struct msghdr_abi *, user, u32, flags)
{
    return one_message(fd, user, flags, false);
}

SYSCALL3(recvmsg, int, fd, struct msghdr_abi *, user, u32, flags)
{
    return one_message(fd, user, flags, true);
}

/* The messages of sendmmsg: how many were sent, or why not the first. */
static long send_many(struct socket *s, struct mmsghdr_abi *user, u32 count, u32 flags,
                      bool nonblocking)
{
    long r = 0;
    u32 done = 0;
    for (; done < count; done++) {
        struct msghdr_abi h;
        r = get_header(&h, &user[done].header);
        if (!r)
            r = send_header(s, &h, flags, nonblocking);
        if (r >= 0 && put_user(&user[done].length, (u32)r))
            r = -EFAULT;
        if (r < 0)
            break;
    }
    return done ? done : r;
}

SYSCALL4(sendmmsg, int, fd, struct mmsghdr_abi *, user, u32, count, u32, flags)
{
    struct fd_ref ref;
    struct socket *s;
    long r = socket_borrow(fd, &ref, &s);
    if (r)
        return r;
    r = send_many(s, user, MIN(count, MESSAGES_MOST), flags, ref.file->flags & O_NONBLOCK);
    fd_release(ref);
    return r;
}

static long receive_many(struct socket *s, struct mmsghdr_abi *user, u32 count, u32 flags,
                         bool nonblocking, u64 deadline)
{
    long r = 0;
    u32 done = 0;
    while (done < count) {
        struct msghdr_abi h;
        r = get_header(&h, &user[done].header);
        if (!r)
            r = receive_header(s, &h, flags & ~MSG_WAITFORONE, nonblocking);
        if (r >= 0 &&
            (put_user(&user[done].length, (u32)r) || copy_header_out(&user[done].header, &h)))
            r = -EFAULT;
        if (r < 0)
            break;
        done++;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
        if (deadline != FOREVER && host_now() >= deadline)
            break;
    }
    return done ? done : r;
}

SYSCALL5(recvmmsg, int, fd, struct mmsghdr_abi *, user, u32, count, u32, flags,
         const struct timespec_abi *, timeout)
{
    struct fd_ref ref;
    struct socket *s;
    u64 deadline;
    long r = deadline_from_user(timeout, &deadline);
    if (!r)
        r = socket_borrow(fd, &ref, &s);
    if (r)
        return r;
    r = receive_many(s, user, MIN(count, MESSAGES_MOST), flags, ref.file->flags & O_NONBLOCK,
                     deadline);
    fd_release(ref);
    return r;
}
