/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence logs and attach: the far end of a cell's console. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "kernel/report.h"

#define DETACH_FIRST  16 /* ^P */
#define DETACH_SECOND 17 /* ^Q */

struct view_request {
    struct client_request client;
    bool follow;
};

static void take_world(void *target, const char *value)
{
    ((struct view_request *)target)->client.world = value;
}

static void take_follow(void *target, const char *value)
{
    (void)value;
    ((struct view_request *)target)->follow = true;
}

const struct option_row logs_options[] = {
    {"world", VALUE_NEEDED, "DIR", "the world's directory", take_world, 'w'},
    {"follow", VALUE_NONE, NULL, "go on until the cell ends", take_follow, 'f'},
    {0},
};

static u32 open_viewer(u32 cell, const char *name)
{
    s64 viewer = rf_call(cell, RF_OP_CELL_VIEW, 0, 0, 0, 0);

    if (viewer == -ENOENT)
        fail("the streams of \"%s\" are somebody's own: only cells of ringfence run -d are kept",
             name);
    if (viewer < 0)
        fail("cannot look at \"%s\": %s", name, rf_error_text(viewer));
    return (u32)viewer;
}

static void put_out(const char *bytes, size_t length)
{
    while (length) {
        ssize_t n = write(STDOUT_FILENO, bytes, length);

        if (n < 0 && errno != EINTR)
            exit(1); /* nobody reads any more */
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        }
    }
}

/* From `position` on, to stdout, until nothing is there (`wait`: until nothing more can come).
 * Where it ended. */
static u64 show_from(u32 viewer, u64 position, bool wait)
{
    static char room[RF_MSG_DATA];
    struct rf_message message;
    s64 n;

    for (;;) {
        message = RF_MESSAGE;
        message.words[0] = position;
        message.words[1] = !wait;
        message.room = room;
        message.room_size = sizeof(room);
        n = rf_invoke(viewer, RF_OP_VIEWER_READ, &message);
        if (n == -EINTR)
            continue;
        if (n <= 0)
            return position;
        position = message.words[0];
        put_out(room, message.received);
    }
}

int cmd_logs(int argc, char **argv)
{
    struct view_request request = {0};
    const char *name = NULL;
    u32 viewer;

    arguments_parse(command_find("logs"), argc, argv, &request, &name, 1, 1);
    client_open(request.client.world);
    viewer = open_viewer(client_find(name), name);
    show_from(viewer, 0, request.follow);
    return 0;
}

/* ---- attach ---- */

struct attached {
    u32 viewer;
};

static void type(u32 viewer, const char *bytes, size_t length)
{
    static const struct timespec moment = {.tv_nsec = 10000000};

    while (length) {
        struct rf_message message = RF_MESSAGE;
        s64 n;

        message.data = bytes;
        message.data_length = (u32)length;
        n = rf_invoke(viewer, RF_OP_VIEWER_WRITE, &message);
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        } else if (n == -EAGAIN) {
            nanosleep(&moment, NULL);
        } else if (n != -EINTR) {
            return;
        }
    }
}

/* Whether the two keys that detach are in what was typed, the first perhaps before it. */
static bool detaches(const char *bytes, ssize_t length)
{
    static bool first_seen;

    for (ssize_t i = 0; i < length; i++) {
        if (first_seen && bytes[i] == DETACH_SECOND)
            return true;
        first_seen = bytes[i] == DETACH_FIRST;
    }
    return false;
}

static void *pass_input(void *argument)
{
    const struct attached *attached = argument;
    bool terminal = isatty(STDIN_FILENO);
    char bytes[4096];
    ssize_t n;

    while ((n = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0) {
        if (terminal && detaches(bytes, n)) {
            terminal_end();
            fprintf(stderr, "detached\n");
            _exit(0);
        }
        type(attached->viewer, bytes, (size_t)n);
    }
    if (!terminal)
        rf_call(attached->viewer, RF_OP_VIEWER_HANG_UP, 0, 0, 0, 0);
    return NULL;
}

static void tell_size(u32 viewer)
{
    struct winsize size;

    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        rf_call(viewer, RF_OP_VIEWER_SIZE, size.ws_col, size.ws_row, 0, 0);
}

int cmd_attach(int argc, char **argv)
{
    static struct attached attached;
    struct client_request request = {0};
    const char *name = NULL;
    pthread_t thread;
    s64 status;
    u32 cell;

    arguments_parse(command_find("attach"), argc, argv, &request, &name, 1, 1);
    client_open(request.world);
    cell = client_find(name);
    attached.viewer = open_viewer(cell, name);
    tell_size(attached.viewer);
    terminal_raw();
    if (pthread_create(&thread, NULL, pass_input, &attached))
        fail("cannot start a thread");
    show_from(attached.viewer, 0, true);
    do
        status = rf_call(cell, RF_OP_CELL_WAIT, 0, 0, 0, 0);
    while (status == -EINTR);
    terminal_end();
    return status < 0 ? 0 : client_status(status);
}
