/* SPDX-License-Identifier: Apache-2.0 */
/* A sink and source in memory. */
#ifndef TESTS_UNIT_MEMORY_STORE_H
#define TESTS_UNIT_MEMORY_STORE_H

#include "kernel/checkpoint/sink.h"

struct kept {
    u64 key, index; /* part of a record, index of a page */
    u8 *bytes;
    size_t length;
};

struct memory_store {
    struct sink sink;
    struct source source;
    struct kept *records, *pages;
    u32 record_count, page_count;
};

void memory_store_init(struct memory_store *store);
void memory_store_finish(struct memory_store *store);

/* Puts them in the order in which a source gives them. */
void memory_store_sort(struct memory_store *store);

#endif
