/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence fsck and scrub: a stored world, verified and mended without running it. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/command.h"
#include "kernel/report.h"
#include "kernel/store/store.h"
#include "sdk/ringfence.h"

#define VOLUMES_MOST 16

struct request {
    struct store_config config;
    const char *volumes[VOLUMES_MOST];
};

static void take_volume(void *target, const char *value)
{
    struct request *request = target;
    char *path = realpath(value, NULL);

    if (!path)
        fail_errno(errno, "cannot find %s", value);
    if (request->config.volume_count == VOLUMES_MOST)
        fail("a world can have %d volumes", VOLUMES_MOST);
    request->volumes[request->config.volume_count++] = path;
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
    request->config.volumes = request->volumes;
}

static void show_finding(void *context, const char *text)
{
    (void)context;
    puts(text);
}

int cmd_fsck(int argc, char **argv)
{
    static struct request request;
    struct store_verdict verdict;
    struct store_why why;

    parse("fsck", argc, argv, &request);
    if (store_check(&request.config, show_finding, NULL, &verdict, &why) < 0)
        fail("%s", why.text);
    printf("%lu pages in %lu copies, %lu records", verdict.pages, verdict.copies, verdict.records);
    if (!verdict.damaged && !verdict.lost && !verdict.faults) {
        printf(": all good\n");
        return 0;
    }
    printf(": %lu copies damaged, %lu pages lost, %lu other faults\n", verdict.damaged,
           verdict.lost, verdict.faults);
    return 1;
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
    error = store_scrub(store, show_finding, NULL, &verdict);
    store_close(store);
    if (error)
        fail_errno(-error, "cannot scrub %s", request.config.path);
    printf("%lu pages in %lu copies: %lu copies damaged, %lu mended, %lu pages lost\n",
           verdict.pages, verdict.copies, verdict.damaged, verdict.repaired, verdict.lost);
    return verdict.lost != 0;
}
