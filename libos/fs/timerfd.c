/* SPDX-License-Identifier: Apache-2.0 */
/* timerfd_create(2) and its kin.
 *
 * A timer here is never armed anywhere: how often it has expired follows from the clock whenever
 * somebody asks, and whoever waits for it sleeps no longer than until its next expiry. So setting
 * one costs nothing, and one that nobody waits for costs no processor time. */
#include <linux/fcntl.h>
#include <linux/timerfd.h>
#include "libos/entry/syscall.h"
#include "libos/fs/anonymous.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/poll.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/time/clock.h"

enum {
    CLOCK_REALTIME = 0,
    CLOCK_MONOTONIC = 1,
    CLOCK_BOOTTIME = 7,
    CLOCK_REALTIME_ALARM = 8,
    CLOCK_BOOTTIME_ALARM = 9
};

/* The Linux ABI's struct itimerspec. */
struct itimerspec_abi {
    struct timespec_abi interval, value;
};

struct timerfd {
    struct lock lock;
    int clock;
    u64 next;     /* next expiry, ns of the clock; 0: not armed */
    u64 interval; /* ns; 0: expires once */
    u64 ticks;    /* expiries up to the last look, not read yet */
    struct waitq readers, pollers;
};

static const struct file_ops timerfd_ops;

static u64 clock_ns(int clock)
{
    u64 seconds = 0, ns = 0;
    if (clock == CLOCK_MONOTONIC)
        return host_now();
    host_clock(clock, &seconds, &ns);
    return seconds * 1000000000 + ns;
}

/* Counts the expiries up to now. Lock held. */
static void look_at_clock(struct timerfd *t)
{
    u64 now = t->next ? clock_ns(t->clock) : 0;
    if (!t->next || now < t->next)
        return;
    u64 n = t->interval ? 1 + (now - t->next) / t->interval : 1;
    t->ticks += n;
    t->next = t->interval ? t->next + n * t->interval : 0;
}

/* The next expiry as CLOCK_MONOTONIC ns. Lock held, just after look_at_clock. */
static u64 next_deadline(const struct timerfd *t)
{
    if (!t->next)
        return FOREVER;
    if (t->clock == CLOCK_MONOTONIC)
        return t->next;
    u64 now = clock_ns(t->clock);
    return host_now() + (t->next > now ? t->next - now : 0);
}

static long timerfd_read(struct file *f, struct io *io, u64 *position __attribute__((unused)))
{
    struct timerfd *t = f->data;
    long r = 0;
    if (io->left < sizeof(t->ticks))
        return -EINVAL;
    lock_take(&t->lock);
    for (look_at_clock(t); t->ticks == 0 && !r; look_at_clock(t)) {
        r = f->flags & O_NONBLOCK ? -EAGAIN : wait_on(&t->readers, &t->lock, next_deadline(t));
        if (r == -ETIMEDOUT)
            r = 0;
    }
    u64 ticks = t->ticks;
    t->ticks = 0;
    lock_release(&t->lock);
    if (ticks == 0)
        return r == -EINTR ? -ERESTARTSYS : r;
    return io_put(io, &ticks, sizeof(ticks));
}

static u32 timerfd_poll(struct file *f, struct poll_table *pt)
{
    struct timerfd *t = f->data;
    poll_register(pt, &t->pollers);
    lock_take(&t->lock);
    look_at_clock(t);
    if (pt)
        pt->deadline = MIN(pt->deadline, next_deadline(t));
    u32 events = t->ticks ? POLLIN | POLLRDNORM : 0;
    lock_release(&t->lock);
    return events;
}

static void timerfd_release(struct file *f)
{
    heap_free(f->data);
}

static const struct file_ops timerfd_ops = {
    .name = "anon_inode:[timerfd]",
    .read = timerfd_read,
    .poll = timerfd_poll,
    .release = timerfd_release,
    .getattr = anonymous_getattr,
};

/* 0, -EBADF, -EINVAL; on 0 the caller releases *ref. */
static long borrow(int fd, struct fd_ref *ref)
{
    *ref = fd_borrow(fd);
    if (!ref->file)
        return -EBADF;
    if (ref->file->ops == &timerfd_ops)
        return 0;
    fd_release(*ref);
    return -EINVAL;
}

static struct timespec_abi to_timespec(u64 ns)
{
    return (struct timespec_abi){(s64)(ns / 1000000000), (s64)(ns % 1000000000)};
}

/* What timerfd_gettime shows. Lock held. */
static struct itimerspec_abi setting(struct timerfd *t)
{
    look_at_clock(t);
    u64 now = t->next ? clock_ns(t->clock) : 0;
    u64 left = t->next > now ? t->next - now : t->next ? 1 : 0;
    return (struct itimerspec_abi){to_timespec(t->interval), to_timespec(left)};
}

static void set(struct timerfd *t, u32 flags, const struct itimerspec_abi *new)
{
    u64 value = timespec_ns(&new->value);
    bool relative = !(flags & TFD_TIMER_ABSTIME);
    u64 now = value && relative ? clock_ns(t->clock) : 0;
    t->next = value == 0 ? 0 : value < FOREVER - now ? now + value : FOREVER;
    t->interval = timespec_ns(&new->interval);
    t->ticks = 0;
}

SYSCALL2(timerfd_create, int, clock, u32, flags)
{
    if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    if (clock == CLOCK_REALTIME_ALARM)
        clock = CLOCK_REALTIME;
    if (clock == CLOCK_BOOTTIME_ALARM)
        clock = CLOCK_BOOTTIME;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
        return -EINVAL;
    struct timerfd *t = heap_alloc(sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->clock = clock;
    waitq_init(&t->readers);
    waitq_init(&t->pollers);
    return anonymous_install(&timerfd_ops, t, O_RDWR | flags);
}

SYSCALL4(timerfd_settime, int, fd, u32, flags, const struct itimerspec_abi *, user_new,
         struct itimerspec_abi *, user_old)
{
    struct itimerspec_abi new, old;
    struct fd_ref ref;
    if (get_user(new, user_new))
        return -EFAULT;
    if ((flags & ~(u32)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) ||
        !timespec_valid(&new.value) || !timespec_valid(&new.interval))
        return -EINVAL;
    long r = borrow(fd, &ref);
    if (r)
        return r;
    struct timerfd *t = ref.file->data;
    lock_take(&t->lock);
    old = setting(t);
    set(t, flags, &new);
    lock_release(&t->lock);
    /* They sleep until the old expiry. */
    waitq_wake(&t->readers, POLLIN);
    waitq_wake(&t->pollers, POLLIN | POLLRDNORM);
    fd_release(ref);
    return user_old && put_user(user_old, old) ? -EFAULT : 0;
}

SYSCALL2(timerfd_gettime, int, fd, struct itimerspec_abi *, user)
{
    struct fd_ref ref;
    long r = borrow(fd, &ref);
    if (r)
        return r;
    struct timerfd *t = ref.file->data;
    lock_take(&t->lock);
    struct itimerspec_abi now = setting(t);
    lock_release(&t->lock);
    fd_release(ref);
    return put_user(user, now);
}
