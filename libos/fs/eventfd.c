/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd(2). */
#include <linux/fcntl.h>
#include "libos/entry/syscall.h"
#include "libos/fs/anonymous.h"
#include "libos/fs/poll.h"
#include "libos/mm/heap.h"

#define EFD_SEMAPHORE 1
#define COUNT_MOST    (UINT64_MAX - 1)

struct eventfd {
    struct lock lock;
    bool semaphore;
    u64 count;
    struct waitq readers, writers; /* blocked calls */
    struct waitq pollers;
};

static long wait_for(struct eventfd *e, struct waitq *q, struct file *f)
{
    if (f->flags & O_NONBLOCK)
        return -EAGAIN;
    return wait_on(q, &e->lock, FOREVER) == -EINTR ? -ERESTARTSYS : 0;
}

static void wake(struct eventfd *e, struct waitq *q, u32 events)
{
    if (!list_empty(&q->waiters))
        waitq_wake_some(q, events, 1);
    waitq_wake(&e->pollers, events);
}

static long eventfd_read(struct file *f, struct io *io, u64 *position __attribute__((unused)))
{
    struct eventfd *e = f->data;
    u64 value = 0;
    long r = 0;
    if (io->left < sizeof(value))
        return -EINVAL;
    lock_take(&e->lock);
    while (e->count == 0 && !r)
        r = wait_for(e, &e->readers, f);
    if (!r) {
        value = e->semaphore ? 1 : e->count;
        e->count -= value;
    }
    bool more = e->count != 0;
    lock_release(&e->lock);
    if (more && !list_empty(&e->readers.waiters))
        waitq_wake_some(&e->readers, POLLIN, 1);
    if (r)
        return r;
    wake(e, &e->writers, POLLOUT | POLLWRNORM);
    return io_put(io, &value, sizeof(value));
}

static long eventfd_write(struct file *f, struct io *io, u64 *position __attribute__((unused)))
{
    struct eventfd *e = f->data;
    u64 value;
    long r = 0;
    if (io->left < sizeof(value))
        return -EINVAL;
    if (io_take(io, &value, sizeof(value)) != sizeof(value))
        return -EFAULT;
    if (value == UINT64_MAX)
        return -EINVAL;
    lock_take(&e->lock);
    while (value > COUNT_MOST - e->count && !r)
        r = wait_for(e, &e->writers, f);
    if (!r)
        e->count += value;
    lock_release(&e->lock);
    if (r)
        return r;
    if (value)
        wake(e, &e->readers, POLLIN | POLLRDNORM);
    return sizeof(value);
}

static u32 eventfd_poll(struct file *f, struct poll_table *pt)
{
    struct eventfd *e = f->data;
    poll_register(pt, &e->pollers);
    u64 count = __atomic_load_n(&e->count, __ATOMIC_ACQUIRE);
    return (count ? POLLIN | POLLRDNORM : 0) | (count < COUNT_MOST ? POLLOUT | POLLWRNORM : 0);
}

static void eventfd_release(struct file *f)
{
    heap_free(f->data);
}

static const struct file_ops eventfd_ops = {
    .name = "anon_inode:[eventfd]",
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .release = eventfd_release,
    .getattr = anonymous_getattr,
};

SYSCALL2(eventfd2, u32, count, u32, flags)
{
    if (flags & ~(u32)(EFD_SEMAPHORE | O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    struct eventfd *e = heap_alloc(sizeof(*e));
    if (!e)
        return -ENOMEM;
    e->count = count;
    e->semaphore = flags & EFD_SEMAPHORE;
    waitq_init(&e->readers);
    waitq_init(&e->writers);
    waitq_init(&e->pollers);
    return anonymous_install(&eventfd_ops, e, O_RDWR | (flags & (O_CLOEXEC | O_NONBLOCK)));
}

SYSCALL1(eventfd, u32, count)
{
    return body_eventfd2(count, 0);
}
