/* SPDX-License-Identifier: Apache-2.0 */
/* Where what is kept of a world goes, and where it comes from. Keys are as in
 * checkpoint/keys.h. */
#ifndef KERNEL_CHECKPOINT_SINK_H
#define KERNEL_CHECKPOINT_SINK_H

#include "base/types.h"

struct sink {
    /* Each 0 or a negative errno. The bytes are the caller's, and used before it returns. */
    int (*record)(struct sink *sink, u64 key, u32 part, const void *bytes, size_t length);
    int (*page)(struct sink *sink, u64 key, u64 index, const void *page);
};

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
