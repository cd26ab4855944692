/* SPDX-License-Identifier: Apache-2.0 */
/* The items of an epoll instance: see epoll.h. */
#include "libos/fs/epoll.h"
#include "libos/fs/pollset.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"

/* The table of items. */

static struct list *bucket_of(struct epoll *e, const struct file *f, int fd)
{
    u64 key = (u64)f / 64 + (u64)(u32)fd;
    return &e->buckets[key & (e->bucket_count - 1)];
}

struct epoll_item *epoll_find(struct epoll *e, const struct file *f, int fd)
{
    list_for_each(l, bucket_of(e, f, fd)) {
        struct epoll_item *it = list_entry(l, struct epoll_item, bucket);
        if (it->file == f && it->fd == fd)
            return it;
    }
    return NULL;
}

static struct list *new_buckets(u32 count)
{
    struct list *buckets = heap_alloc(count * sizeof(*buckets));
    for (u32 i = 0; buckets && i < count; i++)
        list_init(&buckets[i]);
    return buckets;
}

/* Doubles the table when it is full. If there is no memory it stays as it is: slower, but right. */
static void maybe_grow(struct epoll *e)
{
    struct list *old = e->buckets;
    u32 old_count = e->bucket_count;
    struct list *grown = e->count < old_count * 2 ? NULL : new_buckets(old_count * 4);
    if (!grown)
        return;
    e->buckets = grown;
    e->bucket_count = old_count * 4;
    for (u32 i = 0; i < old_count; i++) {
        list_for_each_safe(l, &old[i]) {
            struct epoll_item *it = list_entry(l, struct epoll_item, bucket);
            list_del(l);
            list_add(bucket_of(e, it->file, it->fd), l);
        }
    }
    if (old != e->first_buckets)
        heap_free(old);
}

/* The ready list. */

/* False: it was on the list already, so nobody sleeps for want of it. */
bool epoll_make_ready(struct epoll_item *it)
{
    struct epoll *e = it->epoll;
    lock_take(&e->ready_lock);
    bool was = it->is_ready;
    it->is_ready = true;
    if (!was)
        list_add_tail(&e->ready, &it->ready);
    lock_release(&e->ready_lock);
    return !was;
}

static void make_unready(struct epoll_item *it)
{
    lock_take(&it->epoll->ready_lock);
    it->is_ready = false;
    list_del(&it->ready);
    lock_release(&it->epoll->ready_lock);
}

/* Makes it ready and wakes one that waits for the instance, and all that poll it. True if one was
 * woken that waits. */
static bool announce(struct epoll_item *it)
{
    struct epoll *e = it->epoll;
    bool wakes = epoll_make_ready(it) && !list_empty(&e->waiters.waiters);
    if (wakes)
        waitq_wake_some(&e->waiters, POLLIN, 1);
    waitq_wake(&e->pollers, POLLIN | POLLRDNORM);
    return wakes;
}

static bool wake_item(struct waiter *w, u32 events __attribute__((unused)))
{
    struct epoll_item *it = w->data;
    if (!(it->events & ~PRIVATE_BITS)) /* a one-shot that fired */
        return false;
    return announce(it) || !w->exclusive;
}

/* Asking the file. */

struct item_table {
    struct poll_table table;
    struct epoll_item *item;
    bool too_many;
};

static void add_waiter(struct poll_table *pt, struct waitq *q)
{
    struct item_table *t = container_of(pt, struct item_table, table);
    struct epoll_item *it = t->item;
    if (it->waiter_count == ITEM_WAITERS) {
        t->too_many = true;
        return;
    }
    struct waiter *w = &it->waiters[it->waiter_count++];
    *w = (struct waiter){.wake = wake_item,
                         .events = pt->events,
                         .exclusive = it->events & EPOLLEXCLUSIVE,
                         .data = it};
    waitq_add(q, w);
}

static void is_added(struct poll_table *pt __attribute__((unused)),
                     struct waitq *q __attribute__((unused)))
{
}

/* Keeps the instant at which a file's events come by time. */
static void note_time(struct epoll_item *it, u64 look_again)
{
    it->look_again = look_again;
    list_del(&it->timed);
    if (look_again != FOREVER)
        list_add(&it->epoll->timed, &it->timed);
}

/* The events of the item that hold now. e->lock held. */
u32 epoll_ask(struct epoll_item *it)
{
    struct poll_table pt = {.add = is_added, .events = epoll_wanted(it), .deadline = FOREVER};
    u32 events = file_poll(it->file, &pt) & epoll_wanted(it);
    if (unlikely(pt.deadline != it->look_again))
        note_time(it, pt.deadline);
    return events;
}

/* Makes ready what has become so by time alone; the next instant at which to look. */
u64 epoll_look_at_timed(struct epoll *e)
{
    if (likely(list_empty(&e->timed)))
        return FOREVER;
    u64 now = host_now(), next = FOREVER;
    lock_take(&e->lock);
    list_for_each(l, &e->timed) {
        struct epoll_item *it = list_entry(l, struct epoll_item, timed);
        if (it->look_again > now)
            next = MIN(next, it->look_again);
        else if (epoll_wanted(it))
            epoll_make_ready(it);
    }
    lock_release(&e->lock);
    return next;
}

static void stop_waiting(struct epoll_item *it)
{
    for (u32 i = 0; i < it->waiter_count; i++)
        waitq_remove(&it->waiters[i]);
    it->waiter_count = 0;
}

/* epoll_lock and e->lock held. */
void epoll_remove(struct epoll_item *it)
{
    stop_waiting(it);
    make_unready(it);
    list_del(&it->bucket);
    list_del(&it->of_file);
    list_del(&it->timed);
    it->epoll->count--;
    heap_free(it);
}

/* Registers with the file; ready at once if it has something. */
static long start_waiting(struct epoll_item *it)
{
    struct item_table t = {
        .table = {.add = add_waiter, .events = ~PRIVATE_BITS, .deadline = FOREVER}, .item = it};
    u32 events = file_poll(it->file, &t.table);
    if (t.too_many)
        return -ENOMEM;
    for (u32 i = 0; i < it->waiter_count; i++)
        it->waiters[i].events = epoll_wanted(it);
    note_time(it, t.table.deadline);
    if (events & epoll_wanted(it))
        announce(it);
    return 0;
}

long epoll_add(struct epoll *e, struct file *f, int fd, const struct epoll_event *event)
{
    if (epoll_find(e, f, fd))
        return -EEXIST;
    struct epoll_item *it = heap_alloc(sizeof(*it));
    if (!it)
        return -ENOMEM;
    it->epoll = e;
    it->file = f;
    it->fd = fd;
    it->events = event->events;
    it->data = event->data;
    it->look_again = FOREVER;
    list_init(&it->ready);
    list_init(&it->timed);
    maybe_grow(e);
    list_add(bucket_of(e, f, fd), &it->bucket);
    list_add(&f->epoll_items, &it->of_file);
    e->count++;
    long r = start_waiting(it);
    if (r)
        epoll_remove(it);
    return r;
}

long epoll_modify(struct epoll_item *it, const struct epoll_event *event)
{
    if ((it->events | event->events) & EPOLLEXCLUSIVE)
        return -EINVAL;
    it->events = event->events;
    it->data = event->data;
    for (u32 i = 0; i < it->waiter_count; i++)
        it->waiters[i].events = epoll_wanted(it);
    if (epoll_ask(it))
        announce(it);
    return 0;
}
