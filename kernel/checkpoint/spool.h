/* SPDX-License-Identifier: Apache-2.0 */
/* A sink that is a source too: pages in a file that has no name, so that the host can put them on
 * its disk, and records in memory. */
#ifndef KERNEL_CHECKPOINT_SPOOL_H
#define KERNEL_CHECKPOINT_SPOOL_H

#include "kernel/checkpoint/sink.h"

struct spool;

/* In that directory. NULL and errno. */
struct spool *spool_create(int dir_fd);
void spool_destroy(struct spool *spool); /* NULL is let be */

struct sink *spool_sink(struct spool *spool);
struct source *spool_source(struct spool *spool);

/* Visits all pages of all keys. */
int spool_pages(struct spool *spool, page_visitor *visit, void *argument);

/* What it holds in the order in which it came. The record of that index: false: there is none. The
 * bytes are the spool's. */
bool spool_record_at(const struct spool *spool, u32 index, u32 *part, const void **bytes,
                     size_t *length);

/* Pages from the position on, counted over all keys, that belong together, `most` at most: how many
 * are at `to`, and which they are; 0: there are no more; or a negative errno. */
s64 spool_pages_at(struct spool *spool, u64 position, u32 most, void *to, u64 *key, u64 *index);

/* The first pages of the key from `index` to before `end` that follow each other: their first one,
 * how many, and where in the file, in pages. False: there are no more. */
struct spool_run {
    u64 index, count, at;
    u32 near; /* where the last one was, to begin with there */
};
bool spool_run_from(const struct spool *spool, u64 key, u64 index, u64 end, struct spool_run *run);

/* A descriptor of the file that reads only, for the caller to close; or negative. What is in the
 * file stays as it is. */
int spool_descriptor(struct spool *spool);

/* What was given to its sink to hold, opened as open(2) would: a descriptor for the caller to
 * close, or negative. */
int spool_held(const struct spool *spool, u64 number, int flags);

/* Whether it is of a spool's file what the host names so. */
bool spool_is_path(const char *path);

u64 spool_bytes(const struct spool *spool); /* of pages */

#endif
