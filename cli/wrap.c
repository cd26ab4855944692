/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/wrap.h"

#include <errno.h>
#include <limits.h>
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

static void bad_value(const char *value)
{
    fail("--wrap %s: it is --wrap KIND=PROGRAM, where KIND is dir, console or clock, or "
         "dir:/PATH for one directory",
         value);
}

/* KIND or dir:PATH, up to the equals sign. */
static void take_what(struct launch *launch, const char *value, size_t length)
{
    static const enum rf_kind kinds[] = {RF_KIND_DIR, RF_KIND_CONSOLE, RF_KIND_CLOCK};
    const char *colon = memchr(value, ':', length);
    size_t kind_length = colon ? (size_t)(colon - value) : length;

    for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
        const char *name = rf_kind_name(kinds[i]);

        if (strlen(name) != kind_length || strncmp(name, value, kind_length) != 0)
            continue;
        if (colon && (kinds[i] != RF_KIND_DIR || colon[1] != '/'))
            break;
        launch->wraps[launch->wrap_count].kind = kinds[i];
        launch->wraps[launch->wrap_count].path =
            colon ? strndup(colon + 1, length - kind_length - 1) : NULL;
        return;
    }
    bad_value(value);
}

void wrap_add(struct launch *launch, const char *value)
{
    const char *equals = strchr(value, '=');

    if (launch->wrap_count == MAX_WRAPS)
        fail("more than %d wrappers", MAX_WRAPS);
    if (!equals || !equals[1])
        bad_value(value);
    take_what(launch, value, (size_t)(equals - value));
    launch->wraps[launch->wrap_count++].program = equals + 1;
}

void wrap_check(const struct launch *launch)
{
    for (u32 i = 0; i < launch->wrap_count; i++) {
        const char *path = launch->wraps[i].path;
        bool granted = !path;

        for (u32 k = 0; !granted && k < launch->mount_count; k++)
            granted =
                launch->mounts[k].kind == RF_MOUNT_DIR && strcmp(launch->mounts[k].path, path) == 0;
        if (!granted)
            fail("--wrap dir:%s: no directory is granted at %s", path, path);
    }
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

/* What describes one, until it has been started. */
struct wrapper {
    struct launch launch;
    char text[4096], real[PATH_MAX], dir[PATH_MAX], caps[64];
    char *argv[ARGUMENTS_MOST], *env[2];
};

/* Whoever names a file in a wrapper's arguments means it to be read. */
static void grant_arguments(struct launch *launch, char *argv[])
{
    for (u32 i = 1; argv[i]; i++) {
        bool is_path =
            argv[i][0] == '/' || strncmp(argv[i], "./", 2) == 0 || strncmp(argv[i], "../", 3) == 0;

        if (!is_path || access(argv[i], F_OK) < 0)
            continue;
        grant_host(launch, "--wrap", argv[i], RF_RIGHT_READ | RF_RIGHT_EXEC);
        argv[i] = (char *)(uintptr_t)launch->mounts[launch->mount_count - 1].path;
    }
}

/* A wrapper sees the system's programs, the directory that it lies in, what its arguments name, and
 * what all are granted. It is the user that the wrapped program is, since whose a file is shows as
 * seen by who asks. */
static void describe(struct wrapper *wrapper, const char *program, const struct launch *wrapped)
{
    struct launch *launch = &wrapper->launch;
    const char *writable = wrapped->wrap_dir;

    snprintf(wrapper->text, sizeof(wrapper->text), "%s", program);
    snprintf(wrapper->caps, sizeof(wrapper->caps), "RINGFENCE_CAPS=target=%d,offer=%d", SLOT_TARGET,
             SLOT_OFFER);
    wrapper->env[0] = wrapper->caps;
    wrapper->env[1] = (char *)(uintptr_t) "PATH=/usr/local/bin:/usr/bin:/bin";
    launch->argc = split(wrapper->text, wrapper->argv);
    if (!launch->argc)
        fail("--wrap: no program is named");
    grant_default_view(launch);
    if (strchr(wrapper->argv[0], '/')) {
        if (!realpath(wrapper->argv[0], wrapper->real))
            fail_errno(errno, "cannot find the wrapper %s", wrapper->argv[0]);
        snprintf(wrapper->dir, sizeof(wrapper->dir), "%s", wrapper->real);
        wrapper->dir[MAX(strrchr(wrapper->dir, '/') - wrapper->dir, 1)] = 0;
        grant_host(launch, "--wrap", wrapper->dir, RF_RIGHT_READ | RF_RIGHT_EXEC);
        wrapper->argv[0] = wrapper->real;
    }
    grant_arguments(launch, wrapper->argv);
    if (writable)
        grant_host(launch, "--wrap-rw", writable, RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC);
    launch->argv = wrapper->argv;
    launch->env = wrapper->env;
    launch->envc = 2;
    launch->cwd = "/";
    launch->hostname = "wrapper";
    launch->user_name = wrapped->user_name;
    launch->uid = wrapped->uid;
    launch->gid = wrapped->gid;
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
static u32 wrap_one(u32 slot, const char *program, const struct launch *wrapped)
{
    struct wrapper *wrapper = calloc(1, sizeof(*wrapper));
    s64 endpoint = rf_endpoint(), offer = endpoint < 0 ? endpoint : rf_mint((u32)endpoint, 0);
    u32 cell, offered;

    if (!wrapper || cell_count == CELLS_MOST)
        fail("too many wrappers: cannot start \"%s\"", program);
    if (offer < 0)
        fail("cannot start the wrapper \"%s\": %s", program, rf_error_text(offer));
    describe(wrapper, program, wrapped);
    cell = launch_make(&wrapper->launch, NULL, false);
    free(wrapper);
    client_give(cell, SLOT_TARGET, slot);
    client_give(cell, SLOT_OFFER, (u32)offer);
    client_invoke(cell, RF_OP_CELL_START, NULL, "start the wrapper");
    cells[cell_count++] = cell;
    offered = await_offer((u32)endpoint, cell, program);
    rf_stop_serving((u32)endpoint);
    rf_drop((u32)endpoint);
    return offered;
}

u32 wrap_slot(const struct launch *launch, enum rf_kind kind, const char *path, u32 slot)
{
    for (u32 i = 0; i < launch->wrap_count; i++) {
        const char *only = launch->wraps[i].path;

        if (launch->wraps[i].kind == kind && (!only || (path && strcmp(path, only) == 0)))
            slot = wrap_one(slot, launch->wraps[i].program, launch);
    }
    return slot;
}

void wrap_end(void)
{
    while (cell_count)
        rf_call(cells[--cell_count], RF_OP_CELL_KILL, 0, 0, 0, 0);
}
