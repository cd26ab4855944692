/* SPDX-License-Identifier: Apache-2.0 */
/* What changed since the last cut, in memory: the sink of a cut while the world stands still. What
 * is the same as last time is left out; what was there last time and is not put now is dropped.
 *
 * A staging knows by a hash of each record and page what was put last. Pages for which it gave room
 * are compared when the batch is put, behind the running world. */
#ifndef KERNEL_CHECKPOINT_STAGING_H
#define KERNEL_CHECKPOINT_STAGING_H

#include "kernel/checkpoint/numbers.h"
#include "kernel/checkpoint/sink.h"

struct staging;
struct batch;
struct store;
struct store_cut;

/* Adds the numbers of all that is left. False: no memory. */
typedef bool staging_left(struct numbers *left);

/* It knows nothing of what the store holds: that is looked at when the first batch is put, but for
 * what is left by then. NULL: no memory. */
struct staging *staging_create(staging_left *left);

/* From now on the store is left what it has under that object's number, though no cut puts it;
 * until it is renewed: then that goes with the next batch, but for what is put into it. To leave a
 * number gives 0 or -ENOMEM; to renew one that was left does not fail. In between, what is put
 * under it is put beside what there is. `room`: how many may have to be renewed before the next
 * batch. */
int staging_leave(struct staging *staging, u64 number, u32 room);
void staging_renew(struct staging *staging, u64 number);

/* Before the world stands still: takes memory for as much as the last cut took. Room of the sink
 * may be filled already: the cut has those pages if it then says that they are the same, until they
 * are put again. */
struct sink *staging_prepare(struct staging *staging);

/* A new cut: what is put into the sink now, or said to be the same, is all that there is. */
struct sink *staging_begin(struct staging *staging);

/* It is complete. Changes that were not written before (staging_not_written) are in it again. NULL:
 * no memory, and the cut is abandoned. */
struct batch *staging_end(struct staging *staging);

/* What was put so far counts as never put: the next cut has everything again. */
void staging_abandon(struct staging *staging);

/* Compares what was taken as it came, and puts what changed into a cut of the store; its pages are
 * used until that ends. Until it returns, it has the staging to itself. 0 or a negative errno, and
 * then the cut must not be committed. */
int batch_put(struct batch *batch, struct store *store, struct store_cut *cut);
u64 batch_bytes(const struct batch *batch); /* that changed: known once it was put */

/* The batch is durable and can go, or was not written and is kept for the next. */
void batch_destroy(struct batch *batch);
void staging_not_written(struct staging *staging, struct batch *batch);

#endif
