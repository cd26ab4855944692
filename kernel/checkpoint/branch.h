/* SPDX-License-Identifier: Apache-2.0 */
/* Branches: cells that go on from the image of another one. The image lies in memory and is shared
 * by all that were made of it, until the last of them has gone on. It says nothing of objects of
 * this world: a branch of a cell is given that one's capabilities, and one whose image came from
 * outside what its maker gives it. */
#ifndef KERNEL_CHECKPOINT_BRANCH_H
#define KERNEL_CHECKPOINT_BRANCH_H

#include "kernel/cell.h"

/* CELL_START of a cell with an image: 0 or a negative errno, see there. */
int branch_start(struct cell *cell);

struct spool;

/* Where the image lies that the cell goes on from; NULL: it does not. */
struct spool *branch_spool(const struct cell *cell);

/* The cell needs its image no more. Harmless without one. */
void branch_drop(struct cell *cell);

#endif
