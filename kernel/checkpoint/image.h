/* SPDX-License-Identifier: Apache-2.0 */
/* The image of a cell that stands still: what its host processes are, and all of its memory. With
 * the cell's own record (objects.h) it is the whole cell. Written to a sink and made again from a
 * source.
 *
 * Part PART_IMAGE of the cell's key says how many processes there are; part PART_PROCESS + n is the
 * n-th: its mappings, its descriptors, its threads. Pages are under the keys of the cell's
 * memories. */
#ifndef KERNEL_CHECKPOINT_IMAGE_H
#define KERNEL_CHECKPOINT_IMAGE_H

#include "kernel/cell.h"
#include "kernel/checkpoint/sink.h"

#define IMAGE_VERSION   2u
#define IMAGE_PROCESSES 4096u /* of a cell, at most */

/* Which memories are written; and that files are named by the capabilities that reach them
 * (granted_file.h), not by what they are to this kernel. */
enum { IMAGE_PRIVATE = 1, IMAGE_HEAP = 2, IMAGE_WINDOW = 4, IMAGE_ALL = 7, IMAGE_GRANTED = 8 };

/* Writes the image of a cell that stands still (stop.h). 0 or a negative errno. */
int image_save(struct cell *cell, u32 memories, struct sink *sink);

/* Before the cell stands still, for a sink that knows what it was given last: copies what was
 * written of large memories, so that only what is written from now on is left for image_save. */
void image_save_early(struct cell *cell, struct sink *sink);

/* Before that: has large processes that are not tracked yet stand still for a moment, to be tracked
 * from then on, so that they too can be copied while they run. */
void image_track(struct cell *cell, struct sink *sink, u64 deadline_ns);

/* The window alone. */
int image_save_window(struct cell *cell, struct sink *sink);

/* Fills what the cell's heap segment and window hold from the image of the cell of that number. 0
 * or a negative errno. */
int image_load_shared(struct cell *cell, u32 memories, struct source *source, u64 number);

#endif
