/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/known.h"

#include <errno.h>
#include <stdlib.h>

#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/numbers.h"

#define LEAF         16u
#define FIRST_CHAINS 1024u

/* Sixteen that follow each other. */
struct leaf {
    struct leaf *next;
    u64 key, number; /* index / LEAF */
    u32 cut;         /* in which `seen` was begun */
    u16 there, seen; /* by index % LEAF */
    enum known_kind kind;
    u64 hashes[LEAF];
};

struct known {
    struct leaf **chains; /* a power of two */
    u64 chain_count, leaves;
    u32 cut;
};

struct known *known_create(void)
{
    struct known *known = calloc(1, sizeof(*known));

    if (known)
        known->chains = calloc(FIRST_CHAINS, sizeof(struct leaf *));
    if (known && known->chains) {
        known->chain_count = FIRST_CHAINS;
        return known;
    }
    free(known);
    return NULL;
}

static struct leaf **chain_of(const struct known *known, u64 key, u64 number, enum known_kind kind)
{
    u64 at = key * 0x9e3779b97f4a7c15u ^ (number * 4 + kind) * 0xc2b2ae3d27d4eb4fu;

    return &known->chains[(at ^ at >> 29) & (known->chain_count - 1)];
}

static struct leaf *find(const struct known *known, u64 key, u64 number, enum known_kind kind)
{
    struct leaf *leaf = *chain_of(known, key, number, kind);

    while (leaf && (leaf->key != key || leaf->number != number || leaf->kind != kind))
        leaf = leaf->next;
    return leaf;
}

/* Without memory for it the chains are longer, no more. */
static void grow(struct known *known)
{
    struct leaf **old = known->chains;
    u64 count = known->chain_count;
    struct leaf **chains = calloc(count * 2, sizeof(struct leaf *));

    if (!chains)
        return;
    known->chains = chains;
    known->chain_count = count * 2;
    for (u64 i = 0; i < count; i++) {
        while (old[i]) {
            struct leaf *leaf = old[i];
            struct leaf **chain = chain_of(known, leaf->key, leaf->number, leaf->kind);

            old[i] = leaf->next;
            leaf->next = *chain;
            *chain = leaf;
        }
    }
    free(old);
}

static struct leaf *add(struct known *known, u64 key, u64 number, enum known_kind kind)
{
    struct leaf *leaf = calloc(1, sizeof(*leaf)), **chain;

    if (!leaf)
        return NULL;
    if (known->leaves++ >= known->chain_count)
        grow(known);
    leaf->key = key;
    leaf->number = number;
    leaf->kind = kind;
    chain = chain_of(known, key, number, kind);
    leaf->next = *chain;
    *chain = leaf;
    return leaf;
}

void known_begin(struct known *known)
{
    known->cut++;
}

static void see(const struct known *known, struct leaf *leaf, u16 bits)
{
    if (leaf->cut != known->cut)
        leaf->seen = 0;
    leaf->cut = known->cut;
    leaf->seen |= bits;
}

static int take(struct known *known, u64 key, u64 index, enum known_kind kind, u64 hash, bool seen)
{
    struct leaf *leaf = find(known, key, index / LEAF, kind);
    u16 bit = (u16)(1u << index % LEAF);
    bool same;

    if (!leaf)
        leaf = add(known, key, index / LEAF, kind);
    if (!leaf)
        return -ENOMEM;
    if (seen)
        see(known, leaf, bit);
    else if (leaf->cut == known->cut && leaf->seen & bit)
        return 0;
    same = leaf->there & bit && leaf->hashes[index % LEAF] == hash;
    leaf->there |= bit;
    leaf->hashes[index % LEAF] = hash;
    return !same;
}

int known_see(struct known *known, u64 key, u64 index, enum known_kind kind, u64 hash)
{
    return take(known, key, index, kind, hash, true);
}

int known_learn(struct known *known, u64 key, u64 index, enum known_kind kind, u64 hash)
{
    return take(known, key, index, kind, hash, false);
}

bool known_keep(struct known *known, u64 key, u64 index, u64 count)
{
    while (count) {
        u64 n = MIN(count, LEAF - index % LEAF);
        u16 bits = (u16)(((1u << n) - 1) << index % LEAF);
        struct leaf *leaf = find(known, key, index / LEAF, KNOWN_PAGE);

        if (!leaf || (leaf->there & bits) != bits)
            return false;
        see(known, leaf, bits);
        index += n;
        count -= n;
    }
    return true;
}

void known_sweep(struct known *known,
                 void (*gone)(void *argument, u64 key, u64 index, enum known_kind kind),
                 void *argument)
{
    for (u64 i = 0; i < known->chain_count; i++) {
        struct leaf **at = &known->chains[i];

        while (*at) {
            struct leaf *leaf = *at;
            u16 seen = leaf->cut == known->cut ? leaf->seen : 0;

            for (u32 bits = leaf->there & ~seen; bits; bits &= bits - 1)
                gone(argument, leaf->key, leaf->number * LEAF + (u32)__builtin_ctz(bits),
                     leaf->kind);
            leaf->there &= seen;
            if (leaf->there) {
                at = &leaf->next;
                continue;
            }
            *at = leaf->next;
            free(leaf);
            known->leaves--;
        }
    }
}

void known_forget(struct known *known, const struct numbers *numbers)
{
    for (u64 i = 0; i < known->chain_count; i++) {
        struct leaf **at = &known->chains[i];

        while (*at) {
            struct leaf *leaf = *at;

            if (!numbers_have(numbers, key_number(leaf->key))) {
                at = &leaf->next;
                continue;
            }
            *at = leaf->next;
            free(leaf);
            known->leaves--;
        }
    }
}

static void ignore(void *argument, u64 key, u64 index, enum known_kind kind)
{
    (void)argument;
    (void)key;
    (void)index;
    (void)kind;
}

void known_clear(struct known *known)
{
    known->cut++;
    known_sweep(known, ignore, NULL);
}
