/* SPDX-License-Identifier: Apache-2.0 */
/* inotify(7), for what the cell's own calls do.
 *
 * A watch hangs off its inode (to which it holds a reference) and off its instance.
 * the_cell->inotify_lock guards all lists: notices are rare, and come from code that holds other
 * locks. Watches that went are collected and freed after it was released. */
#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <asm/ioctls.h>
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/fs/anonymous.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/poll.h"
#include "libos/fs/vfs.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"

#define MOST_EVENTS 16384

struct inotify {
    int last_wd;
    struct list watches;
    struct list events; /* of struct event, oldest first */
    u32 event_count;
    struct waitq readers, pollers;
};

struct watch {
    struct list of_inode, of_instance;
    struct inotify *instance;
    struct inode *inode; /* a reference */
    int wd;
    u32 mask;
};

/* The Linux ABI's struct inotify_event, without the name that follows it. */
struct event_head {
    s32 wd;
    u32 mask, cookie, len;
};
_Static_assert(sizeof(struct event_head) == sizeof(struct inotify_event), "Linux ABI");

struct event {
    struct list link;
    struct event_head head;
    char name[]; /* head.len bytes, padded with NULs */
};

static const struct file_ops inotify_ops;

static bool same(const struct event *a, const struct event *b)
{
    return a->head.wd == b->head.wd && a->head.mask == b->head.mask && a->head.len == b->head.len &&
           !(a->head.mask & IN_IGNORED) && memcmp(a->name, b->name, a->head.len) == 0;
}

static struct event *event_new(int wd, u32 mask, u32 cookie, const char *name)
{
    u32 length = name ? (u32)ALIGN_UP(strlen(name) + 1, sizeof(struct event_head)) : 0;
    struct event *e = heap_alloc(sizeof(*e) + length);
    if (!e)
        return NULL;
    e->head = (struct event_head){.wd = wd, .mask = mask, .cookie = cookie, .len = length};
    if (name)
        memcpy(e->name, name, strlen(name));
    list_init(&e->link);
    return e;
}

/* Queues an event; one that is like the last adds nothing. An event for which there is no memory is
 * lost, as one that overflows the queue. Lock held. */
static void queue(struct inotify *n, int wd, u32 mask, u32 cookie, const char *name)
{
    struct event *e = n->event_count < MOST_EVENTS ? event_new(wd, mask, cookie, name)
                                                   : event_new(-1, IN_Q_OVERFLOW, 0, NULL);
    if (!e)
        return;
    if (n->event_count && same(list_entry(n->events.prev, struct event, link), e)) {
        heap_free(e);
        return;
    }
    list_add_tail(&n->events, &e->link);
    n->event_count++;
    if (!list_empty(&n->readers.waiters))
        waitq_wake_some(&n->readers, POLLIN, 1);
    waitq_wake(&n->pollers, POLLIN | POLLRDNORM);
}

/* Unlinks a watch, tells so, and leaves it on `gone`. Lock held. */
static void end_watch(struct watch *w, struct list *gone)
{
    queue(w->instance, w->wd, IN_IGNORED, 0, NULL);
    list_del(&w->of_inode);
    list_del(&w->of_instance);
    list_add(gone, &w->of_instance);
}

/* Lock not held: the inode may end here. */
static void free_watches(struct list *gone)
{
    list_for_each_safe(l, gone) {
        struct watch *w = list_entry(l, struct watch, of_instance);
        inode_put(w->inode);
        heap_free(w);
    }
}

void notify_inode(struct inode *i, u32 mask, const char *name, u32 cookie)
{
    struct list gone;
    if (list_empty(&i->watches))
        return;
    list_init(&gone);
    lock_take(&the_cell->inotify_lock);
    list_for_each_safe(l, &i->watches) {
        struct watch *w = list_entry(l, struct watch, of_inode);
        u32 wanted = mask & w->mask & IN_ALL_EVENTS;
        u32 flags = wanted & (IN_DELETE_SELF | IN_MOVE_SELF) ? 0 : mask & IN_ISDIR;
        if (wanted)
            queue(w->instance, w->wd, wanted | flags, cookie, name);
        if ((mask & IN_DELETE_SELF) || (wanted && (w->mask & IN_ONESHOT)))
            end_watch(w, &gone);
    }
    lock_release(&the_cell->inotify_lock);
    free_watches(&gone);
}

/* The oldest event, off the queue, if it fits into `room` bytes. NULL and *r: 0 none, -EINVAL too
 * big. Lock held. */
static struct event *take_event(struct inotify *n, size_t room, long *r)
{
    *r = 0;
    if (list_empty(&n->events))
        return NULL;
    struct event *e = list_first(&n->events, struct event, link);
    if (sizeof(e->head) + e->head.len > room) {
        *r = -EINVAL;
        return NULL;
    }
    list_del(&e->link);
    n->event_count--;
    return e;
}

/* The first event of a read: waits for it. */
static struct event *await_event(struct inotify *n, size_t room, bool nonblocking, long *r)
{
    struct event *e;
    lock_take(&the_cell->inotify_lock);
    while (!(e = take_event(n, room, r)) && !*r) {
        *r = nonblocking ? -EAGAIN : wait_on(&n->readers, &the_cell->inotify_lock, FOREVER);
        if (*r)
            break;
    }
    lock_release(&the_cell->inotify_lock);
    if (*r == -EINTR)
        *r = -ERESTARTSYS;
    return e;
}

static long inotify_read(struct file *f, struct io *io, u64 *position __attribute__((unused)))
{
    struct inotify *n = f->data;
    long r, done = 0;
    struct event *e = await_event(n, io->left, f->flags & O_NONBLOCK, &r);
    while (e) {
        r = io_put(io, &e->head, sizeof(e->head) + e->head.len);
        heap_free(e);
        if (r < 0)
            break;
        done += r;
        lock_take(&the_cell->inotify_lock);
        e = take_event(n, io->left, &r);
        lock_release(&the_cell->inotify_lock);
    }
    return done ? done : r;
}

