/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/account/activity.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kernel/account/missing.h"
#include "kernel/account/pressure.h"
#include "kernel/account/stats.h"
#include "kernel/account/tasks.h"
#include "kernel/account/throttle.h"
#include "kernel/object/meter.h"
#include "kernel/world.h"

/* Looking takes at most one part in so many of a processor's time. */
#define COST_PART 20u

static struct list active = {&active, &active};
static struct timer timer;

void activity_init(struct cell *cell)
{
    cell->activity = (struct activity){0};
    list_init(&cell->activity.link);
}

/* False: the host gives no more alarms. One for a process that has just ended is not needed. */
static bool set_alarm(struct process *process)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                             .sigev_signo = ALARM_SIGNAL,
                             .sigev_value.sival_int = (int)process->cell->number};
    u64 when = process->used_ns + ALARM_NS;
    struct itimerspec spec = {.it_value = {.tv_sec = (time_t)(when / 1000000000u),
                                           .tv_nsec = (long)(when % 1000000000u)}};
    int id;

    if (process->alarm < 0 &&
        syscall(SYS_timer_create, stats_clock(process->pid), &event, &id) == 0)
        process->alarm = id;
    if (process->alarm < 0)
        return errno != EAGAIN && errno != ENOSYS;
    syscall(SYS_timer_settime, process->alarm, TIMER_ABSTIME, &spec, NULL);
    return true;
}

/* From now on the host watches it. Without alarms it stays active. */
static void rest(struct cell *cell)
{
    list_for_each(node, &cell->host_processes) {
        if (!set_alarm(list_entry(node, struct process, link)))
            return;
    }
    list_del(&cell->activity.link);
}

static void charge(struct cell *cell, u64 now)
{
    struct activity *activity = &cell->activity;
    u64 used = cell->cpu_used_ns + cell->live_ns, more, credit;

    if (used <= activity->charged_ns)
        return;
    more = used - activity->charged_ns;
    credit = MIN(more, activity->credit_ns);
    activity->charged_ns = used;
    activity->credit_ns -= credit;
    activity->busy_ns = now;
    meter_charge(cell->meter, more - credit);
}

static void read_clocks(struct cell *cell)
{
    cell->live_ns = 0;
    list_for_each(node, &cell->host_processes) {
        struct process *process = list_entry(node, struct process, link);

        process->used_ns = MAX(process->used_ns, stats_total(process->pid));
        cell->live_ns += process->used_ns;
    }
}

static void show(const struct cell *cell)
{
    if (!cell->window)
        return;
    cell->window->cell.cpu_used_ns = cell->cpu_used_ns + cell->live_ns;
    cell->window->cell.cpu_missing_ns = cell->cpu_missing_ns;
}

static void look(struct cell *cell, u64 now)
{
    read_clocks(cell);
    charge(cell, now);
    if (missing_wanted(cell))
        missing_sample(cell);
    if (cell->activity.watched)
        limits_look(cell);
    if (now >= cell->activity.look_ns) {
        limits_look(cell);
        if (!missing_wanted(cell))
            missing_sample(cell);
        missing_judge(cell, now);
        meter_look(cell->meter);
        cell->activity.look_ns = now + LOOK_NS;
    }
    show(cell);
}

static u64 own_time(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

/* What this process used since the last time is charged to who asked for it: to each cell's meter
 * in proportion to its invocations. To look at the clock at each of them would cost a quarter of
 * one. */
static void charge_own_work(void)
{
    static u64 seen_ns, seen_invocations;
    u64 now = own_time(), worked = seen_ns ? now - seen_ns : 0;
    u64 all = world.invocations - seen_invocations;

    seen_ns = now;
    seen_invocations = world.invocations;
    list_for_each(node, &active) {
        struct cell *cell = list_entry(node, struct cell, activity.link);
        u64 more = cell->domain.invocations - cell->activity.invocations;

        cell->activity.invocations = cell->domain.invocations;
        if (more && all)
            meter_charge(cell->meter, worked * MIN(more, all) / all);
    }
}

static bool may_rest(const struct cell *cell, u64 now, bool complete)
{
    return complete && now > cell->activity.busy_ns + IDLE_NS && !(cell->stops & STOP_THROTTLE);
}

static void set_timer(u64 cost, u64 period)
{
    if (!list_empty(&active))
        timer_set(&timer, now_ns() + MAX(period, cost * COST_PART));
}

static void tick(struct timer *expired)
{
    u64 began = now_ns(), spent = own_time(), period = LOOK_NS;
    bool complete = tasks_update();

    (void)expired;
    charge_own_work();
    list_for_each_safe(node, &active) {
        struct cell *cell = list_entry(node, struct cell, activity.link);

        look(cell, began);
        if (cell->activity.watched)
            period = TICK_NS;
        if (may_rest(cell, began, complete))
            rest(cell);
    }
    if (throttle_tick(began))
        period = TICK_NS;
    throttle_apply(&active);
    pressure_look();
    set_timer(own_time() - spent, period);
}

void activity_wake(struct cell *cell)
{
    u64 now;

    if (!list_empty(&cell->activity.link) || cell->over || !cell->window)
        return;
    now = now_ns();
    cell->activity.busy_ns = now;
    list_add_tail(&active, &cell->activity.link);
    timer.expired = tick;
    if (!timer.position || timer.when_ns > now + TICK_NS)
        timer_set(&timer, now + TICK_NS);
}

void activity_refresh(void)
{
    u64 now = now_ns();

    tasks_update();
    charge_own_work();
    list_for_each_safe(node, &active)
        look(list_entry(node, struct cell, activity.link), now);
}

void activity_refresh_memory(void)
{
    tasks_update();
    list_for_each_safe(node, &active)
        limits_look(list_entry(node, struct cell, activity.link));
}

void activity_end(struct cell *cell)
{
    charge_own_work();
    list_del(&cell->activity.link);
    cell->live_ns = 0;
    charge(cell, now_ns());
}

void activity_alarm(u32 cell_number)
{
    struct cell *cell = world_cell(cell_number);

    if (cell)
        activity_wake(cell);
}
