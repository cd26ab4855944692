/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's one event loop: descriptors that become ready, and timers. */
#ifndef KERNEL_EVENT_H
#define KERNEL_EVENT_H

#include "base/types.h"

/* Embedded in whatever waits for a descriptor. `ready` gets the EPOLL* bits that hold. */
struct event {
    int fd;
    u32 interest; /* EPOLL* bits; 0: not watched */
    void (*ready)(struct event *event, u32 events);
};

/* Fails only when the host has no more descriptors: a negative errno. */
int event_init(void);

/* Watches for `interest` (0 stops watching). 0, or a negative errno: -EPERM for descriptors that
 * are always ready, such as regular files. */
int event_watch(struct event *event, u32 interest);

/* Serves what happens until event_stop is called, before or meanwhile. */
void event_loop(void);
void event_stop(void);

/* A point of CLOCK_MONOTONIC. Embedded; `position` is 0 while it is not set. */
struct timer {
    u64 when_ns;
    u32 position;
    void (*expired)(struct timer *timer);
};

/* Sets or moves the timer. 0; -ENOMEM; or why the host gives no descriptor for the first one. */
int timer_set(struct timer *timer, u64 when_ns);
void timer_cancel(struct timer *timer);

u64 now_ns(void); /* CLOCK_MONOTONIC */

#endif
