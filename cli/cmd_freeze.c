/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence freeze and key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/layout.h"
#include "cli/branch.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/frozen_stream.h"
#include "cli/helper.h"
#include "kernel/report.h"

struct freeze_request {
    const char *world, *path, *key;
    bool stop;
};

static void take_world(void *target, const char *value)
{
    ((struct freeze_request *)target)->world = value;
}

static void take_path(void *target, const char *value)
{
    ((struct freeze_request *)target)->path = value;
}

static void take_key(void *target, const char *value)
{
    ((struct freeze_request *)target)->key = value;
}

static void take_stop(void *target, const char *value)
{
    (void)value;
    ((struct freeze_request *)target)->stop = true;
}

const struct option_row freeze_options[] = {
    {"world", VALUE_NEEDED, "DIR", "the world's directory", take_world, 'w'},
    {"output", VALUE_NEEDED, "FILE", "where it goes", take_path, 'o'},
    {"encrypt-to", VALUE_NEEDED, "KEY", "a public key of ringfence key, or a file with one",
     take_key, 0},
    {"stop", VALUE_NONE, NULL, "end the cell when the file is whole", take_stop, 0},
    {0},
};

static u32 stopped; /* a cell that goes on again if this fails; 0: none */

static void go_on(void)
{
    if (stopped)
        rf_call(stopped, RF_OP_CELL_RESUME, 0, 0, 0, 0);
}

static struct rf_cell_stat stat_of(u32 cell)
{
    struct rf_message message = RF_MESSAGE;
    struct rf_cell_stat stat;

    message.room = &stat;
    message.room_size = sizeof(stat);
    client_invoke(cell, RF_OP_CELL_STAT, &message, "ask for the cell");
    return stat;
}

static void write_image(u32 branch, struct freezing *freezing)
{
    static u8 piece[RF_MSG_DATA];
    struct rf_message message;
    u64 position = 0;

    do {
        message = RF_MESSAGE;
        message.words[0] = position;
        message.room = piece;
        message.room_size = sizeof(piece);
        if (!client_invoke(branch, RF_OP_CELL_IMAGE_READ, &message, "read the image"))
            return;
        position = message.words[0];
        freezing_put(freezing, piece, message.received);
    } while (true);
}

int cmd_freeze(int argc, char **argv)
{
    const struct command *command = command_find("freeze");
    struct freeze_request request = {0};
    struct frozen_cell frozen = {.magic = FROZEN_CELL_MAGIC, .interface = RF_INTERFACE_VERSION};
    struct freezing freezing;
    struct rf_cell_stat stat;
    const char *found = NULL;
    struct branch branch;
    u32 cell, number = 1;

    arguments_parse(command, argc, argv, &request, &found, 1, 1);
    if (!request.path)
        usage_error(command, "-o FILE is missing");
    client_open(request.world);
    cell = client_find(found);
    stat = stat_of(cell);
    memcpy(frozen.name, stat.name, sizeof(frozen.name));
    frozen.memory_limit = stat.memory_limit;
    frozen.cpu_percent = stat.cpu_percent;
    /* Nothing that it does is lost between the image and its end. */
    branch_numbered(cell, request.stop, "frozen", &number, &branch);
    if (request.stop && stat.state != RF_CELL_PAUSED) {
        stopped = cell;
        atexit(go_on);
    }
    freezing_begin(&freezing, request.path, request.key, &frozen);
    write_image(branch.slot, &freezing);
    freezing_end(&freezing);
    stopped = 0;
    if (request.stop)
        client_invoke(cell, RF_OP_CELL_KILL, NULL, "end the cell");
    return 0;
}

const struct option_row key_options[] = {{0}};

int cmd_key(int argc, char **argv)
{
    char *helper[] = {(char *)"ringfence-frozen", (char *)"key", NULL, NULL};
    const char *found = NULL;

    arguments_parse(command_find("key"), argc, argv, NULL, &found, 1, 1);
    helper[2] = (char *)(uintptr_t)found;
    return helper_end(helper_start(helper[0], helper, STDIN_FILENO, STDOUT_FILENO)) ? 0 : 125;
}
