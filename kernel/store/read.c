/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the last committed generation. */
#include <errno.h>
#include <string.h>
#include <xxhash.h>

#include "kernel/store/internal.h"

u64 page_hash(const void *page)
{
    return XXH3_64bits(page, PAGE_SIZE);
}

int copy_read(const struct store *store, const struct entry *entry, u32 copy, void *page)
{
    u64 place = entry->place[copy];

    if (!place || volume_read(volume_of(store, place), place & PLACE_PAGE_MASK, page, 1) < 0)
        return -EUCLEAN;
    return page_hash(page) == entry->hash ? 0 : -EUCLEAN;
}

/* It holds nothing of worth, so to write it anew where it is cannot make anything worse. */
static bool mend(struct store *store, u64 place, void *page)
{
    struct iovec piece = {page, PAGE_SIZE};
    struct volume here = {.fd = volume_of(store, place)->fd};

    return volume_write(&here, place & PLACE_PAGE_MASK, &piece, 1) == 0;
}

static bool copy_is_good(const struct store *store, const struct entry *entry, u32 copy)
{
    u8 page[PAGE_SIZE];

    return copy_read(store, entry, copy, page) == 0;
}

int entry_read(struct store *store, const struct entry *entry, bool all, void *page,
               struct store_verdict *verdict)
{
    u32 bad = 0;
    bool found = false;

    for (u32 i = 0; i < STORE_COPIES_MAX && (all || !found); i++) {
        bool good;

        if (!entry->place[i])
            continue;
        good = found ? copy_is_good(store, entry, i) : copy_read(store, entry, i, page) == 0;
        verdict->copies++;
        bad |= good ? 0 : 1u << i;
        found |= good;
    }
    verdict->damaged += (u64)__builtin_popcount(bad);
    if (!found)
        return -EUCLEAN;
    for (u32 i = 0; i < STORE_COPIES_MAX && !store->read_only; i++) {
        if (bad & 1u << i && mend(store, entry->place[i], page))
            verdict->repaired++;
    }
    return 0;
}

static int begin_reading(struct store *store, MDB_txn **txn)
{
    int error;

    pthread_rwlock_rdlock(&store->reading);
    error = index_begin(&store->index, true, txn);
    if (error)
        pthread_rwlock_unlock(&store->reading);
    return error;
}

static void end_reading(struct store *store, MDB_txn *txn)
{
    mdb_txn_abort(txn);
    pthread_rwlock_unlock(&store->reading);
}

s64 store_record_get(struct store *store, u64 object, u32 part, void *bytes, u32 room)
{
    struct index_value value;
    MDB_txn *txn;
    s64 result = begin_reading(store, &txn);

    if (result)
        return result;
    result = index_get(&store->index, txn, index_key(KEY_RECORD, object, part), &value);
    if (result == 0) {
        result = (s64)(value.length - sizeof(u64));
        memcpy(bytes, (const u8 *)value.bytes + sizeof(u64), MIN((u64)result, room));
    }
    end_reading(store, txn);
    return result;
}

static int next_key(struct store *store, struct disk_key *key)
{
    struct index_value value;
    MDB_txn *txn;
    int error = begin_reading(store, &txn);

    if (error)
        return error;
    error = index_next(&store->index, txn, key, &value);
    end_reading(store, txn);
    return error;
}

int store_record_next(struct store *store, u64 *object, u32 *part)
{
    struct disk_key key = index_key(KEY_RECORD, *object, *part);
    int error = next_key(store, &key);

    if (error)
        return error;
    *object = key_object(&key);
    *part = (u32)key_number(&key);
    return 0;
}

int store_object_next(struct store *store, u64 *object)
{
    static const enum key_kind kinds[] = {KEY_RECORD, KEY_CHUNK, KEY_JOURNAL};
    u64 least = 0;
    bool found = false;

    for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct disk_key key = index_key(kinds[i], *object, 0);
        int error = next_key(store, &key);

        if (error && error != -ENOENT)
            return error;
        if (!error && (!found || key_object(&key) < least)) {
            least = key_object(&key);
            found = true;
        }
    }
    if (found)
        *object = least;
    return found ? 0 : -ENOENT;
}

/* 0 and the journalled page, or -ENOENT. */
static int journal_get(struct store *store, MDB_txn *txn, u64 object, u64 index, void *page)
{
    struct index_value value;
    int error;

    if (!store->has_journal)
        return -ENOENT;
    error = index_get(&store->index, txn, index_key(KEY_JOURNAL, object, index), &value);
    if (error)
        return error;
    if (value.length != sizeof(struct disk_journal))
        return -EUCLEAN;
    memcpy(page, (const u8 *)value.bytes + offsetof(struct disk_journal, page), PAGE_SIZE);
    return 0;
}

static int read_entry(struct store *store, const struct entry *entry, void *page)
{
    struct store_verdict verdict = {0};
    int error = entry_read(store, entry, false, page, &verdict);

    store->repaired += verdict.repaired;
    store->lost += error != 0;
    return error;
}

static int get_page(struct store *store, MDB_txn *txn, u64 object, u64 index, void *page)
{
    struct chunk chunk;
    int error = journal_get(store, txn, object, index, page);

    if (error != -ENOENT)
        return error;
    error = chunk_get(store, txn, object, index / CHUNK_PAGES, &chunk);
    if (error)
        return error;
    if (!(chunk.present & 1ul << index % CHUNK_PAGES))
        return -ENOENT;
    return read_entry(store, &chunk.entries[index % CHUNK_PAGES], page);
}

