/* SPDX-License-Identifier: Apache-2.0 */
/* Futexes, all of them in the library OS: waiters queue in the heap segment and sleep on their
 * thread's own wake word, so signals, ends and time-outs work as in any other wait, and waking
 * nobody costs no host call. */
#ifndef LIBOS_PROC_FUTEX_H
#define LIBOS_PROC_FUTEX_H

#include "base/list.h"
#include "base/types.h"
#include "libos/sync/lock.h"

struct thread;

/* What names a futex: for memory of one process its host process and the address; for shared memory
 * the object and the offset in it. */
struct futex_key {
    u64 object, offset;
};

struct futex_bucket {
    struct lock lock;
    u32 waiting; /* in the queue or about to look at the word; read without the lock */
    struct list queue;
};

/* A waiting thread. Belongs to the thread (thread->futex), guarded by its bucket's lock. */
struct futex_waiter {
    struct list link;
    struct futex_key key;
    struct futex_bucket *bucket; /* changes when requeued, both buckets being locked */
    struct thread *thread;
    u32 bitset;
    int owner; /* of the lock with priority inheritance that it waits for; 0: of no such lock */
    bool queued;
};

void futexes_init(void);
long futex_key(const u32 *word, bool is_private, struct futex_key *out); /* 0 or -E… */
struct futex_bucket *futex_bucket(const struct futex_key *key);
static inline bool futex_key_equal(const struct futex_key *a, const struct futex_key *b)
{
    return a->object == b->object && a->offset == b->offset;
}

/* What a thread needs to wait for a word: its waiter, the key, the bucket. 0, -ENOMEM, or as
 * futex_key. */
long futex_prepare(const u32 *word, bool is_private, struct futex_waiter **w, struct futex_key *key,
                   struct futex_bucket **b);
/* Bucket locked, waiting counted. */
void futex_enqueue(struct futex_bucket *b, struct futex_waiter *w, const struct futex_key *key);
/* Bucket locked: takes w off the queue and wakes its thread. */
void futex_wake_waiter(struct futex_waiter *w);
/* Sleeps until taken off the queue. 0, -ETIMEDOUT, -EINTR: then it is off the queue too. */
long futex_sleep(struct futex_waiter *w, u64 deadline);

/* Wakes up to `most` threads that wait on the user word, private or shared. The number woken. */
long futex_wake_user(u32 *word, int most);
/* A dead owner's lock with priority inheritance: hands it to the next waiter. */
void futex_pass_on(u32 *word, u32 flags);

/* Priority inheritance, as far as locking goes (proc/futex_pi.c). */
long futex_lock_pi(u32 *word, bool is_private, u64 deadline, bool try_only);
long futex_unlock_pi(u32 *word, bool is_private);

#endif
