/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNEL_STORE_INTERNAL_H
#define KERNEL_STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "kernel/store/index.h"
#include "kernel/store/store.h"
#include "kernel/store/volume.h"

struct store {
    int dir_fd, lock_fd;
    bool read_only;
    bool broken; /* nobody knows which generation is durable: no more cuts */
    struct index index;
    u64 world[2];
    struct volume volumes[STORE_VOLUMES_MAX]; /* the writer's, but for fd, which does not change */
    u32 volume_count;
    u32 turn; /* what decides the volume of the next page */
    struct store_cut *cut;
    u64 cut_bytes;
    /* Readers hold it from looking up a place until they have read it; the writer takes it once
     * between committing a generation and giving out the places that it freed. */
    pthread_rwlock_t reading;
    _Atomic u64 generation, journalled, repaired, lost;
    _Atomic bool has_journal; /* there may be journalled pages */
};

/* A chunk unpacked. */
struct chunk {
    u64 present;
    struct entry {
        u64 hash;
        u64 place[STORE_COPIES_MAX]; /* 0: none */
    } entries[CHUNK_PAGES];
};

/* -ENOENT, -EUCLEAN */
int chunk_get(const struct store *store, MDB_txn *txn, u64 object, u64 number, struct chunk *chunk);
/* -EUCLEAN: not one that chunk_put wrote. */
int chunk_unpack(const struct store *store, const struct index_value *value, struct chunk *chunk);
/* Without pages it is deleted. */
int chunk_put(struct store *store, MDB_txn *txn, u64 object, u64 number, const struct chunk *chunk);

static inline const struct volume *volume_of(const struct store *store, u64 place)
{
    return &store->volumes[place >> PLACE_VOLUME_SHIFT];
}

static inline struct volume *volume_to_write(struct store *store, u64 place)
{
    return &store->volumes[place >> PLACE_VOLUME_SHIFT];
}

u64 page_hash(const void *page);

/* Reads one copy and compares it: 0 or -EUCLEAN. */
int copy_read(const struct store *store, const struct entry *entry, u32 copy, void *page);
/* The page from any good copy; copies found bad are written anew. How many were bad is added.
 * -EUCLEAN: none is good. `all`: looks at every copy, else at the first good one. */
int entry_read(struct store *store, const struct entry *entry, bool all, void *page,
               struct store_verdict *verdict);

/* Volumes of a store that is being opened (open_volumes.c); errors of store_open. When it goes on
 * without one, `why` says so. */
int volumes_open(struct store *store, const struct store_config *config,
                 const struct disk_super *super, struct store_why *why);
/* A new volume file in a directory, stamped and durable; its descriptor. */
int volume_make(int dir_fd, const struct disk_super *super, u64 id);

/* Copies of the index (index_copy.c), in the directories of the first volumes but the world's.
 *
 * index_copies_open has them follow the index; those that are not the same are made anew first.
 * One that cannot be made is left out.
 * index_copies_check says what is wrong with them, to who only looks.
 * index_copy_take puts the newest copy in the configuration's directories in the place of the
 * index: 0, -ENOENT: there is none that is whole; or another negative errno. */
void index_copies_open(struct store *store);
void index_copies_check(struct store *store, store_finding *finding, void *context, u64 *faults);
int index_copy_take(struct store *store, const struct store_config *config);

/* Whether it is an index that we can use: 0 and its superblock; or -EUCLEAN, -ENOTSUP with `why`
 * saying what is wrong with it, and others. */
int index_verify(int fd, struct disk_super *super, struct store_why *why);

#endif
