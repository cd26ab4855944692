/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence ps and stat */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"

static const char *const states[] = {"new", "running", "paused", "ended"};

static const char *state_name(u32 state)
{
    return state < ARRAY_SIZE(states) ? states[state] : "?";
}

/* 1536 as 1.5K. */
static const char *size_text(u64 bytes, char text[16])
{
    static const char units[] = "BKMGTP";
    double size = (double)bytes;
    u32 unit = 0;

    while (size >= 1024 && unit < sizeof(units) - 2) {
        size /= 1024;
        unit++;
    }
    snprintf(text, 16, size < 10 && unit ? "%.1f%c" : "%.0f%c", size, units[unit]);
    return text;
}

/* Byte-seconds of a 128-bit number of byte-nanoseconds. */
static double byte_seconds(u64 high, u64 low)
{
    return ((double)high * 18446744073709551616.0 + (double)low) / 1e9;
}

static void print_json(const struct rf_cell_stat *stat, bool first)
{
    printf("%s{\"number\":%u,\"parent\":%u,\"name\":\"%s\",\"state\":\"%s\",\"tasks\":%u,"
           "\"slots\":%u,\"age_ns\":%lu,\"used_ns\":%lu,\"missing_ns\":%lu,\"memory_held\":%lu,"
           "\"memory_peak\":%lu,\"memory_limit\":%lu,\"byte_seconds\":%.0f,\"cpu_percent\":%u,"
           "\"invocations\":%lu,\"system_calls\":%lu}",
           first ? "" : ",\n ", stat->number, stat->parent, stat->name, state_name(stat->state),
           stat->tasks, stat->slots, stat->age_ns, stat->used_ns, stat->missing_ns,
           stat->memory_held, stat->memory_peak, stat->memory_limit,
           byte_seconds(stat->byte_ns_high, stat->byte_ns_low), stat->cpu_percent,
           stat->invocations, stat->system_calls);
}

static void print_row(const struct rf_cell_stat *stat)
{
    char held[16], limit[16], name[RF_CELL_NAME + 32];

    snprintf(name, sizeof(name), "%*s%s", (int)(stat->depth > 1 ? (stat->depth - 1) * 2 : 0), "",
             stat->name);
    printf("%5u %-20s %-8s %5u %10.3f %10.3f %8s %8s %10lu\n", stat->number, name,
           state_name(stat->state), stat->tasks, (double)stat->used_ns / 1e9,
           (double)stat->missing_ns / 1e9, size_text(stat->memory_held, held),
           stat->memory_limit ? size_text(stat->memory_limit, limit) : "-", stat->invocations);
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

int cmd_ps(int argc, char **argv)
{
    struct client_request request = {0};

    arguments_parse(command_find("ps"), argc, argv, &request, NULL, 0, 0);
    client_open(request.world);
    client_print_cells(request.json, request.all);
    return 0;
}

static int stat_world(const struct client_request *request)
{
    struct rf_message message = RF_MESSAGE;
    struct rf_world_stat stat;

    message.room = &stat;
    message.room_size = sizeof(stat);
    client_invoke(RF_SLOT_WORLD, RF_OP_WORLD_STAT, &message, "ask the world");
    printf(request->json ? "{\"process\":%u,\"age_ns\":%lu,\"cells\":%u,\"sessions\":%u,"
                           "\"invocations\":%lu}\n"
                         : "process      %u\nage          %lu ns\ncells        %u\n"
                           "sessions     %u\ninvocations  %lu\n",
           stat.process, stat.age_ns, stat.cells, stat.sessions, stat.invocations);
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
        printf("memory over time: %.1f MiB seconds\n",
               byte_seconds(stat.byte_ns_high, stat.byte_ns_low) / 1048576);
    }
    return 0;
}
