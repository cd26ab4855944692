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
#include "cli/streams.h"
#include "cli/terminal.h"
#include "kernel/report.h"
#include "sdk/boot.h"

extern char **environ;

static u32 console_of(int fd)
{
    int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
    struct rf_message message = RF_MESSAGE;

    message.words[0] = RF_KIND_CONSOLE;
    message.words[1] =
        (mode != O_WRONLY ? RF_RIGHT_READ : 0) | (mode != O_RDONLY ? RF_RIGHT_WRITE : 0);
    if (terminal_is(fd))
        return streams_serve(fd, (u32)message.words[1], "the terminal");
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
    s64 status;

    program = first + 1 < argc && !strcmp(argv[first + 1], "--") ? first + 2 : first + 1;
    if (program >= argc)
        usage_error(command, "a cell and a program are to be named");
    terminal_follow();
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
    terminal_raw();
    for (int i = 0; i < 3; i++)
        message.caps[message.cap_count++] = console_of(i);
    status = client_invoke(cell, RF_OP_CELL_EXEC, &message, "run it");
    streams_end();
    terminal_end();
    return client_status(status);
}
