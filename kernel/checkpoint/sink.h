/* SPDX-License-Identifier: Apache-2.0 */
/* Where what is kept of a world goes, and where it comes from. Keys are as in
 * checkpoint/keys.h. */
#ifndef KERNEL_CHECKPOINT_SINK_H
#define KERNEL_CHECKPOINT_SINK_H

#include "base/types.h"

#define SINK_ROOM 256u /* pages, at most at once */

struct sink {
    /* Each 0 or a negative errno. The bytes are the caller's, and used before it returns. */
    int (*record)(struct sink *sink, u64 key, u32 part, const void *bytes, size_t length);
    int (*page)(struct sink *sink, u64 key, u64 index, const void *page);

    /* Of a sink that knows what was put last, at the cut with the number `last` (0: at none); NULL
     * of others. `same`: so many pages from there on lie as they were put last. `room`: memory for
     * so many pages, which the caller has filled when the cut is complete; NULL: there is none. */
    int (*same)(struct sink *sink, u64 key, u64 index, u64 count);
    void *(*room)(struct sink *sink, u64 key, u64 index, u64 count);
    u64 last, number; /* number: of this cut */
    u64 batch;        /* changes when what was put and is in no complete cut is lost, or in one */

    /* NULL: it is for going on elsewhere, too. Keeps a copy of a descriptor as long as itself: by
     * which number, or negative. */
    int (*hold)(struct sink *sink, int fd);

    /* Before a key's pages, when more than one copy of each is wanted. NULL: there is but one. */
    int (*copies)(struct sink *sink, u64 key, u32 count);
};

static inline int sink_copies(struct sink *sink, u64 key, u32 count)
{
    return sink->copies && count > 1 ? sink->copies(sink, key, count) : 0;
}

typedef int record_visitor(void *argument, u64 key, u32 part, const void *bytes, size_t length);
typedef int page_visitor(void *argument, u64 key, u64 index, const void *page);

struct source {
    /* In order of keys and parts; of pages in order of their indexes. Ends with the visitor's first
     * result that is not 0, and returns it; a negative errno: what is kept cannot be read. */
    int (*records)(struct source *source, record_visitor *visit, void *argument);
    /* One record: its memory is the caller's to free. */
    int (*record)(struct source *source, u64 key, u32 part, void **bytes, size_t *length);
    int (*pages)(struct source *source, u64 key, page_visitor *visit, void *argument);
};

#endif
