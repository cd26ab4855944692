/* SPDX-License-Identifier: Apache-2.0 */
/* LMDB trusts its file: a damaged one makes it crash, or find nothing where something is. So it is
 * verified before LMDB sees it: every page of both trees, that keys are in order, that no page is
 * used twice or also free, and the checksum of every value, which covers its key. The time goes
 * with the size of the index. */
#ifndef KERNEL_STORE_GUARD_H
#define KERNEL_STORE_GUARD_H

#include "kernel/store/layout.h"
#include "kernel/store/store.h"

/* The first value of each of the two last transactions, as far as it goes: our superblock. */
struct guarded {
    u64 transaction;
    u32 length;
    u8 value[sizeof(struct disk_super)];
};

/* 0; -EUCLEAN with `why` set; -EIO, -ENOMEM. `last` is the newer one. */
int guard_index(int fd, struct guarded *last, struct guarded *previous, struct store_why *why);

#endif
