/* SPDX-License-Identifier: Apache-2.0 */
/* How what is kept is numbered. An object's key is its number with 16 bits below it: 0 for its
 * records and its content; the memories of a cell follow. */
#ifndef KERNEL_CHECKPOINT_KEYS_H
#define KERNEL_CHECKPOINT_KEYS_H

#include "base/types.h"

enum {
    MEMORY_OBJECT = 0,
    MEMORY_HEAP,         /* of a cell: its heap segment */
    MEMORY_WINDOW,       /* its window */
    MEMORY_PROCESS = 16, /* private memory of its host processes, from here on */
    MEMORY_MOST = 1 << 16
};

/* Parts of an object's records. */
enum {
    PART_OBJECT = 0,
    PART_IMAGE,        /* of a cell that has begun: checkpoint/image.h */
    PART_CALLS,        /* the same: calls under way (calls.h) */
    PART_LIBOS,        /* of a library OS's image: libos_kept.h */
    PART_HELD,         /* of a branch: what the kernel holds for it besides (branch.h) */
    PART_PROCESS = 16, /* its host processes, by the numbers of their memories */
};

/* From here on: images of library OSes. They change never, and no cut puts or drops them. */
#define KEY_LIBOS (1ul << 63)

static inline u64 key_of(u64 number, u32 memory)
{
    return number << 16 | memory;
}

static inline u64 key_number(u64 key)
{
    return key >> 16;
}

static inline u32 key_memory(u64 key)
{
    return (u32)(key & (MEMORY_MOST - 1));
}

#endif
