/* SPDX-License-Identifier: Apache-2.0 */
/* The commit of a cut. The order is what everything rests on; tests/model/commit.pml proves it:
 *
 *  1. pages stand in places that the last generation does not use
 *  2. each volume is stamped with the new generation, and flushed
 *  3. one transaction of the index makes the new generation the committed one: the commit point
 *  4. readers of the last generation have left
 *  5. places that only the last generation used are free
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "kernel/store/cut.h"

/* The transaction and the chunk in hand: pages of a cut come in runs. */
struct commit {
    struct store_cut *cut;
    struct store *store;
    MDB_txn *txn;
    u64 object, number;
    struct chunk chunk;
    bool has_chunk;
};

static int put_chunk_back(struct commit *c)
{
    if (!c->has_chunk)
        return 0;
    c->has_chunk = false;
    return chunk_put(c->store, c->txn, c->object, c->number, &c->chunk);
}

static int take_chunk(struct commit *c, u64 object, u64 number)
{
    int error;

    if (c->has_chunk && c->object == object && c->number == number)
        return 0;
    error = put_chunk_back(c);
    if (error)
        return error;
    error = chunk_get(c->store, c->txn, object, number, &c->chunk);
    if (error == -ENOENT)
        c->chunk.present = 0;
    else if (error)
        return error;
    c->object = object;
    c->number = number;
    c->has_chunk = true;
    return 0;
}

static void free_entry(struct commit *c, u32 at)
{
    struct entry *entry = &c->chunk.entries[at];

    if (!(c->chunk.present & 1ul << at))
        return;
    for (u32 i = 0; i < STORE_COPIES_MAX; i++) {
        if (entry->place[i])
            volume_drop(volume_to_write(c->store, entry->place[i]),
                        entry->place[i] & PLACE_PAGE_MASK);
    }
    c->chunk.present &= ~(1ul << at);
    memset(entry, 0, sizeof(*entry));
}

/* Journalled pages from one to another that are older than the cut. */
static int forget_between(struct commit *c, struct disk_key key, const struct disk_key *last)
{
    struct index_value value;
    int error = 0;

    while (c->store->has_journal && !error &&
           (error = index_next(&c->store->index, c->txn, &key, &value)) == 0 &&
           memcmp(&key, last, sizeof(key)) <= 0) {
        u64 sequence;

        if (value.length != sizeof(struct disk_journal))
            return -EUCLEAN;
        memcpy(&sequence, (const u8 *)value.bytes + offsetof(struct disk_journal, sequence),
               sizeof(sequence));
        if (sequence <= c->cut->journalled)
            error = index_delete(&c->store->index, c->txn, key);
        key = key_after(key);
    }
    return error == -ENOENT ? 0 : error;
}

static int forget_journalled(struct commit *c, u64 object, u64 first, u64 last)
{
    struct disk_key until = index_key(KEY_JOURNAL, object, last);

    return forget_between(c, index_key(KEY_JOURNAL, object, first), &until);
}

static int forget_all(struct commit *c)
{
    struct disk_key until = index_key(KEY_JOURNAL, ~0ul, ~0ul);

    return forget_between(c, index_key(KEY_JOURNAL, 0, 0), &until);
}

static int put_page(struct commit *c, const struct op *op)
{
    u32 at = op->number % CHUNK_PAGES;
    int error = take_chunk(c, op->object, op->number / CHUNK_PAGES);

    if (error)
        return error;
    free_entry(c, at);
    c->chunk.entries[at] = op->entry;
    c->chunk.present |= 1ul << at;
    return op->kind == OP_PAGE_MOVE ? 0 : forget_journalled(c, op->object, op->number, op->number);
}

static int drop_pages(struct commit *c, u64 object, u64 first, u64 last)
{
    struct disk_key key = index_key(KEY_CHUNK, object, first / CHUNK_PAGES);
    struct index_value value;
    int error = put_chunk_back(c);

    while (!error && (error = index_next(&c->store->index, c->txn, &key, &value)) == 0 &&
           key_object(&key) == object && key_number(&key) <= last / CHUNK_PAGES) {
        u64 base = key_number(&key) * CHUNK_PAGES;

        error = take_chunk(c, object, key_number(&key));
        for (u32 i = 0; i < CHUNK_PAGES && !error; i++) {
            if (base + i >= first && base + i <= last)
                free_entry(c, i);
        }
        error = error ? error : put_chunk_back(c);
        key = key_after(key);
    }
    if (error && error != -ENOENT)
        return error;
    return forget_journalled(c, object, first, last);
}

