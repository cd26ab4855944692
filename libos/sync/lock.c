/* SPDX-License-Identifier: Apache-2.0 */
/* The slow paths of the mutex: the three-state futex lock of U. Drepper, "Futexes Are Tricky"
 * (2011). */
#include "libos/sync/lock.h"
#include "libos/host/host.h"

void lock_wait(struct lock *l)
{
    for (int spin = 0; spin < 40; spin++) {
        if (__atomic_load_n(&l->state, __ATOMIC_RELAXED) == 0 && lock_try(l))
            return;
        __builtin_ia32_pause();
    }
    while (__atomic_exchange_n(&l->state, 2, __ATOMIC_ACQUIRE) != 0)
        host_futex_wait(&l->state, 2, UINT64_MAX);
}

void lock_wake(struct lock *l)
{
    host_futex_wake(&l->state, 1);
}
