/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/staging.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xxhash.h>

#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/known.h"
#include "kernel/checkpoint/store_source.h"
#include "kernel/store/store.h"

#define CHUNK_BYTES   (4u << 20)
#define PREPARED_MOST 64u /* chunks */
#define STEP          1024u
#define HASHES        64u
#define PIECE_MOST    STORE_RECORD_MAX /* longer records are kept in pieces */
#define PIECES        (1u << STORED_PIECE_BITS)

enum change_kind {
    CHANGE_RECORD,
    CHANGE_PAGE,
    CHANGE_COPIES,
    CHANGE_DROP_RECORD,
    CHANGE_DROP_PAGE
};

struct change {
    u64 key, index; /* part of a record, index of a page, how many copies */
    const u8 *bytes;
    u32 kind, length;
};

struct chunk {
    struct chunk *next;
    size_t used;
    u8 bytes[];
};

/* Pages as they came: to be compared, or (bytes NULL) the same as last time. */
struct run {
    u64 key, index, count;
    const u8 *bytes;
};

/* Changes in the order in which they came; of an older batch that was not written first. */
struct batch {
    struct batch *older;
    struct staging *staging;
    struct change *changes;
    struct run *runs;
    u32 count, room, run_count, run_room;
    u32 early; /* of the runs: came before the world stood still */
    struct chunk *chunks;
    u64 bytes;              /* of the changes */
    bool first;             /* what the store holds is not known yet */
    bool lost;              /* no memory */
    struct numbers left;    /* of the first: what is left to the store */
    struct numbers renewed; /* what the store has of these goes */
};

struct staging {
    struct sink sink;
    struct known *known;
    struct batch *batch;
    struct chunk *spare; /* brought in already */
    u64 taken;           /* chunks of the last batch */
    staging_left *left;
    struct numbers forgotten; /* left or renewed, and still known */
    struct numbers renewed;   /* since the last batch */
};

static struct chunk *chunk_make(bool bring_in)
{
    struct chunk *chunk =
        mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (chunk == MAP_FAILED)
        return NULL;
    madvise(chunk, CHUNK_BYTES, MADV_HUGEPAGE);
    if (bring_in)
        madvise(chunk, CHUNK_BYTES, MADV_POPULATE_WRITE);
    return chunk;
}

static struct chunk *chunk_take(struct staging *staging)
{
    struct chunk *chunk = staging->spare;

    staging->taken++;
    if (!chunk)
        return chunk_make(false);
    staging->spare = chunk->next;
    chunk->used = 0;
    return chunk;
}

static void chunks_free(struct chunk *chunk)
{
    while (chunk) {
        struct chunk *next = chunk->next;

        munmap(chunk, CHUNK_BYTES);
        chunk = next;
    }
}

static void *batch_take(struct batch *batch, size_t length)
{
    struct chunk *chunk = batch->chunks;

    if (!chunk || length > CHUNK_BYTES - sizeof(*chunk) - chunk->used) {
        chunk = chunk_take(batch->staging);
        if (!chunk) {
            batch->lost = true;
            return NULL;
        }
        chunk->next = batch->chunks;
        batch->chunks = chunk;
    }
    chunk->used += length;
    return chunk->bytes + chunk->used - length;
}

void batch_destroy(struct batch *batch)
{
    while (batch) {
        struct batch *older = batch->older;

        chunks_free(batch->chunks);
        numbers_finish(&batch->left);
        numbers_finish(&batch->renewed);
        free(batch->changes);
        free(batch->runs);
        free(batch);
        batch = older;
    }
}

/* A list of the batch with room for one more: it may have moved. NULL: no memory, and it stays. */
static void *make_room(struct batch *batch, void *list, u32 count, u32 *room, size_t size)
{
    void *more = list;

    if (!list || count == *room) {
        more = realloc(list, (*room * 2 + STEP) * size);
        *room = more ? *room * 2 + STEP : *room;
    }
    batch->lost |= !more;
    return more;
}

/* Its bytes stay where they are. */
static void batch_add(struct batch *batch, const struct change *change)
{
    struct change *changes =
        make_room(batch, batch->changes, batch->count, &batch->room, sizeof(*changes));

    if (!changes)
        return;
    batch->changes = changes;
    changes[batch->count++] = *change;
    batch->bytes += change->length;
}

