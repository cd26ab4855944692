/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/serve/console.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_LOOKS   100u
#define OUTPUT_LOOK_US 1000u

struct rf_console {
    const struct rf_far_end *ends;
    void *far;
    u32 viewer, console; /* slots; console: 0 once it was given up */
    u32 users;           /* the owner and the threads; atomic */
    u64 carried;         /* position up to which output went out; atomic */
    pthread_t output;
};

static void let_go(struct rf_console *c)
{
    if (__atomic_sub_fetch(&c->users, 1, __ATOMIC_ACQ_REL))
        return;
    rf_drop(c->viewer);
    free(c);
}

/* What of `events` holds, or an error; *bytes: of input that are wanted. */
static s64 await(const struct rf_console *c, u32 events, size_t *bytes)
{
    struct rf_message message;
    s64 r;

    do {
        message = RF_MESSAGE;
        message.words[0] = events;
        r = rf_invoke(c->viewer, RF_OP_VIEWER_AWAIT, &message);
    } while (r == -EINTR);
    *bytes = MIN(message.words[0], RF_MSG_DATA);
    return r;
}

/* All of it, unless nobody is left who could read it. */
static bool type(const struct rf_console *c, const char *bytes, size_t length)
{
    while (length) {
        struct rf_message message = RF_MESSAGE;
        size_t ignored;
        s64 n;

        message.data = bytes;
        message.data_length = (u32)length;
        n = rf_invoke(c->viewer, RF_OP_VIEWER_WRITE, &message);
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        } else if (n == -EAGAIN) {
            if (await(c, RF_VIEWER_WANTED | RF_VIEWER_GONE, &ignored) != RF_VIEWER_WANTED)
                return false;
        } else if (n != -EINTR) {
            return false;
        }
    }
    return true;
}

static void *carry_input(void *argument)
{
    struct rf_console *c = argument;
    char *room = malloc(RF_MSG_DATA);
    size_t most = RF_MSG_DATA;
    ssize_t n = -EINTR;

    while (room && (n > 0 || n == -EINTR)) {
        if (!c->ends->eager &&
            await(c, RF_VIEWER_WANTED | RF_VIEWER_GONE, &most) != RF_VIEWER_WANTED)
            break;
        n = c->ends->read(c->far, room, most);
        if (n > 0 && !type(c, room, (size_t)n))
            break;
    }
    if (n <= 0)
        rf_call(c->viewer, RF_OP_VIEWER_HANG_UP, 0, 0, 0, 0);
    free(room);
    let_go(c);
    return NULL;
}

static bool write_all(const struct rf_console *c, const char *bytes, size_t length)
{
    while (length) {
        ssize_t n = c->ends->write(c->far, bytes, length);

        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        } else if (n != -EINTR) {
            return false;
        }
    }
    return true;
}

/* Bytes of output from the position on, which moves behind them. 0: none will come. */
static s64 take_output(const struct rf_console *c, u64 *position, char *room)
{
    struct rf_message message;
    s64 n;

    do {
        message = RF_MESSAGE;
        message.words[0] = *position;
        message.room = room;
        message.room_size = RF_MSG_DATA;
        n = rf_invoke(c->viewer, RF_OP_VIEWER_READ, &message);
    } while (n == -EINTR);
    if (n > 0)
        *position = message.words[0];
    return n;
}

static void *carry_output(void *argument)
{
    struct rf_console *c = argument;
    char *room = malloc(RF_MSG_DATA);
    u64 position = 0;
    s64 n;

    while (room && (n = take_output(c, &position, room)) > 0 && write_all(c, room, (size_t)n))
        __atomic_store_n(&c->carried, position, __ATOMIC_RELEASE);
    rf_call(c->viewer, RF_OP_VIEWER_HANG_UP, 1, 0, 0, 0);
    free(room);
    let_go(c);
    return NULL;
}

/* What was written before, such as the echo of the key, is to be seen before; unless whoever is
 * there takes nothing. */
static void let_output_out(const struct rf_console *c)
{
    s64 r = 0;

    for (u32 i = 0; c->ends->write && i < OUTPUT_LOOKS && r != -EAGAIN; i++) {
        struct rf_message message = RF_MESSAGE;

        message.words[0] = __atomic_load_n(&c->carried, __ATOMIC_ACQUIRE);
        message.words[1] = 1;
        r = rf_invoke(c->viewer, RF_OP_VIEWER_READ, &message);
        if (r != -EAGAIN)
            usleep(OUTPUT_LOOK_US);
    }
}

