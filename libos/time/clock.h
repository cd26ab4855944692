/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and timers as the other folders need them. */
#ifndef LIBOS_TIME_CLOCK_H
#define LIBOS_TIME_CLOCK_H

#include "abi/objects.h"
#include "libos/sync/wait.h"

struct process;
struct thread;

/* The Linux ABI's struct timespec. */
struct timespec_abi {
    s64 seconds, nanoseconds;
};

/* Real time now, for inode times. Cheap. */
struct rf_time time_now(void);

/* Processor time in ns: of the calling thread, and of its host thread, which may have been another
 * thread's before (proc/parking.h). */
u64 thread_processor_time(void);
u64 host_thread_processor_time(void);

/* Reads a relative timeout from the program: *deadline = host_now() + it, FOREVER for NULL. 0,
 * -EFAULT, -EINVAL. */
long deadline_from_user(const struct timespec_abi *user, u64 *deadline);
bool timespec_valid(const struct timespec_abi *t);
/* Nanoseconds, saturating. */
u64 timespec_ns(const struct timespec_abi *t);
/* The CLOCK_MONOTONIC instant at which CLOCK_REALTIME will be `ns`. */
u64 deadline_of_real_time(u64 ns);

/* Timers: callbacks at an instant, run by whichever thread of the cell the kernel wakes for it. The
 * callback runs with the timer lock held, touches only heap memory, may send signals and wake
 * queues. It returns the next expiry or 0. */
struct timer {
    struct list link;
    u64 expires; /* CLOCK_MONOTONIC ns; 0: not armed */
    u64 (*fire)(struct timer *t, u64 now);
    void *data;
    struct process *process; /* whose thread is woken and kicked for it; changes when that ends */
};
void timer_init(struct timer *t, u64 (*fire)(struct timer *, u64), void *data, struct process *p);
void timer_set(struct timer *t, u64 expires); /* 0 cancels; after it fire is not running */
/* Runs what is due. Called on kicks and when a thread woke for a timer. */
void timers_run(void);
void timers_process_end(struct process *p);
void timers_exec(struct process *p);
/* A thread ends; t->ending is set. */
void timers_thread_end(struct thread *t);

#endif
