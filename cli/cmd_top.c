/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence top: starts ringfence-top, which lies beside this program or in ../libexec/ringfence;
 * with
 * --once or --json it is what `ringfence ps` says. */
#include <stdio.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/helper.h"
#include "kernel/report.h"

struct top_request {
    struct client_request client;
    bool once;
};

static void take_once(void *target, const char *value)
{
    (void)value;
    ((struct top_request *)target)->once = true;
}

static void take_json(void *target, const char *value)
{
    (void)value;
    ((struct top_request *)target)->client.json = true;
}

static void take_world(void *target, const char *value)
{
    ((struct top_request *)target)->client.world = value;
}

const struct option_row top_options[] = {
    {"world", VALUE_NEEDED, "DIR", "the world's directory", take_world, 'w'},
    {"once", VALUE_NONE, NULL, "print the table once", take_once, 0},
    {"json", VALUE_NONE, NULL, "print it once, as JSON", take_json, 0},
    {0},
};

int cmd_top(int argc, char **argv)
{
    char *argv_of_top[] = {(char *)"ringfence-top", NULL, NULL};
    struct top_request request = {0};

    arguments_parse(command_find("top"), argc, argv, &request, NULL, 0, 0);
    client_open(request.client.world);
    if (request.once || request.client.json || !isatty(STDOUT_FILENO)) {
        client_print_cells(request.client.json, false);
        return 0;
    }
    argv_of_top[1] = (char *)(uintptr_t)request.client.world;
    helper_exec(argv_of_top[0], argv_of_top);
    fail("ringfence-top is not installed (it is built where libncurses-dev is); see: ringfence top "
         "--once");
}
