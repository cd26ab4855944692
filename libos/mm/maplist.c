/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/mm/maplist.h"
#include "libos/mm/mm.h"
#include "base/string.h"
#include "libos/host/host.h"

static struct spot normal(const struct maplist *l, struct spot s)
{
    if (s.leaf < l->leaf_count && s.slot >= l->leaves[s.leaf]->count)
        return (struct spot){s.leaf + 1, 0};
    return s;
}

/* The first leaf whose last mapping ends above addr. */
static u32 find_leaf(const struct maplist *l, u64 addr)
{
    u32 low = 0, high = l->leaf_count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        const struct leaf *leaf = l->leaves[middle];
        if (leaf->mappings[leaf->count - 1].end > addr)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct spot maplist_find(const struct maplist *l, u64 addr)
{
    u32 n = find_leaf(l, addr);
    if (n == l->leaf_count)
        return (struct spot){n, 0};
    const struct leaf *leaf = l->leaves[n];
    u32 low = 0, high = leaf->count - 1;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (leaf->mappings[middle].end > addr)
            high = middle;
        else
            low = middle + 1;
    }
    return (struct spot){n, low};
}

struct spot maplist_next(const struct maplist *l, struct spot s)
{
    s.slot++;
    return normal(l, s);
}

struct mapping *maplist_before(const struct maplist *l, struct spot s, struct spot *out)
{
    if (s.slot > 0) {
        s.slot--;
    } else {
        if (s.leaf == 0)
            return NULL;
        s.leaf--;
        s.slot = l->leaves[s.leaf]->count - 1;
    }
    if (out)
        *out = s;
    return &l->leaves[s.leaf]->mappings[s.slot];
}

static bool grow_leaf_array(struct maplist *l)
{
    if (!l->leaves) {
        l->leaves = l->first_leaves;
        l->leaf_capacity = FIRST_LEAVES;
        return true;
    }
    u32 capacity = MAX(l->leaf_capacity * 2, PAGE_SIZE / sizeof(*l->leaves));
    struct leaf **bigger = arena_map(capacity * sizeof(*bigger));
    if (!bigger)
        return false;
    memcpy(bigger, l->leaves, l->leaf_count * sizeof(*bigger));
    if (l->leaves != l->first_leaves)
        arena_unmap(l->leaves, l->leaf_capacity * sizeof(*bigger));
    l->leaves = bigger;
    l->leaf_capacity = capacity;
    return true;
}

bool maplist_reserve(struct maplist *l)
{
    while (unlikely(l->spare_count < SPARE_LEAVES)) {
        struct leaf *leaf = arena_map(sizeof(*leaf));
        if (!leaf)
            return false;
        l->spare[l->spare_count++] = leaf;
    }
    return likely(l->leaf_count + SPARE_LEAVES <= l->leaf_capacity) || grow_leaf_array(l);
}

/* A new empty leaf at index n of the array. */
static struct leaf *insert_leaf(struct maplist *l, u32 n)
{
    assert_that(l->spare_count > 0 && l->leaf_count < l->leaf_capacity);
    struct leaf *leaf = l->spare[--l->spare_count];
    leaf->count = 0;
    memmove(&l->leaves[n + 1], &l->leaves[n], (l->leaf_count - n) * sizeof(*l->leaves));
    l->leaves[n] = leaf;
    l->leaf_count++;
    return leaf;
}

static void drop_leaf(struct maplist *l, struct leaf *leaf)
{
    if (l->spare_count < ARRAY_SIZE(l->spare))
        l->spare[l->spare_count++] = leaf;
    else
        arena_unmap(leaf, sizeof(*leaf));
}

static void remove_leaf(struct maplist *l, u32 n)
{
    struct leaf *leaf = l->leaves[n];
    l->leaf_count--;
    memmove(&l->leaves[n], &l->leaves[n + 1], (l->leaf_count - n) * sizeof(*l->leaves));
    drop_leaf(l, leaf);
}

/* Moves the upper half of leaf n to a new leaf behind it. */
static void split_leaf(struct maplist *l, u32 n)
{
    struct leaf *upper = insert_leaf(l, n + 1), *lower = l->leaves[n];
    u32 keep = lower->count / 2;
    upper->count = lower->count - keep;
    memcpy(upper->mappings, lower->mappings + keep, upper->count * sizeof(struct mapping));
    lower->count = keep;
}

/* Where an insertion before s goes, with room for it: appending to the leaf before is as good. */
static struct spot make_room(struct maplist *l, struct spot s)
{
    if (s.slot == 0 && s.leaf > 0) {
        s.leaf--;
        s.slot = l->leaves[s.leaf]->count;
    } else if (s.leaf == l->leaf_count) {
        insert_leaf(l, s.leaf);
    }
    if (l->leaves[s.leaf]->count < LEAF_MAPPINGS)
        return s;
    split_leaf(l, s.leaf);
    u32 kept = l->leaves[s.leaf]->count;
    if (s.slot > kept)
        s = (struct spot){s.leaf + 1, s.slot - kept};
    return s;
}

struct spot maplist_insert(struct maplist *l, struct spot s, const struct mapping *m)
{
    s = make_room(l, s);
    struct leaf *leaf = l->leaves[s.leaf];
    memmove(&leaf->mappings[s.slot + 1], &leaf->mappings[s.slot],
            (leaf->count - s.slot) * sizeof(*m));
    leaf->mappings[s.slot] = *m;
    leaf->count++;
    l->count++;
    return s;
}

/* Empties leaf n into the one before if both are nearly empty. */
static bool join_leaf(struct maplist *l, u32 n)
{
    if (n == 0)
        return false;
    struct leaf *lower = l->leaves[n - 1], *upper = l->leaves[n];
    if (lower->count + upper->count > LEAF_MAPPINGS / 2)
        return false;
    memcpy(lower->mappings + lower->count, upper->mappings, upper->count * sizeof(struct mapping));
    lower->count += upper->count;
    remove_leaf(l, n);
    return true;
}

struct spot maplist_remove(struct maplist *l, struct spot s)
{
    struct leaf *leaf = l->leaves[s.leaf];
    leaf->count--;
    l->count--;
    memmove(&leaf->mappings[s.slot], &leaf->mappings[s.slot + 1],
            (leaf->count - s.slot) * sizeof(leaf->mappings[0]));
    if (leaf->count == 0) {
        remove_leaf(l, s.leaf);
        return (struct spot){s.leaf, 0};
    }
    u32 before = s.leaf > 0 ? l->leaves[s.leaf - 1]->count : 0;
    if (join_leaf(l, s.leaf))
        s = (struct spot){s.leaf - 1, before + s.slot};
    return normal(l, s);
}

void maplist_clear(struct maplist *l)
{
    for (u32 n = 0; n < l->leaf_count; n++)
        drop_leaf(l, l->leaves[n]);
    l->leaf_count = l->count = 0;
}
