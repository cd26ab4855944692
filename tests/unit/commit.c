/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/commit.h"

#include <stdio.h>
#include <stdlib.h>

static const u32 observers[] = {
    RF_OP_KIND,
    RF_OP_RANDOM,
    RF_OP_TIMES,
    RF_OP_AFFINITY,
    RF_OP_CPU_INFO,
    RF_OP_SHOWN_LIST,
    RF_OP_ATTACH, /* tells what another call did */
    RF_OP_CONSOLE_INFO,
    RF_OP_CLOCK_NOW,
    RF_OP_CLOCK_SLEEP,
    RF_OP_CLOCK_RELATION,
    RF_OP_DIR_LIST,
    RF_OP_DIR_LOOKUP,
    RF_OP_DIR_STATFS,

    RF_OP_DIR_ATTRS,
    RF_OP_FILE_READ,
    RF_OP_FILE_GETATTR,
    RF_OP_FILE_READDIR,
    RF_OP_FILE_SEEK,
    RF_OP_BANK_LIMITS,
    RF_OP_BANK_USAGE,
    RF_OP_BANK_VERIFY,
    RF_OP_BANK_REPLICAS,
    RF_OP_NODE_SIZE,
    RF_OP_SEGMENT_READ,
    RF_OP_SEGMENT_SIZE,
    RF_OP_SEGMENT_HOLDERS,
    RF_OP_CELL_WAIT,
    RF_OP_CELL_STAT,
    RF_OP_CELL_LIST,
    RF_OP_CELL_CAPS,
    RF_OP_ENDPOINT_IDENTIFY,
    RF_OP_METER_TERMS,
    RF_OP_METER_USAGE,
    RF_OP_CONSTRUCTOR_DISCREET,
    RF_OP_CONSTRUCTOR_HOLES,
    RF_OP_CONSTRUCTOR_VERIFY,
    RF_OP_DISCRIM_CLASSIFY,
    RF_OP_DISCRIM_COMPARE,
    RF_OP_DISCRIM_DISCREET,
    RF_OP_VIEWER_READ,
    RF_OP_WORLD_STAT,
    RF_OP_SPACE_LIST,
};

bool commit_is_observer(u32 op)
{
    for (u32 i = 0; i < ARRAY_SIZE(observers); i++) {
        if (observers[i] == op)
            return true;
    }
    return false;
}

static bool served_ops[RF_OP_LIMIT];

static void write_served(void)
{
    FILE *to = fopen(getenv("RF_SERVED"), "a");

    for (u32 op = 0; to && op < RF_OP_LIMIT; op++) {
        if (served_ops[op])
            fprintf(to, "%u\n", op);
    }
    if (!to || fclose(to))
        abort();
}

static void note_served(u32 op)
{
    static bool begun;

    if (!begun && getenv("RF_SERVED"))
        atexit(write_served);
    begun = true;
    served_ops[op] = true;
}

/* An entry's operation is the program's business, and what waits or was answered is another
 * function's. */
void commit_check(const struct call *call, s64 result)
{
    bool served = call->cap && call->op < RF_OP_LIMIT;

    if (served && (result >= 0 || result == CALL_WAITS || result == CALL_GRANTED))
        note_served(call->op);
    if (!served || result < 0 || call->committed || commit_is_observer(call->op))
        return;
    fprintf(stderr, "operation %u was served without a commit point\n", call->op);
    abort();
}
