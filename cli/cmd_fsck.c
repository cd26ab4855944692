/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence fsck and scrub: a stored world, verified and mended without running it. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/volumes.h"
#include "kernel/checkpoint/check.h"
#include "kernel/report.h"
#include "kernel/store/store.h"
#include "sdk/ringfence.h"

/* Exit statuses, as fsck(8) has. */
enum { FSCK_FAULTS = 4, FSCK_CANNOT_LOOK = 8 };

struct request {
    struct store_config config;
    struct volume_list volumes;
    const char *remove; /* the directory of a volume; NULL: none */
};

static void take_volume(void *target, const char *value)
{
    volumes_add(&((struct request *)target)->volumes, value);
}

/* It may be that the directory is gone. */
static void take_remove(void *target, const char *value)
{
    ((struct request *)target)->remove = access(value, F_OK) == 0 ? volume_path(value) : value;
}

static void take_refill(void *target, const char *value)
{
    (void)value;
    ((struct request *)target)->config.repair = true;
}

#define VOLUME_OPTION                                                                              \
    {                                                                                              \
        "volume", VALUE_NEEDED, "DIR", "where a volume of the world is now", take_volume, 0        \
    }

const struct option_row fsck_options[] = {VOLUME_OPTION, {0}};

const struct option_row scrub_options[] = {
    VOLUME_OPTION,
    {"refill", VALUE_NONE, NULL, "make volumes that are lost, stale or damaged anew from copies",
     take_refill, 0},
    {"remove", VALUE_NEEDED, "DIR",
     "move all that is on that volume to the others, and take it out", take_remove, 0},
    {0},
};

static void parse(const char *name, int argc, char **argv, struct request *request)
{
    static char own[PATH_MAX];

    arguments_parse(command_find(name), argc, argv, request, &request->config.path, 1, 0);
    if (!request->config.path) {
        rf_default_world(own);
        request->config.path = own;
    }
    request->config.volumes = request->volumes.paths;
    request->config.volume_count = request->volumes.count;
}

static void show_finding(void *context, const char *text)
{
    (void)context;
    puts(text);
}

static void count_fault(void *context, const char *text)
{
    ++*(u64 *)context;
    puts(text);
}

static int refuse(int error, const struct store_why *why)
{
    report("%s", why->text);
    return error == -EUCLEAN || error == -ENODEV || error == -ESTALE ? FSCK_FAULTS
                                                                     : FSCK_CANNOT_LOOK;
}

int cmd_fsck(int argc, char **argv)
{
    static struct request request;
    struct store_verdict verdict;
    struct store_why why;
    int error;

    parse("fsck", argc, argv, &request);
    error = store_check(&request.config, show_finding, NULL, &verdict, &why);
    if (!error && !verdict.lost && !verdict.faults)
        error = world_check(&request.config, count_fault, &verdict.faults, &why);
    if (error)
        return refuse(error, &why);
    printf("%lu pages in %lu copies, %lu records", verdict.pages, verdict.copies, verdict.records);
    if (!verdict.damaged && !verdict.lost && !verdict.faults) {
        printf(": all good\n");
        return 0;
    }
    printf(": %lu copies damaged, %lu pages lost, %lu other faults\n", verdict.damaged,
           verdict.lost, verdict.faults);
    return FSCK_FAULTS;
}

static int scrub(struct store *store, const struct request *request, struct store_verdict *verdict)
{
    int error;

    if (!request->remove)
        return store_scrub(store, show_finding, NULL, verdict);
    error = store_volume_remove(store, request->remove, show_finding, NULL, verdict);
    if (error == -ENOENT)
        fail("no volume of this world but its own is in %s", request->remove);
    if (error == -ENOSPC)
        fail("the other volumes have no room for what is in %s; it stays a volume",
             request->remove);
    if (error == -EUCLEAN)
        fail("pages are lost of which copies were in %s; it stays a volume", request->remove);
    return error;
}

int cmd_scrub(int argc, char **argv)
{
    static struct request request;
    struct store_verdict verdict;
    struct store_why why;
    struct store *store;
    int error;

    parse("scrub", argc, argv, &request);
    if (store_open(&request.config, &store, &why) < 0)
        fail("%s", why.text);
    if (why.text[0])
        report("%s", why.text);
    error = scrub(store, &request, &verdict);
    store_close(store);
    if (error)
        fail_errno(-error, "cannot scrub %s", request.config.path);
    printf("%lu pages in %lu copies: %lu copies damaged, %lu mended, %lu pages lost\n",
           verdict.pages, verdict.copies, verdict.damaged, verdict.repaired, verdict.lost);
    return verdict.lost != 0;
}
