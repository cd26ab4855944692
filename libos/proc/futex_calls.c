/* SPDX-License-Identifier: Apache-2.0 */
/* futex(2): waiting, waking, moving waiters. */
#include <linux/futex.h>

#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/proc/futex.h"
#include "libos/proc/process.h"
#include "libos/time/clock.h"

static struct futex_waiter *waiter_at(struct list *l)
{
    return list_entry(l, struct futex_waiter, link);
}

/* Wakes up to `most` in a locked bucket. -EINVAL: a lock with priority inheritance, which is handed
 * over and not woken for. */
static long wake_in(struct futex_bucket *b, const struct futex_key *key, int most, u32 bitset)
{
    long woken = 0;

    list_for_each_safe(l, &b->queue) {
        struct futex_waiter *w = waiter_at(l);

        if (woken >= most)
            break;
        if (futex_key_equal(&w->key, key) && w->owner)
            return -EINVAL;
        if (futex_key_equal(&w->key, key) && (w->bitset & bitset)) {
            futex_wake_waiter(w);
            woken++;
        }
    }
    return woken;
}

/* Whoever is about to wait counts itself before it looks at the word, and the waker has changed the
 * word before it looks at the count: one of the two sees the other. */
static bool nobody_waits(struct futex_bucket *b)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&b->waiting, __ATOMIC_RELAXED) == 0;
}

static long futex_wake(u32 *word, bool is_private, int most, u32 bitset)
{
    struct futex_key key;
    struct futex_bucket *b;
    long r = futex_key(word, is_private, &key);
    u32 value;

    if (r)
        return r;
    if (!bitset)
        return -EINVAL;
    if (!is_private && get_user(value, word))
        return -EFAULT;
    b = futex_bucket(&key);
    if (nobody_waits(b))
        return 0;
    wakes_hold();
    lock_take(&b->lock);
    r = wake_in(b, &key, MAX(most, 1), bitset);
    lock_release(&b->lock);
    wakes_release();
    return r;
}

long futex_wake_user(u32 *word, int most)
{
    struct futex_key key;
    long woken = futex_wake(word, true, most, FUTEX_BITSET_MATCH_ANY);

    if (woken >= most || futex_key(word, false, &key) || key.object == current_process->memory)
        return woken;
    return MAX(woken, 0) + futex_wake(word, false, most, FUTEX_BITSET_MATCH_ANY);
}

/* Looks at the word and queues the calling thread, in one step as seen by wakers. */
static long wait_setup(u32 *word, bool is_private, u32 expected, u32 bitset,
                       struct futex_waiter **out)
{
    struct futex_waiter *w;
    struct futex_key key;
    struct futex_bucket *b;
    u32 value;
    long r = futex_prepare(word, is_private, &w, &key, &b);

    if (r)
        return r;
    lock_take(&b->lock);
    __atomic_add_fetch(&b->waiting, 1, __ATOMIC_SEQ_CST);
    r = user_load32(word, &value);
    if (r == 0 && value != expected)
        r = -EAGAIN;
    if (r == 0) {
        w->bitset = bitset;
        w->owner = 0;
        futex_enqueue(b, w, &key);
    } else {
        __atomic_sub_fetch(&b->waiting, 1, __ATOMIC_SEQ_CST);
    }
    lock_release(&b->lock);
    *out = w;
    return r;
}

static long futex_wait(u32 *word, bool is_private, u32 expected, u32 bitset, u64 deadline)
{
    struct futex_waiter *w;
    long r;

    if (!bitset)
        return -EINVAL;
    r = wait_setup(word, is_private, expected, bitset, &w);
    if (r)
        return r;
    r = futex_sleep(w, deadline);
    if (r == -EINTR)
        return deadline == FOREVER ? -ERESTARTSYS : -ERESTARTNOHAND;
    return r;
}

static long futex_requeue(u32 *from, u32 *to, bool is_private, int wake, int move,
                          const u32 *expected)
{
    struct futex_key a, b;
    struct futex_bucket *ba, *bb;
    long r = futex_key(from, is_private, &a), moved = 0;
    u32 value;

    if (r == 0)
        r = futex_key(to, is_private, &b);
    if (r)
        return r;
    if (wake < 0 || move < 0)
        return -EINVAL;
    ba = futex_bucket(&a);
    bb = futex_bucket(&b);
    wakes_hold();
    lock_take_two(&ba->lock, &bb->lock);
    if (expected) {
        r = user_load32(from, &value);
        if (r == 0 && value != *expected)
            r = -EAGAIN;
    }
    if (r == 0) {
        r = wake_in(ba, &a, wake, FUTEX_BITSET_MATCH_ANY);
        list_for_each_safe(l, &ba->queue) {
            struct futex_waiter *w = waiter_at(l);

            if (r < 0 || moved >= move)
                break;
            if (!futex_key_equal(&w->key, &a))
                continue;
            list_del(&w->link);
            __atomic_sub_fetch(&ba->waiting, 1, __ATOMIC_SEQ_CST);
            __atomic_add_fetch(&bb->waiting, 1, __ATOMIC_SEQ_CST);
            futex_enqueue(bb, w, &b);
            moved++;
        }
    }
    lock_release_two(&ba->lock, &bb->lock);
    wakes_release();
    return r < 0 ? r : r + moved;
}

