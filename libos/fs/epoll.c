/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of epoll(7); epoll.h says how it works. */
#include <linux/fcntl.h>
#include "libos/entry/syscall.h"
#include "libos/fs/anonymous.h"
#include "libos/fs/epoll.h"
#include "libos/fs/notify.h"
#include "libos/fs/pollset.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include "libos/time/clock.h"

#define DEEPEST     5 /* instances nested in one another */
#define MOST_EVENTS (INT32_MAX / sizeof(struct epoll_event))

static const struct file_ops epoll_ops;

static struct epoll *epoll_of(struct file *f)
{
    return f->ops == &epoll_ops ? f->data : NULL;
}

/* Nested instances. */

/* How deep instances are nested from e down, or -1 if `above` is among them. epoll_lock held: items
 * are neither added nor removed. */
static int depth_below(struct epoll *e, const struct epoll *above, int level)
{
    int deepest = 0;
    if (e == above || level > DEEPEST)
        return -1;
    for (u32 i = 0; i < e->bucket_count; i++) {
        list_for_each(l, &e->buckets[i]) {
            struct epoll *inner = epoll_of(list_entry(l, struct epoll_item, bucket)->file);
            int depth = inner ? depth_below(inner, above, level + 1) : 0;
            if (depth < 0)
                return -1;
            deepest = MAX(deepest, depth);
        }
    }
    return deepest + 1;
}

static long check_nesting(struct epoll *e, struct file *f)
{
    struct epoll *inner = epoll_of(f);
    return inner && depth_below(inner, e, 1) < 0 ? -ELOOP : 0;
}

static long control(struct epoll *e, int op, struct file *f, int fd, struct epoll_event *event)
{
    struct epoll_item *it = epoll_find(e, f, fd);
    event->events |= op == EPOLL_CTL_DEL ? 0 : POLLERR | POLLHUP;
    switch (op) {
    case EPOLL_CTL_ADD: return it ? -EEXIST : epoll_add(e, f, fd, event);
    case EPOLL_CTL_MOD: return it ? epoll_modify(it, event) : -ENOENT;
    case EPOLL_CTL_DEL:
        if (!it)
            return -ENOENT;
        epoll_remove(it);
        return 0;
    default: return -EINVAL;
    }
}

static long check_target(struct file *ef, struct file *f, int op, const struct epoll_event *event)
{
    if (!ef || !f)
        return -EBADF;
    if (!f->ops->poll)
        return -EPERM;
    if (ef == f || !epoll_of(ef))
        return -EINVAL;
    u32 with_exclusive = EPOLLIN | EPOLLOUT | POLLERR | POLLHUP | PRIVATE_BITS;
    if (op == EPOLL_CTL_ADD && (event->events & EPOLLEXCLUSIVE) &&
        (epoll_of(f) || (event->events & ~with_exclusive) || (event->events & EPOLLONESHOT)))
        return -EINVAL;
    return 0;
}

SYSCALL4(epoll_ctl, int, epfd, int, op, int, fd, struct epoll_event *, user_event)
{
    struct epoll_event event = {0};
    if (op != EPOLL_CTL_DEL && get_user(event, user_event))
        return -EFAULT;
    struct fd_ref ef = fd_borrow(epfd), f = fd_borrow(fd);
    long r = check_target(ef.file, f.file, op, &event);
    if (!r) {
        struct epoll *e = epoll_of(ef.file);
        bool tree = op != EPOLL_CTL_MOD; /* changes what is on what */
        if (tree)
            lock_take(&the_cell->epoll_lock);
        r = op == EPOLL_CTL_ADD ? check_nesting(e, f.file) : 0;
        lock_take(&e->lock);
        if (!r)
            r = control(e, op, f.file, fd, &event);
        lock_release(&e->lock);
        if (tree)
            lock_release(&the_cell->epoll_lock);
    }
    fd_release(ef);
    fd_release(f);
    return r;
}

