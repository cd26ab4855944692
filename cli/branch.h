/* SPDX-License-Identifier: Apache-2.0 */
/* Making a branch of a cell. Fails (fail()) with a line for the user. */
#ifndef CLI_BRANCH_H
#define CLI_BRANCH_H

#include "abi/interface/cell.h"

struct branch {
    u32 slot; /* a cell that was not started yet */
    char name[RF_CELL_NAME];
};

/* One that is named BASE-*number, or with the next number that is free; *number is moved behind it.
 * It has a bank and a meter of its own, with the limits of the cell. `pause`: the cell is paused
 * from then on. */
void branch_numbered(u32 cell, bool pause, const char *base, u32 *number, struct branch *branch);

#endif