static int drop_object(struct commit *c, u64 object)
{
    struct disk_key key = index_key(KEY_RECORD, object, 0);
    struct index_value value;
    int error = drop_pages(c, object, 0, ~0ul);

    while (!error && (error = index_next(&c->store->index, c->txn, &key, &value)) == 0 &&
           key_object(&key) == object)
        error = index_delete(&c->store->index, c->txn, key);
    if (error && error != -ENOENT)
        return error;
    return index_delete(&c->store->index, c->txn, index_key(KEY_OBJECT, object, 0));
}

static int put_record(struct commit *c, const struct op *op)
{
    struct disk_key key = index_key(KEY_RECORD, op->object, op->number);

    return op->value ? index_put(&c->store->index, c->txn, key, op->value, op->length)
                     : index_delete(&c->store->index, c->txn, key);
}

static int put_copies(struct commit *c, const struct op *op)
{
    struct disk_key key = index_key(KEY_OBJECT, op->object, 0);
    struct disk_object object = {.copies = op->length};

    return object.copies > 1 ? index_put(&c->store->index, c->txn, key, &object, sizeof(object))
                             : index_delete(&c->store->index, c->txn, key);
}

static int apply(struct commit *c, const struct op *op)
{
    u64 last = op->count ? op->number + op->count - 1 : ~0ul;

    switch ((enum op_kind)op->kind) {
    case OP_RECORD: return put_record(c, op);
    case OP_PAGE:
    case OP_PAGE_MOVE: return put_page(c, op);
    case OP_PAGE_DROP:
        return drop_pages(c, op->object, op->number, last < op->number ? ~0ul : last);
    case OP_OBJECT_DROP: return drop_object(c, op->object);
    case OP_COPIES: return put_copies(c, op);
    case OP_FORGET: return forget_all(c);
    }
    return -EINVAL;
}

static int put_free_space(struct commit *c, u32 number)
{
    struct volume *volume = &c->store->volumes[number];
    int error = 0;

    for (u64 group = 0; group < volume->groups && !error; group++) {
        struct disk_key key = index_key(KEY_FREE, number, group);
        struct disk_group stored = {0};
        u64 any = 0;

        if (!volume->changed[group])
            continue;
        memcpy(stored.bits, volume->next + group * GROUP_WORDS, sizeof(stored.bits));
        for (u32 i = 0; i < GROUP_WORDS; i++)
            any |= stored.bits[i];
        error = any ? index_put(&c->store->index, c->txn, key, &stored, sizeof(stored))
                    : index_delete(&c->store->index, c->txn, key);
    }
    return error;
}

static int put_volume(struct commit *c, u32 number)
{
    struct volume *volume = &c->store->volumes[number];
    u8 stored[sizeof(struct disk_volume) + STORE_PATH_MAX];
    struct disk_volume head = {.id = volume->id,
                               .away_generation = volume->away_generation,
                               .away_commit = volume->away_commit};
    u32 length = (u32)strlen(volume->path);

    if (volume->recorded)
        return 0;
    if (!volume->id)
        return index_delete(&c->store->index, c->txn, index_key(KEY_VOLUME, number, 0));
    memcpy(stored, &head, sizeof(head));
    memcpy(stored + sizeof(head), volume->path, length);
    return index_put(&c->store->index, c->txn, index_key(KEY_VOLUME, number, 0), stored,
                     (u32)sizeof(head) + length);
}

static int put_super(struct commit *c, u64 commit)
{
    struct disk_key key = index_key(KEY_SUPER, 0, 0);
    struct disk_super super;
    int error = index_get_fixed(&c->store->index, c->txn, key, &super, sizeof(super));

    if (error)
        return error;
    super.volumes = c->store->volume_count;
    super.generation++;
    super.commit = commit;
    super.transaction = mdb_txn_id(c->txn);
    return index_put(&c->store->index, c->txn, key, &super, sizeof(super));
}

static int apply_all(struct commit *c, u64 commit)
{
    int error = 0;

    for (u32 i = 0; i < c->cut->op_count && !error; i++)
        error = apply(c, &c->cut->ops[i]);
    error = error ? error : put_chunk_back(c);
    for (u32 i = 0; i < c->store->volume_count && !error; i++) {
        error = put_volume(c, i);
        error = error ? error : put_free_space(c, i);
    }
    return error ? error : put_super(c, commit);
}