void epoll_forget_file(struct file *f)
{
    lock_take(&the_cell->epoll_lock);
    list_for_each_safe(l, &f->epoll_items) {
        struct epoll_item *it = list_entry(l, struct epoll_item, of_file);
        struct epoll *e = it->epoll;
        lock_take(&e->lock);
        epoll_remove(it);
        lock_release(&e->lock);
    }
    lock_release(&the_cell->epoll_lock);
}

/* Waiting. */

/* Gives out one item's event. 1: given; 0: nothing holds; -EFAULT. e->lock held, the item is off
 * the list. */
static long give_item(struct epoll_item *it, struct epoll_event *user)
{
    struct epoll_event event = {.events = epoll_ask(it), .data = it->data};
    if (!event.events)
        return 0;
    if (copy_to_user(user, &event, sizeof(event))) {
        epoll_make_ready(it);
        return -EFAULT;
    }
    if (it->events & EPOLLONESHOT)
        it->events &= PRIVATE_BITS;
    else if (!(it->events & EPOLLET))
        epoll_make_ready(it);
    return 1;
}

/* Moves the ready list to e->looking, so that an item which comes back to the ready list meanwhile
 * is not looked at twice. */
static void begin_looking(struct epoll *e)
{
    lock_take(&e->ready_lock);
    if (!list_empty(&e->ready)) {
        list_insert_between(&e->looking, e->ready.prev, e->ready.next);
        list_init(&e->ready);
    }
    lock_release(&e->ready_lock);
}

/* What was not looked at goes back to the front. */
static void end_looking(struct epoll *e)
{
    lock_take(&e->ready_lock);
    while (!list_empty(&e->looking)) {
        struct list *last = e->looking.prev;
        list_del(last);
        list_add(&e->ready, last);
    }
    lock_release(&e->ready_lock);
}

/* The next item to look at, which is off the list then; NULL: none. */
static struct epoll_item *next_to_look_at(struct epoll *e)
{
    struct epoll_item *it = NULL;
    lock_take(&e->ready_lock);
    if (!list_empty(&e->looking)) {
        it = list_first(&e->looking, struct epoll_item, ready);
        list_del(&it->ready);
        it->is_ready = false;
    }
    lock_release(&e->ready_lock);
    return it;
}

/* Without a lock: what another call is looking at may come back to the ready list. */
static bool nothing_ready(const struct epoll *e)
{
    return list_empty(&e->ready) && list_empty(&e->looking);
}

/* Gives out up to `most` events. How many, or -EFAULT if that came before the first. */
static long give_ready(struct epoll *e, struct epoll_event *user, long most)
{
    struct epoll_item *it;
    long given = 0, r = 0;
    if (nothing_ready(e))
        return 0;
    lock_take(&e->lock);
    begin_looking(e);
    while (given < most && r >= 0 && (it = next_to_look_at(e))) {
        r = give_item(it, user + given);
        if (r > 0)
            given++;
    }
    end_looking(e);
    bool more = !list_empty(&e->ready);
    lock_release(&e->lock);
    if (more && !list_empty(&e->waiters.waiters))
        waitq_wake_some(&e->waiters, POLLIN, 1);
    return given || r >= 0 ? given : r;
}

/* Sleeps until an item is ready. As sleep_until_woken; 0 also where there is one by now. */
static long sleep_on(struct epoll *e, u64 deadline)
{
    struct waiter *w = &current()->waiter;
    u32 ticket = wake_ticket();
    *w = (struct waiter){.wake = wake_waiter_thread, .events = ~0u, .thread = current()};
    waitq_add(&e->waiters, w);
    u64 next = epoll_look_at_timed(e);
    long r = list_empty(&e->ready) ? sleep_until_woken(ticket, MIN(deadline, next)) : 0;
    waitq_remove(w);
    return r;
}

static long wait_for_events(struct epoll *e, struct epoll_event *user, long most, u64 deadline)
{
    long given, r = 0;
    epoll_look_at_timed(e);
    while (!(given = give_ready(e, user, most))) {
        if (r == -EINTR)
            return -EINTR;
        if (deadline == AT_ONCE || (r == -ETIMEDOUT && host_now() >= deadline))
            return 0;
        r = sleep_on(e, deadline);
        if (r == -ETIMEDOUT)
            epoll_look_at_timed(e);
    }
    return given;
}

