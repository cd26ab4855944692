/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/store_source.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/store/store.h"

#define BATCH_PAGES 64u

static struct store *store_of(struct source *source)
{
    return container_of(source, struct store_source, source)->store;
}

static int one_record(struct source *source, u64 key, u32 part, void **bytes, size_t *length)
{
    u8 *whole = NULL, *more;
    s64 n;

    *length = 0;
    for (u32 piece = 0; piece < 1u << STORED_PIECE_BITS; piece++) {
        more = realloc(whole, *length + STORE_RECORD_MAX);
        if (!more) {
            free(whole);
            return -ENOMEM;
        }
        whole = more;
        n = store_record_get(store_of(source), key, part << STORED_PIECE_BITS | piece,
                             whole + *length, STORE_RECORD_MAX);
        if (n == -ENOENT && piece)
            break;
        if (n < 0) {
            free(whole);
            return (int)n;
        }
        *length += (size_t)n;
        if (n < STORE_RECORD_MAX)
            break;
    }
    *bytes = whole;
    return 0;
}

static int each_record(struct source *source, record_visitor *visit, void *argument)
{
    u64 key = 0;
    u32 piece = 0;
    int result;

    while ((result = store_record_next(store_of(source), &key, &piece)) == 0) {
        u32 part = piece >> STORED_PIECE_BITS;
        void *bytes;
        size_t length;

        result = one_record(source, key, part, &bytes, &length);
        if (result)
            return result;
        result = visit(argument, key, part, bytes, length);
        free(bytes);
        if (result)
            return result;
        piece = (part + 1) << STORED_PIECE_BITS;
    }
    return result == -ENOENT ? 0 : result;
}

static int visit_run(struct store *store, u64 key, u64 index, u64 count, page_visitor *visit,
                     void *argument)
{
    static u8 pages[BATCH_PAGES * PAGE_SIZE];
    int result = 0;

    while (count && !result) {
        u32 n = (u32)MIN(count, BATCH_PAGES);

        result = store_pages_get(store, key, index, n, pages);
        for (u32 i = 0; i < n && !result; i++)
            result = visit(argument, key, index + i, pages + i * PAGE_SIZE);
        index += n;
        count -= n;
    }
    return result;
}

static int each_page(struct source *source, u64 key, page_visitor *visit, void *argument)
{
    u64 index = 0, count;
    int result;

    while ((result = store_page_next(store_of(source), key, &index, &count)) == 0) {
        result = visit_run(store_of(source), key, index, count, visit, argument);
        if (result)
            return result;
        index += count;
    }
    return result == -ENOENT ? 0 : result;
}

void store_source_init(struct store_source *source, struct store *store)
{
    *source = (struct store_source){{each_record, one_record, each_page}, store};
}
