/* SPDX-License-Identifier: Apache-2.0 */
/* System V message queues. */
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/ipc/ids.h"
#include "libos/ipc/kinds.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include <linux/msg.h>

struct message {
    struct list link;
    s64 type;
    size_t size;
    u8 text[];
};

struct msg_queue {
    struct ipc_object object;
    struct list messages; /* in order of arrival */
    u64 count, bytes, most;
    s64 sent, received; /* seconds */
    int last_sender, last_receiver;
    struct waitq senders, receivers;
};

static struct msg_queue *queue_of(struct ipc_object *o)
{
    return o ? container_of(o, struct msg_queue, object) : NULL;
}

void msg_destroy(struct ipc_object *o)
{
    struct msg_queue *q = queue_of(o);
    list_for_each_safe(l, &q->messages)
        heap_free(list_entry(l, struct message, link));
    heap_free(q);
}

static long make(struct ipc_table *t, int key, int flags)
{
    struct msg_queue *q = heap_alloc(sizeof(*q));
    if (!q)
        return -ENOMEM;
    list_init(&q->messages);
    q->most = MSGMNB;
    waitq_init(&q->senders);
    waitq_init(&q->receivers);
    long r = ipc_add(t, &q->object, key, flags);
    if (r < 0)
        heap_free(q);
    return r;
}

SYSCALL2(msgget, int, key, int, flags)
{
    struct ipc *ipc = ipc_tables();
    long r;
    if (!ipc)
        return -ENOMEM;
    lock_take(&ipc->msg.lock);
    struct ipc_object *o = ipc_find_key(&ipc->msg, key, flags, &r);
    if (o)
        r = o->id;
    else if (r == 0)
        r = make(&ipc->msg, key, flags);
    lock_release(&ipc->msg.lock);
    return r;
}

/* ---- sending ---- */

static struct message *message_from_user(s64 type, const void *user, size_t size)
{
    struct message *m = heap_alloc(sizeof(*m) + size);
    if (!m)
        return NULL;
    m->type = type;
    m->size = size;
    if (copy_from_user(m->text, user, size) == 0)
        return m;
    heap_free(m);
    return NULL;
}

static bool fits(const struct msg_queue *q, size_t size)
{
    return q->bytes + size <= q->most && q->count + 1 <= q->most;
}

/* Sleeps on one of the queue's wait queues. 0: look again. */
static long sleep_on(struct ipc_table *t, struct msg_queue *q, struct waitq *w, int flags)
{
    if (flags & IPC_NOWAIT)
        return -EAGAIN;
    q->object.references++;
    long r = wait_on(w, &t->lock, FOREVER);
    if (q->object.removed)
        r = -EIDRM;
    ipc_put(t, &q->object);
    return r == -EINTR ? -ERESTARTNOHAND : r;
}

static long send(struct ipc_table *t, int id, struct message *m, int flags)
{
    struct msg_queue *q = queue_of(ipc_find(t, id));
    if (!q)
        return -EINVAL;
    long r = ipc_may(&q->object, 0222);
    while (r == 0 && !fits(q, m->size))
        r = sleep_on(t, q, &q->senders, flags);
    if (r < 0)
        return r;
    list_add_tail(&q->messages, &m->link);
    q->count++;
    q->bytes += m->size;
    q->sent = ipc_now();
    q->last_sender = current_process->pid;
    waitq_wake(&q->receivers, ~0u);
    return 0;
}

SYSCALL4(msgsnd, int, id, const s64 *, user, size_t, size, int, flags)
{
    struct ipc *ipc = ipc_tables();
    s64 type;
    if (!ipc)
        return -ENOMEM;
    if (get_user(type, user))
        return -EFAULT;
    if (type < 1 || size > MSGMAX || id < 0)
        return -EINVAL;
    struct message *m = message_from_user(type, user + 1, size);
    if (!m)
        return -EFAULT;
    lock_take(&ipc->msg.lock);
    long r = send(&ipc->msg, id, m, flags);
    lock_release(&ipc->msg.lock);
    if (r < 0)
        heap_free(m);
    return r;
}

/* ---- receiving ---- */

/* The message that msgrcv(2) wants: 0 the first; > 0 the first of the type, or of any other with
 * MSG_EXCEPT; < 0 the first of the lowest type that is not above. */
static struct message *choose(const struct msg_queue *q, s64 type, int flags)
{
    struct message *best = NULL;
    list_for_each(l, &q->messages) {
        struct message *m = list_entry(l, struct message, link);
        if (type == 0 || (type > 0 && (m->type == type) != ((flags & MSG_EXCEPT) != 0)))
            return m;
        if (type < 0 && m->type <= -type && (!best || m->type < best->type))
            best = m;
    }
    return best;
}

static void take(struct msg_queue *q, struct message *m)
{
    list_del(&m->link);
    q->count--;
    q->bytes -= m->size;
    q->received = ipc_now();
    q->last_receiver = current_process->pid;
    waitq_wake(&q->senders, ~0u);
}

