/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/store/index.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

static int error_of(int result)
{
    switch (result) {
    case 0: return 0;
    case MDB_NOTFOUND: return -ENOENT;
    case MDB_MAP_FULL: return -ENOSPC;
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_PAGE_NOTFOUND:
    case MDB_CORRUPTED:
    case MDB_BAD_VALSIZE: return -EUCLEAN;
    case MDB_TXN_FULL: return -ENOMEM;
    }
    return result > 0 ? -result : -EIO;
}

static int open_file(const char *path, unsigned int flags, MDB_env **env, MDB_dbi *dbi)
{
    MDB_txn *txn = NULL;
    int result = mdb_env_create(env);

    if (result)
        return error_of(result);
    result = mdb_env_set_mapsize(*env, INDEX_MAP_SIZE);
    result = result ? result : mdb_env_open(*env, path, MDB_NOSUBDIR | MDB_NOTLS | flags, 0600);
    result = result ? result : mdb_txn_begin(*env, NULL, MDB_RDONLY, &txn);
    result = result ? result : mdb_dbi_open(txn, NULL, 0, dbi);
    if (txn)
        mdb_txn_abort(txn);
    if (result) {
        mdb_env_close(*env);
        *env = NULL;
    }
    return error_of(result);
}

int index_open(struct index *index, const char *path, bool read_only)
{
    *index = (struct index){.writing = PTHREAD_MUTEX_INITIALIZER};
    return open_file(path, read_only ? MDB_RDONLY | MDB_NOLOCK : 0, &index->env, &index->dbi);
}

static void close_follower(struct follower *follower)
{
    if (follower->txn)
        mdb_txn_abort(follower->txn);
    if (follower->env)
        mdb_env_close(follower->env);
    *follower = (struct follower){0};
}

/* It cannot follow any more: it goes, lest it be taken for what it was. */
static void let_go(struct follower *follower)
{
    const char *path;

    if (mdb_env_get_path(follower->env, &path) == 0)
        unlink(path);
    close_follower(follower);
}

int index_follow(struct index *index, const char *path)
{
    for (u32 i = 0; i < INDEX_FOLLOWERS; i++) {
        struct follower *follower = &index->followers[i];

        if (!follower->env) /* nobody reads it, so there is nothing to lock */
            return open_file(path, MDB_NOLOCK, &follower->env, &follower->dbi);
    }
    return -ENOSPC;
}

void index_unfollow(struct index *index)
{
    for (u32 i = 0; i < INDEX_FOLLOWERS; i++)
        close_follower(&index->followers[i]);
}

void index_close(struct index *index)
{
    index_unfollow(index);
    if (index->env)
        mdb_env_close(index->env);
    index->env = NULL;
}

/* The numbers of its transactions are those of the index, or it is not the same any more. */
static void begin_following(struct follower *follower, u64 transaction)
{
    if (!follower->env)
        return;
    if (mdb_txn_begin(follower->env, NULL, 0, &follower->txn)) {
        follower->txn = NULL;
        let_go(follower);
    } else if (mdb_txn_id(follower->txn) != transaction) {
        let_go(follower);
    }
}

int index_begin(struct index *index, bool read_only, MDB_txn **txn)
{
    int error;

    if (read_only)
        return error_of(mdb_txn_begin(index->env, NULL, MDB_RDONLY, txn));
    pthread_mutex_lock(&index->writing);
    error = error_of(mdb_txn_begin(index->env, NULL, 0, txn));
    for (u32 i = 0; i < INDEX_FOLLOWERS && !error; i++)
        begin_following(&index->followers[i], mdb_txn_id(*txn));
    if (error)
        pthread_mutex_unlock(&index->writing);
    return error;
}

static void end_following(struct follower *follower, bool commit)
{
    MDB_txn *txn = follower->txn;

    follower->txn = NULL;
    if (txn && !commit)
        mdb_txn_abort(txn);
    else if (txn && mdb_txn_commit(txn))
        let_go(follower);
}

/* The followers come after: none ever has what the index has not. */
int index_commit(struct index *index, MDB_txn *txn)
{
    int error = error_of(mdb_txn_commit(txn));

    for (u32 i = 0; i < INDEX_FOLLOWERS; i++)
        end_following(&index->followers[i], !error);
    pthread_mutex_unlock(&index->writing);
    return error;
}

