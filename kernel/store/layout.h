/* SPDX-License-Identifier: Apache-2.0 */
/* What stands on disk; docs/design/store.md tells it in words. Numbers are little-endian, but for
 * those in keys, which are big-endian so that keys sort by them. */
#ifndef KERNEL_STORE_LAYOUT_H
#define KERNEL_STORE_LAYOUT_H

#include "base/types.h"

#define STORE_VERSION 1u
#define STORE_MAGIC   0x31524f5453465200ul /* "\0RFSTOR1" */

#define STORE_INDEX      "index"
#define STORE_INDEX_NEW  "index.new"  /* while it is being made */
#define STORE_COPY       "index.copy" /* of the index, in volumes' directories */
#define STORE_COPY_NEW   "index.copy.new"
#define STORE_VOLUME     "volume"
#define STORE_VOLUME_NEW "volume.new"
#define STORE_LOCK       "store.lock"

#define STORE_VOLUMES_MAX 16u
#define STORE_COPIES_MAX  3u
#define STORE_PATH_MAX    1024u /* of a volume's directory, with its end */

/* Keys of the index. Every value begins with the XXH3 of its key and of the rest of the value. */
enum key_kind {
    KEY_SUPER = 1, /* one */
    KEY_VOLUME,    /* object: its number */
    KEY_FREE,      /* object: the volume, number: the group of places */
    KEY_OBJECT,    /* object */
    KEY_RECORD,    /* object, number: the part */
    KEY_CHUNK,     /* object, number: index of its first page / CHUNK_PAGES */
    KEY_JOURNAL,   /* object, number: the page's index */
};

struct disk_key {
    u8 kind;
    u8 object[8];
    u8 number[8];
} __attribute__((packed));
_Static_assert(sizeof(struct disk_key) == 17, "keys are stored");

struct disk_super {
    u64 sum;
    u64 magic;
    u32 version;
    u32 volumes;
    u64 world[2];
    u64 generation;
    u64 commit;      /* random; each volume is stamped with it */
    u64 transaction; /* of LMDB, that wrote this */
    u64 journalled;  /* pages journalled so far */
};
_Static_assert(sizeof(struct disk_super) == 72, "the superblock is stored");

/* Followed by the path of its directory, without an end; empty for the world's own. A number
 * without an entry is that of a volume that was removed. */
struct disk_volume {
    u64 sum;
    u64 id;
    u64 away_generation; /* not 0: it is missing, and was stamped so last; */
    u64 away_commit;     /* nothing was written to it since */
};
_Static_assert(sizeof(struct disk_volume) == 32, "volumes are stored");

/* Bit set: the place is in use. A group without an entry is free. */
#define GROUP_PLACES 8192u
#define GROUP_WORDS  (GROUP_PLACES / 64)
struct disk_group {
    u64 sum;
    u64 bits[GROUP_WORDS];
};
_Static_assert(sizeof(struct disk_group) == 1032, "free space is stored");

struct disk_object {
    u64 sum;
    u32 copies;
    u32 zero;
};
_Static_assert(sizeof(struct disk_object) == 16, "objects are stored");

/* Followed, for each bit of `present` from the lowest, by a hash of the page and `copies` places;
 * a place of 0 is no copy. */
#define CHUNK_PAGES 64u
struct disk_chunk {
    u64 sum;
    u64 present;
    u32 copies;
    u32 zero;
};
_Static_assert(sizeof(struct disk_chunk) == 24, "chunks are stored");

struct disk_journal {
    u64 sum;
    u64 sequence; /* disk_super.journalled when it was written */
    u8 page[PAGE_SIZE];
};
_Static_assert(sizeof(struct disk_journal) == PAGE_SIZE + 16, "journalled pages are stored");

/* A place: a volume's number and that of a page in it. The first two pages of a volume hold stamps.
 */
#define PLACE_VOLUME_SHIFT 48
#define PLACE_PAGE_MASK    ((1ul << PLACE_VOLUME_SHIFT) - 1)
#define FIRST_PLACE        2u

/* Generation g stamps page g % 2, so that the stamp of the last committed one stays. It fits a
 * sector. */
struct disk_stamp {
    u64 sum; /* of the rest */
    u64 magic;
    u32 version;
    u32 zero;
    u64 world[2];
    u64 id;
    u64 generation;
    u64 commit;
};
_Static_assert(sizeof(struct disk_stamp) == 64, "stamps are stored");

#endif
