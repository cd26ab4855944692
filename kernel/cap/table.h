/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities, and tables of them. A capability is a reference to an object with an interface,
 * rights, and what else makes it a narrower one; it is held in a slot by value. */
#ifndef KERNEL_CAP_TABLE_H
#define KERNEL_CAP_TABLE_H

#include "kernel/object/bank.h"

#define CAP_SLOTS 65536u
#define CAP_CHUNK 256u /* slots that are charged together */

struct cap {
    struct object *object; /* NULL: empty */
    u64 a, b;              /* segment: offset and length of the slice; else 0 */
    u8 kind;               /* the interface: enum rf_kind */
    u8 rights;             /* RF_RIGHT_* */
    u32 next;              /* empty: the next free slot */
};

/* A new reference to the same, with at most those rights. */
struct cap cap_copy(const struct cap *cap, u32 rights);

/* Gives up the capability's reference. */
void cap_drop(struct cap *cap);

struct cap_table {
    struct cap *slots;      /* CAP_SLOTS, zeroed pages that the host supplies when touched */
    struct holding holding; /* for chunks of slots beyond the reserved ones, and whatever else the
                               table's domain makes the kernel keep */
    struct packed *packed;  /* instead of them, while nobody uses it; NULL: none */
    u32 reserved;           /* slots below are filled by table_put alone */
    u32 free;               /* first of the list of freed slots; 0: none */
    u32 fresh;              /* slots from here on were never used */
    u32 used;               /* slots that hold something */
};

/* 0 or -ENOMEM. Slots below `reserved` are left for table_put. */
int table_init(struct cap_table *table, struct bank *bank, u32 reserved);

/* Drops all capabilities, and the memory. Harmless when it was done. */
void table_finish(struct cap_table *table);

/* The capability in a slot, or NULL when it is empty or no slot of the table. */
struct cap *table_get(struct cap_table *table, u64 slot);

/* Fills an empty reserved slot; the capability's reference passes to the table. */
void table_put(struct cap_table *table, u32 slot, struct cap cap);

/* Whether that many more can be added. Past this check table_add does not fail. */
bool table_has_room(const struct cap_table *table, u32 n);

/* Puts the capability into a free slot: the slot, and its reference passes to the table. -ENFILE:
 * the caller keeps it. */
s64 table_add(struct cap_table *table, struct cap cap);

/* Empties the slot: the capability, with its reference. */
struct cap table_take(struct cap_table *table, u32 slot);

/* Takes away what is in a slot, which stays taken: who uses it is told that it is stale, and does
 * not find something else there later. */
void table_revoke(struct cap_table *table, u32 slot);

/* At restart, for an empty table: so many slots had been used, and table_put may fill them all
 * until table_loaded. */
void table_load(struct cap_table *table, u32 fresh);
void table_loaded(struct cap_table *table);

/* Nobody uses the table for now: what it holds is put close together, where there is memory for
 * that. Until it is unpacked, capabilities are only looked up and revoked. Unpacking: 0 or -ENOMEM.
 */
void table_pack(struct cap_table *table);
int table_unpack(struct cap_table *table);

/* Empties the slot. */
void table_drop(struct cap_table *table, u32 slot);

#endif