void index_abort(struct index *index, MDB_txn *txn)
{
    mdb_txn_abort(txn);
    for (u32 i = 0; i < INDEX_FOLLOWERS; i++)
        end_following(&index->followers[i], false);
    pthread_mutex_unlock(&index->writing);
}

struct disk_key index_key(enum key_kind kind, u64 object, u64 number)
{
    struct disk_key key = {.kind = (u8)kind};

    object = htobe64(object);
    number = htobe64(number);
    memcpy(key.object, &object, sizeof(object));
    memcpy(key.number, &number, sizeof(number));
    return key;
}

u64 key_object(const struct disk_key *key)
{
    u64 object;

    memcpy(&object, key->object, sizeof(object));
    return be64toh(object);
}

u64 key_number(const struct disk_key *key)
{
    u64 number;

    memcpy(&number, key->number, sizeof(number));
    return be64toh(number);
}

struct disk_key key_after(struct disk_key key)
{
    u64 object = key_object(&key), number = key_number(&key) + 1;

    object += number == 0;
    if (number == 0 && object == 0)
        key.kind++;
    return index_key(key.kind, object, number);
}

static u64 sum_of(const struct disk_key *key, const void *value, u32 length)
{
    return XXH3_64bits(key, sizeof(*key)) +
           XXH3_64bits((const u8 *)value + sizeof(u64), length - sizeof(u64));
}

bool index_value_is_sound(const struct disk_key *key, const struct index_value *value)
{
    u64 sum;

    if (value->length < sizeof(sum))
        return false;
    memcpy(&sum, value->bytes, sizeof(sum));
    return sum == sum_of(key, value->bytes, value->length);
}

int index_get(const struct index *index, MDB_txn *txn, struct disk_key key,
              struct index_value *value)
{
    MDB_val name = {sizeof(key), &key}, found;
    int result = mdb_get(txn, index->dbi, &name, &found);

    if (result)
        return error_of(result);
    *value = (struct index_value){found.mv_data, (u32)found.mv_size};
    return index_value_is_sound(&key, value) ? 0 : -EUCLEAN;
}

int index_get_fixed(const struct index *index, MDB_txn *txn, struct disk_key key, void *value,
                    u32 length)
{
    struct index_value found = {NULL, 0};
    int error = index_get(index, txn, key, &found);

    if (error)
        return error;
    if (!found.bytes || found.length != length)
        return -EUCLEAN;
    memcpy(value, found.bytes, length);
    return 0;
}

int index_put(struct index *index, MDB_txn *txn, struct disk_key key, void *value, u32 length)
{
    MDB_val name = {sizeof(key), &key}, bytes = {length, value};
    u64 sum = sum_of(&key, value, length);
    int result;

    memcpy(value, &sum, sizeof(sum));
    result = mdb_put(txn, index->dbi, &name, &bytes, 0);
    for (u32 i = 0; i < INDEX_FOLLOWERS && !result; i++) {
        struct follower *follower = &index->followers[i];

        if (follower->txn && mdb_put(follower->txn, follower->dbi, &name, &bytes, 0))
            let_go(follower);
    }
    return error_of(result);
}

int index_delete(struct index *index, MDB_txn *txn, struct disk_key key)
{
    MDB_val name = {sizeof(key), &key};
    int result = mdb_del(txn, index->dbi, &name, NULL);

    for (u32 i = 0; i < INDEX_FOLLOWERS && !result; i++) {
        struct follower *follower = &index->followers[i];

        if (follower->txn && mdb_del(follower->txn, follower->dbi, &name, NULL))
            let_go(follower);
    }
    return result == MDB_NOTFOUND ? 0 : error_of(result);
}

int index_next(const struct index *index, MDB_txn *txn, struct disk_key *key,
               struct index_value *value)
{
    MDB_val name = {sizeof(*key), key}, found;
    MDB_cursor *cursor;
    int result = mdb_cursor_open(txn, index->dbi, &cursor);

    if (result)
        return error_of(result);
    result = mdb_cursor_get(cursor, &name, &found, MDB_SET_RANGE);
    if (result == 0 && name.mv_size != sizeof(*key))
        result = MDB_CORRUPTED;
    else if (result == 0 && ((const struct disk_key *)name.mv_data)->kind != key->kind)
        result = MDB_NOTFOUND;
    mdb_cursor_close(cursor);
    if (result)
        return error_of(result);
    memcpy(key, name.mv_data, sizeof(*key));
    *value = (struct index_value){found.mv_data, (u32)found.mv_size};
    return 0;
}
