/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/store/index.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
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

int index_open(struct index *index, const char *path, bool read_only)
{
    unsigned int flags = MDB_NOSUBDIR | MDB_NOTLS | (read_only ? MDB_RDONLY | MDB_NOLOCK : 0);
    MDB_txn *txn = NULL;
    int result = mdb_env_create(&index->env);

    if (result)
        return error_of(result);
    result = mdb_env_set_mapsize(index->env, INDEX_MAP_SIZE);
    result = result ? result : mdb_env_open(index->env, path, flags, 0600);
    result = result ? result : mdb_txn_begin(index->env, NULL, MDB_RDONLY, &txn);
    result = result ? result : mdb_dbi_open(txn, NULL, 0, &index->dbi);
    if (txn)
        mdb_txn_abort(txn);
    if (result)
        index_close(index);
    return error_of(result);
}

void index_close(struct index *index)
{
    if (index->env)
        mdb_env_close(index->env);
    index->env = NULL;
}

int index_begin(struct index *index, bool read_only, MDB_txn **txn)
{
    return error_of(mdb_txn_begin(index->env, NULL, read_only ? MDB_RDONLY : 0, txn));
}

int index_commit(MDB_txn *txn)
{
    return error_of(mdb_txn_commit(txn));
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

int index_put(const struct index *index, MDB_txn *txn, struct disk_key key, void *value, u32 length)
{
    MDB_val name = {sizeof(key), &key}, bytes = {length, value};
    u64 sum = sum_of(&key, value, length);

    memcpy(value, &sum, sizeof(sum));
    return error_of(mdb_put(txn, index->dbi, &name, &bytes, 0));
}

int index_delete(const struct index *index, MDB_txn *txn, struct disk_key key)
{
    MDB_val name = {sizeof(key), &key};
    int result = mdb_del(txn, index->dbi, &name, NULL);

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
