/* SPDX-License-Identifier: Apache-2.0 */
/* The timers that a process has by alarm, setitimer and timer_create. In process->timers, made on
 * demand. */
#ifndef LIBOS_TIME_PROCESS_TIMERS_H
#define LIBOS_TIME_PROCESS_TIMERS_H

#include "libos/time/clock.h"

#define ITIMERS      3 /* that a program can set */
#define CPU_LIMIT    3 /* one more: RLIMIT_CPU */
#define POSIX_TIMERS 256

struct posix_timer;

/* An interval timer: ITIMER_REAL counts the clock; the others sample the process's cpu time. */
struct itimer {
    struct timer timer;
    struct process *owner;
    int which;
    u64 interval; /* ns */
    u64 target;   /* cpu time at which it fires; ITIMER_REAL does not use it */
};

struct process_timers {
    struct lock lock; /* the table */
    struct itimer intervals[ITIMERS + 1];
    struct posix_timer *posix[POSIX_TIMERS];
};

struct process_timers *process_timers_get(struct process *p); /* NULL: no memory */
/* Starts or stops watching RLIMIT_CPU of p, as it is now: setrlimit, fork. */
void cpu_limit_watch(struct process *p);
void process_timers_free(struct process *p);
void process_timers_exec(struct process *p); /* POSIX timers go, interval timers stay */
void posix_timers_delete(struct process_timers *pt);

#endif
