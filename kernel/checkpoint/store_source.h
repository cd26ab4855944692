/* SPDX-License-Identifier: Apache-2.0 */
/* The last committed generation of a store, as a source. Records longer than the store's are there
 * in pieces: a piece's number in the store is the part's, with these bits below it. */
#ifndef KERNEL_CHECKPOINT_STORE_SOURCE_H
#define KERNEL_CHECKPOINT_STORE_SOURCE_H

#include "kernel/checkpoint/sink.h"

#define STORED_PIECE_BITS 4

struct store;

struct store_source {
    struct source source;
    struct store *store;
};

void store_source_init(struct store_source *source, struct store *store);

#endif
