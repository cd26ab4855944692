/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted list of address ranges that do not overlap: the mappings of a process. Two levels (an
 * array of pages of mappings), so that a search is two binary searches and an insertion moves at
 * most a page. Knows nothing of what mappings mean: references and merging are the caller's. */
#ifndef LIBOS_MM_MAPLIST_H
#define LIBOS_MM_MAPLIST_H

#include "base/types.h"

struct file;

#define MAPPING_SHARED    1u
#define MAPPING_NORESERVE 2u
#define MAPPING_LOCKED    4u
#define MAPPING_GROWSDOWN 8u
#define MAPPING_DONTFORK  16u
#define MAPPING_WIPEFORK  32u

struct mapping {
    u64 start, end;
    u64 offset;        /* of start in the file, bytes; 0 without a file */
    struct file *file; /* a reference; NULL: private anonymous memory */
    const char *name;  /* constant text for /proc/self/maps, or NULL */
    u16 prot;          /* PROT_* now */
    u16 max_prot;      /* that mprotect may give */
    u32 flags;         /* MAPPING_* */
};

#define LEAF_MAPPINGS 84
struct leaf {
    u32 count;
    struct mapping mappings[LEAF_MAPPINGS];
};
_Static_assert(sizeof(struct leaf) <= PAGE_SIZE, "a leaf is a page");

#define SPARE_LEAVES 3
#define FIRST_LEAVES 8
struct maplist {
    struct leaf **leaves;                    /* each has at least one mapping */
    struct leaf *first_leaves[FIRST_LEAVES]; /* what `leaves` is until it must grow */
    u32 leaf_count, leaf_capacity;
    u32 count; /* mappings */
    u32 spare_count;
    struct leaf *spare[SPARE_LEAVES + 1];
};

/* A place in the list; good until the next insertion or removal. */
struct spot {
    u32 leaf, slot;
};

/* The first mapping that ends above addr. */
struct spot maplist_find(const struct maplist *l, u64 addr);
static inline struct spot maplist_first(void)
{
    return (struct spot){0, 0};
}
/* The mapping there; NULL at the end of the list. */
static inline struct mapping *maplist_at(const struct maplist *l, struct spot s)
{
    return s.leaf < l->leaf_count ? &l->leaves[s.leaf]->mappings[s.slot] : NULL;
}
struct spot maplist_next(const struct maplist *l, struct spot s);
/* The mapping before the spot, NULL at the start; *out (may be NULL) is its spot. */
struct mapping *maplist_before(const struct maplist *l, struct spot s, struct spot *out);

/* Makes sure that SPARE_LEAVES insertions will not fail. */
bool maplist_reserve(struct maplist *l);
/* Inserts before s; a spare leaf must be reserved. Returns the spot of the new one. */
struct spot maplist_insert(struct maplist *l, struct spot s, const struct mapping *m);
/* Removes and returns the spot of the one that followed. */
struct spot maplist_remove(struct maplist *l, struct spot s);
/* Empties it, and gives back the memory of a long one. Writes as little of it as can be. */
void maplist_clear(struct maplist *l);

#endif
