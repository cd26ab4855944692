/* SPDX-License-Identifier: Apache-2.0 */
/* A viewer and its console: the console holds the viewer, and the viewer knows the console while
 * somebody holds that. The viewer's side never waits for the console's; who writes waits for the
 * viewer's only if that said so (VIEWER_PACE). */
#include "kernel/object/viewer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel/checkpoint/hibernate.h"
#include "kernel/checkpoint/hold.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/bank.h"
#include "kernel/object/console_ops.h"
#include "kernel/signals.h"
#include "kernel/world.h"

#define PAGES (2 * RF_VIEWER_RING / PAGE_SIZE) /* output and input */

enum { KEY_INTERRUPT, KEY_QUIT, KEY_SUSPEND, KEY_START, KEY_STOP, KEYS };

struct viewer {
    struct object object;
    struct screen *screen; /* NULL: nobody has the console */
    struct list readers;   /* struct pending of VIEWER_READ */
    struct list servers;   /* struct pending of VIEWER_AWAIT */
    u8 *output, *input;    /* RF_VIEWER_RING bytes each; a position's byte is at its remainder */
    u64 written;           /* position behind the last byte of output */
    u64 shown;             /* the viewer's side is done with what is before it */
    u64 at_cut, released;  /* checkpoint/hold.h: written at the last cut; what may be shown */
    u64 typed, taken;      /* of input: behind the last byte, and behind the last that was read */
    u32 columns, rows;     /* 0: no terminal */
    u32 wanted;            /* bytes of input that somebody was refused and waits for */
    bool hung_up;
    bool paced, deaf; /* of output: nothing is written over; nobody looks any more */
    u32 mode;         /* RF_CONSOLE_* */
    u8 keys[KEYS];
};

/* The console. */
struct screen {
    struct object object;
    struct viewer *viewer; /* a reference */
    struct list readers;   /* struct pending of CONSOLE_READ */
    struct list writers;   /* struct pending of CONSOLE_WRITE */
    struct list watches;
    u32 cell_number; /* who used it as a terminal last */
};

static void viewer_destroy(struct object *object);
static void screen_destroy(struct object *object);
static void viewer_save(const struct object *object, struct record *to);
static struct object *viewer_load(struct record *from, struct bank *bank);
static void screen_save(const struct object *object, struct record *to);
static struct object *screen_load(struct record *from, struct bank *bank);

const struct object_class viewer_class = {.kind = RF_KIND_VIEWER,
                                          .records = 1,
                                          .size = sizeof(struct viewer),
                                          .destroy = viewer_destroy,
                                          .rests = true,
                                          .stored = STORED_VIEWER,
                                          .save = viewer_save,
                                          .load = viewer_load};
const struct object_class screen_class = {.kind = RF_KIND_CONSOLE,
                                          .records = 1,
                                          .size = sizeof(struct screen),
                                          .destroy = screen_destroy,
                                          .rests = true,
                                          .stored = STORED_SCREEN,
                                          .save = screen_save,
                                          .load = screen_load};

static struct viewer *viewer_of(const struct call *call)
{
    object_rouse(call->cap->object); /* whatever is asked for may change what was shown */
    return container_of(call->cap->object, struct viewer, object);
}

/* What is done with a console concerns its viewer. */
static struct screen *screen_of(const struct call *call)
{
    struct screen *screen = container_of(call->cap->object, struct screen, object);

    object_rouse(&screen->viewer->object);
    return screen;
}

struct object *viewer_make(struct bank *bank)
{
    struct object *object = object_new_with(&viewer_class, bank, RF_RESOURCE_PAGES, PAGES);
    struct viewer *viewer;

    if (!object)
        return NULL;
    viewer = container_of(object, struct viewer, object);
    list_init(&viewer->readers);
    list_init(&viewer->servers);
    viewer->output = calloc(2, RF_VIEWER_RING);
    if (!viewer->output) {
        object_release(object);
        return NULL;
    }
    viewer->input = viewer->output + RF_VIEWER_RING;
    return object;
}

static void viewer_destroy(struct object *object)
{
    struct viewer *viewer = container_of(object, struct viewer, object);

    pending_answer_all(&viewer->readers, -ESTALE);
    pending_answer_all(&viewer->servers, -ESTALE);
    if (viewer->screen)
        object_destroy(&viewer->screen->object);
    free(viewer->output);
    viewer->output = viewer->input = NULL;
    if (object->bank)
        bank_uncharge(object->bank, RF_RESOURCE_PAGES, PAGES);
}

