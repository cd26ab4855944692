/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying a store without changing it. That the index is in order and the volumes belong to it
 * was seen when it was opened; here: that every entry parses, that pages are where free space says,
 * each place once, and every copy. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/store/internal.h"
#include "kernel/store/why.h"

struct check {
    struct store *store;
    MDB_txn *txn;
    store_finding *finding;
    void *context;
    struct store_verdict *verdict;
    u64 *seen[STORE_VOLUMES_MAX]; /* places that chunks refer to */
    u64 entries;                  /* of the index, of the kinds that we know */
};

__attribute__((format(printf, 2, 3))) static void find(struct check *c, const char *format, ...)
{
    char text[512];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    c->finding(c->context, text);
}

__attribute__((format(printf, 2, 3))) static void fault(struct check *c, const char *format, ...)
{
    char text[512];
    va_list list;

    c->verdict->faults++;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    c->finding(c->context, text);
}

static const char *directory(const struct check *c, u64 place)
{
    const struct volume *volume = volume_of(c->store, place);

    return volume->path[0] ? volume->path : "the world's directory";
}

static void check_place(struct check *c, const struct disk_key *key, u64 place)
{
    const struct volume *volume = volume_of(c->store, place);
    u64 number = place >> PLACE_VOLUME_SHIFT, page = place & PLACE_PAGE_MASK;

    if (!volume_uses(volume, page)) {
        fault(c, "object %lu: place %lu in %s is used, but free", key_object(key), page,
              directory(c, place));
    } else if (c->seen[number][page / 64] & 1ul << page % 64) {
        fault(c, "object %lu: place %lu in %s is used twice", key_object(key), page,
              directory(c, place));
    } else {
        c->seen[number][page / 64] |= 1ul << page % 64;
    }
}

static void check_entry(struct check *c, const struct disk_key *key, u64 index,
                        const struct entry *entry)
{
    u8 page[PAGE_SIZE];
    bool good = false;

    for (u32 i = 0; i < STORE_COPIES_MAX; i++) {
        u64 place = entry->place[i];

        if (!place)
            continue;
        check_place(c, key, place);
        if (!volume_is_there(volume_of(c->store, place)))
            continue;
        c->verdict->copies++;
        if (copy_read(c->store, entry, i, page) == 0) {
            good = true;
            continue;
        }
        c->verdict->damaged++;
        find(c, "object %lu page %lu: the copy in %s is damaged", key_object(key), index,
             directory(c, place));
    }
    c->verdict->pages++;
    if (good)
        return;
    c->verdict->lost++;
    find(c, "object %lu page %lu: lost, no copy is good", key_object(key), index);
}

static void check_chunk(struct check *c, const struct disk_key *key,
                        const struct index_value *value)
{
    struct chunk chunk;

    if (chunk_unpack(c->store, value, &chunk) < 0) {
        fault(c, "object %lu: the list of its pages from %lu on is damaged", key_object(key),
              key_number(key) * CHUNK_PAGES);
        return;
    }
    for (u64 left = chunk.present; left; left &= left - 1) {
        u32 at = (u32)__builtin_ctzl(left);

        check_entry(c, key, key_number(key) * CHUNK_PAGES + at, &chunk.entries[at]);
    }
}

static void check_record(struct check *c, const struct disk_key *key,
                         const struct index_value *value)
{
    c->verdict->records++;
    if (key_number(key) > ~0u || value->length > STORE_RECORD_MAX + sizeof(u64))
        fault(c, "object %lu: record %lu is damaged", key_object(key), key_number(key));
}

static void check_journal(struct check *c, const struct disk_key *key,
                          const struct index_value *value)
{
    c->verdict->pages++;
    if (value->length != sizeof(struct disk_journal) || key_number(key) >= STORE_INDEX_MAX)
        fault(c, "object %lu: the journalled page %lu is damaged", key_object(key),
              key_number(key));
}

