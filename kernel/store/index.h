/* SPDX-License-Identifier: Apache-2.0 */
/* The index: LMDB, with our keys, and a checksum in every value. Functions give 0 or a negative
 * errno: -ENOENT no such key, -EUCLEAN damaged, -ENOSPC, -ENOMEM, -EIO. */
#ifndef KERNEL_STORE_INDEX_H
#define KERNEL_STORE_INDEX_H

#include <lmdb.h>
#include <pthread.h>

#include "kernel/store/layout.h"

#define INDEX_MAP_SIZE (1ul << 38) /* address space reserved, and so the most that it can hold */

/* A further file that gets each transaction too, after the index. It follows as long as it can;
 * one that cannot any more is let go, for when the store is opened next. */
#define INDEX_FOLLOWERS 2u
struct follower {
    MDB_env *env; /* NULL: none */
    MDB_dbi dbi;
    MDB_txn *txn;
};

struct index {
    MDB_env *env;
    MDB_dbi dbi;
    pthread_mutex_t writing; /* who has a transaction to write */
    struct follower followers[INDEX_FOLLOWERS];
};

/* `path` may be a file that does not exist yet. */
int index_open(struct index *index, const char *path, bool read_only);
void index_close(struct index *index); /* one that is not open is let be */

/* A file that is the same as the index now follows it. -ENOSPC: there are enough. */
int index_follow(struct index *index, const char *path);
/* None do any more. */
void index_unfollow(struct index *index);

/* Transactions. Many may read; who writes waits until nobody else does. A reader sees what was
 * committed when it began, and ends with mdb_txn_abort. index_commit ends the transaction also when
 * it fails. */
int index_begin(struct index *index, bool read_only, MDB_txn **txn);
int index_commit(struct index *index, MDB_txn *txn);
void index_abort(struct index *index, MDB_txn *txn); /* of one who writes */

struct disk_key index_key(enum key_kind kind, u64 object, u64 number);
u64 key_object(const struct disk_key *key);
u64 key_number(const struct disk_key *key);

/* A value in place, good until the transaction ends or writes. */
struct index_value {
    const void *bytes;
    u32 length;
};

int index_get(const struct index *index, MDB_txn *txn, struct disk_key key,
              struct index_value *value);
/* Values of fixed size; one of another length is damaged. */
int index_get_fixed(const struct index *index, MDB_txn *txn, struct disk_key key, void *value,
                    u32 length);
/* Sets the checksum at the beginning of `value`. */
int index_put(struct index *index, MDB_txn *txn, struct disk_key key, void *value, u32 length);
/* No such key: 0. */
int index_delete(struct index *index, MDB_txn *txn, struct disk_key key);

/* The first entry at or after *key of its kind; the value is not verified. -ENOENT: no more. */
int index_next(const struct index *index, MDB_txn *txn, struct disk_key *key,
               struct index_value *value);
bool index_value_is_sound(const struct disk_key *key, const struct index_value *value);

/* The key behind this one. */
struct disk_key key_after(struct disk_key key);

#endif