static void batch_copy(struct batch *batch, struct change *change, const void *bytes)
{
    u8 *copy = batch_take(batch, change->length);

    if (!copy)
        return;
    memcpy(copy, bytes, change->length);
    change->bytes = copy;
    batch_add(batch, change);
}

static bool differs(struct batch *batch, u64 key, u64 index, enum known_kind kind,
                    const void *bytes, size_t length)
{
    int result = known_see(batch->staging->known, key, index, kind, XXH3_64bits(bytes, length));

    batch->lost |= result < 0;
    return result > 0;
}

static int put_record(struct sink *sink, u64 key, u32 part, const void *bytes, size_t length)
{
    struct batch *batch = container_of(sink, struct staging, sink)->batch;
    size_t at = 0;

    if (length > (size_t)PIECES * PIECE_MOST)
        return -E2BIG;
    for (u64 piece = (u64)part << STORED_PIECE_BITS; at < length; piece++) {
        u32 n = (u32)MIN(length - at, PIECE_MOST);
        const u8 *from = (const u8 *)bytes + at;
        struct change change = {key, piece, NULL, CHANGE_RECORD, n};

        if (differs(batch, key, piece, KNOWN_RECORD, from, n))
            batch_copy(batch, &change, from);
        at += n;
    }
    return batch->lost ? -ENOMEM : 0;
}

static int put_page(struct sink *sink, u64 key, u64 index, const void *page)
{
    struct batch *batch = container_of(sink, struct staging, sink)->batch;
    struct change change = {key, index, NULL, CHANGE_PAGE, PAGE_SIZE};

    if (differs(batch, key, index, KNOWN_PAGE, page, PAGE_SIZE))
        batch_copy(batch, &change, page);
    return batch->lost ? -ENOMEM : 0;
}

static bool follows(const struct run *run, const struct run *last)
{
    return !run->bytes && !last->bytes && last->key == run->key &&
           last->index + last->count == run->index;
}

static int add_run(struct batch *batch, const struct run *run)
{
    u32 count = batch->run_count;
    struct run *runs = batch->runs;

    if (runs && count > batch->early && follows(run, &runs[count - 1])) {
        runs[count - 1].count += run->count;
        return 0;
    }
    runs = make_room(batch, runs, count, &batch->run_room, sizeof(*runs));
    if (!runs)
        return -ENOMEM;
    batch->runs = runs;
    runs[batch->run_count++] = *run;
    return 0;
}

static int put_same(struct sink *sink, u64 key, u64 index, u64 count)
{
    struct staging *staging = container_of(sink, struct staging, sink);

    return add_run(staging->batch, &(struct run){key, index, count, NULL});
}

static void *give_room(struct sink *sink, u64 key, u64 index, u64 count)
{
    struct batch *batch = container_of(sink, struct staging, sink)->batch;
    u8 *bytes = batch_take(batch, count * PAGE_SIZE);

    return bytes && !add_run(batch, &(struct run){key, index, count, bytes}) ? bytes : NULL;
}

static struct batch *batch_create(struct staging *staging)
{
    struct batch *batch = calloc(1, sizeof(*batch));

    if (batch)
        batch->staging = staging;
    return batch;
}

static int put_copies(struct sink *sink, u64 key, u32 count)
{
    struct batch *batch = container_of(sink, struct staging, sink)->batch;

    if (differs(batch, key, 0, KNOWN_COPIES, &count, sizeof(count)))
        batch_add(batch, &(struct change){key, count, NULL, CHANGE_COPIES, 0});
    return batch->lost ? -ENOMEM : 0;
}

struct staging *staging_create(staging_left *left)
{
    struct staging *staging = calloc(1, sizeof(*staging));

    if (!staging)
        return NULL;
    staging->sink = (struct sink){.record = put_record,
                                  .page = put_page,
                                  .same = put_same,
                                  .room = give_room,
                                  .copies = put_copies};
    staging->left = left;
    staging->known = known_create();
    staging->batch = batch_create(staging);
    if (staging->known && staging->batch) {
        staging->batch->first = true;
        return staging;
    }
    free(staging->batch);
    free(staging);
    return NULL;
}

int staging_leave(struct staging *staging, u64 number, u32 room)
{
    if (!numbers_reserve(&staging->renewed, staging->renewed.count + room) ||
        !numbers_reserve(&staging->forgotten, staging->forgotten.count + room + 1))
        return -ENOMEM;
    numbers_add(&staging->forgotten, number);
    return 0;
}