static void check_object(struct check *c, const struct disk_key *key,
                         const struct index_value *value)
{
    struct disk_object object = {0};

    memcpy(&object, value->bytes, MIN(value->length, sizeof(object)));
    if (value->length != sizeof(object) || object.copies < 1 || object.copies > STORE_COPIES_MAX)
        fault(c, "object %lu: how many copies it wants is damaged", key_object(key));
}

/* Superblock, volumes and free space were read when the store was opened. */
static void (*const checks[])(struct check *, const struct disk_key *,
                              const struct index_value *) = {
    [KEY_SUPER] = NULL,
    [KEY_VOLUME] = NULL,
    [KEY_FREE] = NULL,
    [KEY_OBJECT] = check_object,
    [KEY_RECORD] = check_record,
    [KEY_CHUNK] = check_chunk,
    [KEY_JOURNAL] = check_journal,
};

static int check_kind(struct check *c, enum key_kind kind)
{
    struct disk_key key = index_key(kind, 0, 0);
    struct index_value value;
    int error;

    while (!(error = index_next(&c->store->index, c->txn, &key, &value))) {
        c->entries++;
        if (!index_value_is_sound(&key, &value))
            fault(c, "object %lu: its entry %lu of kind %d in the index is damaged",
                  key_object(&key), key_number(&key), kind);
        else if (checks[kind])
            checks[kind](c, &key, &value);
        key = key_after(key);
        if (key.kind != kind)
            return 0;
    }
    return error == -ENOENT ? 0 : error;
}

static void check_free_space(struct check *c)
{
    for (u32 i = 0; i < c->store->volume_count; i++) {
        const struct volume *volume = &c->store->volumes[i];
        u64 leaked = 0;

        for (u64 word = 0; word < (u64)volume->groups * GROUP_WORDS; word++)
            leaked += (u64)__builtin_popcountl(volume->now[word] & ~c->seen[i][word]);
        if (leaked)
            fault(c, "%lu places in %s are not free, but unused", leaked,
                  directory(c, (u64)i << PLACE_VOLUME_SHIFT));
    }
}

static int check_all(struct check *c)
{
    MDB_stat stat;
    int error = 0;

    for (enum key_kind kind = KEY_SUPER; kind <= KEY_JOURNAL && !error; kind++)
        error = check_kind(c, kind);
    if (error)
        return error;
    check_free_space(c);
    for (u32 i = 0; i < c->store->volume_count; i++) {
        if (c->store->volumes[i].id && !volume_is_there(&c->store->volumes[i]))
            fault(c, "the volume in %s is missing", directory(c, (u64)i << PLACE_VOLUME_SHIFT));
    }
    index_copies_check(c->store, c->finding, c->context, &c->verdict->faults);
    if (mdb_stat(c->txn, c->store->index.dbi, &stat) == 0 && stat.ms_entries != c->entries)
        fault(c, "the index has %lu entries of unknown kinds", stat.ms_entries - c->entries);
    return 0;
}

int store_check(const struct store_config *config, store_finding *finding, void *context,
                struct store_verdict *verdict, struct store_why *why)
{
    struct check c = {.finding = finding, .context = context, .verdict = verdict};
    struct store_config only = *config;
    int error;

    only.look = true;
    error = store_open(&only, &c.store, why);

    *verdict = (struct store_verdict){0};
    if (error)
        return error;
    for (u32 i = 0; i < c.store->volume_count && !error; i++) {
        c.seen[i] = calloc((u64)c.store->volumes[i].groups * GROUP_WORDS + 1, sizeof(u64));
        error = c.seen[i] ? 0 : -ENOMEM;
    }
    error = error ? error : index_begin(&c.store->index, true, &c.txn);
    if (!error) {
        error = check_all(&c);
        mdb_txn_abort(c.txn);
    }
    if (error)
        why_set(why, error, "%s cannot be read: %s", config->path, strerror(-error));
    for (u32 i = 0; i < c.store->volume_count; i++)
        free(c.seen[i]);
    store_close(c.store);
    return error;
}
