/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/fs/async.h"

#include "base/string.h"
#include "libos/fs/dentry.h"
#include "libos/fs/poll.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include <asm/signal.h>
#include <linux/fcntl.h>

#define NOTICE_WAITERS 3 /* queues that a file may have */
#define POLL_IN_       1 /* si_code */
#define POLL_OUT_      2

struct async_notice {
    struct list due; /* the_namespace->async_due, under async_lock */
    u32 events;      /* that came since the last signal */
    struct file *file;
    int fd;
    u32 waiter_count;
    struct waiter waiters[NOTICE_WAITERS];
};

/* The siginfo_t of a signal that F_SETSIG asked for. */
struct siginfo_poll {
    s64 band;
    s32 fd;
};

/* In the waker, with the queue's lock held. It does not count as woken: somebody may wait too. */
static bool note_event(struct waiter *w, u32 events)
{
    struct async_notice *n = w->data;
    struct namespace *ns = the_namespace;
    lock_take(&ns->async_lock);
    n->events |= events;
    if (list_empty(&n->due))
        list_add_tail(&ns->async_due, &n->due);
    lock_release(&ns->async_lock);
    __atomic_or_fetch(&current()->attention, 1, __ATOMIC_SEQ_CST);
    return false;
}

/* What is due, copied, so that the file may end meanwhile. */
struct due {
    struct file_owner owner;
    u32 events;
    int fd;
};

static bool take_due(struct due *out)
{
    struct namespace *ns = the_namespace;
    bool found;
    lock_take(&ns->async_lock);
    found = !list_empty(&ns->async_due);
    if (found) {
        struct async_notice *n = list_first(&ns->async_due, struct async_notice, due);
        list_del(&n->due);
        *out = (struct due){n->file->owner, n->events, n->fd};
        n->events = 0;
    }
    lock_release(&ns->async_lock);
    return found;
}

static bool may_signal(const struct file_owner *o, const struct process *p)
{
    return o->euid == 0 || o->euid == p->suid || o->euid == p->uid || o->uid == p->suid ||
           o->uid == p->uid;
}

static void send_to(const struct file_owner *o, struct process *p, struct thread *t,
                    const struct siginfo *info)
{
    int signo = o->signo ? o->signo : SIGIO;
    if (!may_signal(o, p))
        return;
    if (t)
        send_signal_to_thread(t, signo, info);
    else
        send_signal_to_process(p, signo, info);
}

/* the_cell->lock held. */
static void send_to_owner(const struct file_owner *o, const struct siginfo *info)
{
    if (o->thread) {
        struct thread *t = find_thread(o->id);
        if (t)
            send_to(o, t->process, t, info);
        return;
    }
    list_for_each(l, &the_cell->processes) {
        struct process *p = list_entry(l, struct process, all);
        if (p != the_cell->init && (o->id > 0 ? p->pid == o->id : p->pgid == -o->id))
            send_to(o, p, NULL, info);
    }
}

static void send_one(const struct due *d, int code, u32 band)
{
    struct siginfo_poll details = {.band = band, .fd = d->fd};
    struct siginfo info = {.signo = d->owner.signo, .code = code};
    memcpy(info.rest, &details, sizeof(details));
    lock_take(&the_cell->lock);
    send_to_owner(&d->owner, d->owner.signo ? &info : NULL);
    lock_release(&the_cell->lock);
}

void async_send(void)
{
    struct due d;
    if (likely(list_empty(&the_namespace->async_due)))
        return;
    while (take_due(&d)) {
        if (!d.owner.id)
            continue;
        if (d.events & POLLIN)
            send_one(&d, POLL_IN_, POLLIN | POLLRDNORM);
        if (d.events & POLLOUT)
            send_one(&d, POLL_OUT_, POLLOUT | POLLWRNORM | POLLWRBAND);
    }
}

/* Registering. */

struct notice_table {
    struct poll_table table;
    struct async_notice *notice;
};

static void add_waiter(struct poll_table *pt, struct waitq *q)
{
    struct async_notice *n = container_of(pt, struct notice_table, table)->notice;
    if (n->waiter_count == NOTICE_WAITERS)
        return;
    struct waiter *w = &n->waiters[n->waiter_count++];
    *w = (struct waiter){.wake = note_event, .events = POLLIN | POLLOUT, .data = n};
    waitq_add(q, w);
}

/* A notice that lost against another thread's is not yet known to f. */
static void end_notice(struct async_notice *n)
{
    for (u32 i = 0; i < n->waiter_count; i++)
        waitq_remove(&n->waiters[i]);
    lock_take(&the_namespace->async_lock);
    list_del(&n->due);
    lock_release(&the_namespace->async_lock);
    heap_free(n);
}

static struct async_notice *exchange_notice(struct file *f, struct async_notice *n)
{
    if (n)
        __atomic_or_fetch(&f->flags, FASYNC, __ATOMIC_RELAXED);
    else
        __atomic_and_fetch(&f->flags, ~(u32)FASYNC, __ATOMIC_RELAXED);
    return __atomic_exchange_n(&f->async, n, __ATOMIC_ACQ_REL);
}

long async_set(struct file *f, int fd, bool on)
{
    struct notice_table t = {
        .table = {.add = add_waiter, .events = POLLIN | POLLOUT, .deadline = FOREVER}};
    if (!f->ops->sends_sigio)
        return -ENOTTY;
    struct async_notice *n = on ? heap_alloc(sizeof(*n)) : NULL;
    if (on && !n)
        return -ENOMEM;
    if (n) {
        n->file = f;
        n->fd = fd;
        list_init(&n->due);
        t.notice = n;
        f->ops->poll(f, &t.table);
    }
    n = exchange_notice(f, n);
    if (n)
        end_notice(n);
    return 0;
}

void async_set_owner(struct file *f, int id, bool thread)
{
    const struct process *p = current_process;
    lock_take(&the_namespace->async_lock);
    f->owner.id = id;
    f->owner.thread = thread;
    f->owner.uid = p->uid;
    f->owner.euid = p->euid;
    lock_release(&the_namespace->async_lock);
}

void async_forget(struct file *f)
{
    end_notice(f->async);
    f->async = NULL;
}
