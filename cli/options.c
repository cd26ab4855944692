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

/* How many letters must be put in, left out or changed to make one of the other. Names are short.
 */
static u32 distance(const char *a, const char *b)
{
    u32 row[32], n = (u32)MIN(strlen(b), ARRAY_SIZE(row) - 1);

    for (u32 j = 0; j <= n; j++)
        row[j] = j;
    for (u32 i = 1; a[i - 1]; i++) {
        u32 diagonal = row[0];

        row[0] = i;
        for (u32 j = 1; j <= n; j++) {
            u32 changed = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            row[j] = MIN(changed, MIN(row[j], row[j - 1]) + 1);
        }
    }
    return row[n];
}

/* The first option of those nearest to the name that starts as it does; NULL when none is near. */
static const struct option_row *closest(const struct command *command, const char *name)
{
    const struct option_row *best = NULL;
    u32 least = 3;

    for (u32 i = 0; command->options && command->options[i].name; i++) {
        const struct option_row *row = &command->options[i];
        u32 d = distance(row->name, name);

        if (row->help && row->name[0] == name[0] && d < least) {
            best = row;
            least = d;
        }
    }
    return best;
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

static const struct option_row *find_letter(const struct command *command, char letter)
{
    for (u32 i = 0; command->options && command->options[i].name; i++) {
        if (command->options[i].letter == letter && letter)
            return &command->options[i];
    }
    return NULL;
}

/* Takes the option at argv[at] with its value: the index behind it. */
static int take_option(const struct command *command, int argc, char **argv, int at, void *target)
{
    const char *arg = argv[at], *value = NULL, *equals = strchr(arg, '=');
    const struct option_row *row;
    size_t length;

    if (!strcmp(arg, "--help") || !strcmp(arg, "-h")) {
        command_print_help(command);
        exit(0);
    }
    length = strlen(arg) < 2 ? 0 : (equals ? (size_t)(equals - arg) : strlen(arg)) - 2;
    row = arg[1] == '-' ? find_option(command, arg + 2, length)
          : !arg[2]     ? find_letter(command, arg[1])
                        : NULL;
    if (!row)
        unknown_option(command, arg, length);
    if (equals)
        value = equals + 1;
    if (value && row->value == VALUE_NONE)
        usage_error(command, "--%s takes no value", row->name);
    if (!value && row->value == VALUE_NEEDED) {
        if (++at == argc)
            usage_error(command, "--%s needs %s", row->name, row->metavar);
        value = argv[at];
    }
    row->take(target, value);
    return at + 1;
}

int options_parse(const struct command *command, int argc, char **argv, void *target)
{
    int i = 1;

    while (i < argc) {
        if (!strcmp(argv[i], "--"))
            return i + 1;
        if (argv[i][0] != '-' || !argv[i][1])
            return i;
        i = take_option(command, argc, argv, i, target);
    }
    return i;
}

int arguments_parse(const struct command *command, int argc, char **argv, void *target,
                    const char *found[], int most, int least)
{
    bool options = true;
    int count = 0;

    for (int i = 1; i < argc;) {
        if (options && !strcmp(argv[i], "--")) {
            options = false;
            i++;
        } else if (options && argv[i][0] == '-' && argv[i][1]) {
            i = take_option(command, argc, argv, i, target);
        } else if (count == most) {
            usage_error(command, "\"%s\" is one argument too many", argv[i]);
        } else {
            found[count++] = argv[i++];
        }
    }
    if (count < least)
        usage_error(command, "an argument is missing: ringfence %s", command->usage);
    return count;
}
