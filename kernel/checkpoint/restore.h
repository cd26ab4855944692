/* SPDX-License-Identifier: Apache-2.0 */
/* Making a cell's host processes again from its image (image.h). The cell's window and heap segment
 * hold what they held already. The first process is started as ever; the library OS there makes the
 * others, and each asks for what it is to become (abi/restore.h). When all have their memory, the
 * cell goes on. */
#ifndef KERNEL_CHECKPOINT_RESTORE_H
#define KERNEL_CHECKPOINT_RESTORE_H

#include "kernel/cell.h"
#include "kernel/checkpoint/sink.h"

/* Whether restore_begin would begin, changing nothing: 0; -ENOEXEC: the cell's library OS is not
 * there, or needs another version of the kernel; or another negative errno. */
int restore_check(const struct cell *cell, struct source *source);

/* The same, and whether each of its processes could be made. -EPROTO: one makes no sense. */
int restore_verify(struct cell *cell, struct source *source);

/* Begins, from the image of the cell of that number: 0; or a negative errno, and then nothing has
 * begun. `clock_goes_on`: from where its clocks stood at the cut. `done` is called once, when the
 * cell goes on or has ended; until then the source stays. */
int restore_begin(struct cell *cell, struct source *source, u64 number, bool clock_goes_on,
                  void (*done)(struct cell *cell, struct source *source));

/* A host process of the cell ended: if the cell is just being made again, it cannot be. */
void restore_process_ended(struct cell *cell, pid_t pid);

/* The cell is over, or begins to sleep: a restore that is not done never will be. */
void restore_drop(struct cell *cell);

#endif
