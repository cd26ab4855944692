/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/wrap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/grants.h"
#include "kernel/report.h"
#include "sdk/ringfence.h"

#define ARGUMENTS_MOST 32
#define CELLS_MOST     1024
#define PATIENCE       1000 /* looks, LOOK_NS apart */
#define LOOK_NS        10000000

/* Where a wrapper finds its capabilities, above what it is granted. */
enum { SLOT_TARGET = RF_SLOT_LIMIT - 2, SLOT_OFFER };

static u32 cells[CELLS_MOST];
static u32 cell_count;

void wrap_add(struct launch *launch, const char *value)
{
    static const enum rf_kind kinds[] = {RF_KIND_DIR, RF_KIND_CONSOLE, RF_KIND_CLOCK};
    const char *equals = strchr(value, '=');

    if (launch->wrap_count == MAX_WRAPS)
        fail("more than %d wrappers", MAX_WRAPS);
    for (u32 i = 0; equals && equals[1] && i < ARRAY_SIZE(kinds); i++) {
        const char *name = rf_kind_name(kinds[i]);

        if (strlen(name) == (size_t)(equals - value) && !strncmp(name, value, strlen(name))) {
            launch->wraps[launch->wrap_count].kind = kinds[i];
            launch->wraps[launch->wrap_count++].program = equals + 1;
            return;
        }
    }
    fail("--wrap %s: it is --wrap KIND=PROGRAM, where KIND is dir, console or clock", value);
}

/* "PROGRAM ARG ARG", without quoting: how many words. */
static u32 split(char *text, char *argv[ARGUMENTS_MOST])
{
    u32 count = 0;

    for (char *word = strtok(text, " "); word && count < ARGUMENTS_MOST - 1;
         word = strtok(NULL, " "))
        argv[count++] = word;
    argv[count] = NULL;
    return count;
}

/* A wrapper sees the system's programs and the directory that it lies in. */
static void describe(struct launch *wrapper, char **argv, u32 argc)
{
    static char caps[64], *env[3];
    char *program = argv[0], *slash = strrchr(program, '/');

    snprintf(caps, sizeof(caps), "RINGFENCE_CAPS=target=%d,offer=%d", SLOT_TARGET, SLOT_OFFER);
    env[0] = caps;
    env[1] = (char *)"PATH=/usr/local/bin:/usr/bin:/bin";
    grant_default_view(wrapper);
    if (slash) {
        char *real = realpath(program, NULL), *dir = real ? strdup(real) : NULL;

        if (!dir)
            fail_errno(errno, "cannot find the wrapper %s", program);
        *strrchr(dir, '/') = 0;
        grant_host(wrapper, "--wrap", *dir ? dir : "/", RF_RIGHT_READ | RF_RIGHT_EXEC);
        argv[0] = real;
    }
    wrapper->argv = argv;
    wrapper->argc = argc;
    wrapper->env = env;
    wrapper->envc = 2;
    wrapper->cwd = "/";
    wrapper->hostname = "wrapper";
    wrapper->user_name = "root";
}

/* Waits until the wrapper says what it offers. */
static u32 await_offer(u32 endpoint, u32 cell, const char *program)
{
    static const struct timespec moment = {.tv_nsec = LOOK_NS};

    for (u32 i = 0; i < PATIENCE; i++) {
        struct rf_message message = RF_MESSAGE;
        s64 resume;

        message.words[0] = 1; /* do not wait */
        resume = rf_invoke(endpoint, RF_OP_ENDPOINT_RECEIVE, &message);
        if (resume >= 0) {
            rf_reply((u32)resume, message.cap_count == 1 ? 0 : -EINVAL, NULL);
            if (message.cap_count == 1)
                return message.caps[0];
        } else if (rf_call(cell, RF_OP_CELL_WAIT, 1, 0, 0, 0) >= 0) {
            break;
        }
        nanosleep(&moment, NULL);
    }
    fail("the wrapper \"%s\" offers nothing", program);
}

/* Starts the program with the capability: what it offers. */
static u32 wrap_one(u32 slot, const char *program)
{
    struct launch *wrapper = calloc(1, sizeof(*wrapper));
    char *argv[ARGUMENTS_MOST], *text = strdup(program);
    u32 argc = text ? split(text, argv) : 0, cell, offered;
    s64 endpoint = rf_endpoint(), offer = endpoint < 0 ? endpoint : rf_mint((u32)endpoint, 0);

    if (!wrapper || !argc || cell_count == CELLS_MOST)
        fail("cannot start the wrapper \"%s\"", program);
    if (offer < 0)
        fail("cannot start the wrapper \"%s\": %s", program, rf_error_text(offer));
    describe(wrapper, argv, argc);
    cell = launch_make(wrapper, NULL, false);
    client_give(cell, SLOT_TARGET, slot);
    client_give(cell, SLOT_OFFER, (u32)offer);
    client_invoke(cell, RF_OP_CELL_START, NULL, "start the wrapper");
    cells[cell_count++] = cell;
    offered = await_offer((u32)endpoint, cell, program);
    rf_stop_serving((u32)endpoint);
    rf_drop((u32)endpoint);
    free(wrapper);
    return offered;
}

u32 wrap_slot(const struct launch *launch, enum rf_kind kind, u32 slot)
{
    for (u32 i = 0; i < launch->wrap_count; i++) {
        if (launch->wraps[i].kind == kind)
            slot = wrap_one(slot, launch->wraps[i].program);
    }
    return slot;
}

void wrap_end(void)
{
    while (cell_count)
        rf_call(cells[--cell_count], RF_OP_CELL_KILL, 0, 0, 0, 0);
}
