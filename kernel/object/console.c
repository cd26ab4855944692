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

#include "kernel/object/attr.h"
#include "kernel/object/call.h"
#include "kernel/signals.h"

#define PARK_NS 200000000u

static void console_ready(struct event *event, u32 events);

/* A cell that waits for events of a console. The cell's end ends it: it holds the cell. */
struct console_watch {
    struct list link;
    struct cell *cell;
    u32 events; /* poll(2) */
};

static struct console *console_of(const struct call *call)
{
    return container_of(call->cap->object, struct console, object);
}

static void drop_watch(struct console_watch *watch)
{
    list_del(&watch->link);
    object_release(&watch->cell->object);
    free(watch);
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

static const struct object_class console_class = {.kind = RF_KIND_CONSOLE,
                                                  .records = 1,
                                                  .size = sizeof(struct console),
                                                  .destroy = console_destroy};

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

bool console_is_terminal(const struct cap *input, const struct cap *output)
{
    struct stat a, b;

    if (input->object->class != &console_class || output->object->class != &console_class)
        return false;
    return container_of(input->object, struct console, object)->is_tty &&
           fstat(container_of(input->object, struct console, object)->fd, &a) == 0 &&
           fstat(container_of(output->object, struct console, object)->fd, &b) == 0 &&
           S_ISCHR(b.st_mode) && a.st_rdev == b.st_rdev;
}

static void console_destroy(struct object *object)
{
    struct console *console = container_of(object, struct console, object);

    event_watch(&console->event, 0);
    timer_cancel(&console->park);
    pending_answer_all(&console->readers, -ESTALE);
    pending_answer_all(&console->writers, -ESTALE);
    list_for_each_safe(node, &console->watches)
        drop_watch(list_entry(node, struct console_watch, link));
    if (console->own_description)
        close(console->event.fd);
    if (console->owned)
        close(console->fd);
    free(console->unread);
    console->unread = NULL;
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
    list_for_each(node, &console->watches)
        interest |= list_entry(node, struct console_watch, link)->events;
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

static ssize_t write_now(struct console *console, const void *from, size_t length)
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

static void wake_armed(struct console *console, u32 events)
{
    list_for_each_safe(node, &console->watches) {
        struct console_watch *watch = list_entry(node, struct console_watch, link);

        if (!(events & (watch->events | EPOLLHUP | EPOLLERR)))
            continue;
        cell_console_event(watch->cell);
        drop_watch(watch);
    }
}

static void console_ready(struct event *event, u32 events)
{
    struct console *console = container_of(event, struct console, event);

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
        while (!list_empty(&console->writers) &&
               serve_writer(console, list_first(&console->writers, struct pending, link)))
            ;
    }
    wake_armed(console, events);
    rewatch(console);
}

static s64 wait_for(struct call *call, struct console *console, struct list *list)
{
    s64 result = call_wait(call, list, NULL);

    rewatch(console);
    return result;
}

s64 op_CONSOLE_READ(struct call *call)
{
    struct console *console = console_of(call);
    s64 n;

    if (call_needs_message(call) || call->w[0] > RF_MSG_DATA)
        return -EINVAL;
    if (!(call->cap->rights & RF_RIGHT_READ))
        return -EACCES;
    if (!list_empty(&console->readers)) /* first come, first served */
        return call->w[1] ? -EAGAIN : wait_for(call, console, &console->readers);
    n = read_now(console, call->msg->data, call->w[0]);
    if (n == -EAGAIN && !call->w[1])
        return wait_for(call, console, &console->readers);
    if (n > 0)
        call->msg->data_length = (u32)n;
    return n;
}

s64 op_CONSOLE_WRITE(struct call *call)
{
    struct console *console = console_of(call);
    s64 length = call_data_length(call), n = 0, done = 0;

    if (length < 0)
        return length;
    if (!(call->cap->rights & RF_RIGHT_WRITE))
        return -EACCES;
    if (length && !list_empty(&console->writers))
        n = -EAGAIN;
    while (n >= 0 && done < length) {
        n = write_now(console, call->in->data + done, (size_t)(length - done));
        if (n > 0)
            done += n;
    }
    if (n == -EAGAIN && !call->w[1]) {
        call->w[2] = (u64)done;
        call->w[3] = (u64)length;
        return wait_for(call, console, &console->writers);
    }
    return done ? done : n;
}

s64 op_CONSOLE_INFO(struct call *call)
{
    struct console *console = console_of(call);
    struct winsize size = {0};
    struct rf_attr attr;
    int error = call_needs_message(call);

    if (!error)
        error = attr_get(console->fd, "", &attr);
    if (error)
        return error;
    if (console->is_tty)
        ioctl(console->fd, TIOCGWINSZ, &size);
    call->msg->words[0] = attr.mode;
    call->msg->words[1] = console->is_tty;
    call->msg->words[2] = size.ws_col | (u64)size.ws_row << 32;
    call->msg->words[3] = call->cap->rights;
    call_out(call, 0, &attr, sizeof(attr));
    return 0;
}

/* One record for each cell that waits; NULL: no memory. */
static struct console_watch *watch_of(struct console *console, struct cell *cell)
{
    struct console_watch *watch;

    list_for_each(node, &console->watches) {
        watch = list_entry(node, struct console_watch, link);
        if (watch->cell == cell)
            return watch;
    }
    watch = calloc(1, sizeof(*watch));
    if (!watch)
        return NULL;
    object_hold(&cell->object);
    watch->cell = cell;
    list_add(&console->watches, &watch->link);
    return watch;
}

s64 op_CONSOLE_ARM(struct call *call)
{
    struct console *console = console_of(call);
    struct cell *cell = cell_of_domain(call->domain);
    u32 wanted = call->w[1] & (POLLIN | POLLOUT | POLLPRI | POLLRDHUP), now;
    struct console_watch *watch;

    if (call->w[0] >= RF_MAX_THREADS || !cell)
        return -EINVAL;
    now = events_now(console, wanted);
    if (now || !wanted)
        return now;
    watch = watch_of(console, cell);
    if (!watch)
        return -ENOMEM;
    watch->events |= wanted;
    cell->armed[call->w[0] / 64] |= 1ul << call->w[0] % 64;
    cell->any_armed = true;
    rewatch(console);
    return 0;
}

s64 op_CONSOLE_SUSPEND(struct call *call)
{
    struct cell *cell = cell_of_domain(call->domain);

    if (!consoles_may_stop())
        return -EPERM;
    if (cell && call->w[0] == cell->window->cell.console_events)
        signals_suspend(cell);
    return 0;
}

s64 op_CONSOLE_MODE(struct call *call)
{
    return consoles_mode((u32)call->w[0], call->w[1]);
}
