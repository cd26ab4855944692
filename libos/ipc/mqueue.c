/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX message queues. A queue lives while it has a name or an open descriptor. One lock for all.
 */
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/fs/anonymous.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/vfs.h"
#include "libos/fs/poll.h"
#include "libos/host/host.h"
#include "libos/host/print.h"
#include "libos/ipc/ids.h"
#include "libos/ipc/mq_notice.h"
#include "libos/mm/heap.h"
#include "libos/net/socket.h"
#include "libos/proc/process.h"
#include "libos/time/clock.h"
#include <linux/fcntl.h>
#include <linux/mqueue.h>

#define NAME_MOST     255
#define PRIORITY_MOST 32768
/* Without CAP_SYS_RESOURCE, and with. */
#define COUNT_MOST     10
#define SIZE_MOST      8192
#define COUNT_MOST_ALL 65536
#define SIZE_MOST_ALL  (16l << 20)

struct mq_message {
    struct list link;
    u32 priority;
    size_t size;
    u8 text[];
};

struct mq {
    struct list link; /* ipc->queues, while it has a name */
    u32 references;   /* open files, and the name */
    u32 mode, uid, gid;
    s64 most, size_most, count;
    struct list messages; /* highest priority first, then oldest */
    struct waitq readers, writers;
    u32 receiving; /* threads that wait in mq_receive */
    struct mq_notice notice;
    char *name;
};

static void queue_put(struct mq *q)
{
    if (--q->references > 0)
        return;
    list_for_each_safe(l, &q->messages)
        heap_free(list_entry(l, struct mq_message, link));
    heap_free(q->name);
    heap_free(q);
}

static void queue_release(struct file *f)
{
    struct ipc *ipc = ipc_tables();
    lock_take(&ipc->queues_lock);
    queue_put(f->data);
    lock_release(&ipc->queues_lock);
}

/* Closing a descriptor ends the registration of the process that closes it. */
static long queue_flush(struct file *f)
{
    struct ipc *ipc = ipc_tables();
    struct mq *q = f->data;
    lock_take(&ipc->queues_lock);
    if (q->notice.pid == current_process->pid)
        mq_notice_end(&q->notice);
    lock_release(&ipc->queues_lock);
    return 0;
}

static u32 queue_poll(struct file *f, struct poll_table *pt)
{
    struct ipc *ipc = ipc_tables();
    struct mq *q = f->data;
    poll_register(pt, &q->readers);
    poll_register(pt, &q->writers);
    lock_take(&ipc->queues_lock);
    u32 events =
        (q->count ? POLLIN | POLLRDNORM : 0) | (q->count < q->most ? POLLOUT | POLLWRNORM : 0);
    lock_release(&ipc->queues_lock);
    return events;
}

/* The state of the queue as text. */
static long queue_read(struct file *f, struct io *io, u64 *position)
{
    struct ipc *ipc = ipc_tables();
    struct mq *q = f->data;
    char text[96];
    u64 bytes = 0;
    lock_take(&ipc->queues_lock);
    list_for_each(l, &q->messages)
        bytes += list_entry(l, struct mq_message, link)->size;
    u32 n = (u32)format_text(
        text, sizeof(text), "QSIZE:%-10lu NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n", bytes,
        q->notice.kind, q->notice.kind == SIGEV_SIGNAL ? q->notice.signo : 0, q->notice.pid);
    lock_release(&ipc->queues_lock);
    if (*position >= n)
        return 0;
    long r = io_put(io, text + *position, n - *position);
    if (r > 0)
        *position += (u64)r;
    return r;
}

static const struct file_ops queue_ops = {
    .name = "mqueue",
    .read = queue_read,
    .poll = queue_poll,
    .flush = queue_flush,
    .release = queue_release,
    .getattr = anonymous_getattr,
};

/* ---- names ---- */

static struct mq *find(const struct ipc *ipc, const char *name)
{
    list_for_each(l, &ipc->queues) {
        struct mq *q = list_entry(l, struct mq, link);
        if (strcmp(q->name, name) == 0)
            return q;
    }
    return NULL;
}