static void *carry_suspension(void *argument)
{
    struct rf_console *c = argument;
    size_t ignored;

    while (await(c, RF_VIEWER_SUSPEND | RF_VIEWER_GONE, &ignored) == RF_VIEWER_SUSPEND) {
        let_output_out(c);
        c->ends->suspend(c->far);
    }
    let_go(c);
    return NULL;
}

/* Signals are the program's, but for those that stop it. */
static int start_thread(struct rf_console *c, pthread_t *thread, void *(*run)(void *))
{
    sigset_t all, before;
    int error;

    sigfillset(&all);
    sigdelset(&all, SIGTSTP);
    sigdelset(&all, SIGTTIN);
    sigdelset(&all, SIGTTOU);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    __atomic_add_fetch(&c->users, 1, __ATOMIC_RELAXED);
    error = pthread_create(thread, NULL, run, c);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        __atomic_sub_fetch(&c->users, 1, __ATOMIC_RELAXED);
    return error;
}

static int start_threads(struct rf_console *c)
{
    pthread_t thread;
    int error = 0;

    if (c->ends->read) {
        error = start_thread(c, &thread, carry_input);
        if (!error)
            pthread_detach(thread);
    } else {
        rf_call(c->viewer, RF_OP_VIEWER_HANG_UP, 0, 0, 0, 0);
    }
    if (!error && c->ends->suspend) {
        error = start_thread(c, &thread, carry_suspension);
        if (!error)
            pthread_detach(thread);
    }
    if (!error && c->ends->write)
        error = start_thread(c, &c->output, carry_output);
    else if (!c->ends->write)
        rf_call(c->viewer, RF_OP_VIEWER_HANG_UP, 1, 0, 0, 0);
    return error;
}

static s64 make_viewer(struct rf_console *c, u32 columns, u32 rows)
{
    s64 r = rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_VIEWER, 0, 0, 0);

    if (r < 0)
        return r;
    c->viewer = (u32)r;
    rf_call(c->viewer, RF_OP_VIEWER_PACE, 1, 0, 0, 0);
    rf_console_size(c, columns, rows);
    r = rf_call(c->viewer, RF_OP_VIEWER_CONSOLE, RF_RIGHT_READ | RF_RIGHT_WRITE, 0, 0, 0);
    if (r > 0)
        c->console = (u32)r;
    return r;
}

struct rf_console *rf_serve_console(const struct rf_far_end *ends, void *far, u32 columns, u32 rows)
{
    struct rf_console *c = calloc(1, sizeof(*c));
    s64 r;

    if (!c)
        return NULL;
    c->ends = ends;
    c->far = far;
    c->users = 1;
    r = make_viewer(c, columns, rows);
    if (r > 0)
        r = -start_threads(c);
    if (r == 0)
        return c;
    rf_drop(c->console);
    let_go(c);
    errno = (int)-r;
    return NULL;
}

s64 rf_console_slot(struct rf_console *console, u32 rights)
{
    return rf_copy(console->console, rights);
}

void rf_console_size(struct rf_console *console, u32 columns, u32 rows)
{
    if (columns && rows)
        rf_call(console->viewer, RF_OP_VIEWER_SIZE, columns, rows, 0, 0);
}

void rf_console_wait(struct rf_console *console)
{
    size_t ignored;

    rf_drop(console->console);
    if (console->ends->write)
        pthread_join(console->output, NULL);
    else
        await(console, RF_VIEWER_GONE, &ignored);
    let_go(console);
}

void rf_console_end(struct rf_console *console)
{
    rf_call(console->viewer, RF_OP_VIEWER_HANG_UP, 1, 0, 0, 0);
    rf_drop(console->console);
    if (console->ends->write)
        pthread_join(console->output, NULL);
    let_go(console);
}

/* ---- between descriptors ---- */

/* What reading or writing failed with; a descriptor that does not block is waited for. */
static ssize_t await_descriptor(int fd, short events)
{
    struct pollfd p = {.fd = fd, .events = events};

    if (errno != EAGAIN)
        return -errno;
    return poll(&p, 1, -1) < 0 ? -errno : -EINTR;
}

static ssize_t read_descriptor(void *far, void *to, size_t most)
{
    int fd = ((const struct rf_descriptors *)far)->in;
    ssize_t n = read(fd, to, most);

    return n < 0 ? await_descriptor(fd, POLLIN) : n;
}

static ssize_t write_descriptor(void *far, const void *from, size_t n)
{
    int fd = ((const struct rf_descriptors *)far)->out;
    ssize_t r = write(fd, from, n);

    return r < 0 ? await_descriptor(fd, POLLOUT) : r;
}

const struct rf_far_end rf_descriptor_ends = {.read = read_descriptor, .write = write_descriptor};