struct object *viewer_console(struct object *object)
{
    struct viewer *viewer = container_of(object, struct viewer, object);
    struct object *console;

    if (viewer->screen) {
        object_hold(&viewer->screen->object);
        return &viewer->screen->object;
    }
    console = object_new(&screen_class, object->bank);
    if (!console)
        return NULL;
    viewer->screen = container_of(console, struct screen, object);
    list_init(&viewer->screen->readers);
    list_init(&viewer->screen->writers);
    list_init(&viewer->screen->watches);
    object_hold(object);
    viewer->screen->viewer = viewer;
    return console;
}

struct object *viewer_of_console(const struct cap *console)
{
    if (console->object->class != &screen_class || console->object->dead)
        return NULL;
    return &container_of(console->object, struct screen, object)->viewer->object;
}

static u64 oldest(const struct viewer *viewer)
{
    return viewer->written > RF_VIEWER_RING ? viewer->written - RF_VIEWER_RING : 0;
}

static void ring_put(u8 *ring, u64 position, const u8 *bytes, u32 length)
{
    u32 at = position % RF_VIEWER_RING, first = MIN(length, RF_VIEWER_RING - at);

    memcpy(ring + at, bytes, first);
    memcpy(ring, bytes + first, length - first);
}

static void ring_get(const u8 *ring, u64 position, u8 *bytes, u32 length)
{
    u32 at = position % RF_VIEWER_RING, first = MIN(length, RF_VIEWER_RING - at);

    memcpy(bytes, ring + at, first);
    memcpy(bytes + first, ring, length - first);
}

/* Behind the last byte that may be shown. */
static u64 visible(const struct viewer *viewer)
{
    return hold_is_on() ? viewer->released : viewer->written;
}

/* Nothing more is to come. */
static bool is_over(const struct viewer *viewer)
{
    return (!viewer->screen || viewer->deaf) && visible(viewer) == viewer->written;
}

/* Fills the message with what was written from the position on: bytes; 0: nothing yet. */
static u32 show(const struct viewer *viewer, u64 position, struct rf_msg *to)
{
    u64 from = MIN(MAX(position, oldest(viewer)), visible(viewer));
    u32 length = (u32)MIN(visible(viewer) - from, RF_MSG_DATA);

    ring_get(viewer->output, from, to->data, length);
    to->data_length = length;
    to->words[0] = from + length;
    to->words[1] = oldest(viewer);
    return length;
}

/* Answers those who wait for output: there is some, or there will be none. */
static void show_all(struct viewer *viewer)
{
    list_for_each_safe(node, &viewer->readers) {
        struct pending *reader = list_entry(node, struct pending, link);

        if (reader->w[0] >= visible(viewer) && !is_over(viewer))
            continue;
        if (pending_valid(reader))
            pending_answer(reader,
                           show(viewer, reader->w[0], domain_message(reader->domain, reader->msg)));
        else
            pending_answer(reader, -EINTR);
    }
}

/* What VIEWER_AWAIT may be told now. */
static u32 news(const struct viewer *viewer)
{
    return (viewer->wanted && viewer->typed == viewer->taken ? RF_VIEWER_WANTED : 0) |
           (viewer->screen ? 0 : RF_VIEWER_GONE);
}

static u32 tell_news(struct viewer *viewer, u32 news, struct rf_msg *to)
{
    to->words[0] = viewer->wanted;
    return news;
}

/* Tells those who wait for it. */
static void tell(struct viewer *viewer, u32 news)
{
    list_for_each_safe(node, &viewer->servers) {
        struct pending *server = list_entry(node, struct pending, link);
        u32 events = news & (u32)server->w[0];

        if (events && pending_valid(server))
            tell_news(viewer, events, domain_message(server->domain, server->msg));
        if (events)
            pending_answer(server, pending_valid(server) ? (s64)events : -EINTR);
    }
}

static bool somebody_suspends(const struct viewer *viewer)
{
    list_for_each(node, &viewer->servers) {
        const struct pending *server = list_entry(node, struct pending, link);

        if (server->w[0] & RF_VIEWER_SUSPEND && pending_valid(server))
            return true;
    }
    return false;
}

/* Somebody was refused input. */
static void want(struct viewer *viewer, u64 bytes)
{
    viewer->wanted = MAX(viewer->wanted, (u32)MIN(bytes, RF_MSG_DATA));
    tell(viewer, news(viewer));
}