static long wait_call(int epfd, struct epoll_event *user, int most, u64 deadline)
{
    if (most <= 0 || (u64)most > MOST_EVENTS)
        return -EINVAL;
    struct fd_ref f = fd_borrow(epfd);
    if (!f.file)
        return -EBADF;
    struct epoll *e = epoll_of(f.file);
    long r = e ? wait_for_events(e, user, most, deadline) : -EINVAL;
    fd_release(f);
    return r;
}

static u64 deadline_from_milliseconds(int milliseconds)
{
    if (milliseconds <= 0)
        return milliseconds ? FOREVER : AT_ONCE;
    return host_now() + (u64)milliseconds * 1000000;
}

SYSCALL4(epoll_wait, int, epfd, struct epoll_event *, events, int, most, int, milliseconds)
{
    return wait_call(epfd, events, most, deadline_from_milliseconds(milliseconds));
}

SYSCALL6(epoll_pwait, int, epfd, struct epoll_event *, events, int, most, int, milliseconds,
         const void *, mask, size_t, mask_size)
{
    long r = mask_for_call_from_user(mask, mask_size);
    return r ? r : wait_call(epfd, events, most, deadline_from_milliseconds(milliseconds));
}

SYSCALL6(epoll_pwait2, int, epfd, struct epoll_event *, events, int, most,
         const struct timespec_abi *, timeout, const void *, mask, size_t, mask_size)
{
    u64 deadline;
    long r = deadline_from_user(timeout, &deadline);
    if (!r)
        r = mask_for_call_from_user(mask, mask_size);
    return r ? r : wait_call(epfd, events, most, deadline);
}

/* The instance as a file. */

/* Readable if one of the ready items really has something; the others leave the list. */
static u32 epoll_poll(struct file *f, struct poll_table *pt)
{
    struct epoll *e = f->data;
    struct epoll_item *it;
    bool found = false;
    poll_register(pt, &e->pollers);
    u64 next = epoll_look_at_timed(e);
    if (pt)
        pt->deadline = MIN(pt->deadline, next);
    if (nothing_ready(e))
        return 0;
    lock_take(&e->lock);
    begin_looking(e);
    while (!found && (it = next_to_look_at(e))) {
        found = epoll_ask(it) != 0;
        if (found)
            epoll_make_ready(it);
    }
    end_looking(e);
    lock_release(&e->lock);
    return found ? POLLIN | POLLRDNORM : 0;
}

static void epoll_release(struct file *f)
{
    struct epoll *e = f->data;
    lock_take(&the_cell->epoll_lock);
    lock_take(&e->lock);
    for (u32 i = 0; i < e->bucket_count; i++)
        list_for_each_safe(l, &e->buckets[i])
            epoll_remove(list_entry(l, struct epoll_item, bucket));
    lock_release(&e->lock);
    lock_release(&the_cell->epoll_lock);
    if (e->buckets != e->first_buckets)
        heap_free(e->buckets);
    heap_free(e);
}

static const struct file_ops epoll_ops = {
    .name = "anon_inode:[eventpoll]",
    .poll = epoll_poll,
    .release = epoll_release,
    .getattr = anonymous_getattr,
};

SYSCALL1(epoll_create1, int, flags)
{
    if (flags & ~EPOLL_CLOEXEC)
        return -EINVAL;
    struct epoll *e = heap_alloc(sizeof(*e));
    if (!e)
        return -ENOMEM;
    e->buckets = e->first_buckets;
    e->bucket_count = FIRST_BUCKETS;
    for (u32 i = 0; i < FIRST_BUCKETS; i++)
        list_init(&e->first_buckets[i]);
    list_init(&e->timed);
    list_init(&e->ready);
    list_init(&e->looking);
    waitq_init(&e->waiters);
    waitq_init(&e->pollers);
    return anonymous_install(&epoll_ops, e, O_RDWR | (flags & EPOLL_CLOEXEC));
}

SYSCALL1(epoll_create, int, size)
{
    return size <= 0 ? -EINVAL : body_epoll_create1(0);
}
