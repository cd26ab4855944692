/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/world.h"

static void (*before_line)(void);

void report_prepare(void (*prepare)(void))
{
    before_line = prepare;
}

/* One write, so that lines of several processes do not mix. */
static void show(const char *format, va_list args, const char *tail)
{
    char line[1400];
    size_t n = (size_t)snprintf(line, sizeof(line), "ringfence: ");
    int more = vsnprintf(line + n, sizeof(line) - n - 1, format, args);

    if (more > 0)
        n += (size_t)more;
    if (n > sizeof(line) - 2)
        n = sizeof(line) - 2;
    if (tail) {
        more = snprintf(line + n, sizeof(line) - n - 1, ": %s", tail);
        n += (size_t)more;
        if (n > sizeof(line) - 2)
            n = sizeof(line) - 2;
    }
    line[n++] = '\n';
    if (before_line)
        before_line();
    /* Nobody is left to tell when stderr is gone. */
    if (write(STDERR_FILENO, line, n) < 0)
        return;
}

void report(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    show(format, args, NULL);
    va_end(args);
}

void fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    show(format, args, NULL);
    va_end(args);
    exit(STATUS_OWN_FAILURE);
}

void fail_errno(int error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    show(format, args, strerror(error));
    va_end(args);
    exit(STATUS_OWN_FAILURE);
}

void report_of(struct cell *cell, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    memcpy(cell->reason, text, sizeof(cell->reason) - 1);
    if (cell == world.only)
        report("%s", text);
    else if (!world.only) /* else its maker, a cell of this world, shows it */
        report("%s: %s", cell->name, text);
}

void report_foreign(struct cell *cell, const char *before, const char *text, unsigned long length)
{
    char clean[1001];
    unsigned long n = length < sizeof(clean) - 1 ? length : sizeof(clean) - 1;

    for (unsigned long i = 0; i < n; i++)
        clean[i] = ((unsigned char)text[i] >= ' ' && text[i] != 0x7f) ? text[i] : '?';
    clean[n] = 0;
    report_of(cell, "%s%s", before, clean);
}
