/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kernel/cell_clock.h"
#include "kernel/checkpoint/calls.h"
#include "kernel/checkpoint/hibernate.h"
#include "kernel/checkpoint/hold.h"
#include "kernel/checkpoint/image.h"
#include "kernel/checkpoint/journal.h"
#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/restore.h"
#include "kernel/checkpoint/staging.h"
#include "kernel/checkpoint/stop.h"
#include "kernel/checkpoint/store_source.h"
#include "kernel/checkpoint/tracker.h"
#include "kernel/checkpoint/writer.h"
#include "kernel/event.h"
#include "kernel/jail/image.h"
#include "kernel/object/call.h"
#include "kernel/report.h"
#include "kernel/store/store.h"
#include "kernel/world.h"

#define STAND_STILL_NS 1000000000u  /* for all cells together */
#define LAST_STILL_NS  10000000000u /* the same, when the world is to stop */
#define TRACK_NS       100000000u   /* to be tracked */
#define AGAIN_NS       100000000u   /* after an attempt that failed */
#define ATTEMPTS       20u          /* for a cell to sleep, or the world to stop */
#define FULL_MARGIN    (1u << 20)   /* for the index, on a disk that was full */

static struct {
    struct store *store;
    struct store_source source;
    struct staging *staging;
    struct timer timer;
    struct list waiting; /* struct pending of CHECKPOINT_WAIT: w[0] is the generation */
    u64 every_ns;
    u64 cut_ns, committed_ns; /* when the cut that is being written was, and the committed one */
    bool writing;
    void (*last)(s64 result); /* checkpoint_last; NULL: the world goes on */
    u32 attempts;             /* since there was a cut */
    bool was_last;            /* it is there, or is being written */
    u32 restoring;            /* cells that are being made again: no cut until they are there */
    struct checkpoint_figures figures;
} checkpoint = {.waiting = {&checkpoint.waiting, &checkpoint.waiting}};

/* --- the cut --- */

static int stop_all(u64 deadline_ns)
{
    list_for_each(node, &world.awake) {
        struct cell *cell = list_entry(node, struct cell, awake);
        int error;

        if (!cell_goes_on(cell) || hibernate_is_apart(cell))
            continue;
        if (cell->restore)
            return -EAGAIN;
        error = stop_begin(cell, deadline_ns);
        if (error ==
            -ESRCH) /* its first process is just being made, or the last one has just ended */
            return -EAGAIN;
        if (error)
            return error;
    }
    return 0;
}

static void let_all_go(void)
{
    list_for_each(node, &world.awake) {
        struct cell *cell = list_entry(node, struct cell, awake);

        if (!cell->restore && cell->sleep.phase != SLEEP_STANDS)
            stop_end(cell);
    }
}

/* What is put of a cell that sleeps was not put before, and would be dropped when it is not put any
 * more: so nothing is, until it wakes, and then all that may have changed each time. */
static int save_cell(struct cell *cell, struct sink *sink)
{
    bool apart = hibernate_is_apart(cell);
    int error = 0;

    if (!apart || hibernate_is_woken(cell))
        error = calls_save(cell, sink);
    if (!error && apart && hibernate_is_woken(cell) && cell->window)
        error = image_save_window(cell, sink);
    return error || apart ? error : image_save(cell, IMAGE_ALL, sink);
}

static int save_all(struct sink *sink)
{
    int error = objects_save(sink);

    list_for_each(node, &world.awake) {
        struct cell *cell = list_entry(node, struct cell, awake);

        if (!error && cell_goes_on(cell))
            error = save_cell(cell, sink);
    }
    return error;
}

static void save_early(struct sink *sink)
{
    list_for_each(node, &world.awake) {
        struct cell *cell = list_entry(node, struct cell, awake);

        if (!cell_goes_on(cell) || hibernate_is_apart(cell) || cell->restore)
            continue;
        if (tracker_is_used())
            image_track(cell, sink, now_ns() + TRACK_NS);
        image_save_early(cell, sink);
    }
}

/* Everything between is one instant for all cells. */
static int stop_and_copy(void)
{
    u64 began = now_ns();
    int error = stop_all(began + (checkpoint.last ? LAST_STILL_NS : STAND_STILL_NS));

    if (!error) {
        hibernate_stand();
        error = save_all(staging_begin(checkpoint.staging));
        if (error)
            staging_abandon(checkpoint.staging);
        else {
            hibernate_saved();
            hold_cut();
        }
    }
    checkpoint.was_last = checkpoint.last && !error;
    if (!checkpoint.was_last)
        let_all_go();
    checkpoint.figures.pause_ns = now_ns() - began;
    return error;
}

static void last_failed(void)
{
    if (checkpoint.was_last)
        let_all_go();
    checkpoint.was_last = false;
}

