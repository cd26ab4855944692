/* SPDX-License-Identifier: Apache-2.0 */
/* Reading all copies, mending the bad ones, and giving each page as many as its object wants. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/store/cut.h"

struct scrub {
    struct store *store;
    store_finding *finding;
    void *context;
    struct store_verdict *verdict;
    u8 (*pages)[PAGE_SIZE]; /* of one chunk */
};

/* A chunk as it is committed, and how many copies its object wants. -ENOENT: no more. */
static int read_next(struct store *store, struct disk_key *key, struct chunk *chunk, u32 *copies)
{
    struct disk_object object;
    struct index_value value;
    MDB_txn *txn;
    int error = index_begin(&store->index, true, &txn);

    if (error)
        return error;
    error = index_next(&store->index, txn, key, &value);
    if (!error && (!index_value_is_sound(key, &value) || chunk_unpack(store, &value, chunk) < 0))
        error = -EUCLEAN;
    *copies = 1;
    if (!error && index_get_fixed(&store->index, txn, index_key(KEY_OBJECT, key_object(key), 0),
                                  &object, sizeof(object)) == 0)
        *copies = object.copies;
    mdb_txn_abort(txn);
    return error;
}

static u32 volumes_to_use(const struct store *store)
{
    u32 count = 0;

    for (u32 i = 0; i < store->volume_count; i++)
        count += volume_is_there(&store->volumes[i]) && !store->volumes[i].leaving;
    return count;
}

/* As many copies as wanted, on as many volumes as there are for them. */
static bool is_placed(const struct store *store, const struct entry *entry, u32 wanted)
{
    u32 copies = 0, volumes = 0, mask = 0;

    for (u32 i = 0; i < STORE_COPIES_MAX; i++) {
        u32 bit = entry->place[i] ? 1u << (entry->place[i] >> PLACE_VOLUME_SHIFT) : 0;

        if (bit && volume_of(store, entry->place[i])->leaving)
            return false;
        copies += bit != 0;
        volumes += bit && !(mask & bit);
        mask |= bit;
    }
    return copies == wanted && volumes == MIN(wanted, volumes_to_use(store));
}

/* Reads a page; whether it is to be written anew. */
static bool scrub_entry(struct scrub *s, u64 object, u64 index, const struct entry *entry,
                        u32 copies, void *page)
{
    struct store_verdict found = {0};
    char text[128];
    int error = entry_read(s->store, entry, true, page, &found);

    s->verdict->pages++;
    s->verdict->copies += found.copies;
    s->verdict->damaged += found.damaged;
    s->verdict->repaired += found.damaged && !error ? found.damaged : 0;
    s->store->repaired += found.repaired;
    if (error) {
        s->verdict->lost++;
        s->store->lost++;
        snprintf(text, sizeof(text), "object %lu page %lu: lost, no copy is good", object, index);
    } else if (found.damaged) {
        snprintf(text, sizeof(text), "object %lu page %lu: %lu of %lu copies mended", object, index,
                 found.damaged, found.copies);
    }
    if (error || found.damaged)
        s->finding(s->context, text);
    return !error && (found.repaired < found.damaged || !is_placed(s->store, entry, copies));
}

static int scrub_chunk(struct scrub *s, const struct disk_key *key, const struct chunk *chunk,
                       u32 copies)
{
    u64 object = key_object(key), base = key_number(key) * CHUNK_PAGES;
    struct store_cut *cut = NULL;
    s64 result = 0;

    for (u64 left = chunk->present; left && !result; left &= left - 1) {
        u32 at = (u32)__builtin_ctzl(left);

        if (!scrub_entry(s, object, base + at, &chunk->entries[at], copies, s->pages[at]))
            continue;
        if (!cut)
            result = store_begin(s->store, &cut);
        if (!result)
            cut_move_page(cut, object, base + at, s->pages[at]);
    }
    if (cut)
        result = store_commit(cut);
    return result < 0 ? (int)result : 0;
}

int store_scrub(struct store *store, store_finding *finding, void *context,
                struct store_verdict *verdict)
{
    struct scrub s = {.store = store, .finding = finding, .context = context, .verdict = verdict};
    struct disk_key key = index_key(KEY_CHUNK, 0, 0);
    struct chunk chunk;
    u32 copies;
    int error;

    *verdict = (struct store_verdict){0};
    s.pages = malloc(CHUNK_PAGES * PAGE_SIZE);
    if (!s.pages)
        return -ENOMEM;
    while (!(error = read_next(store, &key, &chunk, &copies))) {
        error = scrub_chunk(&s, &key, &chunk, copies);
        if (error)
            break;
        key = key_after(key);
    }
    free(s.pages);
    if (error != -ENOENT)
        return error;
    for (u32 i = 0; i < store->volume_count; i++) {
        if (volume_is_there(&store->volumes[i]) && fdatasync(store->volumes[i].fd) < 0)
            return -errno;
    }
    return 0;
}

static struct volume *volume_in(struct store *store, const char *path)
{
    for (u32 i = 1; i < store->volume_count; i++) {
        if (store->volumes[i].id && !strcmp(store->volumes[i].path, path))
            return &store->volumes[i];
    }
    return NULL;
}

/* Nothing is on it: the index forgets it, then the directory. */
static int forget_volume(struct store *store, struct volume *volume)
{
    struct volume was = *volume;
    struct store_cut *cut;
    s64 result;
    int dir;

    volume->id = 0;
    volume->recorded = false;
    result = store_begin(store, &cut);
    if (!result)
        result = store_commit(cut);
    if (result < 0) {
        volume->id = was.id;
        volume->recorded = was.recorded;
        return (int)result;
    }
    index_unfollow(&store->index);
    dir = open(was.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0) {
        unlinkat(dir, STORE_COPY, 0);
        if (volume_is_there(volume))
            unlinkat(dir, STORE_VOLUME, 0);
        close(dir);
    }
    volume_finish(volume);
    index_copies_open(store);
    return 0;
}

int store_volume_remove(struct store *store, const char *path, store_finding *finding,
                        void *context, struct store_verdict *verdict)
{
    struct volume *volume = volume_in(store, path);
    int error;

    if (!volume)
        return -ENOENT;
    volume->leaving = true;
    error = store_scrub(store, finding, context, verdict);
    if (!error)
        error = volume->taken ? -EUCLEAN : forget_volume(store, volume);
    volume->leaving = false;
    return error;
}
