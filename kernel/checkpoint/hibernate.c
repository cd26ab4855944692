/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/hibernate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/account/tasks.h"
#include "kernel/cell_clock.h"
#include "kernel/checkpoint/checkpoint.h"
#include "kernel/checkpoint/image.h"
#include "kernel/checkpoint/numbers.h"
#include "kernel/checkpoint/record.h"
#include "kernel/checkpoint/restore.h"
#include "kernel/checkpoint/stop.h"
#include "kernel/jail/start.h"
#include "kernel/object/call.h"
#include "kernel/object/viewer.h"
#include "kernel/report.h"
#include "kernel/signals.h"
#include "kernel/world.h"

#define AGAIN_NS 1000000000u

/* Of a cell that sleeps, behind its capabilities. */
struct stored_sleep {
    u64 remaining_ns; /* until it wakes by itself; UINT64_MAX: it does not */
    u64 age,
        since_age; /* of the world: when this was written, and at the cut from which it sleeps */
    u64 woken;     /* something had happened for it */
};
_Static_assert(sizeof(struct stored_sleep) == 32, "stored layout");

static struct list waiting = {&waiting, &waiting}; /* struct pending of CELL_HIBERNATE */

static void expired(struct timer *timer);

/* Answers those who wait for the cell to sleep. */
static void answer(struct cell *cell, s64 result)
{
    list_for_each_safe(node, &waiting) {
        struct pending *pending = list_entry(node, struct pending, link);

        if (pending->cap.object == &cell->object)
            pending_answer(pending, result);
    }
}

/* Calls visit with the cell, and with what it holds that may rest with it. */
static void each_object(struct cell *cell, void (*visit)(struct object *object, void *argument),
                        void *argument)
{
    visit(&cell->object, argument);
    for (u32 slot = 1; slot < cell->domain.caps.fresh; slot++) {
        const struct cap *cap = table_get(&cell->domain.caps, slot);
        struct object *viewer = cap ? viewer_of_console(cap) : NULL;

        if (cap && cap->object->class != &cell_class)
            visit(cap->object, argument);
        if (viewer)
            visit(viewer, argument);
    }
}

static void rest(struct object *object, void *argument)
{
    (void)argument;
    object_rest(object);
}

static void rouse(struct object *object, void *argument)
{
    (void)argument;
    object_rouse(object);
}

/* --- falling asleep --- */

int hibernate_want(struct cell *cell)
{
    if (!checkpoint_source())
        return -EOPNOTSUPP;
    if (hibernate_is_apart(cell) || cell->restore)
        return -EBUSY;
    if (!cell->leader || cell->over || cell->ending || cell->listener.fd < 0)
        return -ESRCH;
    if (cell->sleep.phase == SLEEP_NONE)
        cell->sleep.phase = SLEEP_WANTED;
    checkpoint_soon();
    return 0;
}

s64 op_CELL_HIBERNATE(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    int error = hibernate_want(cell);

    if (error)
        return error;
    if (call->domain != &cell->domain) /* which could not be answered in its sleep */
        return call_wait(call, &waiting, NULL);
    call_commit(call);
    return 0;
}

/* Whether something has happened that it does not know of. */
static bool has_news(const struct cell *cell)
{
    if (cell->signals)
        return true;
    list_for_each(node, &cell->domain.pending) {
        if (list_entry(node, const struct pending, all)->finished)
            return true;
    }
    return false;
}

/* The first deadline of its threads, or timer of its processes. */
static u64 wakes_at(const struct cell *cell)
{
    u64 first = stop_first_deadline(cell);

    for (u32 i = 0; i < cell->timers_used; i++) {
        if (cell->timers[i].timer.position)
            first = MIN(first, cell->timers[i].timer.when_ns);
    }
    return first;
}

static void set_timer(struct cell *cell)
{
    cell->sleep.timer.expired = expired;
    if (cell->sleep.wakes_at != UINT64_MAX)
        timer_set(&cell->sleep.timer, cell->sleep.wakes_at);
}

void hibernate_stand(void)
{
    list_for_each_safe(node, &world.awake) {
        struct cell *cell = list_entry(node, struct cell, awake);

        if (cell->sleep.phase != SLEEP_WANTED || !cell->standing)
            continue;
        if (has_news(cell)) { /* it has slept, and wakes */
            cell->sleep.phase = SLEEP_NONE;
            answer(cell, 0);
            continue;
        }
        cell->sleep.phase = SLEEP_STANDS;
        cell->sleep.wakes_at = wakes_at(cell);
        cell->sleep.since_age = world_age();
        set_timer(cell);
    }
}

