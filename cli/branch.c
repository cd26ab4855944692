/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/branch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/client.h"
#include "cli/launch.h"
#include "kernel/report.h"

#define TRIES    50 /* of a cell that sleeps, or does not stand still */
#define PAUSE_NS 20000000

static struct limits_config limits_of(u32 cell)
{
    struct rf_message message = RF_MESSAGE;
    struct rf_cell_stat stat;

    message.room = &stat;
    message.room_size = sizeof(stat);
    client_invoke(cell, RF_OP_CELL_STAT, &message, "ask what the cell may use");
    return (struct limits_config){.memory_limit = stat.memory_limit,
                                  .cpu_percent = stat.cpu_percent};
}

static s64 make(u32 cell, bool pause_it, u32 bank, u32 meter, const char *name)
{
    static const struct timespec pause = {.tv_nsec = PAUSE_NS};
    s64 slot = -EAGAIN;

    for (u32 i = 0; i < TRIES && (slot == -EAGAIN || slot == -EINTR); i++) {
        struct rf_message message = RF_MESSAGE;

        if (i)
            nanosleep(&pause, NULL);
        message.caps[0] = bank;
        message.caps[1] = meter;
        message.caps[2] = cell;
        message.cap_count = 3;
        message.words[2] = pause_it;
        message.data = name;
        message.data_length = (u32)strlen(name);
        slot = rf_invoke(RF_SLOT_PLACE, RF_OP_CELL_BRANCH, &message);
    }
    return slot;
}

static const char *why(s64 error)
{
    switch (error) {
    case -ESRCH: return "it has ended, or does not run yet";
    case -EAGAIN: return "its programs do not stand still";
    case -EDEADLK: return "a cell cannot copy itself";
    case -ENOSPC: return "a limit of memory or of records does not allow it";
    default: return rf_error_text(error);
    }
}

void branch_numbered(u32 cell, bool pause, const char *base, u32 *number, struct branch *branch)
{
    struct limits_config limits = limits_of(cell);
    u32 bank = launch_bank(&limits), meter = launch_meter(&limits);
    s64 slot = -EEXIST;

    while (slot == -EEXIST) {
        int length = snprintf(branch->name, sizeof(branch->name), "%s-%u", base, (*number)++);

        slot = length < (int)sizeof(branch->name) ? make(cell, pause, bank, meter, branch->name)
                                                  : -EINVAL;
    }
    if (slot == -EINVAL)
        fail("\"%s-%u\" is no name for a cell: 1 to 31 letters, digits, dots and dashes; see: "
             "ringfence help fork",
             base, *number - 1);
    if (slot < 0)
        fail("cannot copy the cell: %s", why(slot));
    rf_drop(bank);
    rf_drop(meter);
    branch->slot = (u32)slot;
}
