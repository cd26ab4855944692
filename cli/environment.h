/* SPDX-License-Identifier: Apache-2.0 */
/* The environment that a program in a cell gets. */
#ifndef CLI_ENVIRONMENT_H
#define CLI_ENVIRONMENT_H

#include "cli/launch.h"

struct environment {
    char **variables; /* NAME=VALUE */
    u32 count;
};

/* Adds NAME=VALUE, or replaces that name's value. */
void environment_set(struct environment *env, const char *variable);

/* Name of the user in the cell: root for uid 0, else what the caller is called. */
const char *environment_user(u32 uid);

/* Puts the caller's harmless variables (unless `clear`) below those that were set by name, and
 * hands all to the config. HOME, USER and LOGNAME are the cell's. */
void environment_finish(struct environment *env, struct launch *config, bool clear);

#endif
