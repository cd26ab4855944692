/* SPDX-License-Identifier: Apache-2.0 */
/* Robust futexes: locks that a thread holds when it ends are marked, and a waiter is woken. */
#include <linux/futex.h>

#include "libos/entry/syscall.h"
#include "libos/proc/exit.h"
#include "libos/proc/futex.h"

#define MOST_LOCKS 2048u /* a list that goes in a circle ends somewhere */

static void mark_dead(u32 *word, bool has_owner_priority, bool pending)
{
    u32 own = (u32)current()->tid, value;

    if ((u64)word % sizeof(u32) || user_load32(word, &value))
        return;
    if (pending && !has_owner_priority && value == 0) { /* ended while it unlocked */
        futex_wake_user(word, 1);
        return;
    }
    while ((value & FUTEX_TID_MASK) == own) {
        u32 seen = value;

        if (has_owner_priority && (value & FUTEX_WAITERS)) {
            futex_pass_on(word, FUTEX_OWNER_DIED);
            return;
        }
        if (user_cmpxchg32(word, &seen, (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
            return;
        if (seen == value) {
            if (value & FUTEX_WAITERS)
                futex_wake_user(word, 1);
            return;
        }
        value = seen;
    }
}

/* An entry's address carries the kind of lock in its lowest bit. */
static void mark_entry(u64 entry, s64 offset, bool pending)
{
    if (entry & ~1ull)
        mark_dead((u32 *)((entry & ~1ull) + (u64)offset), entry & 1, pending);
}

void robust_list_exit(struct thread *t)
{
    struct robust_list_head *head = t->robust_list;
    u64 entry, pending, next;
    s64 offset;

    t->robust_list = NULL;
    if (!head || get_user(entry, (u64 *)&head->list.next) ||
        get_user(offset, (s64 *)&head->futex_offset) ||
        get_user(pending, (u64 *)&head->list_op_pending))
        return;
    for (u32 i = 0; i < MOST_LOCKS && (entry & ~1ull) != (u64)&head->list; i++) {
        bool readable = get_user(next, (u64 *)(entry & ~1ull)) == 0;

        if (entry != pending)
            mark_entry(entry, offset, false);
        if (!readable)
            return;
        entry = next;
    }
    mark_entry(pending, offset, true);
}

SYSCALL2(set_robust_list, struct robust_list_head *, head, size_t, size)
{
    if (size != sizeof(*head))
        return -EINVAL;
    current()->robust_list = head;
    return 0;
}

SYSCALL3(get_robust_list, int, tid, void **, head, size_t *, size)
{
    struct thread *t;
    void *found = NULL;
    long r = 0;

    lock_take(&the_cell->lock);
    t = tid ? find_thread(tid) : current();
    if (!t)
        r = -ESRCH;
    else
        found = t->robust_list;
    lock_release(&the_cell->lock);
    if (r)
        return r;
    if (put_user(size, sizeof(struct robust_list_head)) || put_user(head, found))
        return -EFAULT;
    return 0;
}
