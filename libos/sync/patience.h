/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a program that serves an object, or for a lock that is held meanwhile. Such a wait is
 * short unless the program hangs, and ending it is no matter of course: what was asked for may have
 * happened. So it goes on until the thread is wanted elsewhere (a signal is to be handled, its
 * process ends), and for two seconds then. A program that was given up so gets no such time in the
 * ten seconds after. The seconds are the host's. */
#ifndef LIBOS_SYNC_PATIENCE_H
#define LIBOS_SYNC_PATIENCE_H

#include "libos/sync/lock.h"

/* One wait; zero at its beginning. */
struct patience {
    u64 until; /* host_now() at which it is to be given up; 0: not yet known */
    bool looked;
};

/* Whether the calling thread is wanted. A process that ends by itself is not: it waits for its data
 * to arrive. */
bool thread_is_wanted(void);

/* When the wait is to be given up; 0: a kick of the thread is to end it for another look. */
u64 patience_until(struct patience *p);
/* Whether that time is over. */
bool patience_is_over(const struct patience *p);
/* The wait has ended. */
void patience_end(const struct patience *p);

/* 0, or -ERESTARTSYS: it is not taken. */
long lock_take_patiently(struct lock *l);

#endif