void hibernate_saved(void)
{
    list_for_each(node, &world.awake) {
        struct cell *cell = list_entry(node, struct cell, awake);

        if (cell->sleep.phase == SLEEP_STANDS)
            each_object(cell, rest, NULL);
    }
}

/* It goes on in the processes that it has. */
static void go_on(struct cell *cell, s64 result)
{
    if (cell->sleep.phase == SLEEP_STANDS)
        each_object(cell, rouse, NULL);
    cell->sleep.phase = SLEEP_NONE;
    cell->sleep.woke_ns = now_ns();
    timer_cancel(&cell->sleep.timer);
    if (cell->standing)
        stop_end(cell);
    answer(cell, result);
}

/* One that was roused since is put by the next cut; the image of a cell never. */
static void leave(struct object *object, void *argument)
{
    int *error = argument;

    if (*error || object->left || !(object->resting || object->class == &cell_class))
        return;
    *error = checkpoint_leave(object->number);
    object->left = !*error;
}

/* What the store has of it stays as it is, from now on. */
static void fall_asleep(struct cell *cell)
{
    int error = 0;

    each_object(cell, leave, &error);
    if (error) {
        go_on(cell, error);
        return;
    }
    cell->standing = false;
    cell->sleep.phase = SLEEP_ENDS;
    cell->sleep.wanted = false;
    kill(-cell->leader, SIGKILL);
    signals_hurry();
}

void hibernate_result(s64 result)
{
    list_for_each_safe(node, &world.awake) {
        struct cell *cell = list_entry(node, struct cell, awake);

        if (cell->sleep.phase == SLEEP_STANDS && result >= 0)
            fall_asleep(cell);
        else if ((cell->sleep.phase == SLEEP_WANTED || cell->sleep.phase == SLEEP_STANDS) &&
                 result < 0)
            go_on(cell, result);
    }
}

bool hibernate_is_wanted(void)
{
    list_for_each(node, &world.awake) {
        if (list_entry(node, struct cell, awake)->sleep.phase == SLEEP_WANTED)
            return true;
    }
    return false;
}

/* What the host knew of it is no more, and what it held is given back. */
static void forget_processes(struct cell *cell)
{
    event_watch(&cell->listener, 0);
    close(cell->listener.fd);
    cell->listener.fd = -1;
    start_forget(cell);
    tasks_all_ended(cell);
    cell->leader = 0;
}

void hibernate_gone(struct cell *cell)
{
    struct sleep *sleep = &cell->sleep;

    forget_processes(cell);
    list_del(&cell->awake);
    limits_rest(cell);
    if (sleep->wanted || cell->ending) {
        list_add_tail(&world.awake, &cell->awake);
        sleep->phase = SLEEP_WAKES;
        fallocate(cell->heap_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, RF_HEAP_SIZE);
        timer_set(&sleep->timer, now_ns());
    } else {
        sleep->phase = SLEEP_DEEP;
        cell_memory_drop(cell);
        table_pack(&cell->domain.caps);
    }
    answer(cell, 0);
}

static void add_number(struct object *object, void *argument)
{
    numbers_add(argument, object->number);
}

bool hibernate_left(struct numbers *left)
{
    if (!numbers_reserve(left, objects_count()))
        return false;
    objects_each_resting(add_number, left);
    list_for_each(node, &world.cells) {
        const struct cell *cell = list_entry(node, struct cell, all);

        if (hibernate_is_apart(cell) && !cell->object.resting)
            numbers_add(left, cell->object.number);
    }
    return true;
}

/* --- going on --- */

static void lose(struct cell *cell, int error)
{
    report_of(cell, "the cell cannot go on after its sleep: %s", strerror(-error));
    cell_end(cell, 0, STATUS_OWN_FAILURE);
}

/* Its end, and that of its window, come with the timer: who wakes it may be in the middle of
 * something. */
static void wake(struct cell *cell)
{
    int error = 0;

    cell->sleep.phase = SLEEP_WAKES;
    list_add_tail(&world.awake, &cell->awake);
    each_object(cell, rouse, NULL);
    cell->sleep.timer.expired = expired;
    timer_set(&cell->sleep.timer, now_ns());
    if (cell->ending)
        return;
    error = table_unpack(&cell->domain.caps);
    if (!error)
        error = cell_memory_make(cell);
    if (!error)
        error = image_load_shared(cell, IMAGE_WINDOW, checkpoint_source(), cell->object.number);
    if (error)
        lose(cell, error);
    else
        cell_told_terms(cell); /* which may have changed meanwhile */
}

