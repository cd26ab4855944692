/* SPDX-License-Identifier: Apache-2.0 */
/* Replays a recording (asciicast v2, as of console-record): console-replay [--fast] FILE
 *
 * As a wrapper it offers a console on which what was typed is typed again, at its time, and what is
 * written goes to the console that it wraps. Otherwise it shows the recording on the terminal.
 * --fast does not wait. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sdk/serve/console.h"

static struct {
    FILE *file;
    bool fast;
    char *line;
    size_t room;
    u32 columns, rows, target;
    struct timespec start;
    char bytes[RF_MSG_DATA * 2]; /* of an event, which may be longer than what is asked for */
    size_t length, at;
} replay;

static size_t put_utf8(u32 c, char *to)
{
    if (c >= 0xdc80 && c <= 0xdcff) { /* a byte that was no UTF-8 */
        *to = (char)(c - 0xdc00);
        return 1;
    }
    if (c < 0x80) {
        *to = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xc0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    to[0] = (char)(0xe0 | c >> 12);
    to[1] = (char)(0x80 | (c >> 6 & 0x3f));
    to[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

/* The character behind a backslash, and where it ends. */
static size_t unescape(const char **text, char *to)
{
    static const char names[] = "nrtbf", values[] = "\n\r\t\b\f";
    const char *name = strchr(names, **text);

    if (**text == 'u' && strlen(*text) > 4) {
        char digits[5] = "";

        memcpy(digits, *text + 1, 4);
        *text += 5;
        return put_utf8((u32)strtoul(digits, NULL, 16), to);
    }
    *to = **text && name ? values[name - names] : **text;
    *text += **text != '\0';
    return 1;
}

static size_t unquote(const char *text, char *to, size_t most)
{
    size_t n = 0;

    while (*text && *text != '"' && n + 4 < most) {
        if (*text != '\\')
            to[n++] = *text++;
        else if (*++text)
            n += unescape(&text, to + n);
    }
    return n;
}

static void wait_until(double seconds)
{
    struct timespec at = replay.start;

    at.tv_sec += (time_t)seconds;
    at.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    while (!replay.fast && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

/* The next event of that kind, at its time. False: there is none. */
static bool next(char wanted)
{
    double at;
    int text;
    char kind;

    while (getline(&replay.line, &replay.room, replay.file) >= 0) {
        if (sscanf(replay.line, "[%lf, \"%c\", \"%n", &at, &kind, &text) != 2 || kind != wanted)
            continue;
        replay.length = unquote(replay.line + text, replay.bytes, sizeof(replay.bytes));
        replay.at = 0;
        wait_until(at);
        return true;
    }
    return false;
}

static ssize_t typed(void *far, void *to, size_t most)
{
    size_t n;

    (void)far;
    while (replay.at == replay.length) {
        if (!next('i'))
            return 0;
    }
    n = MIN(most, replay.length - replay.at);
    memcpy(to, replay.bytes + replay.at, n);
    replay.at += n;
    return (ssize_t)n;
}

static ssize_t written(void *far, const void *from, size_t n)
{
    struct rf_message message = RF_MESSAGE;

    (void)far;
    message.data = from;
    message.data_length = (u32)n;
    return rf_invoke(replay.target, RF_OP_CONSOLE_WRITE, &message);
}

static const struct rf_far_end ends = {.read = typed, .write = written};

/* A terminal if what it wraps is one. */
static int offer(void)
{
    struct rf_message message = RF_MESSAGE;
    char attributes[sizeof(struct rf_attr)];
    struct rf_console *console;
    s64 slot;

    message.room = attributes;
    message.room_size = sizeof(attributes);
    if (rf_invoke(replay.target, RF_OP_CONSOLE_INFO, &message) < 0 || !message.words[1])
        replay.columns = replay.rows = 0;
    console = rf_serve_console(&ends, NULL, replay.columns, replay.rows);
    slot = console ? rf_console_slot(console, RF_RIGHT_READ | RF_RIGHT_WRITE) : -errno;
    if (slot < 0 || rf_offer((u32)slot) < 0) {
        fprintf(stderr, "console-replay: cannot offer a console\n");
        return 1;
    }
    rf_drop((u32)slot);
    rf_console_wait(console);
    return 0;
}

static int show(void)
{
    while (next('o')) {
        if (fwrite(replay.bytes, 1, replay.length, stdout) != replay.length || fflush(stdout))
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    s64 target;

    replay.fast = argc == 3 && strcmp(argv[1], "--fast") == 0;
    replay.file = argc == 2 + replay.fast ? fopen(argv[argc - 1], "r") : NULL;
    if (!replay.file || getline(&replay.line, &replay.room, replay.file) < 0 ||
        sscanf(replay.line, "{\"version\": 2, \"width\": %u, \"height\": %u", &replay.columns,
               &replay.rows) != 2) {
        fprintf(stderr, "console-replay: which recording (asciicast v2)?\n");
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &replay.start);
    target = rf_open(NULL) == 0 ? rf_named("target") : -ENOENT;
    if (target < 0)
        return show();
    replay.target = (u32)target;
    return offer();
}