static void screen_destroy(struct object *object)
{
    struct screen *screen = container_of(object, struct screen, object);
    struct viewer *viewer = screen->viewer;

    pending_answer_all(&screen->readers, -ESTALE);
    pending_answer_all(&screen->writers, -ESTALE);
    watches_drop(&screen->watches);
    viewer->screen = NULL;
    viewer->wanted = 0;
    show_all(viewer);
    tell(viewer, news(viewer));
    object_release(&viewer->object);
}

s64 op_VIEWER_CONSOLE(struct call *call)
{
    struct object *console = viewer_console(call->cap->object);

    return console
               ? call_new_slot(call, console, (u32)call->w[0] & (RF_RIGHT_READ | RF_RIGHT_WRITE))
               : -ENOSPC;
}

/* How much of `length` bytes can be written now. */
static u32 room(const struct viewer *viewer, u64 length)
{
    if (viewer->paced && viewer->object.references > 1)
        length = MIN(length, RF_VIEWER_RING - (viewer->written - viewer->shown));
    if (hold_is_on())
        length = MIN(length, RF_VIEWER_RING - (viewer->written - viewer->released));
    return (u32)length;
}

static void put(struct viewer *viewer, const u8 *bytes, u32 length)
{
    ring_put(viewer->output, viewer->written, bytes, length);
    viewer->written += length;
}

/* Writes on for those who wait; w[2] counts the bytes of w[3] that were written. */
static void serve_writers(struct screen *screen)
{
    struct viewer *viewer = screen->viewer;

    while (!list_empty(&screen->writers)) {
        struct pending *writer = list_first(&screen->writers, struct pending, link);
        struct call call = call_of_pending(writer);
        u32 length = room(viewer, writer->w[3] - writer->w[2]);

        if (!pending_valid(writer)) {
            pending_answer(writer, -EINTR);
            continue;
        }
        if (!length && !viewer->deaf)
            break;
        if (!viewer->deaf)
            put(viewer, call.in->data + writer->w[2], length);
        writer->w[2] += viewer->deaf ? 0 : length;
        if (writer->w[2] == writer->w[3] || viewer->deaf)
            pending_answer(writer, writer->w[2] ? (s64)writer->w[2] : -EPIPE);
    }
}

/* There is room for output, or will be none. */
static void output_changed(struct viewer *viewer)
{
    struct screen *screen = viewer->screen;
    u64 written = viewer->written;

    if (!screen)
        return;
    object_hold(&screen->object); /* which a writer alone may do */
    serve_writers(screen);
    if (viewer->deaf || room(viewer, 1))
        watches_wake(&screen->watches, POLLOUT | (viewer->deaf ? POLLERR : 0));
    if (viewer->deaf || viewer->written > written)
        show_all(viewer);
    object_release(&screen->object);
}

s64 op_VIEWER_READ(struct call *call)
{
    struct viewer *viewer = viewer_of(call);
    u64 position = MIN(call->w[0], viewer->written);
    int error = call_needs_message(call);

    if (error)
        return error;
    if (viewer->paced && position > viewer->shown) {
        viewer->shown = position;
        output_changed(viewer);
    }
    if (position < visible(viewer) || is_over(viewer))
        return show(viewer, position, call->msg);
    call->w[0] = position;
    return call->w[1] ? -EAGAIN : call_wait(call, &viewer->readers, NULL);
}

/* The cell whose terminal it is; NULL: nobody's. */
static struct cell *user_of(const struct viewer *viewer)
{
    struct cell *cell = viewer->screen ? world_cell(viewer->screen->cell_number) : NULL;

    return cell && cell->parent && !cell->ending ? cell : NULL;
}

/* Whether the byte is a key that is not input; then what it means was done. */
static bool is_key(struct viewer *viewer, u8 byte)
{
    static const u32 signals[] = {RF_PREPARED_INTERRUPT, RF_PREPARED_QUIT, RF_PREPARED_SUSPEND};
    struct cell *cell = user_of(viewer);

    if (!byte) /* marks keys that are switched off */
        return false;
    for (u32 i = 0; viewer->mode & RF_CONSOLE_SIGNALS && i < ARRAY_SIZE(signals); i++) {
        if (byte != viewer->keys[i])
            continue;
        if (!(viewer->mode & RF_CONSOLE_NO_FLUSH))
            viewer->taken = viewer->typed;
        if (cell)
            signals_forward(cell, signals[i]);
        return true;
    }
    /* Output is never held up, so there is nothing to stop. */
    return viewer->mode & RF_CONSOLE_FLOW &&
           (byte == viewer->keys[KEY_START] || byte == viewer->keys[KEY_STOP]);
}

