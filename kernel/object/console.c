/* SPDX-License-Identifier: Apache-2.0 */
/* Consoles: streams that ringfence inherited. They may be anything, are shared with other processes
 * of the host, and must neither block the kernel nor lose a byte.
 *
 * To read and write without blocking, a pipe or terminal is opened once more where the host allows
 * it, since O_NONBLOCK belongs to the description. Where it does not, poll(2) is asked before each
 * piece, and a piece to a pipe is at most PIPE_BUF, which is taken whole when poll says so. */
#include "kernel/object/console.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/checkpoint/hold.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/attr.h"
#include "kernel/object/call.h"
#include "kernel/object/console_ops.h"
#include "kernel/object/viewer.h"
#include "kernel/signals.h"

#define PARK_NS   200000000u
#define HELD_MOST (64u << 10)

static void console_ready(struct event *event, u32 events);

static struct console *console_of(struct object *object)
{
    return container_of(object, struct console, object);
}

/* A description of our own, with O_NONBLOCK: -1 where the host gives none. */
static int open_again(int fd, u32 rights)
{
    int mode = rights == RF_RIGHT_READ ? O_RDONLY : rights == RF_RIGHT_WRITE ? O_WRONLY : O_RDWR;
    char path[32];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static u32 rights_of(int fd)
{
    int mode = fcntl(fd, F_GETFL) & O_ACCMODE;

    return (mode != O_WRONLY ? RF_RIGHT_READ : 0) | (mode != O_RDONLY ? RF_RIGHT_WRITE : 0);
}

static void console_destroy(struct object *object);
static void console_save(const struct object *object, struct record *to);
static struct object *console_load(struct record *from, struct bank *bank);

const struct object_class console_class = {.kind = RF_KIND_CONSOLE,
                                           .records = 1,
                                           .size = sizeof(struct console),
                                           .destroy = console_destroy,
                                           .rests = true,
                                           .stored = STORED_CONSOLE,
                                           .save = console_save,
                                           .load = console_load};

struct console *console_make(struct bank *bank, int fd, bool owned)
{
    struct object *object = object_new(&console_class, bank);
    struct console *console;
    struct stat st = {0};
    int own = -1;

    if (!object)
        return NULL;
    console = container_of(object, struct console, object);
    list_init(&console->readers);
    list_init(&console->writers);
    list_init(&console->watches);
    console->fd = fd;
    console->owned = owned;
    console->rights = rights_of(fd);
    fstat(fd, &st);
    console->is_tty = S_ISCHR(st.st_mode) && isatty(fd);
    console->is_regular = S_ISREG(st.st_mode) || S_ISBLK(st.st_mode);
    console->is_socket = S_ISSOCK(st.st_mode);
    if (console->is_tty || S_ISFIFO(st.st_mode))
        own = open_again(fd, console->rights);
    console->own_description = own >= 0;
    console->event = (struct event){.fd = own >= 0 ? own : fd, .ready = console_ready};
    return console;
}

static void console_destroy(struct object *object)
{
    struct console *console = container_of(object, struct console, object);

    event_watch(&console->event, 0);
    timer_cancel(&console->park);
    pending_answer_all(&console->readers, -ESTALE);
    pending_answer_all(&console->writers, -ESTALE);
    watches_drop(&console->watches);
    if (console->own_description)
        close(console->event.fd);
    if (console->owned)
        close(console->fd);
    free(console->unread);
    free(console->held);
    console->unread = console->held = NULL;
    if (console->held_length)
        object_release(object);
    console->held_length = console->held_at_cut = console->released = 0;
}

/* The user gave the terminal to another job: reading from it now would stop us. */
static bool in_background(const struct console *console)
{
    pid_t foreground = console->is_tty ? tcgetpgrp(console->fd) : -1;

    return foreground > 0 && foreground != getpgrp();
}

/* Which of the poll(2) events hold now. */
static u32 events_now(const struct console *console, u32 events)
{
    struct pollfd p = {.fd = console->event.fd, .events = (short)events};

    if (events & POLLIN && in_background(console))
        p.events = (short)(events & ~(u32)POLLIN);
    if (console->unread_length && events & POLLIN)
        return POLLIN;
    if (hold_is_on() && events & POLLOUT && console->held_length == HELD_MOST)
        p.events = (short)(p.events & ~POLLOUT);
    return poll(&p, 1, 0) > 0 ? (u32)(u16)p.revents : 0;
}

/* What the event loop must watch for, given who waits. Descriptors that epoll(7) refuses are always
 * ready, so nobody waits on them. */
static void rewatch(struct console *console)
{
    u32 interest = 0;

    if (console->object.dead)
        return;
    if (!list_empty(&console->readers))
        interest |= EPOLLIN;
    if (!list_empty(&console->writers))
        interest |= EPOLLOUT;
    interest |= watches_events(&console->watches);
    if (hold_is_on() && !console->released && console->held_length == HELD_MOST)
        interest &= ~(u32)EPOLLOUT;
    if (console->released)
        interest |= EPOLLOUT;
    if (console->parked)
        interest &= ~(u32)EPOLLIN;
    event_watch(&console->event, interest);
}

static void console_unpark(struct timer *timer)
{
    struct console *console = container_of(timer, struct console, park);

    console->parked = false;
    rewatch(console);
}

/* There is input, but in the background: it is not looked at for a while. */
static void console_park(struct console *console)
{
    console->parked = true;
    console->park.expired = console_unpark;
    timer_set(&console->park, now_ns() + PARK_NS);
}

static ssize_t take_unread(struct console *console, void *to, size_t most)
{
    u32 n = MIN((u32)most, console->unread_length);

    memcpy(to, console->unread, n);
    console->unread_length -= n;
    memmove(console->unread, console->unread + n, console->unread_length);
    return n;
}

/* Bytes, or a negative errno; never blocks. */
static ssize_t read_now(struct console *console, void *to, size_t most)
{
    ssize_t n;

    if (console->unread_length)
        return take_unread(console, to, most);
    if (in_background(console))
        return -EAGAIN;
    if (console->is_regular)
        n = read(console->fd, to, most);
    else if (console->is_socket)
        n = recv(console->fd, to, most, MSG_DONTWAIT);
    else if (console->own_description || events_now(console, POLLIN))
        n = read(console->event.fd, to, most);
    else
        return -EAGAIN;
    return n < 0 ? -errno : n;
}

static ssize_t write_out(struct console *console, const void *from, size_t length)
{
    ssize_t n;

    if (console->is_regular)
        n = write(console->fd, from, length);
    else if (console->is_socket)
        n = send(console->fd, from, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    else if (console->own_description)
        n = write(console->event.fd, from, length);
    else if (events_now(console, POLLOUT))
        n = write(console->fd, from, MIN(length, (size_t)PIPE_BUF));
    else
        return -EAGAIN;
    return n < 0 ? -errno : n;
}

/* What is held is in the host's hands when a cut that has it is committed. */
static ssize_t hold(struct console *console, const void *from, size_t length)
{
    size_t n = MIN(length, HELD_MOST - console->held_length);

    if (!console->held)
        console->held = malloc(HELD_MOST);
    if (!console->held)
        return -ENOMEM;
    if (length && !n)
        return -EAGAIN;
    if (n && !console->held_length)
        object_hold(&console->object);
    memcpy(console->held + console->held_length, from, n);
    console->held_length += (u32)n;
    return (ssize_t)n;
}

static ssize_t write_now(struct console *console, const void *from, size_t length)
{
    return hold_is_on() ? hold(console, from, length) : write_out(console, from, length);
}

/* Writes what may go, as far as the host takes it now. What it refuses is gone, as for a program
 * whose output was taken late. */
static void write_released(struct console *console)
{
    u32 done = 0;

    while (done < console->released) {
        ssize_t n = write_out(console, console->held + done, console->released - done);

        if (n == -EAGAIN)
            break;
        done += n > 0 ? (u32)n : console->released - done;
    }
    if (!done)
        return;
    console->held_length -= done;
    console->held_at_cut -= done;
    console->released -= done;
    memmove(console->held, console->held + done, console->held_length);
    if (!console->held_length)
        object_release(&console->object);
}

/* The reader that asked was gone when its bytes had been taken from the host: keep them. */
static void keep_unread(struct console *console, const void *bytes, size_t length)
{
    u8 *grown = realloc(console->unread, console->unread_length + length);

    if (!grown)
        return;
    memmove(grown + length, grown, console->unread_length);
    memcpy(grown, bytes, length);
    console->unread = grown;
    console->unread_length += (u32)length;
}

/* Serves one waiting reader: false when there is nothing to read yet. */
static bool serve_reader(struct console *console, struct pending *pending)
{
    struct call call = call_of_pending(pending);
    ssize_t n;

    if (!pending_valid(pending)) {
        pending_answer(pending, -EINTR);
        return true;
    }
    n = read_now(console, call.msg->data, call.w[0]);
    if (n == -EAGAIN)
        return false;
    if (n > 0)
        call.msg->data_length = (u32)n;
    if (!pending_answer(pending, n) && n > 0)
        keep_unread(console, call.msg->data, (size_t)n);
    return true;
}

/* Writes on for one waiting writer; w[2] counts the bytes of w[3] that went out. */
static bool serve_writer(struct console *console, struct pending *pending)
{
    struct call call = call_of_pending(pending);
    ssize_t n;

    if (!pending_valid(pending)) {
        pending_answer(pending, -EINTR);
        return true;
    }
    n = write_now(console, call.in->data + pending->w[2], pending->w[3] - pending->w[2]);
    if (n == -EAGAIN)
        return false;
    if (n > 0)
        pending->w[2] += (u64)n;
    if (n <= 0 || pending->w[2] == pending->w[3])
        pending_answer(pending, pending->w[2] ? (s64)pending->w[2] : n);
    return true;
}

static void console_ready(struct event *event, u32 events)
{
    struct console *console = container_of(event, struct console, event);

    object_hold(&console->object); /* which what is held alone may do */
    if (events & EPOLLIN && in_background(console)) {
        console_park(console);
        events &= ~(u32)EPOLLIN;
    } else if (console->is_tty) {
        consoles_foreground();
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        while (!list_empty(&console->readers) &&
               serve_reader(console, list_first(&console->readers, struct pending, link)))
            ;
    }
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) {
        write_released(console);
        while (!list_empty(&console->writers) &&
               serve_writer(console, list_first(&console->writers, struct pending, link)))
            ;
    }
    watches_wake(&console->watches, events);
    rewatch(console);
    object_release(&console->object);
}

void console_cut(struct object *object)
{
    struct console *console = console_of(object);

    console->held_at_cut = console->held_length;
}

bool console_holds(const struct object *object)
{
    const struct console *console = container_of(object, const struct console, object);

    return console->released < console->held_at_cut;
}

void console_release(struct object *object)
{
    struct console *console = console_of(object);

    console->released = console->held_at_cut;
    console_ready(&console->event, EPOLLOUT);
}

static s64 wait_for(struct call *call, struct console *console, struct list *list)
{
    s64 result = call_wait(call, list, NULL);

    rewatch(console);
    return result;
}

static s64 console_read(struct call *call)
{
    struct console *console = console_of(call->cap->object);
    s64 n;

    if (!list_empty(&console->readers)) /* first come, first served */
        return call->w[1] ? -EAGAIN : wait_for(call, console, &console->readers);
    n = read_now(console, call->msg->data, call->w[0]);
    if (n == -EAGAIN && !call->w[1])
        return wait_for(call, console, &console->readers);
    if (n > 0)
        call->msg->data_length = (u32)n;
    return n;
}

static s64 console_write(struct call *call, u32 length)
{
    struct console *console = console_of(call->cap->object);
    s64 n = 0, done = 0;

    if (length && !list_empty(&console->writers))
        n = -EAGAIN;
    while (n >= 0 && done < length) {
        n = write_now(console, call->in->data + done, (size_t)(length - done));
        if (n > 0)
            done += n;
    }
    if (n == -EAGAIN && !call->w[1]) {
        call->w[2] = (u64)done;
        call->w[3] = length;
        return wait_for(call, console, &console->writers);
    }
    return done ? done : n;
}

static int console_info(struct call *call, struct console_state *state)
{
    struct console *console = console_of(call->cap->object);
    struct winsize size = {0};
    int error = attr_get(console->fd, "", &state->attr);

    if (error)
        return error;
    if (console->is_tty)
        ioctl(console->fd, TIOCGWINSZ, &size);
    state->is_terminal = console->is_tty;
    state->columns = size.ws_col;
    state->rows = size.ws_row;
    return 0;
}

static u32 console_events(struct call *call, u32 wanted)
{
    return events_now(console_of(call->cap->object), wanted);
}

static struct list *console_watches(struct call *call)
{
    return &console_of(call->cap->object)->watches;
}

static void console_watched(struct call *call)
{
    rewatch(console_of(call->cap->object));
}

static s64 console_suspend(struct call *call)
{
    struct cell *cell = cell_of_domain(call->domain);

    if (!consoles_may_stop())
        return -EPERM;
    if (cell && call->w[0] == cell->window->cell.console_events)
        signals_suspend(cell);
    return 0;
}

static s64 console_mode(struct call *call)
{
    return consoles_mode((u32)call->w[0], call->w[1]);
}

const struct console_ops host_console_ops = {
    .read = console_read,
    .write = console_write,
    .info = console_info,
    .events = console_events,
    .watches = console_watches,
    .watched = console_watched,
    .suspend = console_suspend,
    .mode = console_mode,
};

/* A stream of the host does not outlive who had it open. */
static void console_save(const struct object *object, struct record *to)
{
    (void)object;
    (void)to;
}

/* In its place, one that the kernel keeps itself: what is written can be looked at, and somebody
 * can attach to it. */
static struct object *console_load(struct record *from, struct bank *bank)
{
    struct object *viewer = viewer_make(bank), *console = viewer ? viewer_console(viewer) : NULL;

    (void)from;
    object_release(viewer);
    return console;
}
