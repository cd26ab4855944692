/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/host/invoke.h"
#include "libos/host/host.h"
#include "libos/entry/entry.h"
#include "libos/entry/errno.h"
#include "libos/fs/hostfs_cell.h"
#include "libos/proc/process.h"
#include "libos/sync/patience.h"
#include "libos/time/clock.h"

#define MESSAGES_LENT_MOST (RF_MSG_BUFFERS * 3 / 4)

_Static_assert(RF_MSG_BUFFERS % 64 == 0, "whole words of the free map");

/* Waits for a call of which the caller was let go: the result, RF_DETACHED and more if that happens
 * again, or RF_DETACHED alone if the kernel knows of none, or no more. */
static long attach(long detached, u64 until)
{
    u64 target = RF_SLOT_CELL | (u64)RF_OP_ATTACH << 32;
    return host_call(RF_NR_INVOKE, (long)target, RF_MSG_NONE, (long)((u64)detached & ~RF_DETACHED),
                     (long)until, 0, 0);
}

/* A wait that was interrupted before the kernel had it is begun again; if the call itself was, the
 * kernel then knows of none. */
static __attribute__((noinline)) long attach_surely(long r)
{
    long detached = r;
    while (r > (long)RF_DETACHED || r == -EINTR) {
        detached = r == -EINTR ? detached : r;
        r = attach(detached, 0);
    }
    return r == (long)RF_DETACHED ? -EINTR : r;
}

static long invoke_raw(u32 slot, u32 op, u64 buffer, u64 w0, u64 w1, u64 w2, u64 w3)
{
    long r = host_call(RF_NR_INVOKE, (long)(slot | (u64)op << 32), (long)buffer, (long)w0, (long)w1,
                       (long)w2, (long)w3);
    if (unlikely(r >= (long)RF_DETACHED))
        r = attach_surely(r);
    if (unlikely(r == -ENOSYS)) /* nobody listens: the kernel is gone */
        host_exit_process();
    return r;
}

static u32 message_index(const struct rf_msg *m)
{
    return (u32)(((const u8 *)m - the_window->messages) / RF_MSG_STRIDE);
}

long invoke(u32 slot, u32 op, u64 w0, u64 w1, u64 w2, u64 w3)
{
    return invoke_raw(slot, op, RF_MSG_NONE, w0, w1, w2, w3);
}

/* A kick of the calling thread may come just then, and is looked at later. */
long invoke_surely(u32 slot, u32 op, u64 w0, u64 w1, u64 w2, u64 w3)
{
    long r;
    do {
        r = invoke(slot, op, w0, w1, w2, w3);
    } while (r == -EINTR);
    return r;
}

long invoke_message(u32 slot, u32 op, struct rf_msg *m, u64 w0, u64 w1, u64 w2, u64 w3)
{
    return invoke_raw(slot, op, message_index(m), w0, w1, w2, w3);
}

/* Whether the calling thread has something to do before it may wait. Else `attention` is clear, and
 * what comes from now on ends the wait or prevents it. */
static bool must_not_wait(struct thread *t, bool *looked)
{
    if (likely(!(__atomic_load_n(&t->attention, __ATOMIC_SEQ_CST) & ATTENTION_EVENTS)))
        return false;
    *looked = true;
    __atomic_and_fetch(&t->attention, ~ATTENTION_EVENTS, __ATOMIC_SEQ_CST);
    timers_run();
    return signal_pending();
}

/* The way out looks at all that a kick may mean. */
static void look_later(struct thread *t, bool looked)
{
    if (looked)
        __atomic_or_fetch(&t->attention, ATTENTION_EVENTS, __ATOMIC_SEQ_CST);
}

/* For a program that has the call, or will. -ERESTARTSYS: it was given up. */
static __attribute__((noinline)) long wait_patiently(long r)
{
    struct patience patience = {0};
    long detached = r;
    while (r > (long)RF_DETACHED || r == -EINTR) {
        u64 until = patience_until(&patience);
        detached = r == -EINTR ? detached : r;
        r = attach(detached, until ? deadline_of_host(until) : 0);
    }
    patience_end(&patience);
    if (r != (long)RF_DETACHED)
        return r;
    return patience_is_over(&patience) ? -ERESTARTSYS : -EINTR;
}

