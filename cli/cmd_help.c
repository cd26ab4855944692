/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "kernel/report.h"

void command_print_overview(void)
{
    printf("usage: ringfence COMMAND ...\n\n");
    for (u32 i = 0; i < command_count; i++)
        printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    printf("\nringfence help COMMAND tells more; so does the manual page ringfence(1).\n");
}

static void print_option(const struct option_row *row)
{
    char left[64], letter[8] = "";
    const char *metavar = row->metavar ? row->metavar : "";

    if (row->letter)
        snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    if (row->value == VALUE_OPTIONAL)
        snprintf(left, sizeof(left), "%s--%s[=%s]", letter, row->name, metavar);
    else
        snprintf(left, sizeof(left), "%s--%s %s", letter, row->name, metavar);
    printf("  %-22s %s\n", left, row->help);
}

void command_print_help(const struct command *command)
{
    printf("usage: ringfence %s\n\n%s\n", command->usage, command->summary);
    if (command->options)
        printf("\n");
    for (u32 i = 0; command->options && command->options[i].name; i++) {
        if (command->options[i].help)
            print_option(&command->options[i]);
    }
    if (command->help)
        printf("\n%s", command->help);
}

int cmd_help(int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        command_print_overview();
        return 0;
    }
    command = command_find(argv[1]);
    if (!command)
        fail("no command \"%s\"; see: ringfence help", argv[1]);
    command_print_help(command);
    return 0;
}
