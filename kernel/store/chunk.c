/* SPDX-License-Identifier: Apache-2.0 */
/* Where 64 pages of an object are, and what they hash to. */
#include <errno.h>
#include <string.h>

#include "kernel/store/internal.h"

#define PACKED_MAX (sizeof(struct disk_chunk) + CHUNK_PAGES * sizeof(struct entry))

static bool place_is_sound(const struct store *store, u64 place)
{
    return place == 0 || ((place >> PLACE_VOLUME_SHIFT) < store->volume_count &&
                          volume_of(store, place)->id && (place & PLACE_PAGE_MASK) >= FIRST_PLACE);
}

int chunk_unpack(const struct store *store, const struct index_value *value, struct chunk *chunk)
{
    const u8 *bytes = value->bytes;
    struct disk_chunk head;
    u32 step;

    if (value->length < sizeof(head))
        return -EUCLEAN;
    memcpy(&head, bytes, sizeof(head));
    bytes += sizeof(head);
    step = (1 + head.copies) * (u32)sizeof(u64);
    if (head.copies == 0 || head.copies > STORE_COPIES_MAX || !head.present ||
        value->length != sizeof(head) + (u32)__builtin_popcountl(head.present) * step)
        return -EUCLEAN;
    chunk->present = head.present;
    memset(chunk->entries, 0, sizeof(chunk->entries));
    for (u64 left = head.present; left; left &= left - 1, bytes += step) {
        struct entry *entry = &chunk->entries[__builtin_ctzl(left)];

        memcpy(entry, bytes, step);
        if (!entry->place[0])
            return -EUCLEAN;
        for (u32 i = 0; i < STORE_COPIES_MAX; i++) {
            if (!place_is_sound(store, entry->place[i]))
                return -EUCLEAN;
        }
    }
    return 0;
}

int chunk_get(const struct store *store, MDB_txn *txn, u64 object, u64 number, struct chunk *chunk)
{
    struct index_value value;
    int error = index_get(&store->index, txn, index_key(KEY_CHUNK, object, number), &value);

    return error ? error : chunk_unpack(store, &value, chunk);
}

static u32 copies_of(const struct chunk *chunk)
{
    u32 copies = 1;

    for (u64 left = chunk->present; left; left &= left - 1) {
        const struct entry *entry = &chunk->entries[__builtin_ctzl(left)];

        for (u32 i = copies; i < STORE_COPIES_MAX; i++) {
            if (entry->place[i])
                copies = i + 1;
        }
    }
    return copies;
}

int chunk_put(struct store *store, MDB_txn *txn, u64 object, u64 number, const struct chunk *chunk)
{
    struct disk_key key = index_key(KEY_CHUNK, object, number);
    struct disk_chunk head = {.present = chunk->present, .copies = copies_of(chunk)};
    u32 step = (1 + head.copies) * (u32)sizeof(u64);
    u8 packed[PACKED_MAX], *at = packed + sizeof(head);

    if (!chunk->present)
        return index_delete(&store->index, txn, key);
    memcpy(packed, &head, sizeof(head));
    for (u64 left = chunk->present; left; left &= left - 1, at += step)
        memcpy(at, &chunk->entries[__builtin_ctzl(left)], step);
    return index_put(&store->index, txn, key, packed, (u32)(at - packed));
}