static long invoke_patiently(u32 slot, u32 op, u64 buffer, const u64 w[4])
{
    u64 how = RF_INVOKE_PATIENT | (unlikely(thread_is_wanted()) ? RF_INVOKE_LET_GO : 0);
    long r = host_call(RF_NR_INVOKE, (long)(slot | (u64)op << 32), (long)(buffer | how), (long)w[0],
                       (long)w[1], (long)w[2], (long)w[3]);
    if (unlikely(r >= (long)RF_DETACHED))
        r = wait_patiently(r);
    if (unlikely(r == -ENOSYS))
        host_exit_process();
    return r;
}

/* What was interrupted before the kernel had it is begun again. */
long invoke_retry(u32 slot, u32 op, u64 w0, u64 w1, u64 w2, u64 w3)
{
    const u64 w[4] = {w0, w1, w2, w3};
    long r;
    do {
        r = invoke_patiently(slot, op, RF_MSG_NONE, w);
    } while (r == -EINTR);
    return r;
}

long invoke_message_retry(u32 slot, u32 op, struct rf_msg *m, u64 w0, u64 w1, u64 w2, u64 w3)
{
    const u64 w[4] = {w0, w1, w2, w3};
    u32 length = m->data_length, cap_count = m->cap_count;
    long r;
    while ((r = invoke_patiently(slot, op, message_index(m), w)) == -EINTR) {
        m->data_length = length;
        m->cap_count = cap_count;
    }
    return r;
}

long wait_on_word(u32 *word, u32 value, u64 deadline)
{
    struct thread *t = current();
    bool looked = false;
    long r = -EINTR;
    while (r == -EINTR && !must_not_wait(t, &looked))
        r = host_futex_wait_kicked(word, value, deadline);
    look_later(t, looked);
    return r;
}

/* A kick need not mean a signal: what the kernel has not begun with is then tried again. */
long invoke_waiting(u32 slot, u32 op, struct rf_msg *m, const u64 w[4])
{
    struct thread *t = current();
    u64 target = slot | (u64)op << 32;
    u32 wanted = m->op;
    bool looked = false;
    long r = -EINTR;
    m->op = RF_OP_LIMIT;
    if (unlikely(hostfs_any_dirty()))
        hostfs_flush_mine();
    while (!must_not_wait(t, &looked)) {
        r = host_call_waiting(RF_NR_INVOKE, target, message_index(m), w[0], w[1], w[2], w[3]);
        if (unlikely(r >= (long)RF_DETACHED))
            r = attach_surely(r);
        if (r != -EINTR || m->op != RF_OP_LIMIT)
            break;
    }
    if (m->op == RF_OP_LIMIT)
        m->op = wanted;
    look_later(t, looked);
    if (unlikely(r == -ENOSYS))
        host_exit_process();
    return r;
}

/* The lowest free buffer, so that few are ever touched. */
struct rf_msg *message_try(void)
{
    struct rf_msg *m;
    for (u32 word = 0; word < RF_MSG_BUFFERS / 64; word++) {
        u64 *map = &the_cell->message_free[word];
        u64 seen = __atomic_load_n(map, __ATOMIC_RELAXED);
        while (seen) {
            u32 bit = (u32)__builtin_ctzll(seen);
            if (__atomic_compare_exchange_n(map, &seen, seen & ~(1ull << bit), false,
                                            __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
                m = (struct rf_msg *)(the_window->messages + (word * 64 + bit) * RF_MSG_STRIDE);
                m->data_length = 0;
                m->cap_count = 0;
                return m;
            }
        }
    }
    return NULL;
}

/* All buffers taken is rare and short: their holders do not sleep but in the invocation itself. */
struct rf_msg *message_get(void)
{
    struct rf_msg *m;
    while ((m = message_try()) == NULL)
        host_yield();
    return m;
}

struct rf_msg *message_lend(void)
{
    struct cell *c = the_cell;
    long r = 0;
    lock_take(&c->message_lock);
    while (c->messages_lent == MESSAGES_LENT_MOST && r == 0)
        r = wait_on(&c->message_waiters, &c->message_lock, FOREVER);
    if (r == 0)
        c->messages_lent++;
    lock_release(&c->message_lock);
    return r == 0 ? message_get() : NULL;
}

void message_return(struct rf_msg *m)
{
    struct cell *c = the_cell;
    message_put(m);
    lock_take(&c->message_lock);
    c->messages_lent--;
    lock_release(&c->message_lock);
    waitq_wake_some(&c->message_waiters, ~0u, 1);
}

void message_put(struct rf_msg *m)
{
    u32 i = message_index(m);
    __atomic_or_fetch(&the_cell->message_free[i / 64], 1ull << i % 64, __ATOMIC_RELEASE);
}
