/* SPDX-License-Identifier: Apache-2.0 */
/* A mutex that works between processes when it lies in the heap segment. Not recursive. Holding one
 * across a sleep is allowed only by wait_on, which releases it. All-zero is unlocked. */
#ifndef LIBOS_SYNC_LOCK_H
#define LIBOS_SYNC_LOCK_H

#include "base/types.h"

struct lock {
    u32 state; /* 0 free, 1 held, 2 held and somebody may wait */
};

void lock_wait(struct lock *l);
void lock_wake(struct lock *l);

static inline bool lock_try(struct lock *l)
{
    u32 free_state = 0;
    return __atomic_compare_exchange_n(&l->state, &free_state, 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static inline void lock_take(struct lock *l)
{
    if (unlikely(!lock_try(l)))
        lock_wait(l);
}

static inline void lock_release(struct lock *l)
{
    if (unlikely(__atomic_exchange_n(&l->state, 0, __ATOMIC_RELEASE) == 2))
        lock_wake(l);
}

/* Two locks of the same rank are taken in order of address; the two may be one. */
static inline void lock_take_two(struct lock *a, struct lock *b)
{
    lock_take(a < b ? a : b);
    if (a != b)
        lock_take(a < b ? b : a);
}

static inline void lock_release_two(struct lock *a, struct lock *b)
{
    lock_release(a);
    if (a != b)
        lock_release(b);
}

#endif