void staging_renew(struct staging *staging, u64 number)
{
    numbers_add(&staging->forgotten, number);
    numbers_add(&staging->renewed, number);
}

/* What is not known is not dropped for not being put, and is put if it is. */
static void forget(struct staging *staging)
{
    numbers_sort(&staging->forgotten);
    if (staging->forgotten.count)
        known_forget(staging->known, &staging->forgotten);
    staging->forgotten.count = 0;
}

struct sink *staging_prepare(struct staging *staging)
{
    forget(staging);
    for (u64 i = 0; i < MIN(staging->taken, PREPARED_MOST); i++) {
        struct chunk *chunk = chunk_make(true);

        if (!chunk)
            break;
        chunk->next = staging->spare;
        staging->spare = chunk;
    }
    staging->taken = 0;
    return &staging->sink;
}

struct sink *staging_begin(struct staging *staging)
{
    staging->batch->early = staging->batch->run_count;
    staging->sink.number++;
    known_begin(staging->known);
    return &staging->sink;
}

static void free_spare(struct staging *staging)
{
    chunks_free(staging->spare);
    staging->spare = NULL;
}

/* Nothing is known of what the store holds. */
static void begin_anew(struct staging *staging)
{
    struct batch *batch = staging->batch;

    known_clear(staging->known);
    staging->sink.last = 0;
    staging->sink.batch++;
    batch_destroy(batch->older);
    chunks_free(batch->chunks);
    batch->older = NULL;
    batch->chunks = NULL;
    batch->count = batch->run_count = batch->early = 0;
    batch->bytes = 0;
    batch->lost = false;
    batch->first = true;
}

void staging_abandon(struct staging *staging)
{
    begin_anew(staging);
    free_spare(staging);
}

/* False: no memory. */
static bool take_numbers(struct staging *staging, struct batch *batch)
{
    batch->left.count = batch->renewed.count = 0;
    if ((batch->first && !staging->left(&batch->left)) ||
        !numbers_reserve(&batch->renewed, staging->renewed.count))
        return false;
    numbers_sort(&batch->left);
    for (u32 i = 0; i < staging->renewed.count; i++)
        numbers_add(&batch->renewed, staging->renewed.at[i]);
    numbers_sort(&batch->renewed);
    return true;
}

struct batch *staging_end(struct staging *staging)
{
    struct batch *batch = staging->batch, *next = batch_create(staging);

    if (!next || batch->lost || !take_numbers(staging, batch)) {
        free(next);
        staging_abandon(staging);
        return NULL;
    }
    free_spare(staging);
    staging->renewed.count = 0;
    staging->sink.last = staging->sink.number;
    staging->sink.batch++;
    staging->batch = next;
    return batch;
}

static void compare(struct batch *batch, const struct run *run, bool early)
{
    int (*take)(struct known *, u64, u64, enum known_kind, u64) = early ? known_learn : known_see;

    for (u64 i = 0; i < run->count; i++) {
        struct change change = {run->key, run->index + i, run->bytes + i * PAGE_SIZE, CHANGE_PAGE,
                                PAGE_SIZE};
        int result = take(batch->staging->known, change.key, change.index, KNOWN_PAGE,
                          XXH3_64bits(change.bytes, PAGE_SIZE));

        batch->lost |= result < 0;
        if (result > 0)
            batch_add(batch, &change);
    }
}

static void drop(void *argument, u64 key, u64 index, enum known_kind kind)
{
    static const u32 changes[] = {[KNOWN_RECORD] = CHANGE_DROP_RECORD,
                                  [KNOWN_PAGE] = CHANGE_DROP_PAGE,
                                  [KNOWN_COPIES] = CHANGE_COPIES};

    batch_add(argument,
              &(struct change){key, kind == KNOWN_COPIES ? 1 : index, NULL, changes[kind], 0});
}

static int learn_pages(struct known *known, struct store *store, u64 key)
{
    u64 hashes[HASHES], index = 0, count;
    int error;

    while (!(error = store_page_next(store, key, &index, &count))) {
        u32 n = (u32)MIN(count, HASHES);

        error = store_page_hashes(store, key, index, n, hashes);
        for (u32 i = 0; i < n && !error; i++)
            error = MIN(known_learn(known, key, index + i, KNOWN_PAGE, hashes[i]), 0);
        if (error)
            return error;
        index += n;
    }
    return error == -ENOENT ? 0 : error;
}

