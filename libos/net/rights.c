/* SPDX-License-Identifier: Apache-2.0 */
/* Ancillary data: descriptors and credentials in control messages (unix(7)). */
#include "libos/net/rights.h"
#include <linux/resource.h>
#include "base/string.h"
#include "libos/entry/user.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"

#define CONTROL_MOST 8192 /* bytes of control messages in one send */

static struct rights *rights_new(u32 count)
{
    struct rights *r = heap_alloc(sizeof(*r) + count * sizeof(r->files[0]));
    if (!r)
        return NULL;
    list_init(&r->link);
    __atomic_add_fetch(&the_net()->in_flight, count, __ATOMIC_RELAXED);
    return r;
}

/* All files are in r: from now on it is known which of their references are in flight. */
static void rights_complete(struct rights *r, u32 count)
{
    struct net *n = the_net();
    r->count = count;
    lock_take(&n->rights_lock);
    list_add_tail(&n->rights, &r->link);
    lock_release(&n->rights_lock);
}

void rights_lie_in(struct rights *r, struct socket *holder)
{
    if (likely(!r))
        return;
    lock_take(&the_net()->rights_lock);
    r->holder = holder;
    lock_release(&the_net()->rights_lock);
}

/* Frees r, whose files were put; it had room for `count`. */
static void rights_end(struct rights *r, u32 count)
{
    __atomic_sub_fetch(&the_net()->in_flight, count, __ATOMIC_RELAXED);
    heap_free(r);
}

/* The references are no longer in flight before they are gone. */
static void end_flight(struct rights *r)
{
    lock_take(&the_net()->rights_lock);
    list_del(&r->link);
    lock_release(&the_net()->rights_lock);
    for (u32 i = 0; i < r->count; i++)
        file_put(r->files[i]);
    rights_end(r, r->count);
}

/* A socket that ends frees what lies in its queue, which may be sockets: one after the other, so
 * that a long chain of them needs no deep stack. */
void rights_free(struct rights *r)
{
    struct thread *t = current();
    if (!r)
        return;
    r->next = t->ended_rights;
    t->ended_rights = r;
    if (t->frees_rights)
        return;
    t->frees_rights = true;
    while ((r = t->ended_rights)) {
        t->ended_rights = r->next;
        end_flight(r);
    }
    t->frees_rights = false;
}

struct rights *rights_copy(const struct rights *from)
{
    struct rights *r = from ? rights_new(from->count) : NULL;
    if (!r)
        return NULL;
    for (u32 i = 0; i < from->count; i++) {
        r->files[i] = from->files[i];
        file_get(r->files[i]);
    }
    rights_complete(r, from->count);
    return r;
}

void ancillary_drop(struct ancillary *a)
{
    rights_free(a->rights);
    a->rights = NULL;
}

void drop_marks(struct socket *s)
{
    struct list gone;
    list_init(&gone);
    lock_take(&s->in.lock);
    while (!list_empty(&s->marks)) {
        struct list *l = s->marks.next;
        list_del(l);
        list_add_tail(&gone, l);
    }
    lock_release(&s->in.lock);
    list_for_each_safe(l, &gone) {
        struct mark *m = list_entry(l, struct mark, link);
        ancillary_drop(&m->ancillary);
        heap_free(m);
    }
}

/* Sending. */

/* Whether `count` more files may be in flight. Linux bounds them, and so does this: sockets that
 * hold each other in their queues then cannot pile up without end. */
static bool may_fly(u64 count)
{
    u64 most = current_process->limits[RLIMIT_NOFILE].soft;
    if (the_net()->in_flight + count > most)
        collect_garbage();
    return the_net()->in_flight + count <= most;
}

/* Turns descriptor numbers into files. */
static long take_files(struct ancillary *a, const int *fds, u64 count)
{
    if (count > RIGHTS_MOST || a->rights)
        return -EINVAL;
    if (!may_fly(count))
        return -ETOOMANYREFS;
    struct rights *r = rights_new((u32)count);
    if (!r)
        return -ENOMEM;
    for (u32 i = 0; i < count; i++) {
        struct file *f = fd_get(fds[i]);
        if (!f) {
            for (u32 k = 0; k < i; k++)
                file_put(r->files[k]);
            rights_end(r, (u32)count);
            return -EBADF;
        }
        r->files[i] = f;
    }
    rights_complete(r, (u32)count);
    a->rights = r;
    return 0;
}