/* Takes what was typed, as far as there is room: bytes taken. */
static u32 type(struct viewer *viewer, const u8 *bytes, u32 length)
{
    u32 i;

    for (i = 0; i < length && viewer->typed - viewer->taken < RF_VIEWER_RING; i++) {
        u8 byte = bytes[i];

        if (is_key(viewer, byte))
            continue;
        if (viewer->mode & RF_CONSOLE_RETURN && byte == '\r')
            byte = '\n';
        ring_put(viewer->input, viewer->typed++, &byte, 1);
    }
    return i;
}

static u32 input_now(const struct viewer *viewer, u64 most)
{
    return (u32)MIN(most, viewer->typed - viewer->taken);
}

/* Bytes that a reader was to get who was interrupted are there for the next one. */
static void serve_readers(struct screen *screen)
{
    struct viewer *viewer = screen->viewer;

    while (!list_empty(&screen->readers) && (viewer->typed != viewer->taken || viewer->hung_up)) {
        struct pending *reader = list_first(&screen->readers, struct pending, link);
        struct rf_msg *to = domain_message(reader->domain, reader->msg);
        u32 length = input_now(viewer, reader->w[0]);

        if (!pending_valid(reader)) {
            pending_answer(reader, -EINTR);
            continue;
        }
        ring_get(viewer->input, viewer->taken, to->data, length);
        to->data_length = length;
        if (pending_answer(reader, length))
            viewer->taken += length;
    }
}

static void input_changed(struct viewer *viewer)
{
    struct screen *screen = viewer->screen;

    if (!screen)
        return;
    object_hold(&screen->object); /* which a reader alone may do */
    serve_readers(screen);
    if (viewer->typed != viewer->taken || viewer->hung_up)
        watches_wake(&screen->watches, POLLIN | (viewer->hung_up ? POLLHUP : 0));
    object_release(&screen->object);
}

s64 op_VIEWER_WRITE(struct call *call)
{
    static u8 bytes[RF_MSG_DATA];
    struct viewer *viewer = viewer_of(call);
    s64 length = call_data(call, bytes, 0, sizeof(bytes));
    u32 taken;

    if (length < 0)
        return length;
    if (viewer->hung_up)
        return -EPIPE;
    if (length && viewer->typed - viewer->taken >= RF_VIEWER_RING)
        return -EAGAIN;
    call_commit(call);
    taken = type(viewer, bytes, (u32)length);
    viewer->wanted = length ? 0 : viewer->wanted;
    input_changed(viewer);
    return taken;
}

s64 op_VIEWER_SIZE(struct call *call)
{
    struct viewer *viewer = viewer_of(call);
    struct cell *cell = user_of(viewer);

    if (call->w[0] > UINT16_MAX || call->w[1] > UINT16_MAX || !call->w[0] != !call->w[1])
        return -EINVAL;
    call_commit(call);
    viewer->columns = (u32)call->w[0];
    viewer->rows = (u32)call->w[1];
    if (cell)
        hibernate_wake(cell);
    if (cell && cell->window) {
        __atomic_add_fetch(&cell->window->cell.console_events, 1, __ATOMIC_RELEASE);
        signals_forward(cell, SIGWINCH);
    }
    return 0;
}

s64 op_VIEWER_HANG_UP(struct call *call)
{
    struct viewer *viewer = viewer_of(call);

    if (call->w[0] > 1)
        return -EINVAL;
    call_commit(call);
    if (call->w[0]) {
        viewer->deaf = true;
        output_changed(viewer);
        show_all(viewer);
    } else {
        viewer->hung_up = true;
        input_changed(viewer);
    }
    return 0;
}

s64 op_VIEWER_PACE(struct call *call)
{
    struct viewer *viewer = viewer_of(call);

    call_commit(call);
    viewer->shown = call->w[0] && !viewer->paced ? viewer->written : viewer->shown;
    viewer->paced = call->w[0];
    output_changed(viewer);
    return 0;
}