void hibernate_wake(struct cell *cell)
{
    switch (cell->sleep.phase) {
    case SLEEP_STANDS: go_on(cell, 0); break;
    case SLEEP_ENDS:
        if (!cell->sleep.wanted)
            each_object(cell, rouse, NULL);
        cell->sleep.wanted = true;
        break;
    case SLEEP_DEEP: wake(cell); break;
    default: break;
    }
}

static void restored(struct cell *cell, struct source *source)
{
    (void)source;
    if (cell->over)
        return;
    cell->sleep.phase = SLEEP_NONE;
    cell->sleep.woke_ns = now_ns();
    checkpoint_renew(cell->object.number);
}

static void end(struct cell *cell)
{
    cell_over(cell);
    object_release(&cell->object); /* it was held for its processes */
}

static int make_processes(struct cell *cell)
{
    struct sleep *sleep = &cell->sleep;
    struct source *source = checkpoint_source();
    int error = limits_resume(cell);

    if (!error)
        error = image_load_shared(cell, IMAGE_HEAP, source, cell->object.number);
    if (!error)
        error = restore_begin(cell, source, cell->object.number, sleep->clock_lost, restored);
    if (error)
        return error;
    if (sleep->clock_lost)
        cell_clock_advance(cell, world_age() - sleep->since_age);
    cell->window->cell.came = sleep->clock_lost ? RF_CAME_RESTARTED : RF_CAME_RESUMED;
    sleep->clock_lost = false;
    return 0;
}

/* The host may have more of it later. */
static bool is_passing(int error)
{
    return error == -ENOMEM || error == -EAGAIN || error == -EMFILE || error == -ENFILE;
}

static void expired(struct timer *timer)
{
    struct cell *cell = container_of(timer, struct cell, sleep.timer);
    int error = 0;

    if (cell->sleep.phase != SLEEP_WAKES) {
        hibernate_wake(cell);
        return;
    }
    if (cell->restore)
        return;
    if (!cell->ending)
        error = make_processes(cell);
    if (is_passing(error))
        timer_set(timer, now_ns() + AGAIN_NS);
    else if (error)
        lose(cell, error);
    if (cell->ending)
        end(cell);
}

void hibernate_over(struct cell *cell)
{
    bool apart = hibernate_is_apart(cell);

    cell->sleep.phase = SLEEP_NONE;
    timer_cancel(&cell->sleep.timer);
    if (apart)
        checkpoint_renew(cell->object.number);
    answer(cell, -ESRCH);
}

/* --- sleeping through a restart --- */

void hibernate_put(const struct cell *cell, struct record *to)
{
    const struct sleep *sleep = &cell->sleep;
    u64 now = now_ns();
    struct stored_sleep stored = {
        .remaining_ns = sleep->wakes_at == UINT64_MAX ? UINT64_MAX
                                                      : sleep->wakes_at - MIN(now, sleep->wakes_at),
        .age = world_age(),
        .since_age = sleep->since_age,
        .woken = hibernate_is_woken(cell),
    };

    record_put(to, &stored, sizeof(stored));
}

void hibernate_get(struct cell *cell, struct record *from)
{
    struct sleep *sleep = &cell->sleep;
    u64 now = now_ns(), age = world_age(), passed;
    struct stored_sleep stored;

    record_get(from, &stored, sizeof(stored));
    passed = age - MIN(age, stored.age);
    sleep->phase = SLEEP_DEEP;
    sleep->clock_lost = true;
    sleep->since_age = MIN(age, stored.since_age);
    sleep->wakes_at = stored.woken || stored.remaining_ns <= passed ? now
                      : stored.remaining_ns - passed > UINT64_MAX - now
                          ? UINT64_MAX
                          : now + (stored.remaining_ns - passed);
    cell->started_ns -= MIN(passed, cell->started_ns - 1);
}

int hibernate_restart(struct cell *cell)
{
    int error = 0;

    cell_memory_drop(cell);
    each_object(cell, rest, NULL);
    each_object(cell, leave, &error);
    table_pack(&cell->domain.caps);
    if (has_news(cell))
        cell->sleep.wakes_at = now_ns();
    set_timer(cell);
    return error;
}
