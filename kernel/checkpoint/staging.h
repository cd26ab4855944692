/* SPDX-License-Identifier: Apache-2.0 */
/* What changed since the last cut, in memory: the sink of a cut while the world stands still. What
 * is the same as last time is left out; what was there last time and is not put now is dropped.
 *
 * A staging knows by a hash of each record and page what was put last. It is one thread's; a batch,
 * once taken, is another's. */
#ifndef KERNEL_CHECKPOINT_STAGING_H
#define KERNEL_CHECKPOINT_STAGING_H

#include "kernel/checkpoint/sink.h"

struct staging;
struct batch;
struct store;
struct store_cut;

/* It knows nothing of what the store holds: the first batch replaces that. NULL: no memory. */
struct staging *staging_create(void);

/* A new cut: what is put into the sink now is all that there is. */
struct sink *staging_begin(struct staging *staging);

/* It is complete. Changes that were not written before (staging_not_written) are in it again. NULL:
 * no memory, and the cut is lost: the next one has what it had. */
struct batch *staging_end(struct staging *staging);

/* What was put so far counts as never put. */
void staging_abandon(struct staging *staging);

/* Puts the batch into a cut of the store; its pages are used until that ends. */
void batch_put(const struct batch *batch, struct store *store, struct store_cut *cut);
u64 batch_bytes(const struct batch *batch);

/* The batch is durable and can go, or was not written and is kept for the next. */
void batch_destroy(struct batch *batch);
void staging_not_written(struct staging *staging, struct batch *batch);

#endif
