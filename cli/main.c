/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "kernel/report.h"

u32 standard_closed;

const struct command commands[] = {
    {"run", "run [OPTION...] [--] PROGRAM [ARG...]", "run a program in a new cell", NULL,
     run_options, cmd_run},
    {"doctor", "doctor", "tell what the host offers for cells and what it lacks", NULL, NULL,
     cmd_doctor},
    {"help", "help [COMMAND]", "tell how a command is used", NULL, NULL, cmd_help},
};
const u32 command_count = ARRAY_SIZE(commands);

const struct command *command_find(const char *name)
{
    for (u32 i = 0; i < command_count; i++) {
        if (!strcmp(commands[i].name, name))
            return &commands[i];
    }
    return NULL;
}

/* Descriptors 0 to 2 are always something, so that no file of ours becomes somebody's stdout. */
static void occupy_standard_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
        if (fd >= 0 && fd <= 2)
            standard_closed |= 1u << fd;
    } while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
}

int main(int argc, char **argv)
{
    const struct command *command;

    occupy_standard_descriptors();
    if (argc < 2) {
        fail("what shall I do? For example: ringfence run bash; see: ringfence help");
    } else if (!strcmp(argv[1], "--version")) {
        printf("ringfence %s\n", RF_VERSION);
        return 0;
    } else if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        command_print_overview();
        return 0;
    }
    command = command_find(argv[1]);
    if (!command)
        fail("no command \"%s\"; see: ringfence help", argv[1]);
    return command->run(argc - 1, argv + 1);
}
