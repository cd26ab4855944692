/* SPDX-License-Identifier: Apache-2.0 */
/* Space banks: what is charged where. A bank counts what it and the banks below it use. What a bank
 * guarantees to one below it counts as used from the start, so guarantees can always be kept; what
 * the lower one uses beyond its guarantee is charged upwards when it is used. */
#ifndef KERNEL_OBJECT_BANK_H
#define KERNEL_OBJECT_BANK_H

#include "kernel/object/keeper.h"

/* Banks that may lie above each other: charging walks all of them. */
#define BANK_DEPTH 64

/* What is charged to a bank for something that is no object: a table, kept arguments. When the bank
 * is destroyed it is charged no more, and when the bank dissolves the one above takes it over, as
 * with objects. */
struct holding {
    struct bank *bank; /* a reference; NULL: nobody pays */
    struct list link;  /* on bank->holdings */
    u64 charged[RF_RESOURCES];
};

struct bank {
    struct object object;
    struct bank *parent; /* NULL: the first bank; holds a reference */
    struct list below;   /* struct bank.sibling */
    struct list sibling;
    struct list
        objects; /* struct object.charged: all that this bank pays for, banks below included */
    struct list holdings; /* struct holding.link: and this */
    struct rf_bank_limits limits;
    u32 replicas; /* 1 to RF_REPLICAS_MOST */
    u64 used[RF_RESOURCES], peak[RF_RESOURCES];
    unsigned __int128 byte_ns; /* until `since_ns` */
    u64 since_ns;
    struct keeper keeper; /* told when this bank's limit refuses something */
};

extern const struct object_class bank_class;

/* The first bank of a world. NULL: no memory. */
struct bank *bank_make_first(const struct rf_bank_limits *limits);

/* Whether n more fit here and above. */
bool bank_has_room(const struct bank *bank, enum rf_resource resource, u64 n);

/* The same for what is wanted in earnest: the keeper of the bank that refuses it is told. */
bool bank_allows(const struct bank *bank, enum rf_resource resource, u64 n);

/* Counts n more; false when a limit on the way up does not allow it, and nothing is changed. */
bool bank_charge(struct bank *bank, enum rf_resource resource, u64 n);

/* Counts what has been used already, whatever the limits say. */
void bank_charge_used(struct bank *bank, enum rf_resource resource, u64 n);

void bank_uncharge(struct bank *bank, enum rf_resource resource, u64 n);

/* Begins to charge to the bank (NULL: to nobody); undo with holding_finish, which is harmless when
 * it was done. */
void holding_init(struct holding *holding, struct bank *bank);
void holding_finish(struct holding *holding);

/* As bank_allows, bank_charge and bank_uncharge; a destroyed bank has room for nothing. */
bool holding_has_room(const struct holding *holding, enum rf_resource resource, u64 n);
bool holding_charge(struct holding *holding, enum rf_resource resource, u64 n);
void holding_uncharge(struct holding *holding, enum rf_resource resource, u64 n);

/* The least limit on the way up, as a total that this bank may reach. */
u64 bank_effective_limit(const struct bank *bank, enum rf_resource resource);

/* Whether what is kept of a bank fits what was charged to it when all was loaded, and its
 * guarantees the banks below; else `why` says what does not. */
bool bank_check(const struct object *object, struct record *from, char why[128]);

/* Whether `bank` is `above` or below it. */
bool bank_is_below(const struct bank *bank, const struct bank *above);

#endif
