/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "kernel/report.h"

void usage_error(const struct command *command, const char *format, ...)
{
    char text[1000];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fail("%s; see: ringfence help %s", text, command->name);
}

/* How many letters differ, at most 3: for "did you mean". */
static u32 distance(const char *a, const char *b)
{
    u32 best = 3, sub;

    if (!*a || !*b)
        return (u32)MIN(strlen(a) + strlen(b), 3ul);
    if (*a == *b)
        return distance(a + 1, b + 1);
    for (u32 way = 0; way < 3; way++) {
        static __thread u32 depth;

        if (depth >= 2)
            return 3;
        depth++;
        sub = 1 + distance(a + (way != 1), b + (way != 0));
        depth--;
        best = MIN(best, sub);
    }
    return best;
}

static const struct option_row *closest(const struct command *command, const char *name)
{
    for (u32 i = 0; command->options && command->options[i].name; i++) {
        if (command->options[i].help && distance(command->options[i].name, name) < 3)
            return &command->options[i];
    }
    return NULL;
}

static const struct option_row *find_option(const struct command *command, const char *name,
                                            size_t length)
{
    for (u32 i = 0; command->options && command->options[i].name; i++) {
        const struct option_row *row = &command->options[i];

        if (strlen(row->name) == length && !memcmp(row->name, name, length))
            return row;
    }
    return NULL;
}

_Noreturn static void unknown_option(const struct command *command, const char *arg, size_t length)
{
    char name[64];
    const struct option_row *near = NULL;

    snprintf(name, sizeof(name), "%.*s", (int)length, arg + 2);
    if (arg[1] == '-')
        near = closest(command, name);
    if (near)
        usage_error(command, "unknown option %s (--%s?)", arg, near->name);
    usage_error(command, "unknown option %s", arg);
}

int options_parse(const struct command *command, int argc, char **argv, void *target)
{
    int i = 1;

    for (; i < argc; i++) {
        const char *arg = argv[i], *value = NULL, *equals = strchr(arg, '=');
        const struct option_row *row;
        size_t length;

        if (!strcmp(arg, "--"))
            return i + 1;
        if (arg[0] != '-' || !arg[1])
            return i;
        if (!strcmp(arg, "--help") || !strcmp(arg, "-h")) {
            command_print_help(command);
            exit(0);
        }
        length = strlen(arg) < 2 ? 0 : (equals ? (size_t)(equals - arg) : strlen(arg)) - 2;
        row = arg[1] == '-' ? find_option(command, arg + 2, length) : NULL;
        if (!row)
            unknown_option(command, arg, length);
        if (equals)
            value = equals + 1;
        if (value && row->value == VALUE_NONE)
            usage_error(command, "--%s takes no value", row->name);
        if (!value && row->value == VALUE_NEEDED) {
            if (++i == argc)
                usage_error(command, "--%s needs %s", row->name, row->metavar);
            value = argv[i];
        }
        row->take(target, value);
    }
    return i;
}