static long check_credentials(const struct ucred *c)
{
    const struct process *p = current_process;
    bool own = c->pid == p->pid && (c->uid == p->uid || c->uid == p->euid || c->uid == p->suid) &&
               (c->gid == p->gid || c->gid == p->egid || c->gid == p->sgid);
    return own || p->euid == 0 ? 0 : -EPERM;
}

static long take_one(struct ancillary *a, const struct cmsghdr_abi *c)
{
    u64 length = c->length - sizeof(*c);
    if (c->level != SOL_SOCKET)
        return 0;
    switch (c->type) {
    case SCM_RIGHTS: return take_files(a, (const int *)(c + 1), length / sizeof(int));
    case SCM_CREDENTIALS:
        if (length != sizeof(a->credentials))
            return -EINVAL;
        memcpy(&a->credentials, c + 1, sizeof(a->credentials));
        a->has_credentials = true;
        return check_credentials(&a->credentials);
    default: return -EINVAL;
    }
}

static long take_all(struct ancillary *a, const u8 *control, u64 length)
{
    u64 at = 0;
    while (length - at >= sizeof(struct cmsghdr_abi)) {
        const struct cmsghdr_abi *c = (const void *)(control + at);
        if (c->length < sizeof(*c) || c->length > length - at)
            return -EINVAL;
        long r = take_one(a, c);
        if (r)
            return r;
        at += MIN(CMSG_ALIGN(c->length), length - at);
    }
    return 0;
}

long ancillary_from_user(struct ancillary *a, const void *control, u64 length)
{
    *a = (struct ancillary){0};
    if (length > CONTROL_MOST)
        return -ENOBUFS;
    u8 *copy = heap_alloc(length);
    if (!copy)
        return -ENOMEM;
    long r = copy_from_user(copy, control, length);
    if (!r)
        r = take_all(a, copy, length);
    heap_free(copy);
    if (r)
        ancillary_drop(a);
    return r;
}

/* Receiving. */

struct control {
    u8 *at; /* program memory */
    u64 left, used;
    u32 *flags;
};

/* Writes one control message of n bytes, cut to what there is room for. */
static void put_control(struct control *c, int type, const void *data, u64 n)
{
    struct cmsghdr_abi head = {.length = sizeof(head) + n, .level = SOL_SOCKET, .type = type};
    if (c->left < sizeof(head)) {
        *c->flags |= MSG_CTRUNC;
        return;
    }
    if (c->left < head.length) {
        *c->flags |= MSG_CTRUNC;
        head.length = c->left;
    }
    if (copy_to_user(c->at, &head, sizeof(head)) ||
        copy_to_user(c->at + sizeof(head), data, head.length - sizeof(head)))
        return;
    u64 space = MIN(CMSG_ALIGN(head.length), c->left);
    c->at += space;
    c->left -= space;
    c->used += space;
}

/* Gives the files numbers, as many as there is room to tell of. Takes over r. */
static void put_files(struct control *c, struct rights *r, bool close_on_exec)
{
    int fds[RIGHTS_MOST];
    u32 count = r->count, done = 0;
    u64 room = c->left > sizeof(struct cmsghdr_abi)
                   ? (c->left - sizeof(struct cmsghdr_abi)) / sizeof(int)
                   : 0;
    while (done < MIN(count, room)) {
        file_get(r->files[done]);
        long fd = fd_install(r->files[done], 0, close_on_exec);
        if (fd < 0)
            break;
        fds[done++] = (int)fd;
    }
    if (done)
        put_control(c, SCM_RIGHTS, fds, done * sizeof(int));
    if (done < count)
        *c->flags |= MSG_CTRUNC;
    rights_free(r);
}

u64 ancillary_to_user(struct ancillary *a, void *control, u64 length, bool close_on_exec,
                      u32 *flags)
{
    struct control c = {.at = control, .left = control ? length : 0, .flags = flags};
    if (a->has_credentials)
        put_control(&c, SCM_CREDENTIALS, &a->credentials, sizeof(a->credentials));
    if (a->rights)
        put_files(&c, a->rights, close_on_exec);
    a->rights = NULL;
    return c.used;
}
