/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence fork */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/branch.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/numbers.h"
#include "kernel/report.h"

#define COPIES_MOST 1000u

struct fork_request {
    const char *world, *name;
    u32 count;
};

static void take_world(void *target, const char *value)
{
    ((struct fork_request *)target)->world = value;
}

static void take_name(void *target, const char *value)
{
    ((struct fork_request *)target)->name = value;
}

static void take_count(void *target, const char *value)
{
    ((struct fork_request *)target)->count = (u32)number_parse("-n", value, 1, COPIES_MOST);
}

const struct option_row fork_options[] = {
    {"world", VALUE_NEEDED, "DIR", "the world's directory", take_world, 'w'},
    {"count", VALUE_NEEDED, "N", "how many copies; 1 if it is not said", take_count, 'n'},
    {"name", VALUE_NEEDED, "NAME", "they are NAME-1 and so on; else CELL-1", take_name, 0},
    {0},
};

int cmd_fork(int argc, char **argv)
{
    struct fork_request request = {.count = 1};
    static struct branch copies[COPIES_MOST];
    const char *found = NULL;
    u32 cell, number = 1;

    arguments_parse(command_find("fork"), argc, argv, &request, &found, 1, 1);
    client_open(request.world);
    cell = client_find(found);
    for (u32 i = 0; i < request.count; i++)
        branch_numbered(i ? copies[0].slot : cell, false, request.name ? request.name : found,
                        &number, &copies[i]);
    for (u32 i = 0; i < request.count; i++) {
        client_invoke(copies[i].slot, RF_OP_CELL_START, NULL, "start the copy");
        puts(copies[i].name);
    }
    return 0;
}
