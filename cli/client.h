/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that ask a running world. All fail (fail()) with a line for the user. */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "sdk/ringfence.h"

/* Options that all of them have: the target is a struct client_request. */
struct client_request {
    const char *world; /* NULL: $RINGFENCE_WORLD, else the user's own */
    bool json, dot, svg, all, wait, end;
};

/* Connects. */
void client_open(const char *world);

/* The slot of the cell of that name or number. */
u32 client_find(const char *name);

/* Invokes, and fails with "cannot ACT: why" when that fails. */
s64 client_invoke(u32 slot, u32 op, struct rf_message *message, const char *act);

/* Prints the table of cells, or JSON: those that run, or all that are remembered. */
void client_print_cells(bool json, bool all);

/* Puts the capability in `slot`, which is given up, into slot `to` of a new cell. */
void client_give(u32 cell, u32 to, u32 slot);

/* A wait status as an exit status. */
int client_status(s64 wait_status);

/* Waits for the cell's end, and reports what was said of it: its exit status. */
int client_wait(u32 cell);

#endif
