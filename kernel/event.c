/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/event.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int epoll_fd = -1;
static bool stopped;

/* A binary heap, earliest first; heap[0] is not used, so that position 0 means "not set". It grows
 * as it must, so that nobody's timers are in the way of anybody else's. */
static struct timer **heap;
static u32 timer_count, timer_room;
static struct event timer_event = {.fd = -1};

u64 now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

int event_watch(struct event *event, u32 interest)
{
    struct epoll_event e = {.events = interest, .data.ptr = event};
    int op = !interest ? EPOLL_CTL_DEL : event->interest ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (interest == event->interest)
        return 0;
    if (epoll_ctl(epoll_fd, op, event->fd, &e) < 0)
        return -errno;
    event->interest = interest;
    return 0;
}

static void place(struct timer *timer, u32 position)
{
    heap[position] = timer;
    timer->position = position;
}

/* Restores the order when the timer at `position` may be too early or too late for its place. */
static void settle(u32 position)
{
    struct timer *moving = heap[position];

    while (position > 1 && heap[position / 2]->when_ns > moving->when_ns) {
        place(heap[position / 2], position);
        position /= 2;
    }
    for (;;) {
        u32 child = position * 2;

        if (child > timer_count)
            break;
        if (child < timer_count && heap[child + 1]->when_ns < heap[child]->when_ns)
            child++;
        if (heap[child]->when_ns >= moving->when_ns)
            break;
        place(heap[child], position);
        position = child;
    }
    place(moving, position);
}

/* The descriptor is made at the first use: most runs never need one. */
static int arm_descriptor(void)
{
    struct itimerspec spec = {0};

    if (timer_event.fd < 0)
        return -EBADF;
    if (timer_count) {
        u64 when = heap[1]->when_ns ? heap[1]->when_ns : 1;

        spec.it_value.tv_sec = (time_t)(when / 1000000000u);
        spec.it_value.tv_nsec = (long)(when % 1000000000u);
    }
    return timerfd_settime(timer_event.fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0 ? -errno : 0;
}

static void timers_ready(struct event *event, u32 events)
{
    u64 now = now_ns();

    (void)event;
    (void)events;
    while (timer_count && heap[1]->when_ns <= now) {
        struct timer *timer = heap[1];

        timer_cancel(timer);
        timer->expired(timer);
    }
    arm_descriptor();
}

static int make_descriptor(void)
{
    timer_event.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer_event.fd < 0)
        return -errno;
    timer_event.ready = timers_ready;
    return event_watch(&timer_event, EPOLLIN);
}

static bool make_room(void)
{
    u32 room = timer_room ? timer_room * 2 : 1024;
    struct timer **grown;

    if (timer_count + 1 < timer_room)
        return true;
    grown = realloc((void *)heap, room * sizeof(struct timer *));
    if (!grown)
        return false;
    heap = grown;
    timer_room = room;
    return true;
}

int timer_set(struct timer *timer, u64 when_ns)
{
    if (timer_event.fd < 0) {
        int error = make_descriptor();

        if (error)
            return error;
    }
    if (!timer->position) {
        if (!make_room())
            return -ENOMEM;
        place(timer, ++timer_count);
    }
    timer->when_ns = when_ns;
    settle(timer->position);
    if (heap[1] == timer)
        arm_descriptor();
    return 0;
}

void timer_cancel(struct timer *timer)
{
    u32 position = timer->position;

    if (!position)
        return;
    timer->position = 0;
    if (position != timer_count) {
        place(heap[timer_count--], position);
        settle(position);
    } else {
        timer_count--;
    }
}

int event_init(void)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return epoll_fd < 0 ? -errno : 0;
}

void event_stop(void)
{
    stopped = true;
}

void event_loop(void)
{
    struct epoll_event ready[16];

    while (!stopped) {
        int n = epoll_wait(epoll_fd, ready, ARRAY_SIZE(ready), -1);

        for (int i = 0; i < n && !stopped; i++) {
            struct event *event = ready[i].data.ptr;

            if (event->interest)
                event->ready(event, ready[i].events);
        }
    }
    stopped = false;
}