static u32 inotify_poll(struct file *f, struct poll_table *pt)
{
    struct inotify *n = f->data;
    poll_register(pt, &n->pollers);
    return list_empty(&n->events) ? 0 : POLLIN | POLLRDNORM;
}

static long inotify_ioctl(struct file *f, u32 command, u64 argument)
{
    struct inotify *n = f->data;
    int bytes = 0;
    if (command != FIONREAD)
        return -ENOTTY;
    lock_take(&the_cell->inotify_lock);
    list_for_each(l, &n->events) {
        bytes += (int)(sizeof(struct event_head) + list_entry(l, struct event, link)->head.len);
    }
    lock_release(&the_cell->inotify_lock);
    return put_user((int *)argument, bytes);
}

static void inotify_release(struct file *f)
{
    struct inotify *n = f->data;
    struct list gone;
    list_init(&gone);
    lock_take(&the_cell->inotify_lock);
    list_for_each_safe(l, &n->watches)
        end_watch(list_entry(l, struct watch, of_instance), &gone);
    lock_release(&the_cell->inotify_lock);
    free_watches(&gone);
    list_for_each_safe(l, &n->events)
        heap_free(list_entry(l, struct event, link));
    heap_free(n);
}

static const struct file_ops inotify_ops = {
    .name = "anon_inode:inotify",
    .sends_sigio = true,
    .read = inotify_read,
    .poll = inotify_poll,
    .ioctl = inotify_ioctl,
    .release = inotify_release,
    .getattr = anonymous_getattr,
};

SYSCALL1(inotify_init1, u32, flags)
{
    if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    struct inotify *n = heap_alloc(sizeof(*n));
    if (!n)
        return -ENOMEM;
    list_init(&n->watches);
    list_init(&n->events);
    waitq_init(&n->readers);
    waitq_init(&n->pollers);
    return anonymous_install(&inotify_ops, n, O_RDONLY | flags);
}

SYSCALL0(inotify_init)
{
    return body_inotify_init1(0);
}

/* The instance of a descriptor: 0, -EBADF, -EINVAL; on 0 the caller releases *ref. */
static long borrow(int fd, struct fd_ref *ref)
{
    *ref = fd_borrow(fd);
    if (!ref->file)
        return -EBADF;
    if (ref->file->ops == &inotify_ops)
        return 0;
    fd_release(*ref);
    return -EINVAL;
}

static struct watch *find_watch(struct inotify *n, const struct inode *i)
{
    list_for_each(l, &n->watches) {
        struct watch *w = list_entry(l, struct watch, of_instance);
        if (w->inode == i)
            return w;
    }
    return NULL;
}

/* Uses up the reference to i. Lock held. */
static long new_watch(struct inotify *n, struct inode *i, u32 mask)
{
    struct watch *w = heap_alloc(sizeof(*w));
    if (!w)
        return -ENOMEM;
    *w = (struct watch){.instance = n, .inode = i, .mask = mask, .wd = ++n->last_wd};
    list_add(&i->watches, &w->of_inode);
    list_add(&n->watches, &w->of_instance);
    return w->wd;
}

static long set_watch(struct inotify *n, struct inode *i, u32 mask)
{
    bool used = false;
    long r;
    lock_take(&the_cell->inotify_lock);
    struct watch *w = find_watch(n, i);
    if (w && (mask & IN_MASK_CREATE)) {
        r = -EEXIST;
    } else if (w) {
        w->mask = mask & IN_MASK_ADD ? w->mask | mask : mask;
        r = w->wd;
    } else {
        r = new_watch(n, i, mask);
        used = r > 0;
    }
    lock_release(&the_cell->inotify_lock);
    if (!used)
        inode_put(i);
    return r;
}

/* The inode that the path names, with a reference. */
static long find_inode(const char *path, u32 mask, struct inode **out)
{
    struct dentry *d;
    u32 flags =
        (mask & IN_DONT_FOLLOW ? 0 : WALK_FOLLOW) | (mask & IN_ONLYDIR ? WALK_DIRECTORY : 0);
    long r = path_walk_at(AT_FDCWD, path, flags, &d);
    if (r)
        return r;
    r = may_access(d->inode, 4);
    if (!r) {
        *out = d->inode;
        inode_get(d->inode);
    }
    namespace_unlock();
    dentry_put(d);
    return r;
}

SYSCALL3(inotify_add_watch, int, fd, const char *, path, u32, mask)
{
    struct fd_ref ref;
    struct inode *i;
    if (!(mask & IN_ALL_EVENTS) || ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)))
        return -EINVAL;
    long r = borrow(fd, &ref);
    if (r)
        return r;
    r = find_inode(path, mask, &i);
    if (!r)
        r = set_watch(ref.file->data, i, mask);
    fd_release(ref);
    return r;
}

SYSCALL2(inotify_rm_watch, int, fd, int, wd)
{
    struct fd_ref ref;
    struct list gone;
    long r = borrow(fd, &ref);
    if (r)
        return r;
    struct inotify *n = ref.file->data;
    list_init(&gone);
    lock_take(&the_cell->inotify_lock);
    list_for_each_safe(l, &n->watches) {
        struct watch *w = list_entry(l, struct watch, of_instance);
        if (w->wd == wd)
            end_watch(w, &gone);
    }
    lock_release(&the_cell->inotify_lock);
    r = list_empty(&gone) ? -EINVAL : 0;
    free_watches(&gone);
    fd_release(ref);
    return r;
}