s64 op_VIEWER_AWAIT(struct call *call)
{
    struct viewer *viewer = viewer_of(call);
    u32 events = news(viewer) & (u32)call->w[0];
    int error = call_needs_message(call);

    if (error)
        return error;
    if (!events)
        return call->w[1] ? -EAGAIN : call_wait(call, &viewer->servers, NULL);
    call_commit(call);
    return tell_news(viewer, events, call->msg);
}

static s64 screen_read(struct call *call)
{
    struct screen *screen = screen_of(call);
    struct viewer *viewer = screen->viewer;
    u32 length = input_now(viewer, call->w[0]);

    if (!list_empty(&screen->readers) || (viewer->typed == viewer->taken && !viewer->hung_up)) {
        s64 result = call->w[1] ? -EAGAIN : call_wait(call, &screen->readers, NULL);

        want(viewer, call->w[0]);
        return result;
    }
    ring_get(viewer->input, viewer->taken, call->msg->data, length);
    call->msg->data_length = length;
    if (call_answer(call, length))
        viewer->taken += length;
    return CALL_GRANTED;
}

static s64 screen_write(struct call *call, u32 length)
{
    struct screen *screen = screen_of(call);
    struct viewer *viewer = screen->viewer;
    u32 now = list_empty(&screen->writers) ? room(viewer, length) : 0;

    if (viewer->deaf)
        return -EPIPE;
    if (now < length && !call->w[1]) {
        call->w[2] = 0;
        call->w[3] = length;
        s64 result = call_wait(call, &screen->writers, NULL);

        output_changed(viewer);
        return result;
    }
    if (length && !now)
        return -EAGAIN;
    call_commit(call);
    put(viewer, call->in->data, now);
    if (now)
        show_all(viewer);
    return now;
}

static int screen_info(struct call *call, struct console_state *state)
{
    const struct viewer *viewer = screen_of(call)->viewer;

    screen_of(call)->cell_number = call->domain->cell_number;
    state->is_terminal = viewer->columns;
    state->columns = viewer->columns;
    state->rows = viewer->rows;
    state->attr = (struct rf_attr){.inode = call->cap->object->number,
                                   .mode = (viewer->columns ? S_IFCHR : S_IFIFO) | 0620,
                                   .links = 1,
                                   .uid = call->domain->uid,
                                   .gid = call->domain->gid,
                                   .block_size = 1024};
    return 0;
}

static u32 screen_events(struct call *call, u32 wanted)
{
    const struct viewer *viewer = screen_of(call)->viewer;
    u32 now = room(viewer, 1) || viewer->deaf ? POLLOUT : 0;

    if (viewer->typed != viewer->taken || viewer->hung_up)
        now |= POLLIN;
    return (now & wanted) | (viewer->hung_up ? POLLHUP : 0) | (viewer->deaf ? POLLERR : 0);
}

static struct list *screen_watches(struct call *call)
{
    return &screen_of(call)->watches;
}

static void screen_watched(struct call *call)
{
    if (call->w[1] & POLLIN)
        want(screen_of(call)->viewer, 1);
}

/* The viewer's side does it. */
static s64 screen_suspend(struct call *call)
{
    const struct cell *cell = cell_of_domain(call->domain);
    struct viewer *viewer = screen_of(call)->viewer;

    if (!cell || !viewer->columns || !somebody_suspends(viewer))
        return -EPERM;
    call_commit(call);
    if (call->w[0] == cell->window->cell.console_events)
        tell(viewer, RF_VIEWER_SUSPEND);
    return 0;
}

static s64 screen_mode(struct call *call)
{
    struct viewer *viewer = screen_of(call)->viewer;

    if (!viewer->columns)
        return -EPERM;
    call_commit(call);
    screen_of(call)->cell_number = call->domain->cell_number;
    viewer->mode = (u32)call->w[0];
    for (u32 i = 0; i < KEYS; i++)
        viewer->keys[i] = (u8)(call->w[1] >> (8 * i));
    return 0;
}

const struct console_ops viewer_console_ops = {
    .read = screen_read,
    .write = screen_write,
    .info = screen_info,
    .events = screen_events,
    .watches = screen_watches,
    .watched = screen_watched,
    .suspend = screen_suspend,
    .mode = screen_mode,
};

struct stored_viewer {
    u64 written, shown, typed, taken;
    u32 columns, rows, mode;
    u8 hung_up, paced, deaf, reserved;
    u8 keys[8];
};
_Static_assert(sizeof(struct stored_viewer) == 56 && KEYS <= 8, "stored layout");