static long copy_name(char *name, const char *user)
{
    long n = copy_string_from_user(name, user, NAME_MOST + 1);
    if (n < 0)
        return n;
    if (n == 0)
        return -ENOENT;
    return strchr(name, '/') ? -EACCES : 0;
}

static long check_attr(const struct mq_attr *a)
{
    bool all = current_process->euid == 0;
    if (a->mq_maxmsg <= 0 || a->mq_msgsize <= 0 ||
        a->mq_maxmsg > (all ? COUNT_MOST_ALL : COUNT_MOST) ||
        a->mq_msgsize > (all ? SIZE_MOST_ALL : SIZE_MOST))
        return -EINVAL;
    return 0;
}

static struct mq *create(struct ipc *ipc, const char *name, u32 mode, const struct mq_attr *a)
{
    struct mq *q = heap_alloc(sizeof(*q));
    if (!q || !(q->name = heap_copy_string(name))) {
        heap_free(q);
        return NULL;
    }
    q->references = 1;
    q->mode = mode & 0777 & ~current_process->paths->umask;
    q->uid = current_process->euid;
    q->gid = current_process->egid;
    q->most = a->mq_maxmsg;
    q->size_most = a->mq_msgsize;
    list_init(&q->messages);
    waitq_init(&q->readers);
    waitq_init(&q->writers);
    list_add(&ipc->queues, &q->link);
    return q;
}

static long may_open(const struct mq *q, u32 flags)
{
    static const u32 wanted[] = {0400, 0200, 0600, 0600};
    const struct process *p = current_process;
    u32 granted = p->euid == q->uid ? q->mode : p->egid == q->gid ? q->mode << 3 : q->mode << 6;
    return p->euid == 0 || !(wanted[flags & O_ACCMODE] & ~granted) ? 0 : -EACCES;
}

