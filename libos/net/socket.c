/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets as objects: making, finding, freeing; and as open files. */
#include <linux/fcntl.h>
#include <linux/sockios.h>
#include <linux/stat.h>
#include <asm/ioctls.h>
#include "base/string.h"
#include "libos/entry/user.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/net/message.h"
#include "libos/net/rights.h"
#include "libos/net/socket.h"
#include "libos/proc/process.h"

#define STREAM_BYTES 212992u

static const struct file_ops socket_ops;

struct net *the_net(void)
{
    struct net *n = __atomic_load_n((struct net **)&the_cell->net, __ATOMIC_ACQUIRE);
    if (likely(n != NULL))
        return n;
    n = heap_alloc(sizeof(*n));
    if (!n)
        return NULL;
    for (int i = 0; i < PORT_BUCKETS; i++) {
        list_init(&n->tcp_ports[i]);
        list_init(&n->udp_ports[i]);
    }
    for (int i = 0; i < NAME_BUCKETS; i++)
        list_init(&n->unix_names[i]);
    list_init(&n->rights);
    n->next_port = (u32)host_now();
    void *none = NULL;
    if (!__atomic_compare_exchange_n(&the_cell->net, &none, (void *)n, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        heap_free(n);
        n = none;
    }
    return n;
}

struct ucred own_credentials(void)
{
    struct process *p = current_process;
    return (struct ucred){p->pid, p->euid, p->egid};
}

struct socket *socket_new(int family, int type, int protocol, const struct socket_ops *ops)
{
    struct socket *s = the_net() ? heap_alloc(sizeof(*s)) : NULL;
    if (!s)
        return NULL;
    s->references = 1;
    s->family = family;
    s->type = type;
    s->protocol = protocol;
    s->ops = ops;
    waitq_init(&s->pollers);
    waitq_init(&s->acceptable);
    waitq_init(&s->backlog_room);
    stream_init(&s->in, STREAM_BYTES, &s->pollers, &s->pollers);
    list_init(&s->marks);
    list_init(&s->packets);
    list_init(&s->backlog);
    list_init(&s->in_backlog);
    list_init(&s->name_link);
    s->peer_credentials = (struct ucred){0, ~0u, ~0u};
    socket_default_options(s);
    return s;
}

void socket_put(struct socket *s)
{
    if (!s || __atomic_sub_fetch(&s->references, 1, __ATOMIC_ACQ_REL))
        return;
    stream_destroy(&s->in);
    heap_free(s->options.stored);
    heap_free(s);
}

struct socket *file_socket(struct file *f)
{
    return f->ops == &socket_ops ? f->data : NULL;
}

long socket_borrow(int fd, struct fd_ref *ref, struct socket **out)
{
    *ref = fd_borrow(fd);
    if (!ref->file)
        return -EBADF;
    *out = file_socket(ref->file);
    if (*out)
        return 0;
    fd_release(*ref);
    return -ENOTSOCK;
}

long socket_install(struct socket *s, int flags)
{
    struct file *f = file_new(&socket_ops, O_RDWR | (flags & SOCK_NONBLOCK), NULL, NULL);
    if (!f) {
        s->ops->close(s);
        socket_put(s);
        return -ENFILE;
    }
    f->data = s;
    return fd_install(f, 0, flags & SOCK_CLOEXEC);
}

long address_from_user(struct address *a, const void *user, u32 length)
{
    if (length > sizeof(a->bytes))
        return -EINVAL;
    memset(a->bytes, 0, sizeof(a->bytes));
    a->length = length;
    return length ? copy_from_user(a->bytes, user, length) : 0;
}

long address_to_user(const struct address *a, void *user, u32 *user_length)
{
    s32 room;
    if (get_user(room, user_length))
        return -EFAULT;
    if (room < 0)
        return -EINVAL;
    if (copy_to_user(user, a->bytes, MIN((u32)room, a->length)))
        return -EFAULT;
    return put_user(user_length, a->length);
}

u64 timeout_deadline(u64 timeout)
{
    return likely(timeout == 0) ? FOREVER : host_now() + timeout;
}

long settle_interrupt(long r, u64 timeout)
{
    return r == -ERESTARTSYS && timeout ? -EINTR : r;
}

long take_error(struct socket *s)
{
    if (likely(s->in.read_error == 0))
        return 0;
    lock_take(&s->in.lock);
    long error = s->in.read_error;
    s->in.read_error = 0;
    lock_release(&s->in.lock);
    return error;
}

void set_error(struct socket *s, long error)
{
    lock_take(&s->in.lock);
    s->in.read_error = (int)error;
    lock_release(&s->in.lock);
    waitq_wake(&s->in.readable, ~0u);
    wake_socket_pollers(s, POLLERR | POLLIN | POLLOUT | POLLHUP);
}

void wake_socket_pollers(struct socket *s, u32 events)
{
    waitq_wake(&s->pollers, events);
}

/* As an open file. */

static long socket_read(struct file *f, struct io *io, u64 *position __attribute__((unused)))
{
    struct socket *s = f->data;
    struct message m = {.io = io, .nonblocking = f->flags & O_NONBLOCK};
    return s->ops->receive(s, &m);
}

static long socket_write(struct file *f, struct io *io, u64 *position __attribute__((unused)))
{
    struct socket *s = f->data;
    struct message m = {.io = io, .nonblocking = f->flags & O_NONBLOCK};
    return s->ops->send(s, &m);
}

static u32 socket_poll(struct file *f, struct poll_table *pt)
{
    struct socket *s = f->data;
    poll_register(pt, &s->pollers);
    if (s->state != SOCKET_LISTENS)
        return s->ops->poll(s);
    return list_empty(&s->backlog) ? 0 : POLLIN | POLLRDNORM;
}

static long socket_ioctl(struct file *f, u32 command, u64 argument)
{
    struct socket *s = f->data;
    switch (command) {
    case FIONREAD:
    case SIOCOUTQ: {
        bool unsent = command == SIOCOUTQ;
        if (s->state == SOCKET_LISTENS || !s->ops->bytes)
            return -EINVAL;
        return put_user((int *)argument, (int)s->ops->bytes(s, unsent));
    }
    case SIOCATMARK: return put_user((int *)argument, 0);
    default: return interface_ioctl(command, (void *)argument);
    }
}

static long socket_getattr(struct file *f, struct rf_attr *out)
{
    *out = (struct rf_attr){.device = 8,
                            .inode = heap_offset(f->data) / 16,
                            .mode = S_IFSOCK | 0777,
                            .links = 1,
                            .uid = current_process->euid,
                            .gid = current_process->egid,
                            .block_size = PAGE_SIZE};
    return 0;
}

/* The last way to sockets that lie in each other's queues may have been through this one. */
static void socket_release(struct file *f)
{
    struct socket *s = f->data;
    s->ops->close(s);
    socket_put(s);
    if (the_net()->in_flight && !current()->frees_rights)
        collect_garbage();
}

static const struct file_ops socket_ops = {
    .name = "socket",
    .sends_sigio = true,
    .read = socket_read,
    .write = socket_write,
    .poll = socket_poll,
    .ioctl = socket_ioctl,
    .release = socket_release,
    .getattr = socket_getattr,
};