static int cut(void)
{
    struct batch *batch;
    int error = writer_begin();

    if (error)
        return error;
    save_early(staging_prepare(checkpoint.staging));
    checkpoint.cut_ns = now_ns();
    error = stop_and_copy();
    batch = error ? NULL : staging_end(checkpoint.staging);
    if (!batch) {
        last_failed();
        writer_abort();
        return error ? error : -ENOMEM;
    }
    checkpoint.writing = true;
    writer_give(batch);
    return 0;
}

static void next_at(u64 when_ns)
{
    timer_set(&checkpoint.timer, when_ns);
}

void checkpoint_soon(void)
{
    if (!checkpoint.writing)
        next_at(now_ns());
}

struct source *checkpoint_source(void)
{
    return checkpoint.store ? &checkpoint.source.source : NULL;
}

int checkpoint_leave(u64 number)
{
    return staging_leave(checkpoint.staging, number, objects_count());
}

void checkpoint_renew(u64 number)
{
    if (checkpoint.store)
        staging_renew(checkpoint.staging, number);
}

static void answer_waiting(s64 result)
{
    list_for_each_safe(node, &checkpoint.waiting) {
        struct pending *pending = list_entry(node, struct pending, link);

        if (result < 0 || pending->w[0] <= (u64)result)
            pending_answer(pending, result);
    }
}

static void say_failed(s64 error)
{
    if (checkpoint.figures.error != error)
        report("no checkpoint: %s; the last one is %.0f s old", strerror((int)-error),
               (double)(now_ns() - checkpoint.committed_ns) / 1e9);
    checkpoint.figures.error = error;
}

static void give_up_last(s64 error)
{
    void (*done)(s64 result) = checkpoint.last;

    checkpoint.last = NULL;
    if (checkpoint.every_ns)
        next_at(now_ns() + checkpoint.every_ns);
    done(error);
}

void checkpoint_last(void (*done)(s64 result))
{
    checkpoint.last = done;
    checkpoint.attempts = 0;
    checkpoint_soon();
}

/* Somebody waits for a cut that could not be: whether it is tried again soon. */
static bool is_tried_again(int error)
{
    bool few = ++checkpoint.attempts < ATTEMPTS;

    if (error != -EAGAIN)
        return false;
    return (few && (checkpoint.last || hibernate_is_wanted())) || !list_empty(&checkpoint.waiting);
}

/* What could not be written waits in memory; nothing is added to it while there is no room. */
static bool is_full(void)
{
    return checkpoint.figures.error == -ENOSPC &&
           store_room(checkpoint.store) < checkpoint.figures.bytes + FULL_MARGIN;
}

static void attempt(struct timer *timer)
{
    int error;

    (void)timer;
    if (checkpoint.writing || world.stopping)
        return;
    error = checkpoint.restoring ? -EAGAIN : is_full() ? -ENOSPC : cut();
    if (!error)
        return;
    if (is_tried_again(error)) {
        next_at(now_ns() + AGAIN_NS);
        return;
    }
    checkpoint.attempts = 0;
    hibernate_result(error);
    if (error != -EAGAIN) {
        say_failed(error);
        answer_waiting(error);
    }
    if (checkpoint.last)
        give_up_last(error);
    else if (checkpoint.every_ns)
        next_at(now_ns() + MAX(checkpoint.every_ns, AGAIN_NS));
}

static void committed(struct batch *batch, s64 result)
{
    checkpoint.writing = false;
    checkpoint.figures.bytes = batch_bytes(batch);
    if (result < 0) {
        last_failed();
        staging_not_written(checkpoint.staging, batch);
        say_failed(result);
    } else {
        batch_destroy(batch);
        checkpoint.figures.generation = (u64)result;
        checkpoint.figures.error = 0;
        checkpoint.committed_ns = checkpoint.cut_ns;
        hold_release();
    }
    if (checkpoint.was_last) {
        answer_waiting(result);
        checkpoint.last(result);
        return;
    }
    hibernate_result(result);
    answer_waiting(result);
    checkpoint.attempts = 0;
    if (checkpoint.last && result < 0)
        give_up_last(result);
    else if (checkpoint.last || !list_empty(&checkpoint.waiting) || hibernate_is_wanted())
        next_at(now_ns());
    else if (checkpoint.every_ns)
        next_at(MAX(checkpoint.cut_ns + checkpoint.every_ns, now_ns()));
}

/* --- what is asked for --- */

/* The cut that is being written began before the caller asked. */
s64 op_WORLD_CHECKPOINT(struct call *call)
{
    u64 next = checkpoint.figures.generation + 1 + checkpoint.writing;
    u64 wanted = call->w[1] ? call->w[1] : next;
    struct pending *pending;
    s64 result;

    if (!checkpoint.store)
        return -EOPNOTSUPP;
    if (wanted > next)
        return -ERANGE;
    if (wanted <= checkpoint.figures.generation) {
        call_commit(call);
        return (s64)checkpoint.figures.generation;
    }
    if (call->w[0]) {
        result = call_wait(call, &checkpoint.waiting, &pending);
        if (result != CALL_WAITS)
            return result;
        pending->w[0] = wanted;
    } else {
        call_commit(call);
    }
    checkpoint_soon();
    return call->w[0] ? CALL_WAITS : (s64)wanted;
}

