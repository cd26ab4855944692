/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that writes batches to the store. One at a time: between writer_give and the call of
 * `done` the store is its own. */
#ifndef KERNEL_CHECKPOINT_WRITER_H
#define KERNEL_CHECKPOINT_WRITER_H

#include "base/types.h"

struct batch;
struct store;

/* Starts it, before the kernel confines itself. Its event calls done in the event loop, with the
 * generation or a negative errno. 0 or a negative errno. */
int writer_start(struct store *store, void (*done)(struct batch *batch, s64 result));

/* The instant of the cut: begins it in the store. 0 or a negative errno. */
int writer_begin(void);

/* Hands over what it is to write. */
void writer_give(struct batch *batch);

/* Nothing is to be written after all. */
void writer_abort(void);

/* Waits for what it has: done is called before this returns. Harmless when it has nothing. */
void writer_wait(void);

#endif
