/* SPDX-License-Identifier: Apache-2.0 */
/* Futexes: the queues. */
#include "libos/entry/errno.h"
#include "libos/entry/user.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/mm/mm.h"
#include "libos/proc/futex.h"
#include "libos/proc/process.h"

#define BUCKETS 256

static struct futex_bucket *buckets(void)
{
    return the_cell->futexes;
}

void futexes_init(void)
{
    struct futex_bucket *b = heap_alloc(BUCKETS * sizeof(*b));

    if (!b)
        panic("no memory for futexes");
    for (u32 i = 0; i < BUCKETS; i++)
        list_init(&b[i].queue);
    the_cell->futexes = b;
}

long futex_key(const u32 *word, bool is_private, struct futex_key *out)
{
    u64 address = (u64)word;
    u32 value;

    if (address % sizeof(u32))
        return -EINVAL;
    if (address >= RF_USER_TOP)
        return -EFAULT;
    if (!is_private) {
        if (mm_shared_key(address, &out->object, &out->offset))
            return 0;
        if (user_load32(word, &value))
            return -EFAULT;
    }
    out->object = current_process->memory;
    out->offset = address;
    return 0;
}

struct futex_bucket *futex_bucket(const struct futex_key *key)
{
    u64 h = (key->object + (key->offset >> 2)) * 0x9e3779b97f4a7c15ull;

    return &buckets()[h >> 32 & (BUCKETS - 1)];
}

static struct futex_waiter *own_waiter(void)
{
    struct thread *t = current();
    struct futex_waiter *w = t->futex;

    if (!w) {
        w = t->futex = heap_alloc(sizeof(*w));
        if (!w)
            return NULL;
        list_init(&w->link);
        w->thread = t;
    }
    return w;
}

long futex_prepare(const u32 *word, bool is_private, struct futex_waiter **w, struct futex_key *key,
                   struct futex_bucket **b)
{
    long r;

    *w = own_waiter();
    if (!*w)
        return -ENOMEM;
    r = futex_key(word, is_private, key);
    if (r == 0)
        *b = futex_bucket(key);
    return r;
}

void futex_enqueue(struct futex_bucket *b, struct futex_waiter *w, const struct futex_key *key)
{
    w->key = *key;
    w->bucket = b;
    w->queued = true;
    list_add_tail(&b->queue, &w->link);
}

static void dequeue(struct futex_waiter *w)
{
    list_del(&w->link);
    __atomic_sub_fetch(&w->bucket->waiting, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&w->queued, false, __ATOMIC_RELEASE);
}

void futex_wake_waiter(struct futex_waiter *w)
{
    dequeue(w);
    thread_wake(w->thread);
}

/* Locks the bucket in which w is now. */
static struct futex_bucket *lock_bucket_of(struct futex_waiter *w)
{
    for (;;) {
        struct futex_bucket *b = __atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE);

        lock_take(&b->lock);
        if (b == w->bucket)
            return b;
        lock_release(&b->lock);
    }
}

/* Whoever took w off its queue holds the bucket's lock until it is done with w and its thread, so
 * a thread that finds its waiter taken off takes that lock once before it goes on: from then on
 * nobody knows the thread by w, and it may end. */
static void wait_for_waker(struct futex_waiter *w)
{
    lock_release(&lock_bucket_of(w)->lock);
}

long futex_sleep(struct futex_waiter *w, u64 deadline)
{
    for (;;) {
        u32 ticket = wake_ticket();
        struct futex_bucket *b;
        bool queued;
        long r;

        if (!__atomic_load_n(&w->queued, __ATOMIC_ACQUIRE)) {
            wait_for_waker(w);
            return 0;
        }
        r = sleep_until_woken(ticket, deadline);
        if (r == 0)
            continue;
        b = lock_bucket_of(w);
        queued = w->queued;
        if (queued)
            dequeue(w);
        lock_release(&b->lock);
        return queued ? r : 0;
    }
}
