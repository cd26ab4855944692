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

u64 spool_bytes(const struct spool *spool); /* of pages */

#endif
