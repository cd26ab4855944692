/* SPDX-License-Identifier: Apache-2.0 */
/* A cell's capability table: a fixed number of slots. What a slot names is held in the slot itself,
 * so a table needs no other memory and dropping it is closing its descriptors. */
#ifndef KERNEL_CAP_TABLE_H
#define KERNEL_CAP_TABLE_H

#include "abi/objects.h"

#define CAP_SLOTS 65536u

struct cap {
    u8 kind;       /* enum rf_kind; RF_KIND_NONE: empty */
    u8 rights;     /* RF_RIGHT_* */
    u8 is_dir;     /* file: an opened directory */
    u8 append;     /* file: every write goes to the end */
    u8 may_change; /* file: it was reached by a grant with the write right */
    u32 index;     /* dir: of the grant; console: of the console; empty: the next free slot */
    s32 fd;        /* file: the host's descriptor, owned by the slot */
};

struct cap_table {
    struct cap *slots; /* CAP_SLOTS, zeroed pages that the host supplies when touched */
    u32 free;          /* first of the list of freed slots; 0: none */
    u32 fresh;         /* slots from here on were never used */
};

/* 0 or -ENOMEM. Slots below `reserved` are left for table_put. */
int table_init(struct cap_table *table, u32 reserved);

/* The capability in a slot, or NULL when it is empty or no slot of the table. */
struct cap *table_get(struct cap_table *table, u64 slot);

/* Fills a reserved slot. */
void table_put(struct cap_table *table, u32 slot, const struct cap *cap);

/* Moves the capability (with its descriptor) into a free slot: the slot, or -ENFILE (the caller
 * keeps the descriptor). */
s64 table_add(struct cap_table *table, const struct cap *cap);

/* Empties the slot and closes its descriptor. */
void table_drop(struct cap_table *table, u32 slot);

#endif
