/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence caps: what a cell can reach, and through whom: its own capabilities, and those of the
 * cells that serve them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "kernel/report.h"

#define CELLS_MOST 256
#define CAPS_MOST  65536

struct reached {
    u32 number, depth;
    char name[RF_CELL_NAME];
    u32 count;
    struct rf_cap_info *caps;
};

static struct reached cells[CELLS_MOST];
static u32 cell_count;

static const char *rights_text(u32 rights, char text[8])
{
    static const char letters[] = "rwxkm";
    u32 n = 0;

    for (u32 i = 0; letters[i]; i++) {
        if (rights & 1u << i)
            text[n++] = letters[i];
    }
    text[n] = 0;
    return text;
}

static u32 slot_of(u32 number)
{
    char text[16];

    snprintf(text, sizeof(text), "%u", number);
    return client_find(text);
}

static void read_caps(struct reached *cell, u32 slot)
{
    static struct rf_cap_info records[RF_MSG_DATA / sizeof(struct rf_cap_info)];
    struct rf_message message = RF_MESSAGE;

    message.room = records;
    message.room_size = sizeof(records);
    while (client_invoke(slot, RF_OP_CELL_CAPS, &message, "ask the cell") > 0) {
        u32 count = message.received / (u32)sizeof(records[0]);
        struct rf_cap_info *caps = realloc(cell->caps, (cell->count + count) * sizeof(*cell->caps));

        if (!caps || cell->count + count > CAPS_MOST)
            fail("the cell holds too many capabilities to show");
        memcpy(caps + cell->count, records, count * sizeof(records[0]));
        cell->caps = caps;
        cell->count += count;
        message.words[0] = records[count - 1].slot;
    }
}

static void add_cell(u32 slot, u32 depth)
{
    struct rf_message message = RF_MESSAGE;
    struct rf_cell_stat stat;
    struct reached *cell = &cells[cell_count];

    message.room = &stat;
    message.room_size = sizeof(stat);
    client_invoke(slot, RF_OP_CELL_STAT, &message, "ask the cell");
    for (u32 i = 0; i < cell_count; i++) {
        if (cells[i].number == stat.number)
            return;
    }
    if (cell_count == CELLS_MOST)
        fail("more than %d cells can be reached", CELLS_MOST);
    cell_count++;
    cell->number = stat.number;
    cell->depth = depth;
    memcpy(cell->name, stat.name, sizeof(cell->name));
    read_caps(cell, slot);
}

/* The cells that serve what a cell holds, and so on. */
static void follow(void)
{
    for (u32 at = 0; at < cell_count; at++) {
        for (u32 i = 0; i < cells[at].count; i++) {
            const struct rf_cap_info *cap = &cells[at].caps[i];

            if (cap->cell && cap->kind == RF_KIND_ENTRY)
                add_cell(slot_of(cap->cell), cells[at].depth + 1);
        }
    }
}

static void print_text(void)
{
    char rights[8];

    for (u32 at = 0; at < cell_count; at++) {
        printf("%*s%s (cell %u)%s\n", (int)cells[at].depth * 2, "", cells[at].name,
               cells[at].number, cells[at].depth ? ", through it:" : "");
        for (u32 i = 0; i < cells[at].count; i++) {
            const struct rf_cap_info *cap = &cells[at].caps[i];

            printf("%*s%5u  %-12s %-5s object %lu", (int)cells[at].depth * 2, "", cap->slot,
                   rf_kind_name(cap->kind), rights_text(cap->rights, rights), cap->object);
            if (cap->kind == RF_KIND_ENTRY)
                printf(", served by cell %u, badge %lu", cap->cell, cap->badge);
            printf("\n");
        }
    }
}

static void print_json(void)
{
    bool first = true;

    printf("[");
    for (u32 at = 0; at < cell_count; at++) {
        for (u32 i = 0; i < cells[at].count; i++) {
            const struct rf_cap_info *cap = &cells[at].caps[i];

            printf("%s{\"cell\":%u,\"slot\":%u,\"kind\":\"%s\",\"rights\":%u,\"object\":%lu,"
                   "\"served_by\":%u,\"badge\":%lu}",
                   first ? "" : ",\n ", cells[at].number, cap->slot, rf_kind_name(cap->kind),
                   cap->rights, cap->object, cap->cell, cap->badge);
            first = false;
        }
    }
    printf("]\n");
}

static void print_dot(FILE *out)
{
    char rights[8];

    fprintf(out, "digraph caps {\n    rankdir=LR;\n    node [shape=box];\n");
    for (u32 at = 0; at < cell_count; at++) {
        fprintf(out, "    c%u [label=\"%s\\ncell %u\", style=bold];\n", cells[at].number,
                cells[at].name, cells[at].number);
        for (u32 i = 0; i < cells[at].count; i++) {
            const struct rf_cap_info *cap = &cells[at].caps[i];

            fprintf(out, "    o%lu [label=\"%s\\n%lu\"];\n    c%u -> o%lu [label=\"%u %s\"];\n",
                    cap->object, rf_kind_name(cap->kind), cap->object, cells[at].number,
                    cap->object, cap->slot, rights_text(cap->rights, rights));
            if (cap->kind == RF_KIND_ENTRY && cap->cell)
                fprintf(out, "    o%lu -> c%u [style=dashed];\n", cap->object, cap->cell);
        }
    }
    fprintf(out, "}\n");
}

/* Drawn by dot(1). */
static void print_svg(void)
{
    FILE *dot;

    fflush(stdout);
    dot = popen("dot -Tsvg", "w");
    if (!dot)
        fail("cannot start dot");
    print_dot(dot);
    if (pclose(dot))
        fail("--svg needs dot, of the package graphviz");
}

int cmd_caps(int argc, char **argv)
{
    struct client_request request = {0};
    const char *name = NULL;

    arguments_parse(command_find("caps"), argc, argv, &request, &name, 1, 1);
    client_open(request.world);
    add_cell(client_find(name), 0);
    follow();
    if (request.json)
        print_json();
    else if (request.svg)
        print_svg();
    else if (request.dot)
        print_dot(stdout);
    else
        print_text();
    return 0;
}
