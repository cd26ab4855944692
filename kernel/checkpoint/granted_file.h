/* SPDX-License-Identifier: Apache-2.0 */
/* Host files and segments in the image of a branch: by the slot of the cell's table through which
 * they are reached, and what is below that. So an image names nothing that whoever goes on from it
 * was not given. */
#ifndef KERNEL_CHECKPOINT_GRANTED_FILE_H
#define KERNEL_CHECKPOINT_GRANTED_FILE_H

#include "kernel/cell.h"
#include "kernel/checkpoint/record.h"

/* Writes what the descriptor (O_PATH will do) is open on. False: no capability of the cell reaches
 * it, and nothing was written. */
bool granted_file_save(struct cell *cell, int fd, struct record *record);

/* Opens it again as open(2) would with those flags, if the cell may: -1 when it may not, or it is
 * not there; then that was reported. `exact`: nor when it is another one or has changed. A record
 * that makes no sense is bad. */
int granted_file_load(struct cell *cell, struct record *record, int flags, bool exact);

/* Reads over one: -1. */
int granted_file_skip(struct record *record);

#endif
