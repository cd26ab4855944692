/* SPDX-License-Identifier: Apache-2.0 */
/* Wrappers on the way of a capability to a cell: programs in cells of their own, which are given it
 * as "target" and offer something of the same kind in its place (rf_offer in sdk/ringfence.h). */
#ifndef CLI_WRAP_H
#define CLI_WRAP_H

#include "cli/launch.h"

/* KIND[:CELL]=PROGRAM [ARG...]: adds a wrapper for capabilities of that kind, or for the dir that
 * is granted there; those named first are nearest to the object. A wrapper sees the system's
 * programs, the directory that it lies in, and, read-only, what its arguments name: those that
 * begin with /,
 * ./ or ../ and exist. Fails (fail()) with a line. */
void wrap_add(struct launch *launch, const char *value);

/* Fails (fail()) with a line if one is for a directory that is not granted. */
void wrap_check(const struct launch *launch);

/* What the cell gets in place of the capability in `slot`, which the caller gives up: the same slot
 * when nothing wraps it. `path`: where it appears in the cell, or NULL. Fails (fail()) when a
 * wrapper offers nothing. */
u32 wrap_slot(const struct launch *launch, enum rf_kind kind, const char *path, u32 slot);

/* Ends all wrappers. */
void wrap_end(void);

#endif