static long receive(struct ipc_table *t, int id, size_t size, s64 type, int flags,
                    struct message **out)
{
    struct msg_queue *q = queue_of(ipc_find(t, id));
    if (!q)
        return -EINVAL;
    long r = ipc_may(&q->object, 0444);
    while (r == 0 && !(*out = choose(q, type, flags))) {
        r = sleep_on(t, q, &q->receivers, flags);
        if (r == -EAGAIN)
            r = -ENOMSG;
    }
    if (r < 0)
        return r;
    if ((*out)->size > size && !(flags & MSG_NOERROR))
        return -E2BIG;
    take(q, *out);
    return 0;
}

SYSCALL5(msgrcv, int, id, s64 *, user, size_t, size, s64, type, int, flags)
{
    struct ipc *ipc = ipc_tables();
    struct message *m;
    if (!ipc)
        return -ENOMEM;
    if (flags & MSG_COPY)
        return -ENOSYS;
    if (id < 0 || (s64)size < 0)
        return -EINVAL;
    lock_take(&ipc->msg.lock);
    long r = receive(&ipc->msg, id, size, type, flags, &m);
    lock_release(&ipc->msg.lock);
    if (r < 0)
        return r;
    size = MIN(size, m->size);
    r = put_user(user, m->type) || copy_to_user(user + 1, m->text, size) ? -EFAULT : (long)size;
    heap_free(m);
    return r;
}

/* ---- msgctl ---- */

static long put_stat(const struct msg_queue *q, void *user)
{
    struct msqid64_ds d = {
        .msg_stime = q->sent,
        .msg_rtime = q->received,
        .msg_ctime = q->object.changed,
        .msg_cbytes = q->bytes,
        .msg_qnum = q->count,
        .msg_qbytes = q->most,
        .msg_lspid = q->last_sender,
        .msg_lrpid = q->last_receiver,
    };
    ipc_fill_perm(&q->object, &d.msg_perm);
    return copy_to_user(user, &d, sizeof(d));
}

static long change(struct ipc_table *t, struct msg_queue *q, int command,
                   const struct msqid64_ds *d)
{
    long r = ipc_may_change(&q->object);
    if (r < 0)
        return r;
    if (command == IPC_SET) {
        if (d->msg_qbytes > MSGMNB && current_process->euid != 0)
            return -EPERM;
        ipc_set_perm(&q->object, &d->msg_perm);
        q->most = d->msg_qbytes;
        waitq_wake(&q->senders, ~0u);
        return 0;
    }
    q->object.references++;
    ipc_remove(t, &q->object);
    waitq_wake(&q->senders, ~0u);
    waitq_wake(&q->receivers, ~0u);
    ipc_put(t, &q->object);
    return 0;
}

static long control(struct ipc_table *t, int id, int command, void *user,
                    const struct msqid64_ds *d)
{
    bool by_index = command == MSG_STAT || command == MSG_STAT_ANY;
    struct msg_queue *q = queue_of(by_index ? ipc_at(t, id) : ipc_find(t, id));
    if (!q)
        return -EINVAL;
    if (!by_index && command != IPC_STAT)
        return change(t, q, command, d);
    long r = command == MSG_STAT_ANY ? 0 : ipc_may(&q->object, 0444);
    if (r == 0)
        r = put_stat(q, user);
    return r == 0 && by_index ? q->object.id : r;
}

static long put_info(const struct ipc_table *t, int command, void *user)
{
    struct msginfo info = {.msgpool = MSGPOOL,
                           .msgmap = MSGMAP,
                           .msgmax = MSGMAX,
                           .msgmnb = MSGMNB,
                           .msgmni = MSGMNI,
                           .msgssz = MSGSSZ,
                           .msgtql = MSGTQL,
                           .msgseg = MSGSEG};
    if (command == MSG_INFO) {
        info.msgpool = (int)t->used;
        info.msgmap = info.msgtql = 0;
        for (u32 n = 0; n < t->size; n++) {
            if (!t->slots[n])
                continue;
            info.msgmap += (int)queue_of(t->slots[n])->count;
            info.msgtql += (int)queue_of(t->slots[n])->bytes;
        }
    }
    return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : ipc_highest_index(t);
}

SYSCALL3(msgctl, int, id, int, command, void *, user)
{
    struct ipc *ipc = ipc_tables();
    struct msqid64_ds d = {0};
    long r;
    if (!ipc)
        return -ENOMEM;
    if (command == IPC_SET && get_user(d, (const struct msqid64_ds *)user))
        return -EFAULT;
    lock_take(&ipc->msg.lock);
    switch (command) {
    case IPC_INFO:
    case MSG_INFO: r = put_info(&ipc->msg, command, user); break;
    case IPC_STAT:
    case IPC_SET:
    case IPC_RMID:
    case MSG_STAT:
    case MSG_STAT_ANY: r = control(&ipc->msg, id, command, user, &d); break;
    default: r = -EINVAL;
    }
    lock_release(&ipc->msg.lock);
    return r;
}
