/* SPDX-License-Identifier: Apache-2.0 */
/* Locks with the priority-inheritance protocol. The word holds the owner's number; whoever unlocks
 * hands it to the first waiter. Priorities themselves are not inherited: cells have none. */
#include <linux/futex.h>

#include "libos/entry/errno.h"
#include "libos/entry/user.h"
#include "libos/proc/futex.h"
#include "libos/proc/process.h"

#define LONGEST_CHAIN 1024

static struct futex_waiter *first_waiter(struct futex_bucket *b, const struct futex_key *key,
                                         bool *more)
{
    struct futex_waiter *first = NULL;

    *more = false;
    list_for_each(l, &b->queue) {
        struct futex_waiter *w = list_entry(l, struct futex_waiter, link);

        if (!w->owner || !futex_key_equal(&w->key, key))
            continue;
        if (first) {
            *more = true;
            break;
        }
        first = w;
    }
    return first;
}

/* The lock has a new owner. Bucket locked. */
static void tell_waiters(struct futex_bucket *b, const struct futex_key *key, int owner)
{
    list_for_each(l, &b->queue) {
        struct futex_waiter *w = list_entry(l, struct futex_waiter, link);

        if (w->owner && futex_key_equal(&w->key, key))
            __atomic_store_n(&w->owner, owner, __ATOMIC_RELAXED);
    }
}

/* Whom the owner of a lock waits for, and so on: true if that is the calling thread in the end.
 * the_cell->lock held. */
static bool waits_for_me(int owner)
{
    for (int length = 0; owner && length < LONGEST_CHAIN; length++) {
        const struct thread *t = find_thread(owner);
        const struct futex_waiter *w = t ? t->futex : NULL;

        if (t == current())
            return true;
        owner = w && __atomic_load_n(&w->queued, __ATOMIC_ACQUIRE)
                    ? __atomic_load_n(&w->owner, __ATOMIC_RELAXED)
                    : 0;
    }
    return false;
}

/* Takes the free lock, or marks the held one, of *holder, as waited for. 1: taken; 0: marked; -E….
 * Bucket and the_cell locked. */
static long take_or_mark(u32 *word, bool try_only, int *holder)
{
    u32 own = (u32)current()->tid, value;
    long r = user_load32(word, &value);

    while (r == 0) {
        u32 owner = value & FUTEX_TID_MASK, seen = value, wanted;

        if (owner == own)
            return -EDEADLK;
        if (owner && try_only)
            return -EAGAIN;
        if (owner && !find_thread((int)owner) && !(value & FUTEX_OWNER_DIED))
            return -ESRCH;
        if (owner && waits_for_me((int)owner))
            return -EDEADLK;
        *holder = (int)owner;
        wanted = owner ? value | FUTEX_WAITERS : own | (value & ~(u32)FUTEX_TID_MASK);
        r = user_cmpxchg32(word, &seen, wanted);
        if (r == 0 && seen == value)
            return !owner;
        value = seen;
    }
    return r;
}

long futex_lock_pi(u32 *word, bool is_private, u64 deadline, bool try_only)
{
    struct futex_waiter *w;
    struct futex_key key;
    struct futex_bucket *b;
    int holder;
    long r = futex_prepare(word, is_private, &w, &key, &b);

    if (r)
        return r;
    lock_take(&the_cell->lock); /* for find_thread */
    lock_take(&b->lock);
    r = take_or_mark(word, try_only, &holder);
    if (r == 0) {
        __atomic_add_fetch(&b->waiting, 1, __ATOMIC_SEQ_CST);
        w->bitset = FUTEX_BITSET_MATCH_ANY;
        w->owner = holder;
        futex_enqueue(b, w, &key);
    }
    lock_release(&b->lock);
    lock_release(&the_cell->lock);
    if (r)
        return r < 0 ? r : 0;
    r = futex_sleep(w, deadline);
    return r == -EINTR ? -ERESTARTSYS : r;
}

/* The lock goes to the first waiter, or is free. Bucket locked. */
static long hand_over(struct futex_bucket *b, const struct futex_key *key, u32 *word, u32 flags)
{
    u32 value;
    long r = user_load32(word, &value);

    while (r == 0) {
        bool more;
        struct futex_waiter *w = first_waiter(b, key, &more);
        u32 seen = value, next = flags;

        if (w)
            next |= (u32)w->thread->tid | (more ? FUTEX_WAITERS : 0);
        r = user_cmpxchg32(word, &seen, next);
        if (r == 0 && seen == value) {
            if (w) {
                tell_waiters(b, key, w->thread->tid);
                futex_wake_waiter(w);
            }
            break;
        }
        value = seen;
    }
    return r;
}

long futex_unlock_pi(u32 *word, bool is_private)
{
    struct futex_key key;
    struct futex_bucket *b;
    u32 value;
    long r = futex_key(word, is_private, &key);

    if (r)
        return r;
    b = futex_bucket(&key);
    wakes_hold();
    lock_take(&b->lock);
    r = user_load32(word, &value);
    if (r == 0 && (value & FUTEX_TID_MASK) != (u32)current()->tid)
        r = -EPERM;
    if (r == 0)
        r = hand_over(b, &key, word, 0);
    lock_release(&b->lock);
    wakes_release();
    return r;
}

void futex_pass_on(u32 *word, u32 flags)
{
    for (int is_private = 0; is_private < 2; is_private++) {
        struct futex_key key;
        struct futex_bucket *b;
        bool more, found;

        if (futex_key(word, is_private, &key))
            return;
        b = futex_bucket(&key);
        lock_take(&b->lock);
        found = first_waiter(b, &key, &more) != NULL;
        if (found || is_private)
            hand_over(b, &key, word, flags);
        lock_release(&b->lock);
        if (found)
            return;
    }
}
