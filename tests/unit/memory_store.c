/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/memory_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void add(struct kept **list, u32 *count, const struct kept *one, const void *bytes)
{
    *list = realloc(*list, (*count + 1) * sizeof(**list));
    if (!*list)
        abort();
    (*list)[*count] = *one;
    (*list)[*count].bytes = malloc(one->length + 1);
    memcpy((*list)[(*count)++].bytes, bytes, one->length);
}

static int put_record(struct sink *sink, u64 key, u32 part, const void *bytes, size_t length)
{
    struct memory_store *store = container_of(sink, struct memory_store, sink);

    add(&store->records, &store->record_count, &(struct kept){key, part, NULL, length}, bytes);
    return 0;
}

static int put_page(struct sink *sink, u64 key, u64 index, const void *page)
{
    struct memory_store *store = container_of(sink, struct memory_store, sink);

    add(&store->pages, &store->page_count, &(struct kept){key, index, NULL, PAGE_SIZE}, page);
    return 0;
}

static int records(struct source *source, record_visitor *visit, void *argument)
{
    struct memory_store *store = container_of(source, struct memory_store, source);
    int result = 0;

    for (u32 i = 0; i < store->record_count && !result; i++)
        result = visit(argument, store->records[i].key, (u32)store->records[i].index,
                       store->records[i].bytes, store->records[i].length);
    return result;
}

static int one_record(struct source *source, u64 key, u32 part, void **bytes, size_t *length)
{
    struct memory_store *store = container_of(source, struct memory_store, source);

    for (u32 i = 0; i < store->record_count; i++) {
        struct kept *kept = &store->records[i];

        if (kept->key != key || kept->index != part)
            continue;
        *bytes = malloc(kept->length + 1);
        memcpy(*bytes, kept->bytes, kept->length);
        *length = kept->length;
        return 0;
    }
    return -ENOENT;
}

static int pages(struct source *source, u64 key, page_visitor *visit, void *argument)
{
    struct memory_store *store = container_of(source, struct memory_store, source);
    int result = 0;

    for (u32 i = 0; i < store->page_count && !result; i++) {
        if (store->pages[i].key == key)
            result = visit(argument, key, store->pages[i].index, store->pages[i].bytes);
    }
    return result;
}

void memory_store_init(struct memory_store *store)
{
    *store = (struct memory_store){.sink = {.record = put_record, .page = put_page},
                                   .source = {records, one_record, pages}};
}

static void finish(struct kept *list, u32 count)
{
    for (u32 i = 0; i < count; i++)
        free(list[i].bytes);
    free(list);
}

void memory_store_finish(struct memory_store *store)
{
    finish(store->records, store->record_count);
    finish(store->pages, store->page_count);
}

static int compare(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;

    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

void memory_store_sort(struct memory_store *store)
{
    qsort(store->records, store->record_count, sizeof(struct kept), compare);
    if (store->page_count)
        qsort(store->pages, store->page_count, sizeof(struct kept), compare);
}
