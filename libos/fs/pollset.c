/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/fs/pollset.h"
#include "libos/entry/user.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include "libos/time/clock.h"

#define BLOCK_WAITERS 16

/* Waiters are touched by the wakers of other processes, so they lie in the heap segment. Each
 * thread keeps one block; a call with more waiters adds blocks while it lasts. */
struct poll_block {
    struct poll_block *next;
    u32 used;
    struct waiter waiters[BLOCK_WAITERS];
};

struct poll_call {
    struct poll_table table;
    struct poll_block *first, *last;
    bool no_memory;
};

static bool wake_poller(struct waiter *w, u32 events __attribute__((unused)))
{
    thread_wake(w->thread);
    return true;
}

/* The block of the calling thread, empty; NULL: no memory. */
static struct poll_block *own_block(void)
{
    struct thread *t = current();
    if (!t->poll_block)
        t->poll_block = heap_alloc(sizeof(struct poll_block));
    return t->poll_block;
}

static struct waiter *new_waiter(struct poll_call *c)
{
    if (c->last && c->last->used == BLOCK_WAITERS) {
        c->last->next = heap_alloc(sizeof(struct poll_block));
        c->last = c->last->next;
    }
    return c->last ? &c->last->waiters[c->last->used++] : NULL;
}

static void add_waiter(struct poll_table *pt, struct waitq *q)
{
    struct poll_call *c = container_of(pt, struct poll_call, table);
    struct waiter *w = c->no_memory ? NULL : new_waiter(c);
    if (!w) {
        c->no_memory = true;
        return;
    }
    w->wake = wake_poller;
    w->events = pt->events | POLLERR | POLLHUP;
    w->thread = current();
    waitq_add(q, w);
}

static void is_added(struct poll_table *pt __attribute__((unused)),
                     struct waitq *q __attribute__((unused)))
{
}

/* Takes all waiters off their queues and frees the blocks but the first. */
static void forget_waiters(struct poll_block *first)
{
    for (struct poll_block *b = first, *next; b; b = next) {
        next = b->next;
        for (u32 i = 0; i < b->used; i++)
            waitq_remove(&b->waiters[i]);
        if (b != first)
            heap_free(b);
    }
    if (first) {
        first->next = NULL;
        first->used = 0;
    }
}

static long look(struct poll_target *targets, u32 count, struct poll_table *pt)
{
    long found = 0;
    for (struct poll_target *t = targets; t < targets + count; t++) {
        if (!t->ref.file)
            continue;
        if (pt)
            pt->events = t->events;
        t->found = file_poll(t->ref.file, pt) & (t->events | POLLERR | POLLHUP);
        found += t->found != 0;
    }
    return found;
}

/* Looks and sleeps in turn until there is an answer. */
static long wait_for_one(struct poll_call *c, struct poll_target *targets, u32 count, u64 deadline)
{
    u32 ticket = wake_ticket();
    long found = look(targets, count, &c->table);
    c->table.add = is_added;
    for (long r = 0; !found; found = look(targets, count, &c->table)) {
        if (c->no_memory)
            return -ENOMEM;
        if (r == -EINTR)
            return -ERESTARTNOHAND;
        if (r == -ETIMEDOUT && host_now() >= deadline)
            return 0;
        r = sleep_until_woken(ticket, MIN(deadline, c->table.deadline));
        ticket = wake_ticket();
        c->table.deadline = FOREVER;
    }
    return found;
}

long poll_targets(struct poll_target *targets, u32 count, u64 deadline)
{
    long found = look(targets, count, NULL);
    if (found || deadline == AT_ONCE || (deadline != FOREVER && host_now() >= deadline))
        return found;
    struct poll_call c = {.table = {.add = add_waiter, .deadline = FOREVER}};
    c.first = c.last = own_block();
    found = wait_for_one(&c, targets, count, deadline);
    forget_waiters(c.first);
    return found;
}

long mask_for_call_from_user(const void *user, size_t size)
{
    sigset mask;
    if (!user)
        return 0;
    if (size != sizeof(mask))
        return -EINVAL;
    if (get_user(mask, user))
        return -EFAULT;
    set_mask_for_call(mask);
    return 0;
}

void poll_write_remaining(struct timespec_abi *user, u64 deadline)
{
    if (!user)
        return;
    u64 now = host_now();
    u64 left = deadline > now ? deadline - now : 0;
    struct timespec_abi t = {(s64)(left / 1000000000), (s64)(left % 1000000000)};
    (void)!copy_to_user(user, &t, sizeof(t));
}
