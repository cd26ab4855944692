/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"
#include "cli/streams.h"
#include "cli/terminal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/command.h"
#include "kernel/report.h"

static void take_world(void *target, const char *value)
{
    ((struct client_request *)target)->world = value;
}

static void take_json(void *target, const char *value)
{
    (void)value;
    ((struct client_request *)target)->json = true;
}

static void take_all(void *target, const char *value)
{
    (void)value;
    ((struct client_request *)target)->all = true;
}

static void take_dot(void *target, const char *value)
{
    (void)value;
    ((struct client_request *)target)->dot = true;
}

static void take_svg(void *target, const char *value)
{
    (void)value;
    ((struct client_request *)target)->svg = true;
}

static void take_wait(void *target, const char *value)
{
    (void)value;
    ((struct client_request *)target)->wait = true;
}

static void take_end(void *target, const char *value)
{
    (void)value;
    ((struct client_request *)target)->end = true;
}

#define WORLD_OPTION                                                                               \
    {                                                                                              \
        "world", VALUE_NEEDED, "DIR", "the world's directory", take_world, 'w'                     \
    }

const struct option_row client_options[] = {WORLD_OPTION, {0}};
const struct option_row ps_options[] = {
    WORLD_OPTION,
    {"all", VALUE_NONE, NULL, "also cells that have ended", take_all, 'a'},
    {"json", VALUE_NONE, NULL, "as JSON", take_json, 0},
    {0},
};
const struct option_row checkpoint_options[] = {
    WORLD_OPTION,
    {"wait", VALUE_NONE, NULL, "until it is durable", take_wait, 0},
    {0},
};
const struct option_row stop_options[] = {
    WORLD_OPTION,
    {"end", VALUE_NONE, NULL, "end all its cells: it begins empty then", take_end, 0},
    {0},
};
const struct option_row caps_options[] = {
    WORLD_OPTION,
    {"json", VALUE_NONE, NULL, "as JSON", take_json, 0},
    {"dot", VALUE_NONE, NULL, "as a graph for dot(1)", take_dot, 0},
    {"svg", VALUE_NONE, NULL, "as a picture", take_svg, 0},
    {0},
};

void client_open(const char *world)
{
    char own[PATH_MAX];
    int error = rf_open(world);

    if (!error)
        return;
    if (!world)
        world = rf_default_world(own);
    if (error == -ENOENT || error == -ECONNREFUSED || error == -ENOTDIR)
        fail("no world runs in %s; to start one: ringfence world %s -d", world, world);
    if (error == -EACCES || error == -EPERM)
        fail("the world %s is not yours", world);
    if (error == -EPROTO)
        fail("the world %s is run by another version of ringfence", world);
    fail_errno(-error, "cannot connect to the world %s", world);
}

u32 client_find(const char *name)
{
    struct rf_message message = RF_MESSAGE;
    s64 slot = -ENOENT;

    message.data = name;
    message.data_length = (u32)strlen(name);
    if (*name && strlen(name) < RF_CELL_NAME)
        slot = rf_invoke(RF_SLOT_PLACE, RF_OP_CELL_FIND, &message);
    if (slot == -ENOENT)
        fail("no cell \"%s\" runs in this world; see: ringfence ps", name);
    if (slot < 0)
        fail("cannot look for the cell \"%s\": %s", name, rf_error_text(slot));
    return (u32)slot;
}

s64 client_invoke(u32 slot, u32 op, struct rf_message *message, const char *act)
{
    s64 result;

    do
        result = rf_invoke(slot, op, message);
    while (result == -EINTR);
    if (result < 0)
        fail("cannot %s: %s", act, rf_error_text(result));
    return result;
}

int client_status(s64 wait_status)
{
    int status = (int)wait_status;

    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int client_wait(u32 cell)
{
    char reason[256];
    struct rf_message message = RF_MESSAGE;
    s64 status;

    message.room = reason;
    message.room_size = sizeof(reason);
    do
        status = rf_invoke(cell, RF_OP_CELL_WAIT, &message);
    while (status == -EINTR);
    streams_end();
    terminal_end();
    if (status < 0)
        fail("the cell is lost: %s", rf_error_text(status));
    if (message.received)
        report("%.*s", (int)message.received, reason);
    return client_status(status);
}

void client_give(u32 cell, u32 to, u32 slot)
{
    struct rf_message message = RF_MESSAGE;

    message.words[0] = to;
    message.caps[0] = slot;
    message.cap_count = 1;
    client_invoke(cell, RF_OP_CELL_GIVE, &message, "give the cell what it is granted");
    rf_drop(slot);
}
