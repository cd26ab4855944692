/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/staging.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xxhash.h>

#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/store_source.h"
#include "kernel/store/store.h"

#define CHUNK_BYTES (4u << 20)
#define STEP        1024u
#define FIRST_SLOTS 4096u
#define PIECE_MOST  STORE_RECORD_MAX /* longer records are kept in pieces */
#define PIECES      (1u << STORED_PIECE_BITS)

enum change_kind { CHANGE_RECORD, CHANGE_PAGE, CHANGE_DROP_RECORD, CHANGE_DROP_PAGE };

struct change {
    u64 key, index; /* part of a record, index of a page */
    const u8 *bytes;
    u32 kind, length;
};

struct chunk {
    struct chunk *next;
    size_t used;
    u8 bytes[];
};

/* Changes in the order in which they came; of an older batch that was not written first. */
struct batch {
    struct batch *older;
    struct change *changes;
    u32 count, room;
    struct chunk *chunks;
    u64 bytes;
    bool all;  /* what the store held before goes */
    bool lost; /* no memory */
};

/* What was put last under a key. */
struct known {
    u64 key, index;
    u64 hash;
    u32 epoch; /* of the cut in which it was put; 0: a free place */
    u32 kind;  /* CHANGE_RECORD or CHANGE_PAGE */
};

struct staging {
    struct sink sink;
    struct known *slots; /* open addressing; a power of two */
    u64 slot_count, used;
    u32 epoch;
    struct batch *batch;
};

static void *batch_take(struct batch *batch, size_t length)
{
    struct chunk *chunk = batch->chunks;

    if (!chunk || length > CHUNK_BYTES - sizeof(*chunk) - chunk->used) {
        chunk = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (chunk == MAP_FAILED) {
            batch->lost = true;
            return NULL;
        }
        chunk->next = batch->chunks;
        batch->chunks = chunk;
    }
    chunk->used += length;
    return chunk->bytes + chunk->used - length;
}

static void batch_add(struct batch *batch, const struct change *change, const void *bytes)
{
    u8 *copy = change->length ? batch_take(batch, change->length) : NULL;

    if (batch->count == batch->room) {
        struct change *more =
            realloc(batch->changes, (batch->room * 2 + STEP) * sizeof(struct change));

        if (!more) {
            batch->lost = true;
            return;
        }
        batch->changes = more;
        batch->room = batch->room * 2 + STEP;
    }
    if (change->length && !copy)
        return;
    if (change->length)
        memcpy(copy, bytes, change->length);
    batch->changes[batch->count] = *change;
    batch->changes[batch->count++].bytes = copy;
    batch->bytes += change->length;
}

static struct known *place_of(const struct staging *staging, u64 key, u64 index, u32 kind)
{
    u64 mask = staging->slot_count - 1;
    u64 at = (key * 0x9e3779b97f4a7c15u ^ (index * 2 + kind) * 0xc2b2ae3d27d4eb4fu);

    at ^= at >> 29;
    for (;; at++) {
        struct known *known = &staging->slots[at & mask];

        if (!known->epoch || (known->key == key && known->index == index && known->kind == kind))
            return known;
    }
}

static bool grow(struct staging *staging)
{
    struct known *old = staging->slots;
    u64 count = staging->slot_count;

    staging->slots = calloc(count * 2, sizeof(*old));
    if (!staging->slots) {
        staging->slots = old;
        return false;
    }
    staging->slot_count = count * 2;
    for (u64 i = 0; i < count; i++) {
        if (old[i].epoch)
            *place_of(staging, old[i].key, old[i].index, old[i].kind) = old[i];
    }
    free(old);
    return true;
}

/* Remembers it: whether it is another than last time. */
static bool differs(struct staging *staging, u64 key, u64 index, u32 kind, u64 hash)
{
    struct known *known;
    bool same;

    if (staging->used * 2 >= staging->slot_count && !grow(staging)) {
        staging->batch->lost = true;
        return true;
    }
    known = place_of(staging, key, index, kind);
    staging->used += known->epoch == 0;
    same = known->epoch && known->hash == hash;
    *known = (struct known){key, index, hash, staging->epoch, kind};
    return !same;
}

static int put_record(struct sink *sink, u64 key, u32 part, const void *bytes, size_t length)
{
    struct staging *staging = container_of(sink, struct staging, sink);
    size_t at = 0;

    if (length > (size_t)PIECES * PIECE_MOST)
        return -E2BIG;
    for (u64 piece = (u64)part << STORED_PIECE_BITS; at < length; piece++) {
        u32 n = (u32)MIN(length - at, PIECE_MOST);
        const u8 *from = (const u8 *)bytes + at;
        struct change change = {key, piece, NULL, CHANGE_RECORD, n};

        if (differs(staging, key, piece, CHANGE_RECORD, XXH3_64bits(from, n)))
            batch_add(staging->batch, &change, from);
        at += n;
    }
    return staging->batch->lost ? -ENOMEM : 0;
}