/* Steps 1 and 2. */
static int flush_volumes(struct store_cut *cut, u64 commit)
{
    struct store *store = cut->store;
    int error = cut_write(cut);

    for (u32 i = 0; i < store->volume_count && !error; i++) {
        struct disk_stamp stamp = {.magic = STORE_MAGIC,
                                   .version = STORE_VERSION,
                                   .world = {store->world[0], store->world[1]},
                                   .id = store->volumes[i].id,
                                   .generation = store->generation + 1,
                                   .commit = commit};

        /* One that this cut takes out stays as it was until that is committed. */
        if (volume_is_there(&store->volumes[i]) && store->volumes[i].id)
            error = volume_stamp(&store->volumes[i], &stamp);
    }
    for (u32 i = 0; i < store->volume_count && !error; i++) {
        if (volume_is_there(&store->volumes[i]) && fdatasync(store->volumes[i].fd) < 0)
            error = -errno;
    }
    return error;
}

/* When LMDB could not write its first pages it refuses to go on: nobody knows which of the two
 * generations the disk has, so the places of neither may be written. */
static void look_whether_broken(struct store *store)
{
    MDB_txn *txn;

    if (index_begin(&store->index, false, &txn) < 0)
        store->broken = true;
    else
        index_abort(&store->index, txn);
}

static int write_generation(struct store_cut *cut)
{
    struct commit c = {.cut = cut, .store = cut->store};
    u64 commit;
    int error = cut->error;

    if (!error && getrandom(&commit, sizeof(commit), 0) != sizeof(commit))
        error = -EIO;
    error = error ? error : flush_volumes(cut, commit);
    error = error ? error : index_begin(&c.store->index, false, &c.txn);
    if (error)
        return error;
    error = apply_all(&c, commit);
    if (error) {
        index_abort(&c.store->index, c.txn);
        return error;
    }
    error = index_commit(&c.store->index, c.txn);
    if (error)
        look_whether_broken(c.store);
    return error;
}

/* Steps 4 and 5. */
static void settle(struct store_cut *cut)
{
    struct store *store = cut->store;

    store->generation++;
    store->cut_bytes = cut->bytes;
    pthread_rwlock_wrlock(&store->reading);
    pthread_rwlock_unlock(&store->reading);
    for (u32 i = 0; i < store->volume_count; i++) {
        volume_settle(&store->volumes[i]);
        store->volumes[i].recorded = true;
    }
}

static void end_cut(struct store_cut *cut)
{
    for (u32 i = 0; i < cut->op_count; i++) {
        if (cut->ops[i].kind == OP_RECORD)
            free(cut->ops[i].value);
    }
    cut->store->cut = NULL;
    free(cut->ops);
    free(cut);
}

s64 store_commit(struct store_cut *cut)
{
    struct store *store = cut->store;
    int error = write_generation(cut);

    if (error) {
        store_abort(cut);
        return error;
    }
    settle(cut);
    end_cut(cut);
    return (s64)store->generation;
}

void store_abort(struct store_cut *cut)
{
    for (u32 i = 0; i < cut->store->volume_count; i++)
        volume_undo(&cut->store->volumes[i]);
    end_cut(cut);
}

int store_journal_put(struct store *store, u64 object, u64 index, const void *page)
{
    struct disk_key key = index_key(KEY_SUPER, 0, 0);
    struct disk_super super;
    struct disk_journal entry;
    MDB_txn *txn;
    int error;

    if (index >= STORE_INDEX_MAX)
        return -EINVAL;
    error = index_begin(&store->index, false, &txn);
    if (error)
        return error;
    error = index_get_fixed(&store->index, txn, key, &super, sizeof(super));
    super.transaction = mdb_txn_id(txn);
    entry.sequence = ++super.journalled;
    memcpy(entry.page, page, PAGE_SIZE);
    error = error ? error : index_put(&store->index, txn, key, &super, sizeof(super));
    error = error ? error
                  : index_put(&store->index, txn, index_key(KEY_JOURNAL, object, index), &entry,
                              sizeof(entry));
    if (error) {
        index_abort(&store->index, txn);
        return error;
    }
    store->has_journal = true;
    error = index_commit(&store->index, txn);
    if (!error)
        store->journalled = entry.sequence;
    return error;
}
