/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of a sparse file in memory: runs of heap pages, sorted by their place in the file. The
 * owner locks. All-zero is an empty store. */
#ifndef LIBOS_FS_PAGESTORE_H
#define LIBOS_FS_PAGESTORE_H

#include "base/types.h"

struct extent {
    u64 first, count; /* pages */
    u8 *memory;
};

struct page_store {
    struct extent *extents;
    u32 used, room;
    u32 hint;  /* where the last search ended */
    u64 pages; /* held in all */
};

/* Memory of `page` and in *run how many pages from there on are contiguous; NULL: a hole of *run
 * pages. */
u8 *store_find(struct page_store *s, u64 page, u64 *run);
/* The same, but makes zeroed pages, up to `want` of them, where there is a hole. NULL: no memory.
 */
u8 *store_make(struct page_store *s, u64 page, u64 want, u64 *run);
/* Takes the pages [from, to) out. If somebody has them mapped they stay, zeroed. */
void store_cut(struct page_store *s, u64 from, u64 to, bool mapped);
/* The first page >= from that is there (data) or not (hole); UINT64_MAX: none. */
u64 store_next(struct page_store *s, u64 from, bool data);
void store_free(struct page_store *s);

#endif
