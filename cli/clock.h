/* SPDX-License-Identifier: Apache-2.0 */
/* A clock of the cell's own: --clock START[,RATE]. */
#ifndef CLI_CLOCK_H
#define CLI_CLOCK_H

#include <stdbool.h>

#include "base/types.h"

struct clock_config {
    u64 rate;  /* RF_CLOCK_RATE_ONE: as fast as ours; 0: the cell runs on our own clock */
    s64 start; /* ns */
    bool date; /* start counts from 1970, else from now */
};

/* Fails (fail()) with a line that says what was expected. */
struct clock_config clock_parse(const char *value);

/* Such a clock, derived from the one in `slot`, which the caller gives up: its slot. Fails
 * (fail()). */
u32 clock_derived(const struct clock_config *config, u32 slot);

#endif
