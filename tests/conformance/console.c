/* SPDX-License-Identifier: Apache-2.0 */
/* Consoles with both ends in our hands. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sdk/serve/console.h"
#include "tests/conformance/conform.h"

static char room[RF_MSG_DATA];

/* The far end, and how the console came to be. */
struct far {
    u32 console;
    void (*type)(struct far *far, const char *text);
    void (*end)(struct far *far);                    /* of input */
    void (*show)(struct far *far, const char *text); /* what was written is that */
    void (*deaf)(struct far *far);                   /* nobody looks any more */
    u32 viewer;
    u64 position;
    int input[2], output[2];
    struct rf_descriptors ends;
};

static s64 ask(u32 slot, u32 op, u64 w0, u64 w1, const char *text, u32 length)
{
    struct rf_message m = {.words = {w0, w1}, .descriptor = -1};

    m.data = text;
    m.data_length = length;
    m.room = room;
    m.room_size = sizeof(room);
    return rf_invoke(slot, op, &m);
}

static s64 read_now(u32 console, u64 most)
{
    return ask(console, RF_OP_CONSOLE_READ, most, 1, NULL, 0);
}

static s64 write_to(u32 console, const char *text, u32 length)
{
    return ask(console, RF_OP_CONSOLE_WRITE, 0, 1, text, length);
}

static void expect_read(u32 console, u64 most, const char *text)
{
    expect_result(ask(console, RF_OP_CONSOLE_READ, most, 0, NULL, 0), (s64)strlen(text));
    expect(memcmp(room, text, strlen(text)) == 0);
}

/* ---- one that the kernel keeps ---- */

static void viewer_type(struct far *far, const char *text)
{
    u32 length = (u32)strlen(text);

    expect_result(ask(far->viewer, RF_OP_VIEWER_WRITE, 0, 0, text, length), length);
}

static void viewer_end(struct far *far)
{
    expect_result(rf_call(far->viewer, RF_OP_VIEWER_HANG_UP, 0, 0, 0, 0), 0);
}

static void viewer_show(struct far *far, const char *text)
{
    s64 n = ask(far->viewer, RF_OP_VIEWER_READ, far->position, 0, NULL, 0);

    expect_result(n, (s64)strlen(text));
    expect(memcmp(room, text, strlen(text)) == 0);
    far->position += (u64)n;
}

static void viewer_deaf(struct far *far)
{
    expect_result(rf_call(far->viewer, RF_OP_VIEWER_HANG_UP, 1, 0, 0, 0), 0);
}

static struct far kept(void)
{
    s64 viewer = rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_VIEWER, 0, 0, 0), console;

    expect(viewer > 0);
    console = rf_call((u32)viewer, RF_OP_VIEWER_CONSOLE, ~0ul, 0, 0, 0);
    expect(console > 0);
    return (struct far){.console = (u32)console,
                        .viewer = (u32)viewer,
                        .type = viewer_type,
                        .end = viewer_end,
                        .show = viewer_show,
                        .deaf = viewer_deaf};
}

/* ---- one that is served, between two pipes ---- */

static void pipe_type(struct far *far, const char *text)
{
    expect_result(write(far->input[1], text, strlen(text)), (long)strlen(text));
}

static void pipe_end(struct far *far)
{
    close(far->input[1]);
}

static void pipe_show(struct far *far, const char *text)
{
    for (size_t n = 0; n < strlen(text);) {
        ssize_t more = read(far->output[0], room + n, sizeof(room) - n);

        expect(more > 0);
        n += (size_t)more;
    }
    expect(memcmp(room, text, strlen(text)) == 0);
}

static void pipe_deaf(struct far *far)
{
    close(far->output[0]);
    /* It is found out by the next that is written. */
    while (write_to(far->console, "x", 1) != -EPIPE)
        usleep(1000);
}

static void served(struct far *far)
{
    struct rf_console *console;
    s64 slot;

    *far = (struct far){.type = pipe_type, .end = pipe_end, .show = pipe_show, .deaf = pipe_deaf};
    expect(pipe2(far->input, O_CLOEXEC) == 0 && pipe2(far->output, O_CLOEXEC) == 0);
    far->ends = (struct rf_descriptors){.in = far->input[0], .out = far->output[1]};
    console = rf_serve_console(&rf_descriptor_ends, &far->ends, 0, 0);
    expect(console != NULL);
    slot = rf_console_slot(console, RF_RIGHT_READ | RF_RIGHT_WRITE);
    expect(slot > 0);
    far->console = (u32)slot;
}

/* ---- the contract ---- */

static void input_is_read(struct far *far, u32 console)
{
    expect_result(read_now(console, 10), -EAGAIN);
    expect_result(rf_call(console, RF_OP_CONSOLE_ARM, 0, POLLOUT, 0, 0), POLLOUT);
    far->type(far, "abcdef");
    expect_read(console, 3, "abc");
    expect_read(console, 3, "def");
    expect_result(read_now(console, 10), -EAGAIN);
    far->type(far, "last");
    far->end(far);
    expect_read(console, 4, "last");
    expect_read(console, 10, "");
    expect_read(console, 10, "");
    expect(rf_call(console, RF_OP_CONSOLE_ARM, 0, POLLIN, 0, 0) & POLLIN);
    expect_result(ask(console, RF_OP_CONSOLE_READ, RF_MSG_DATA + 1, 1, NULL, 0), -EINVAL);
}

static void output_is_shown(struct far *far, u32 console)
{
    expect_result(write_to(console, "one ", 4), 4);
    far->show(far, "one ");
    expect_result(write_to(console, "two", 3), 3);
    far->show(far, "two");
    far->deaf(far);
    expect_result(write_to(console, "x", 1), -EPIPE);
    expect_result(ask(console, RF_OP_CONSOLE_WRITE, 0, 0, "x", 1), -EPIPE);
    expect(rf_call(console, RF_OP_CONSOLE_ARM, 0, POLLOUT, 0, 0) & POLLERR);
}

void conform_stream(const char *kind, u32 (*wrap)(u32 slot))
{
    static struct far far;
    u32 console;

    if (strcmp(kind, "kept") == 0)
        far = kept();
    else
        served(&far);
    console = wrap(far.console);
    conform_console(console);
    far.show(&far, "conforms\n");
    input_is_read(&far, console);
    output_is_shown(&far, console);
}

/* A terminal that the kernel keeps: its size and its keys. */
void conform_terminal(u32 (*wrap)(u32 slot))
{
    struct far far = kept();
    u32 console = wrap(far.console);
    struct rf_message m = RF_MESSAGE;

    expect_result(rf_call(console, RF_OP_CONSOLE_MODE, 0, 0, 0, 0), -EPERM);
    expect_result(rf_call(far.viewer, RF_OP_VIEWER_SIZE, 90, 30, 0, 0), 0);
    m.room = room;
    m.room_size = sizeof(room);
    expect_result(rf_invoke(console, RF_OP_CONSOLE_INFO, &m), 0);
    expect(m.words[1] == 1 && m.words[2] == (90 | 30ul << 32));
    expect_result(rf_call(console, RF_OP_CONSOLE_MODE, RF_CONSOLE_RETURN, 3, 0, 0), 0);
    far.type(&far, "a\r");
    expect_read(console, 10, "a\n");
    expect_result(rf_call(console, RF_OP_CONSOLE_MODE, 0, 0, 0, 0), 0);
    far.type(&far, "\003\r");
    expect_read(console, 10, "\003\r");
    expect_result(rf_call(console, RF_OP_CONSOLE_SUSPEND, ~0ul, 0, 0, 0), -EPERM);
}
