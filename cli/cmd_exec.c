/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence exec */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/command.h"
#include "kernel/report.h"
#include "sdk/boot.h"

extern char **environ;

static u32 import_console(int fd)
{
    int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
    struct rf_message message = RF_MESSAGE;

    message.words[0] = RF_KIND_CONSOLE;
    message.words[1] =
        (mode != O_WRONLY ? RF_RIGHT_READ : 0) | (mode != O_RDONLY ? RF_RIGHT_WRITE : 0);
    message.descriptor = fd;
    return (u32)client_invoke(RF_SLOT_WORLD, RF_OP_WORLD_IMPORT, &message, "hand over a stream");
}

static u32 count(char *const *strings)
{
    u32 n = 0;

    while (strings[n])
        n++;
    return n;
}

int cmd_exec(int argc, char **argv)
{
    static u8 record[RF_BOOT_SIZE] __attribute__((aligned(8)));
    const struct command *command = command_find("exec");
    struct client_request request = {0};
    struct rf_message message = RF_MESSAGE;
    int first = options_parse(command, argc, argv, &request), program;
    struct boot_spec spec = {.cwd = "/", .hostname = "", .user_name = "", .umask = 022};
    u32 cell, length;

    program = first + 1 < argc && !strcmp(argv[first + 1], "--") ? first + 2 : first + 1;
    if (program >= argc)
        usage_error(command, "a cell and a program are to be named");
    client_open(request.world);
    cell = client_find(argv[first]);
    spec.argv = argv + program;
    spec.argc = (u32)(argc - program);
    spec.env = environ;
    spec.envc = count(environ);
    length = boot_write(&spec, record);
    if (!length || length > RF_MSG_DATA)
        fail("arguments and environment are too long: more than %u KiB", RF_MSG_DATA >> 10);
    message.data = record;
    message.data_length = length;
    for (int i = 0; i < 3; i++)
        message.caps[message.cap_count++] = import_console(i);
    return client_status(client_invoke(cell, RF_OP_CELL_EXEC, &message, "run it"));
}