void checkpoint_figures(struct checkpoint_figures *figures)
{
    *figures = checkpoint.figures;
    if (checkpoint.committed_ns)
        figures->age_ns = now_ns() - checkpoint.committed_ns;
}

/* --- opening and going on --- */

void checkpoint_open(const struct checkpoint_config *config)
{
    struct store_config store = {.path = config->path,
                                 .volumes = config->volumes,
                                 .volume_count = config->volume_count,
                                 .create = true};
    struct store_figures figures;
    struct store_why why = {""};
    int error;

    if (!config->path)
        return;
    error = store_open(&store, &checkpoint.store, &why);
    if (error)
        fail("%s", why.text);
    if (why.text[0])
        report("%s", why.text);
    store_source_init(&checkpoint.source, checkpoint.store);
    tracker_init();
    checkpoint.staging = staging_create(hibernate_left);
    if (!checkpoint.staging || image_view(image_own()) ||
        writer_start(checkpoint.store, committed) || journal_start(checkpoint.store))
        fail("no memory to write checkpoints");
    checkpoint.every_ns = config->every_ns;
    if (config->hold)
        hold_begin();
    checkpoint.timer.expired = attempt;
    store_figures(checkpoint.store, &figures);
    checkpoint.figures.generation = figures.generation;
    checkpoint.figures.volumes = figures.volumes;
    checkpoint.figures.volumes_missing = figures.volumes_missing;
    checkpoint.committed_ns = now_ns();
}

static void cell_is_back(struct cell *cell, struct source *source)
{
    (void)cell;
    (void)source;
    checkpoint.restoring--;
}

static void lose(struct cell *cell, int error)
{
    report_of(cell, "the cell cannot go on from the last checkpoint: %s", strerror(-error));
    cell_end(cell, 0, STATUS_OWN_FAILURE);
    cell_over(cell);
    object_release(&cell->object);
}

static void go_on(struct cell *cell)
{
    struct source *source = &checkpoint.source.source;
    int error = calls_load(cell, source);

    object_hold(&cell->object); /* for its processes */
    if (!error && hibernate_is_apart(cell)) {
        error = hibernate_restart(cell);
        if (error)
            lose(cell, error);
        return;
    }
    list_add_tail(&world.awake, &cell->awake);
    if (!error)
        error = image_load_shared(cell, IMAGE_HEAP | IMAGE_WINDOW, source, cell->object.number);
    checkpoint.restoring++;
    cell->window->cell.came = RF_CAME_RESTARTED;
    if (!error)
        error = restore_begin(cell, source, cell->object.number, true, cell_is_back);
    if (error) {
        checkpoint.restoring--;
        lose(cell, error);
    }
}

/* Nobody is left who would rely on it, or it is here. */
static void check_processor(void)
{
    char names[96];

    if (!world.cell_count)
        world.cpu.bits = 0;
    if (cpu_lacks(world.cpu, cpu_host(), names))
        fail("the world's cells rely on a processor that has %s, and this one has not; start it on "
             "such a machine, and worlds that are to move with --cpu-baseline",
             names);
}

/* Before anything has changed: a world is not to go on without some of its cells, only because
 * another ringfence would be needed for them. */
static void check_all(void)
{
    list_for_each(node, &world.cells) {
        const struct cell *cell = list_entry(node, struct cell, all);

        if (cell_goes_on(cell) && restore_check(cell, &checkpoint.source.source) == -ENOEXEC)
            fail("cell %s needs another version of ringfence; start the world with the one that it "
                 "ran with",
                 cell->name);
    }
}

void checkpoint_restart(void)
{
    char why[128] = "";
    u64 object = 0;

    if (!checkpoint.store)
        return;
    if (checkpoint.every_ns)
        next_at(now_ns() + checkpoint.every_ns);
    if (store_object_next(checkpoint.store, &object) || object >= KEY_LIBOS)
        return; /* a new world */
    if (objects_load(&checkpoint.source.source, why))
        fail("the world cannot go on from its last checkpoint: %s", why);
    check_processor();
    check_all();
    checkpoint.figures.restarts++;
    list_for_each_safe(node, &world.cells) {
        struct cell *cell = list_entry(node, struct cell, all);

        if (cell_goes_on(cell))
            go_on(cell);
    }
}

void checkpoint_close(void)
{
    if (!checkpoint.store)
        return;
    writer_wait();
    if (!checkpoint.was_last && cut() == 0)
        writer_wait();
    hold_end();
    journal_end();
    store_close(checkpoint.store);
    checkpoint.store = NULL;
}