static u32 operate(u32 op, u32 old, u32 argument)
{
    switch (op) {
    case FUTEX_OP_SET: return argument;
    case FUTEX_OP_ADD: return old + argument;
    case FUTEX_OP_OR: return old | argument;
    case FUTEX_OP_ANDN: return old & ~argument;
    default: return old ^ argument;
    }
}

static bool compare(u32 comparison, s32 a, s32 b)
{
    switch (comparison) {
    case FUTEX_OP_CMP_EQ: return a == b;
    case FUTEX_OP_CMP_NE: return a != b;
    case FUTEX_OP_CMP_LT: return a < b;
    case FUTEX_OP_CMP_LE: return a <= b;
    case FUTEX_OP_CMP_GT: return a > b;
    default: return a >= b;
    }
}

/* Does what `code` says to the word: 1 or 0 for its comparison, or -E…. */
static long apply_operation(u32 *word, u32 code)
{
    u32 op = code >> 28 & 7, comparison = code >> 24 & 15;
    u32 argument = (u32)((s32)(code << 8) >> 20);
    s32 compared = (s32)(code << 20) >> 20;
    u32 old;
    long r;

    if (op > FUTEX_OP_XOR || comparison > FUTEX_OP_CMP_GE)
        return -ENOSYS;
    if (code >> 31)
        argument = 1u << (argument & 31);
    r = user_load32(word, &old);
    while (r == 0) {
        u32 seen = old;

        r = user_cmpxchg32(word, &seen, operate(op, old, argument));
        if (seen == old)
            break;
        old = seen;
    }
    return r ? r : compare(comparison, (s32)old, compared);
}

static long futex_wake_op(u32 *first, u32 *second, bool is_private, int most, int most_second,
                          u32 code)
{
    struct futex_key a, b;
    struct futex_bucket *ba, *bb;
    long r = futex_key(first, is_private, &a);

    if (r == 0)
        r = futex_key(second, is_private, &b);
    if (r)
        return r;
    ba = futex_bucket(&a);
    bb = futex_bucket(&b);
    wakes_hold();
    lock_take_two(&ba->lock, &bb->lock);
    r = apply_operation(second, code);
    if (r >= 0) {
        long woken = wake_in(ba, &a, most, FUTEX_BITSET_MATCH_ANY), second_woken = 0;

        if (r > 0 && woken >= 0)
            second_woken = wake_in(bb, &b, most_second, FUTEX_BITSET_MATCH_ANY);
        r = woken < 0 ? woken : second_woken < 0 ? second_woken : woken + second_woken;
    }
    lock_release_two(&ba->lock, &bb->lock);
    wakes_release();
    return r;
}

static bool has_timeout(int command)
{
    return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
           command == FUTEX_LOCK_PI2;
}

/* FUTEX_WAIT counts from now; the others name an instant of a clock. */
static long read_deadline(int command, bool real_time, const struct timespec_abi *user, u64 *out)
{
    struct timespec_abi t;

    *out = FOREVER;
    if (!has_timeout(command) || !user)
        return 0;
    if (command == FUTEX_WAIT)
        return deadline_from_user(user, out);
    if (copy_from_user(&t, user, sizeof(t)))
        return -EFAULT;
    if (!timespec_valid(&t))
        return -EINVAL;
    *out = real_time || command == FUTEX_LOCK_PI ? deadline_of_real_time(timespec_ns(&t))
                                                 : timespec_ns(&t);
    return 0;
}

SYSCALL6(futex, u32 *, word, int, op, u32, value, const struct timespec_abi *, timeout, u32 *,
         second, u32, value3)
{
    int command = op & FUTEX_CMD_MASK;
    bool is_private = op & FUTEX_PRIVATE_FLAG;
    bool real_time = op & FUTEX_CLOCK_REALTIME;
    int value2 = (int)(u64)timeout;
    u64 deadline;
    long r;

    if (real_time && command != FUTEX_WAIT_BITSET && command != FUTEX_LOCK_PI2)
        return -ENOSYS;
    r = read_deadline(command, real_time, timeout, &deadline);
    if (r)
        return r;
    switch (command) {
    case FUTEX_WAIT: return futex_wait(word, is_private, value, FUTEX_BITSET_MATCH_ANY, deadline);
    case FUTEX_WAIT_BITSET: return futex_wait(word, is_private, value, value3, deadline);
    case FUTEX_WAKE: return futex_wake(word, is_private, (int)value, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET: return futex_wake(word, is_private, (int)value, value3);
    case FUTEX_REQUEUE: return futex_requeue(word, second, is_private, (int)value, value2, NULL);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(word, second, is_private, (int)value, value2, &value3);
    case FUTEX_WAKE_OP: return futex_wake_op(word, second, is_private, (int)value, value2, value3);
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2: return futex_lock_pi(word, is_private, deadline, false);
    case FUTEX_TRYLOCK_PI: return futex_lock_pi(word, is_private, FOREVER, true);
    case FUTEX_UNLOCK_PI: return futex_unlock_pi(word, is_private);
    default: return -ENOSYS;
    }
}