int store_page_get(struct store *store, u64 object, u64 index, void *page)
{
    return store_pages_get(store, object, index, 1, page);
}

/* How many of the entries from `at` on are present and stand one behind the other. */
static u32 run_at(const struct chunk *chunk, u32 at, u32 most)
{
    const struct entry *entry = &chunk->entries[at];
    u32 n = 0;

    while (n < most && at + n < CHUNK_PAGES && chunk->present & 1ul << (at + n) &&
           entry->place[0] && entry[n].place[0] == entry->place[0] + n)
        n++;
    return n;
}

/* Reads a run at once; what then does not match goes the long way. */
static int get_run(struct store *store, const struct entry *entry, u32 count, u8 *pages)
{
    u64 place = entry->place[0];
    int error = volume_read(volume_of(store, place), place & PLACE_PAGE_MASK, pages, count);

    for (u32 i = 0; i < count; i++) {
        u8 *page = pages + i * PAGE_SIZE;

        if (!error && page_hash(page) == entry[i].hash)
            continue;
        if (read_entry(store, &entry[i], page) < 0)
            return -EUCLEAN;
    }
    return 0;
}

/* As many pages as one run and one chunk give; how many. */
static s64 get_some(struct store *store, MDB_txn *txn, u64 object, u64 index, u32 count, u8 *pages)
{
    struct chunk chunk;
    u32 run;
    int error;

    error = chunk_get(store, txn, object, index / CHUNK_PAGES, &chunk);
    if (error)
        return error;
    run = run_at(&chunk, index % CHUNK_PAGES, count);
    if (run == 0)
        return -ENOENT;
    error = get_run(store, &chunk.entries[index % CHUNK_PAGES], run, pages);
    return error ? error : (s64)run;
}

int store_pages_get(struct store *store, u64 object, u64 index, u32 count, void *pages)
{
    u8 *to = pages;
    MDB_txn *txn;
    int error = begin_reading(store, &txn);

    if (error)
        return error;
    while (count > 0 && !error) {
        s64 got = 1;

        if (count == 1 || store->has_journal)
            error = get_page(store, txn, object, index, to);
        else
            got = get_some(store, txn, object, index, count, to);
        if (got < 0)
            error = (int)got;
        else
            to += (u64)got * PAGE_SIZE, index += (u64)got, count -= (u32)got;
    }
    end_reading(store, txn);
    return error;
}

static int get_hash(struct store *store, MDB_txn *txn, u64 object, u64 index, struct chunk *chunk,
                    u64 *number, u64 *hash)
{
    u8 page[PAGE_SIZE];
    int error = journal_get(store, txn, object, index, page);

    *hash = 0;
    if (error != -ENOENT)
        return error;
    error = *number == index / CHUNK_PAGES
                ? 0
                : chunk_get(store, txn, object, index / CHUNK_PAGES, chunk);
    if (error)
        return error;
    *number = index / CHUNK_PAGES;
    if (!(chunk->present & 1ul << index % CHUNK_PAGES))
        return -ENOENT;
    *hash = chunk->entries[index % CHUNK_PAGES].hash;
    return 0;
}

int store_page_hashes(struct store *store, u64 object, u64 index, u32 count, u64 *hashes)
{
    struct chunk chunk = {0};
    u64 number = UINT64_MAX; /* of that chunk */
    MDB_txn *txn;
    int error = begin_reading(store, &txn);

    if (error)
        return error;
    for (u32 i = 0; i < count && !error; i++)
        error = get_hash(store, txn, object, index + i, &chunk, &number, &hashes[i]);
    end_reading(store, txn);
    return error;
}

/* The next run in the chunks. */
static int next_run(struct store *store, MDB_txn *txn, u64 object, u64 *index, u64 *count)
{
    struct disk_key key = index_key(KEY_CHUNK, object, *index / CHUNK_PAGES);
    struct index_value value;
    struct chunk chunk;
    int error;

    while (!(error = index_next(&store->index, txn, &key, &value)) && key_object(&key) == object) {
        u64 base = key_number(&key) * CHUNK_PAGES, present;

        if (!index_value_is_sound(&key, &value) || chunk_unpack(store, &value, &chunk) < 0)
            return -EUCLEAN;
        present = chunk.present;
        if (*index > base)
            present &= ~0ul << (*index - base);
        if (present) {
            u32 first = (u32)__builtin_ctzl(present);
            u64 rest = ~(present >> first);

            *index = base + first;
            *count = rest ? (u64)__builtin_ctzl(rest) : CHUNK_PAGES;
            return 0;
        }
        key = key_after(key);
    }
    return error ? error : -ENOENT;
}

int store_page_next(struct store *store, u64 object, u64 *index, u64 *count)
{
    struct disk_key key = index_key(KEY_JOURNAL, object, *index);
    struct index_value value;
    MDB_txn *txn;
    int journal, error = begin_reading(store, &txn);

    if (error)
        return error;
    journal = index_next(&store->index, txn, &key, &value);
    if (journal == 0 && key_object(&key) != object)
        journal = -ENOENT;
    error = next_run(store, txn, object, index, count);
    end_reading(store, txn);
    if (journal && journal != -ENOENT)
        return journal;
    if (journal == -ENOENT || (error && error != -ENOENT))
        return error;
    if (error == -ENOENT || key_number(&key) < *index) {
        *index = key_number(&key);
        *count = 1;
    }
    return 0;
}
