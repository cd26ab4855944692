/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence kill, pause, resume, hibernate, wait, revoke, stop: one invocation each. */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/numbers.h"
#include "kernel/report.h"

/* Connects, and finds the cell that the first argument names; the others are in `found`. */
static u32 open_cell(const char *name, int argc, char **argv, const char *found[2], int most,
                     int least)
{
    struct client_request request = {0};

    found[0] = found[1] = NULL;
    arguments_parse(command_find(name), argc, argv, &request, found, most, least);
    client_open(request.world);
    return most ? client_find(found[0]) : 0;
}

/* "TERM", "SIGTERM" or "15". */
static u32 signal_number(const char *text)
{
    const char *name = strncmp(text, "SIG", 3) ? text : text + 3;

    if (isdigit((unsigned char)*text))
        return (u32)number_parse("SIGNAL", text, 1, 31);
    for (int i = 1; i < 32; i++) {
        const char *known = sigabbrev_np(i);

        if (known && !strcmp(known, name))
            return (u32)i;
    }
    fail("\"%s\" is no signal", text);
}

int cmd_kill(int argc, char **argv)
{
    const char *found[2];
    u32 cell = open_cell("kill", argc, argv, found, 2, 1);
    struct rf_message message = RF_MESSAGE;

    if (!found[1]) {
        client_invoke(cell, RF_OP_CELL_KILL, NULL, "end the cell");
        return 0;
    }
    message.words[0] = signal_number(found[1]);
    client_invoke(cell, RF_OP_CELL_SIGNAL, &message, "send the signal");
    return 0;
}

int cmd_pause(int argc, char **argv)
{
    const char *found[2];

    client_invoke(open_cell("pause", argc, argv, found, 1, 1), RF_OP_CELL_PAUSE, NULL,
                  "pause the cell");
    return 0;
}

int cmd_resume(int argc, char **argv)
{
    const char *found[2];

    client_invoke(open_cell("resume", argc, argv, found, 1, 1), RF_OP_CELL_RESUME, NULL,
                  "resume the cell");
    return 0;
}

int cmd_hibernate(int argc, char **argv)
{
    const char *found[2];

    client_invoke(open_cell("hibernate", argc, argv, found, 1, 1), RF_OP_CELL_HIBERNATE, NULL,
                  "put the cell to sleep");
    return 0;
}

int cmd_wait(int argc, char **argv)
{
    const char *found[2];
    u32 cell = open_cell("wait", argc, argv, found, 1, 1);

    return client_wait(cell);
}

int cmd_revoke(int argc, char **argv)
{
    const char *found[2];
    u32 cell = open_cell("revoke", argc, argv, found, 2, 2);
    struct rf_message message = RF_MESSAGE;

    message.words[0] = number_parse("SLOT", found[1], 1, 65535);
    client_invoke(cell, RF_OP_CELL_REVOKE, &message, "take the capability away");
    return 0;
}

int cmd_checkpoint(int argc, char **argv)
{
    struct client_request request = {0};
    struct rf_message message = RF_MESSAGE;
    const char *none = NULL;
    s64 generation;

    arguments_parse(command_find("checkpoint"), argc, argv, &request, &none, 0, 0);
    client_open(request.world);
    message.words[0] = request.wait;
    generation = rf_invoke(RF_SLOT_WORLD, RF_OP_WORLD_CHECKPOINT, &message);
    if (generation == -ENOSPC || generation == -EIO)
        fail("no checkpoint: %s", strerror((int)-generation));
    if (generation < 0)
        fail("cannot make a checkpoint: %s", rf_error_text(generation));
    printf("%ld\n", generation);
    return 0;
}

int cmd_stop(int argc, char **argv)
{
    struct client_request request = {0};
    struct rf_message message = RF_MESSAGE;
    const char *none = NULL;

    arguments_parse(command_find("stop"), argc, argv, &request, &none, 0, 0);
    client_open(request.world);
    message.words[0] = request.end;
    client_invoke(RF_SLOT_WORLD, RF_OP_WORLD_STOP, &message,
                  "stop the world as of a last checkpoint (--end: end all cells)");
    return 0;
}
