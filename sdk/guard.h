/* SPDX-License-Identifier: Apache-2.0 */
/* Touching memory that its owner may take away at any time.
 *
 *     if (guard_begin()) { ... touch it ... guard_end(); } else { it is gone }
 *
 * What stands between must not leave by itself, sleep on anything but the memory, or hold a lock.
 */
#ifndef SDK_GUARD_H
#define SDK_GUARD_H

#include <setjmp.h>
#include <stdbool.h>

struct guard {
    sigjmp_buf out;
    bool armed;
};
extern _Thread_local struct guard rf_guard;

/* Once per process, before the first guard: SIGBUS elsewhere does what it did before. */
void guard_prepare(void);

#define guard_begin() (rf_guard.armed = true, sigsetjmp(rf_guard.out, 0) == 0)
#define guard_end()   ((void)(rf_guard.armed = false))

#endif
