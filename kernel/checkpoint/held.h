/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel holds for a cell besides its objects, in the image of a branch: what waits for
 * its library OS, and what lies in its capability table as far as that can be found again
 * elsewhere. */
#ifndef KERNEL_CHECKPOINT_HELD_H
#define KERNEL_CHECKPOINT_HELD_H

#include "kernel/cell.h"
#include "kernel/checkpoint/sink.h"

/* Of a cell that stands still. 0 or a negative errno. */
int held_save(struct cell *cell, struct sink *sink);

/* Gives a new cell the capabilities of another: what names that cell itself is left to
 * cell_put_own, what is one process's or one caller's has ended for the copy, and consoles become
 * its own. 0; -ENOSPC. */
int held_copy(struct cell *from, struct cell *to);

/* For a cell that is about to go on. `find`: its table has only what its maker gave it; files are
 * opened below that, and in the place of the rest is what has ended. 0; -EPROTO; another negative
 * errno. */
int held_load(struct cell *cell, struct source *source, u64 number, bool find);

#endif