/* What is left is not dropped for not being put; what is renewed is put whole. */
static bool is_unknown(const struct batch *batch, u64 key)
{
    return numbers_have(&batch->left, key_number(key)) ||
           numbers_have(&batch->renewed, key_number(key));
}

static int learn_records(const struct batch *batch, struct store *store, u8 *bytes)
{
    u64 key = 0;
    u32 piece = 0;
    int error;

    for (; !(error = store_record_next(store, &key, &piece)) && key < KEY_LIBOS; piece++) {
        s64 length;

        if (is_unknown(batch, key))
            continue;
        length = store_record_get(store, key, piece, bytes, PIECE_MOST);
        if (length >= 0)
            length = known_learn(batch->staging->known, key, piece, KNOWN_RECORD,
                                 XXH3_64bits(bytes, (size_t)length));
        if (length < 0)
            return (int)length;
    }
    return error == -ENOENT ? 0 : error;
}

/* What the store holds: all that is not put is dropped, and what is the same stays. */
static int learn(const struct batch *batch, struct store *store)
{
    struct known *known = batch->staging->known;
    u8 *bytes = malloc(PIECE_MOST);
    int error = bytes ? learn_records(batch, store, bytes) : -ENOMEM;

    free(bytes);
    for (u64 key = 0; !error && store_object_next(store, &key) == 0 && key < KEY_LIBOS; key++) {
        if (is_unknown(batch, key))
            continue;
        error = learn_pages(known, store, key);
        if (!error) /* it may have been given copies */
            error = MIN(known_learn(known, key, 0, KNOWN_COPIES, 0), 0);
    }
    return error;
}

/* Nothing of it is left to be compared. What is the same may be so since it came early. */
static int settle(struct batch *batch, struct store *store)
{
    struct known *known = batch->staging->known;
    bool good = true;
    int error = batch->first ? learn(batch, store) : 0;

    if (error)
        return error;

    for (u32 i = 0; i < batch->run_count; i++) {
        if (batch->runs[i].bytes)
            compare(batch, &batch->runs[i], i < batch->early);
    }
    for (u32 i = batch->early; i < batch->run_count; i++) {
        const struct run *run = &batch->runs[i];

        if (!run->bytes)
            good &= known_keep(known, run->key, run->index, run->count);
    }
    batch->run_count = batch->early = 0;
    batch->first = false;
    known_sweep(known, drop, batch);
    if (!good)
        return -EPROTO;
    return batch->lost ? -ENOMEM : 0;
}

static void drop_number(u64 number, struct store *store, struct store_cut *cut)
{
    u64 key = key_of(number, 0);

    for (; store_object_next(store, &key) == 0 && key_number(key) == number; key++)
        store_object_drop(cut, key);
}

static void put_changes(const struct batch *batch, struct store *store, struct store_cut *cut)
{
    if (batch->older)
        put_changes(batch->older, store, cut);
    for (u32 i = 0; i < batch->renewed.count; i++)
        drop_number(batch->renewed.at[i], store, cut);
    for (u32 i = 0; i < batch->count; i++) {
        const struct change *change = &batch->changes[i];

        switch (change->kind) {
        case CHANGE_RECORD:
        case CHANGE_DROP_RECORD:
            store_record_put(cut, change->key, (u32)change->index, change->bytes, change->length);
            break;
        case CHANGE_PAGE: store_page_put(cut, change->key, change->index, change->bytes); break;
        case CHANGE_COPIES: store_object_copies(cut, change->key, (u32)change->index); break;
        default: store_page_drop(cut, change->key, change->index, 1);
        }
    }
}

int batch_put(struct batch *batch, struct store *store, struct store_cut *cut)
{
    int error = settle(batch, store);

    if (error)
        batch->lost = true;
    else
        put_changes(batch, store, cut);
    return error;
}

u64 batch_bytes(const struct batch *batch)
{
    return batch->bytes + (batch->older ? batch_bytes(batch->older) : 0);
}

void staging_not_written(struct staging *staging, struct batch *batch)
{
    if (batch->lost) {
        batch_destroy(batch);
        begin_anew(staging);
    } else {
        staging->batch->older = batch;
    }
}
