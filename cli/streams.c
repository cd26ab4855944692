/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/streams.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "kernel/report.h"
#include "sdk/serve/console.h"

#define PARK_NS 200000000 /* between two looks whether we are in the foreground again */

static struct stream {
    struct rf_descriptors ends;
    struct rf_console *console;
} streams[4]; /* the three, and the trace */
static u32 stream_count, owner;

/* In the background, reading a terminal would stop us, and the cell need not want input at all. */
static void await_foreground(int fd)
{
    static const struct timespec moment = {.tv_nsec = PARK_NS};
    pid_t foreground;

    while ((foreground = tcgetpgrp(fd)) > 0 && foreground != getpgrp())
        nanosleep(&moment, NULL);
}

static ssize_t read_terminal(void *far, void *to, size_t most)
{
    await_foreground(((const struct rf_descriptors *)far)->in);
    return rf_descriptor_ends.read(far, to, most);
}

static ssize_t write_far(void *far, const void *from, size_t n)
{
    return rf_descriptor_ends.write(far, from, n);
}

/* The cell stops first, then we do; the user's shell continues us. */
static void suspend(void *far)
{
    (void)far;
    rf_call(owner, RF_OP_CELL_PAUSE, 0, 0, 0, 0);
    terminal_end();
    pthread_kill(pthread_self(), SIGTSTP);
    terminal_raw();
    streams_resized();
    rf_call(owner, RF_OP_CELL_RESUME, 0, 0, 0, 0);
}

bool streams_are_one(int a, int b)
{
    return (terminal_is(a) && terminal_is(b)) ||
           syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a, b) == 0;
}

static const struct rf_far_end terminal_ends = {
    .read = read_terminal, .write = write_far, .suspend = suspend, .eager = true};

static struct stream *serve(int fd, const char *what)
{
    struct stream *stream = &streams[stream_count];
    const struct rf_far_end *ends = terminal_is(fd) ? &terminal_ends : &rf_descriptor_ends;
    struct winsize size = {0};

    stream->ends = (struct rf_descriptors){.in = fd, .out = fd};
    if (ends == &terminal_ends)
        stream->ends = (struct rf_descriptors){.in = STDIN_FILENO, .out = STDOUT_FILENO};
    ioctl(fd, TIOCGWINSZ, &size);
    if (ends == &terminal_ends && !(size.ws_col && size.ws_row))
        size = (struct winsize){.ws_col = 80, .ws_row = 24};
    stream->console = rf_serve_console(ends, &stream->ends, size.ws_col, size.ws_row);
    if (!stream->console)
        fail("cannot grant %s: %s", what, rf_error_text(-errno));
    stream_count++;
    return stream;
}

u32 streams_serve(int fd, u32 rights, const char *what)
{
    struct stream *stream = NULL;
    s64 slot;

    for (u32 i = 0; i < stream_count; i++) {
        if (streams_are_one(streams[i].ends.in, fd))
            stream = &streams[i];
    }
    if (!stream)
        stream = serve(fd, what);
    slot = rf_console_slot(stream->console, rights);
    if (slot < 0)
        fail("cannot grant %s: %s", what, rf_error_text(slot));
    return (u32)slot;
}

void streams_belong_to(u32 cell)
{
    owner = cell;
}

void streams_resized(void)
{
    struct winsize size;

    for (u32 i = 0; i < stream_count; i++) {
        if (ioctl(streams[i].ends.out, TIOCGWINSZ, &size) == 0)
            rf_console_size(streams[i].console, size.ws_col, size.ws_row);
    }
}

void streams_end(void)
{
    while (stream_count)
        rf_console_end(streams[--stream_count].console);
}