/* Of the rings only what can still be read. */
static void viewer_save(const struct object *object, struct record *to)
{
    const struct viewer *viewer = container_of(object, const struct viewer, object);
    static u8 bytes[RF_VIEWER_RING];
    u32 shown = (u32)(viewer->written - oldest(viewer)), input = input_now(viewer, RF_VIEWER_RING);
    struct stored_viewer stored = {.written = viewer->written,
                                   .shown = viewer->shown,
                                   .paced = viewer->paced,
                                   .deaf = viewer->deaf,
                                   .typed = viewer->typed,
                                   .taken = viewer->taken,
                                   .columns = viewer->columns,
                                   .rows = viewer->rows,
                                   .mode = viewer->mode,
                                   .hung_up = viewer->hung_up};

    memcpy(stored.keys, viewer->keys, KEYS);
    record_put(to, &stored, sizeof(stored));
    ring_get(viewer->output, oldest(viewer), bytes, shown);
    record_put(to, bytes, shown);
    ring_get(viewer->input, viewer->taken, bytes, input);
    record_put(to, bytes, input);
}

static struct object *viewer_load(struct record *from, struct bank *bank)
{
    struct object *object = viewer_make(bank);
    struct viewer *viewer = container_of(object, struct viewer, object);
    const u8 *output, *input;
    struct stored_viewer stored;
    u32 shown;

    record_get(from, &stored, sizeof(stored));
    if (!object || stored.typed < stored.taken || stored.typed - stored.taken > RF_VIEWER_RING)
        return NULL;
    viewer->written = stored.written;
    viewer->at_cut = viewer->released = stored.written;
    viewer->shown = MIN(stored.shown, stored.written);
    viewer->paced = stored.paced;
    viewer->deaf = stored.deaf;
    viewer->typed = stored.typed;
    viewer->taken = stored.taken;
    viewer->columns = stored.columns;
    viewer->rows = stored.rows;
    viewer->mode = stored.mode;
    viewer->hung_up = stored.hung_up;
    memcpy(viewer->keys, stored.keys, KEYS);
    shown = (u32)(viewer->written - oldest(viewer));
    output = record_take(from, shown);
    input = record_take(from, stored.typed - stored.taken);
    if (!output || !input)
        return NULL;
    ring_put(viewer->output, oldest(viewer), output, shown);
    ring_put(viewer->input, viewer->taken, input, (u32)(stored.typed - stored.taken));
    return object;
}

static struct object *copy(const struct object *object, struct bank *bank)
{
    struct record record = {0};
    struct object *made;
    struct viewer *viewer;

    viewer_save(object, &record);
    made = record.bad ? NULL : viewer_load(&record, bank);
    record_finish(&record);
    if (!made)
        return NULL;
    viewer = container_of(made, struct viewer, object);
    viewer->paced = viewer->deaf = false;
    viewer->released = container_of(object, const struct viewer, object)->released;
    return made;
}

void viewer_cut(struct object *object)
{
    struct viewer *viewer = container_of(object, struct viewer, object);

    viewer->at_cut = viewer->written;
}

bool viewer_holds(const struct object *object)
{
    const struct viewer *viewer = container_of(object, const struct viewer, object);

    return viewer->released < viewer->at_cut;
}

void viewer_release(struct object *object)
{
    struct viewer *viewer = container_of(object, struct viewer, object);

    viewer->released = viewer->at_cut;
    show_all(viewer);
    output_changed(viewer);
}

struct object *viewer_console_like(struct object *console, struct bank *bank)
{
    struct object *viewer =
        console->class == &screen_class
            ? copy(&container_of(console, struct screen, object)->viewer->object, bank)
            : viewer_make(bank);
    struct object *made = viewer ? viewer_console(viewer) : NULL;

    object_release(viewer);
    return made;
}

static void screen_save(const struct object *object, struct record *to)
{
    const struct screen *screen = container_of(object, const struct screen, object);

    record_put_object(to, &screen->viewer->object);
    record_put_number(to, screen->cell_number);
}

static struct object *screen_load(struct record *from, struct bank *bank)
{
    struct object *viewer = record_get_object(from, STORED_VIEWER), *console;

    if (!viewer || viewer->bank != bank || container_of(viewer, struct viewer, object)->screen)
        return NULL;
    console = viewer_console(viewer);
    if (console)
        container_of(console, struct screen, object)->cell_number = (u32)record_get_number(from);
    return console;
}
