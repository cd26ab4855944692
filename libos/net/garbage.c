/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of AF_UNIX that nobody can reach: no descriptor is open on them, and the messages that
 * carry them lie in queues of sockets that nobody can reach either.
 *
 * A socket is reachable if its file has more references than there are in flight, or if a message
 * carries it that lies in a reachable socket's queue, or in none. What is left can neither be
 * received nor come back: its queues are emptied, and that ends it. References that come and go
 * meanwhile are counted as such that are not in flight: too little may be taken for garbage, never
 * too much. */
#include "libos/net/packet.h"
#include "libos/net/rights.h"

typedef void visit(struct rights *r, struct socket *s, struct file *f);

static struct rights *rights_at(struct list *l)
{
    return list_entry(l, struct rights, link);
}

/* Calls `each` for every socket in flight. */
static void each_socket_of(struct rights *r, visit *each)
{
    for (u32 i = 0; i < r->count; i++) {
        struct socket *s = file_socket(r->files[i]);
        if (s)
            each(r, s, r->files[i]);
    }
}

static void each_socket(visit *each)
{
    list_for_each(l, &the_net()->rights)
        each_socket_of(rights_at(l), each);
}

static void forget(struct rights *r, struct socket *s, struct file *f)
{
    (void)r, (void)f;
    s->flying = 0;
    s->reachable = false;
}

static void count(struct rights *r, struct socket *s, struct file *f)
{
    (void)r, (void)f;
    s->flying++;
}

static void look_for_other_references(struct rights *r, struct socket *s, struct file *f)
{
    (void)r;
    if (__atomic_load_n(&f->references, __ATOMIC_ACQUIRE) > s->flying)
        s->reachable = true;
}

static bool found_more; /* by reach, under the lock: private memory, so one process's */

static void reach(struct rights *r, struct socket *s, struct file *f)
{
    (void)r, (void)f;
    found_more |= !s->reachable;
    s->reachable = true;
}

/* A holder that is not itself in flight was not looked at: it has a descriptor, or waits to be
 * accepted. */
static bool lies_reachable(const struct rights *r)
{
    return !r->holder || !r->holder->flying || r->holder->reachable;
}

/* The rights' lock is held in all of this. */
static void mark_reachable(void)
{
    list_for_each(l, &the_net()->rights) {
        struct socket *holder = rights_at(l)->holder;
        if (holder)
            holder->flying = 0;
    }
    each_socket(forget);
    each_socket(count);
    each_socket(look_for_other_references);
    do {
        found_more = false;
        list_for_each(l, &the_net()->rights)
            if (lies_reachable(rights_at(l)))
                each_socket_of(rights_at(l), reach);
    } while (found_more);
}

static struct socket *garbage; /* under the lock, as found_more */

static void gather(struct rights *r, struct socket *s, struct file *f)
{
    (void)r, (void)f;
    if (s->reachable)
        return;
    s->reachable = true; /* once is enough */
    socket_get(s);
    s->next_garbage = garbage;
    garbage = s;
}

static void drop_all(struct socket *s)
{
    while (s) {
        struct socket *next = s->next_garbage;
        drop_marks(s);
        drop_packets(s);
        socket_put(s);
        s = next;
    }
}

void collect_garbage(void)
{
    struct net *n = the_net();
    struct socket *found;
    lock_take(&n->rights_lock);
    if (n->collecting) {
        lock_release(&n->rights_lock);
        return;
    }
    n->collecting = true;
    mark_reachable();
    garbage = NULL;
    each_socket(gather);
    found = garbage;
    lock_release(&n->rights_lock);
    drop_all(found);
    __atomic_store_n(&n->collecting, false, __ATOMIC_RELEASE);
}
