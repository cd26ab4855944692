/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/hibernate.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "kernel/account/tasks.h"
#include "kernel/checkpoint/image.h"
#include "kernel/checkpoint/restore.h"
#include "kernel/checkpoint/spool.h"
#include "kernel/checkpoint/stop.h"
#include "kernel/jail/start.h"
#include "kernel/object/bank.h"
#include "kernel/report.h"
#include "kernel/signals.h"
#include "kernel/world.h"

#define STAND_STILL_NS 1000000000u

struct asleep {
    struct cell *cell;
    struct spool *spool;
    u64 wakes_at; /* when the first of its threads wakes by itself */
    bool gone;    /* its processes are */
    bool wanted;  /* it is to go on */
    struct timer timer;
};

static void go_on(struct timer *timer);

static int keep(struct cell *cell)
{
    struct asleep *asleep = calloc(1, sizeof(*asleep));
    int error;

    if (!asleep)
        return -ENOMEM;
    asleep->cell = cell;
    asleep->timer.expired = go_on;
    asleep->wakes_at = stop_first_deadline(cell);
    asleep->spool = spool_create(world.dir_fd);
    error = asleep->spool ? image_save(cell, IMAGE_PRIVATE | IMAGE_HEAP, spool_sink(asleep->spool))
                          : -ENOMEM;
    if (error) {
        spool_destroy(asleep->spool);
        free(asleep);
        return error;
    }
    cell->asleep = asleep;
    return 0;
}

int hibernate(struct cell *cell)
{
    int error;

    if (cell->asleep || cell->restore || cell->standing)
        return -EBUSY;
    error = stop_begin(cell, now_ns() + STAND_STILL_NS);
    if (error)
        return error;
    error = keep(cell);
    if (error) {
        stop_end(cell);
        return error;
    }
    cell->standing = false;
    kill(-cell->leader, SIGKILL);
    signals_hurry();
    return 0;
}

void hibernate_gone(struct cell *cell)
{
    struct asleep *asleep = cell->asleep;

    event_watch(&cell->listener, 0);
    close(cell->listener.fd);
    cell->listener.fd = -1;
    start_forget(cell);
    tasks_all_ended(cell);
    cell->leader = 0;
    fallocate(cell->heap_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, RF_HEAP_SIZE);
    asleep->gone = true;
    if (cell->ending || asleep->wanted)
        hibernate_wake(cell);
    else if (asleep->wakes_at != UINT64_MAX)
        timer_set(&asleep->timer, asleep->wakes_at);
}

/* Not at once: who says so may be in the middle of something. */
void hibernate_wake(struct cell *cell)
{
    struct asleep *asleep = cell->asleep;

    if (!asleep)
        return;
    asleep->wanted = true;
    if (asleep->gone)
        timer_set(&asleep->timer, now_ns());
}

static void restored(struct cell *cell, struct source *source)
{
    (void)source;
    hibernate_drop(cell);
}

static void end(struct cell *cell)
{
    cell_over(cell);
    object_release(&cell->object); /* it was held for its processes */
}

static void go_on(struct timer *timer)
{
    struct asleep *asleep = container_of(timer, struct asleep, timer);
    struct cell *cell = asleep->cell;
    struct source *source = spool_source(asleep->spool);
    int error;

    if (cell->ending) {
        end(cell);
        return;
    }
    if (cell->restore)
        return;
    error = image_load_shared(cell, IMAGE_HEAP, source, cell->object.number);
    if (!error)
        error = restore_begin(cell, source, cell->object.number, false, restored);
    if (!error) {
        cell->window->cell.came = RF_CAME_RESUMED;
        asleep->gone = false; /* there are processes again */
        return;
    }
    report_of(cell, "the cell cannot go on after its sleep: error %d", -error);
    cell_end(cell, 0, STATUS_OWN_FAILURE);
    end(cell);
}

struct copying {
    struct sink *sink;
    u32 replicas;
    u64 key; /* of the last page */
};

static int copy_record(void *argument, u64 key, u32 part, const void *bytes, size_t length)
{
    struct sink *sink = ((struct copying *)argument)->sink;

    return sink->record(sink, key, part, bytes, length);
}

static int copy_page(void *argument, u64 key, u64 index, const void *page)
{
    struct copying *copying = argument;
    int error = key == copying->key ? 0 : sink_copies(copying->sink, key, copying->replicas);

    copying->key = key;
    return error ? error : copying->sink->page(copying->sink, key, index, page);
}

int hibernate_save(struct cell *cell, struct sink *sink)
{
    struct source *source = spool_source(cell->asleep->spool);
    struct copying copying = {sink, cell->bank->replicas, 0};
    int error = source->records(source, copy_record, &copying);

    if (!error)
        error = spool_pages(cell->asleep->spool, copy_page, &copying);
    return error ? error : image_save_window(cell, sink);
}

void hibernate_drop(struct cell *cell)
{
    struct asleep *asleep = cell->asleep;

    if (!asleep)
        return;
    cell->asleep = NULL;
    timer_cancel(&asleep->timer);
    spool_destroy(asleep->spool);
    free(asleep);
}
