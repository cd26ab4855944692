/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence ps and stat */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "kernel/report.h"
#include "sdk/figures.h"

static void print_json(const struct rf_cell_stat *stat, bool first)
{
    printf("%s{\"number\":%u,\"parent\":%u,\"name\":\"%s\",\"state\":\"%s\",\"tasks\":%u,"
           "\"slots\":%u,\"age_ns\":%lu,\"used_ns\":%lu,\"missing_ns\":%lu,\"memory_held\":%lu,"
           "\"memory_peak\":%lu,\"memory_limit\":%lu,\"byte_seconds\":%.0f,\"cpu_percent\":%u,"
           "\"invocations\":%lu,\"system_calls\":%lu}",
           first ? "" : ",\n ", stat->number, stat->parent, stat->name, rf_state_name(stat->state),
           stat->tasks, stat->slots, stat->age_ns, stat->used_ns, stat->missing_ns,
           stat->memory_held, stat->memory_peak, stat->memory_limit, rf_byte_seconds(stat),
           stat->cpu_percent, stat->invocations, stat->system_calls);
}

static void print_row(const struct rf_cell_stat *stat)
{
    char held[16], limit[16], name[RF_CELL_NAME + 32];

    snprintf(name, sizeof(name), "%*s%s", (int)(stat->depth > 1 ? (stat->depth - 1) * 2 : 0), "",
             stat->name);
    printf("%5u %-20s %-8s %5u %10.3f %10.3f %8s %8s %10lu\n", stat->number, name,
           rf_state_name(stat->state), stat->tasks, (double)stat->used_ns / 1e9,
           (double)stat->missing_ns / 1e9, rf_size_text(stat->memory_held, held),
           stat->memory_limit ? rf_size_text(stat->memory_limit, limit) : "-", stat->invocations);
}

static void print_head(void)
{
    printf("%5s %-20s %-8s %5s %10s %10s %8s %8s %10s\n", "CELL", "NAME", "STATE", "TASKS", "USED",
           "MISSING", "MEMORY", "LIMIT", "INVOKED");
}

void client_print_cells(bool json, bool all)
{
    static struct rf_cell_stat stats[RF_MSG_DATA / sizeof(struct rf_cell_stat)];
    struct rf_message message = RF_MESSAGE;
    bool first = true;

    message.room = stats;
    message.room_size = sizeof(stats);
    if (json)
        printf("[");
    else
        print_head();
    for (u64 after = 0;; after = stats[message.received / sizeof(stats[0]) - 1].number) {
        message.words[0] = after;
        if (!client_invoke(RF_SLOT_PLACE, RF_OP_CELL_LIST, &message, "list the cells"))
            break;
        for (u32 i = 0; i < message.received / sizeof(stats[0]); i++) {
            if (stats[i].state == RF_CELL_ENDED && !all)
                continue;
            if (json)
                print_json(&stats[i], first);
            else
                print_row(&stats[i]);
            first = false;
        }
    }
    if (json)
        printf("]\n");
}

static s64 ask_world(struct rf_world_stat *stat)
{
    struct rf_message message = RF_MESSAGE;

    message.room = stat;
    message.room_size = sizeof(*stat);
    return rf_invoke(RF_SLOT_WORLD, RF_OP_WORLD_STAT, &message);
}

/* Whoever looks at the cells is to know when they are not durable any more. */
static void warn_of_checkpoints(void)
{
    struct rf_world_stat stat;

    if (ask_world(&stat) == 0 && stat.checkpoint_error)
        report("no checkpoint for %.0f s: %s", (double)stat.checkpoint_age_ns / 1e9,
               strerror((int)-stat.checkpoint_error));
}

int cmd_ps(int argc, char **argv)
{
    struct client_request request = {0};

    arguments_parse(command_find("ps"), argc, argv, &request, NULL, 0, 0);
    client_open(request.world);
    client_print_cells(request.json, request.all);
    warn_of_checkpoints();
    return 0;
}

static void print_world(const struct rf_world_stat *stat)
{
    char held[16], limit[16];

    printf("process      %u\nage          %.1f s\ncells        %u, %u asleep\n"
           "memory       %s%s%s\nsessions     %u\ninvocations  %lu\n",
           stat->process, (double)stat->age_ns / 1e9, stat->cells, stat->sleeping,
           rf_size_text(stat->memory_held, held), stat->memory_limit ? " of " : "",
           stat->memory_limit ? rf_size_text(stat->memory_limit, limit) : "", stat->sessions,
           stat->invocations);
    if (!stat->generation)
        return;
    printf("generation   %lu\ncheckpoint   %.1f s ago%s%s\n"
           "pause        %.3f ms\nwritten      %.1f KiB\nrestarts     %lu\nvolumes      %u%s\n",
           stat->generation, (double)stat->checkpoint_age_ns / 1e9,
           stat->checkpoint_error ? ", none since: " : "",
           stat->checkpoint_error ? strerror((int)-stat->checkpoint_error) : "",
           (double)stat->pause_ns / 1e6, (double)stat->bytes / 1024, stat->restarts, stat->volumes,
           stat->volumes_missing ? ", of which some are missing" : "");
}

static int stat_world(const struct client_request *request)
{
    struct rf_world_stat stat;
    s64 error = ask_world(&stat);

    if (error < 0)
        fail("cannot ask the world: %s", rf_error_text(error));
    if (request->json)
        printf("{\"process\":%u,\"age_ns\":%lu,\"cells\":%u,\"sessions\":%u,\"invocations\":%lu,"
               "\"generation\":%lu,\"checkpoint_age_ns\":%lu,\"pause_ns\":%lu,\"bytes\":%lu,"
               "\"error\":\"%s\",\"restarts\":%lu,\"volumes\":%u,\"volumes_missing\":%u,"
               "\"sleeping\":%u,\"memory_held\":%lu,\"memory_limit\":%lu}\n",
               stat.process, stat.age_ns, stat.cells, stat.sessions, stat.invocations,
               stat.generation, stat.checkpoint_age_ns, stat.pause_ns, stat.bytes,
               stat.checkpoint_error ? strerror((int)-stat.checkpoint_error) : "", stat.restarts,
               stat.volumes, stat.volumes_missing, stat.sleeping, stat.memory_held,
               stat.memory_limit);
    else
        print_world(&stat);
    return 0;
}

int cmd_stat(int argc, char **argv)
{
    struct client_request request = {0};
    struct rf_message message = RF_MESSAGE;
    struct rf_cell_stat stat;
    const char *name = NULL;

    arguments_parse(command_find("stat"), argc, argv, &request, &name, 1, 0);
    client_open(request.world);
    if (!name)
        return stat_world(&request);
    message.room = &stat;
    message.room_size = sizeof(stat);
    client_invoke(client_find(name), RF_OP_CELL_STAT, &message, "ask the cell");
    if (request.json) {
        print_json(&stat, true);
        printf("\n");
    } else {
        print_head();
        print_row(&stat);
        printf("memory over time: %.1f MiB seconds\n", rf_byte_seconds(&stat) / 1048576);
    }
    return 0;
}