static int put_page(struct sink *sink, u64 key, u64 index, const void *page)
{
    struct staging *staging = container_of(sink, struct staging, sink);
    struct change change = {key, index, NULL, CHANGE_PAGE, PAGE_SIZE};

    if (differs(staging, key, index, CHANGE_PAGE, XXH3_64bits(page, PAGE_SIZE)))
        batch_add(staging->batch, &change, page);
    return staging->batch->lost ? -ENOMEM : 0;
}

struct staging *staging_create(void)
{
    struct staging *staging = calloc(1, sizeof(*staging));

    if (!staging)
        return NULL;
    staging->sink = (struct sink){put_record, put_page};
    staging->slot_count = FIRST_SLOTS;
    staging->slots = calloc(FIRST_SLOTS, sizeof(*staging->slots));
    staging->batch = calloc(1, sizeof(*staging->batch));
    if (staging->slots && staging->batch) {
        staging->batch->all = true;
        return staging;
    }
    free(staging->slots);
    free(staging->batch);
    free(staging);
    return NULL;
}

struct sink *staging_begin(struct staging *staging)
{
    staging->epoch++;
    return &staging->sink;
}

static void drop(struct staging *staging, struct known *known)
{
    struct change change = {.key = known->key,
                            .index = known->index,
                            .kind =
                                known->kind == CHANGE_PAGE ? CHANGE_DROP_PAGE : CHANGE_DROP_RECORD};

    batch_add(staging->batch, &change, NULL);
}

/* What was not put this time goes, in a new table: entries of an open one cannot be taken out. */
static void sweep(struct staging *staging)
{
    struct known *old = staging->slots;
    struct known *slots = calloc(staging->slot_count, sizeof(*slots));

    if (!slots) {
        staging->batch->lost = true;
        return;
    }
    staging->slots = slots;
    staging->used = 0;
    for (u64 i = 0; i < staging->slot_count; i++) {
        if (old[i].epoch == staging->epoch) {
            *place_of(staging, old[i].key, old[i].index, old[i].kind) = old[i];
            staging->used++;
        } else if (old[i].epoch) {
            drop(staging, &old[i]);
        }
    }
    free(old);
}

static bool any_old(const struct staging *staging)
{
    for (u64 i = 0; i < staging->slot_count; i++) {
        if (staging->slots[i].epoch && staging->slots[i].epoch != staging->epoch)
            return true;
    }
    return false;
}

void staging_abandon(struct staging *staging)
{
    /* With other hashes everything is written again, after what is in the batch already. */
    for (u64 i = 0; i < staging->slot_count; i++)
        staging->slots[i].hash = ~staging->slots[i].hash;
    staging->batch->lost = false;
}

struct batch *staging_end(struct staging *staging)
{
    struct batch *batch = staging->batch, *next = calloc(1, sizeof(*next));

    if (any_old(staging))
        sweep(staging);
    if (!next || batch->lost) {
        free(next);
        staging_abandon(staging);
        return NULL;
    }
    staging->batch = next;
    return batch;
}

static void drop_all(struct store *store, struct store_cut *cut)
{
    u64 key = 0;

    for (; store_object_next(store, &key) == 0 && key < KEY_LIBOS; key++)
        store_object_drop(cut, key);
}

void batch_put(const struct batch *batch, struct store *store, struct store_cut *cut)
{
    if (batch->older)
        batch_put(batch->older, store, cut);
    if (batch->all)
        drop_all(store, cut);
    for (u32 i = 0; i < batch->count; i++) {
        const struct change *change = &batch->changes[i];

        switch (change->kind) {
        case CHANGE_RECORD:
        case CHANGE_DROP_RECORD:
            store_record_put(cut, change->key, (u32)change->index, change->bytes, change->length);
            break;
        case CHANGE_PAGE: store_page_put(cut, change->key, change->index, change->bytes); break;
        default: store_page_drop(cut, change->key, change->index, 1);
        }
    }
}

u64 batch_bytes(const struct batch *batch)
{
    return batch->bytes + (batch->older ? batch_bytes(batch->older) : 0);
}

void batch_destroy(struct batch *batch)
{
    while (batch) {
        struct batch *older = batch->older;

        while (batch->chunks) {
            struct chunk *chunk = batch->chunks;

            batch->chunks = chunk->next;
            munmap(chunk, CHUNK_BYTES);
        }
        free(batch->changes);
        free(batch);
        batch = older;
    }
}

void staging_not_written(struct staging *staging, struct batch *batch)
{
    staging->batch->older = batch;
}