/* The queue with a reference. Lock held. */
static long find_or_create(struct ipc *ipc, const char *name, u32 flags, u32 mode,
                           const struct mq_attr *a, struct mq **out)
{
    struct mq *q = find(ipc, name);
    long r = 0;
    if (q && (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
        return -EEXIST;
    if (q) {
        r = may_open(q, flags);
    } else {
        if (!(flags & O_CREAT))
            return -ENOENT;
        r = check_attr(a);
        if (r == 0 && !(q = create(ipc, name, mode, a)))
            r = -ENOMEM;
    }
    if (r < 0)
        return r;
    q->references++;
    *out = q;
    return 0;
}

static long open_queue(struct ipc *ipc, const char *name, u32 flags, u32 mode,
                       const struct mq_attr *a)
{
    struct mq *q = NULL;
    struct file *f = file_new(&queue_ops, flags & (O_ACCMODE | O_NONBLOCK), NULL, NULL);
    if (!f)
        return -ENFILE;
    lock_take(&ipc->queues_lock);
    long r = find_or_create(ipc, name, flags, mode, a, &q);
    lock_release(&ipc->queues_lock);
    if (r < 0) {
        f->ops = NULL;
        file_put(f);
        return r;
    }
    f->data = q;
    return fd_install(f, 0, flags & O_CLOEXEC);
}

SYSCALL4(mq_open, const char *, user_name, u32, flags, u32, mode, const struct mq_attr *, user)
{
    struct mq_attr a = {.mq_maxmsg = COUNT_MOST, .mq_msgsize = SIZE_MOST};
    char name[NAME_MOST + 1];
    struct ipc *ipc = ipc_tables();
    if (!ipc)
        return -ENOMEM;
    if ((flags & O_CREAT) && user && get_user(a, user))
        return -EFAULT;
    long r = copy_name(name, user_name);
    return r < 0 ? r : open_queue(ipc, name, flags, mode, &a);
}

SYSCALL1(mq_unlink, const char *, user_name)
{
    char name[NAME_MOST + 1];
    struct ipc *ipc = ipc_tables();
    if (!ipc)
        return -ENOMEM;
    long r = copy_name(name, user_name);
    if (r < 0)
        return r;
    lock_take(&ipc->queues_lock);
    struct mq *q = find(ipc, name);
    r = !q ? -ENOENT : current_process->euid == 0 || current_process->euid == q->uid ? 0 : -EACCES;
    if (r == 0) {
        list_del(&q->link);
        queue_put(q);
    }
    lock_release(&ipc->queues_lock);
    return r;
}

/* ---- messages ---- */

/* An absolute time of CLOCK_REALTIME as one of ours. */
static long real_deadline(const struct timespec_abi *user, u64 *deadline)
{
    struct timespec_abi t;
    *deadline = FOREVER;
    if (!user)
        return 0;
    if (get_user(t, user))
        return -EFAULT;
    if (!timespec_valid(&t))
        return -EINVAL;
    struct timespec_abi now;
    host_clock(0 /* CLOCK_REALTIME */, (u64 *)&now.seconds, (u64 *)&now.nanoseconds);
    u64 then = timespec_ns(&t), real = timespec_ns(&now);
    *deadline = then > real ? host_now() + (then - real) : 1;
    return 0;
}

/* The open file of a queue, with a reference. */
static long queue_file(int fd, struct file **out)
{
    struct file *f = fd_get(fd);
    if (f && f->ops == &queue_ops) {
        *out = f;
        return 0;
    }
    file_put(f);
    return -EBADF;
}

static void insert(struct mq *q, struct mq_message *m)
{
    struct list *before = q->messages.prev;
    while (before != &q->messages &&
           list_entry(before, struct mq_message, link)->priority < m->priority)
        before = before->prev;
    list_add(before, &m->link);
    q->count++;
}

static long wait_for(struct ipc *ipc, const struct file *f, struct waitq *w, u64 deadline)
{
    if (f->flags & O_NONBLOCK)
        return -EAGAIN;
    long r = wait_on(w, &ipc->queues_lock, deadline);
    return r == -EINTR ? -ERESTARTSYS : r;
}

static long send(struct ipc *ipc, const struct file *f, struct mq_message *m, u64 deadline)
{
    struct mq *q = f->data;
    long r = m->size > (u64)q->size_most ? -EMSGSIZE : 0;
    while (r == 0 && q->count >= q->most)
        r = wait_for(ipc, f, &q->writers, deadline);
    if (r < 0)
        return r;
    bool news = q->count == 0 && q->receiving == 0;
    insert(q, m);
    if (news && q->notice.pid)
        mq_notice_send(&q->notice);
    waitq_wake(&q->readers, POLLIN | POLLRDNORM);
    return 0;
}

static struct mq_message *message_from_user(const void *text, size_t size, u32 priority)
{
    struct mq_message *m = heap_alloc(sizeof(*m) + size);
    if (!m)
        return NULL;
    m->size = size;
    m->priority = priority;
    if (copy_from_user(m->text, text, size) == 0)
        return m;
    heap_free(m);
    return NULL;
}

SYSCALL5(mq_timedsend, int, fd, const void *, text, size_t, size, u32, priority,
         const struct timespec_abi *, timeout)
{
    struct ipc *ipc = ipc_tables();
    struct file *f = NULL;
    u64 deadline;
    if (!ipc)
        return -ENOMEM;
    if (priority >= PRIORITY_MOST)
        return -EINVAL;
    long r = real_deadline(timeout, &deadline);
    if (r == 0)
        r = queue_file(fd, &f);
    if (r < 0)
        return r;
    struct mq_message *m = NULL;
    if (!file_writable(f))
        r = -EBADF;
    else if (size > (u64)SIZE_MOST_ALL)
        r = -EMSGSIZE;
    else if (!(m = message_from_user(text, size, priority)))
        r = -EFAULT;
    if (r == 0) {
        lock_take(&ipc->queues_lock);
        r = send(ipc, f, m, deadline);
        lock_release(&ipc->queues_lock);
    }
    if (r < 0)
        heap_free(m);
    file_put(f);
    return r;
}

static long receive(struct ipc *ipc, const struct file *f, size_t size, u64 deadline,
                    struct mq_message **out)
{
    struct mq *q = f->data;
    long r = size < (u64)q->size_most ? -EMSGSIZE : 0;
    q->receiving++;
    while (r == 0 && q->count == 0)
        r = wait_for(ipc, f, &q->readers, deadline);
    q->receiving--;
    if (r < 0)
        return r;
    *out = list_first(&q->messages, struct mq_message, link);
    list_del(&(*out)->link);
    q->count--;
    waitq_wake(&q->writers, POLLOUT | POLLWRNORM);
    return 0;
}

SYSCALL5(mq_timedreceive, int, fd, void *, text, size_t, size, u32 *, priority,
         const struct timespec_abi *, timeout)
{
    struct ipc *ipc = ipc_tables();
    struct mq_message *m = NULL;
    struct file *f = NULL;
    u64 deadline;
    if (!ipc)
        return -ENOMEM;
    long r = real_deadline(timeout, &deadline);
    if (r == 0)
        r = queue_file(fd, &f);
    if (r < 0)
        return r;
    if (file_readable(f)) {
        lock_take(&ipc->queues_lock);
        r = receive(ipc, f, size, deadline, &m);
        lock_release(&ipc->queues_lock);
    } else {
        r = -EBADF;
    }
    file_put(f);
    if (r < 0)
        return r;
    r = (long)m->size;
    if ((priority && put_user(priority, m->priority)) || copy_to_user(text, m->text, m->size))
        r = -EFAULT;
    heap_free(m);
    return r;
}

/* Takes the notice over if it is to be (it may be NULL: nobody is to be told any more). */
static long register_notice(struct mq *q, struct mq_notice *n)
{
    if (!n) {
        if (q->notice.pid == current_process->pid)
            mq_notice_end(&q->notice);
        return 0;
    }
    if (q->notice.pid)
        return -EBUSY;
    q->notice = *n;
    n->socket = NULL;
    return 0;
}

SYSCALL2(mq_notify, int, fd, const struct notify_event *, user)
{
    struct ipc *ipc = ipc_tables();
    struct mq_notice notice = {0};
    struct notify_event e;
    struct file *f = NULL;
    if (!ipc)
        return -ENOMEM;
    if (user && get_user(e, user))
        return -EFAULT;
    long r = user ? mq_notice_make(&notice, &e) : 0;
    if (r == 0)
        r = queue_file(fd, &f);
    if (r == 0) {
        lock_take(&ipc->queues_lock);
        r = register_notice(f->data, user ? &notice : NULL);
        lock_release(&ipc->queues_lock);
        file_put(f);
    }
    socket_put(notice.socket);
    return r;
}

SYSCALL3(mq_getsetattr, int, fd, const struct mq_attr *, user_new, struct mq_attr *, user_old)
{
    struct mq_attr new, old = {0};
    struct file *f = NULL;
    if (user_new && get_user(new, user_new))
        return -EFAULT;
    if (user_new && (new.mq_flags & ~(s64)O_NONBLOCK))
        return -EINVAL;
    long r = queue_file(fd, &f);
    if (r < 0)
        return r;
    struct ipc *ipc = ipc_tables();
    struct mq *q = f->data;
    lock_take(&ipc->queues_lock);
    old.mq_flags = f->flags & O_NONBLOCK;
    old.mq_maxmsg = q->most;
    old.mq_msgsize = q->size_most;
    old.mq_curmsgs = q->count;
    if (user_new)
        f->flags = (f->flags & ~(u32)O_NONBLOCK) | (u32) new.mq_flags;
    lock_release(&ipc->queues_lock);
    file_put(f);
    return user_old ? copy_to_user(user_old, &old, sizeof(old)) : 0;
}
