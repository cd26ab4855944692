/* SPDX-License-Identifier: Apache-2.0 */
/* The file of LMDB 0.9, format 1, on a 64-bit machine. */
#include "kernel/store/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "kernel/store/index.h"
#include "kernel/store/why.h"

enum {
    PAGE_BRANCH = 1,
    PAGE_LEAF = 2,
    PAGE_OVERFLOW = 4,
    PAGE_META = 8,
    NODE_BIG = 1,
    FREE_FLAGS = 0x4008, /* integers as keys, in a file without a directory */
    DEPTH_MAX = 32,      /* of LMDB's cursors */
    KEY_MAX = 511,
};
#define NO_PAGE (~0ul)

struct page {
    u64 number;
    u16 zero, flags;
    union {
        struct {
            u16 lower, upper;
        };
        u32 span; /* of an overflow page */
    };
    u16 nodes[];
};
_Static_assert(sizeof(struct page) == 16, "LMDB's");

struct node {
    u16 low, high, flags, key_size;
    u8 key[];
};

struct tree {
    u32 page_size; /* of the free tree only */
    u16 flags, depth;
    u64 branches, leaves, overflows, entries, root;
};
_Static_assert(sizeof(struct tree) == 48, "LMDB's");

struct meta {
    u32 magic, version;
    u64 address, map_size;
    struct tree free, main;
    u64 last_page, transaction;
};

#define META_MAGIC   0xbeefc0deu
#define META_VERSION 1u

struct text {
    const u8 *bytes;
    u64 length;
};

struct walk {
    const u8 *map;
    u64 pages; /* in the file */
    const struct meta *meta;
    u64 *seen;
    bool integer_keys;
    struct tree found; /* counts */
};

static const void *page_at(const struct walk *w, u64 number)
{
    return w->map + number * PAGE_SIZE;
}

/* Takes `count` pages for used; false when they are not there or are used already. */
static bool take_pages(struct walk *w, u64 number, u64 count, bool stored)
{
    if (number < 2 || number > w->meta->last_page || count > w->meta->last_page - number + 1)
        return false;
    if (stored && number + count > w->pages)
        return false;
    for (u64 i = number; i < number + count; i++) {
        if (w->seen[i / 64] & 1ul << i % 64)
            return false;
        w->seen[i / 64] |= 1ul << i % 64;
    }
    return true;
}

static const struct node *node_at(const struct page *page, u32 i)
{
    return (const struct node *)((const u8 *)page + page->nodes[i]);
}

static u32 node_count(const struct page *page)
{
    return (page->lower - (u32)sizeof(*page)) / 2;
}

static u64 node_child(const struct node *node)
{
    return node->low | (u64)node->high << 16 | (u64)node->flags << 32;
}

static u32 node_length(const struct node *node)
{
    return node->low | (u32)node->high << 16;
}

/* Bytes that a node takes in its page, or 0. */
static u32 node_size(const struct page *page, u32 i)
{
    const struct node *node = node_at(page, i);
    u64 size;

    if (page->nodes[i] % 2 || page->nodes[i] < page->upper ||
        page->nodes[i] > PAGE_SIZE - sizeof(*node) || node->key_size > KEY_MAX)
        return 0;
    size = sizeof(*node) + node->key_size;
    if (page->flags == PAGE_LEAF) {
        if (node->flags & ~NODE_BIG)
            return 0;
        size += node->flags & NODE_BIG ? sizeof(u64) : node_length(node);
    }
    size = ALIGN_UP(size, 2);
    return size <= PAGE_SIZE - page->nodes[i] ? (u32)size : 0;
}

/* The nodes fill the end of the page without gaps and overlaps, as LMDB leaves them. */
static bool nodes_are_sound(const struct page *page)
{
    u16 sizes[PAGE_SIZE / 2] = {0};
    u32 hops = 0;

    if (page->lower < sizeof(*page) || page->lower % 2 || page->lower > page->upper ||
        page->upper > PAGE_SIZE || page->upper % 2)
        return false;
    for (u32 i = 0; i < node_count(page); i++) {
        u32 size = node_size(page, i);

        if (!size || sizes[page->nodes[i] / 2])
            return false;
        sizes[page->nodes[i] / 2] = (u16)size;
    }
    for (u32 at = page->upper; at < PAGE_SIZE; at += sizes[at / 2], hops++) {
        if (!sizes[at / 2])
            return false;
    }
    return hops == node_count(page);
}

static int compare(const struct walk *w, struct text a, struct text b)
{
    u64 x, y;
    int order;

    if (w->integer_keys) {
        memcpy(&x, a.bytes, sizeof(x));
        memcpy(&y, b.bytes, sizeof(y));
        return x < y ? -1 : x > y;
    }
    order = memcmp(a.bytes, b.bytes, MIN(a.length, b.length));
    return order ? order : a.length < b.length ? -1 : a.length > b.length;
}

static struct text key_of(const struct page *page, u32 i)
{
    const struct node *node = node_at(page, i);

    return (struct text){node->key, node->key_size};
}

/* Keys from number `first` on rise, from `low` on and below `high`; NULL bytes: no bound. */
static bool keys_are_sound(const struct walk *w, const struct page *page, u32 first,
                           struct text low, struct text high)
{
    for (u32 i = first; i < node_count(page); i++) {
        struct text key = key_of(page, i);

        if (w->integer_keys ? key.length != sizeof(u64) : key.length == 0)
            return false;
        if (low.bytes && (i == first ? compare(w, key, low) < 0 : compare(w, key, low) <= 0))
            return false;
        low = key;
    }
    return !high.bytes || node_count(page) <= first || compare(w, low, high) < 0;
}

/* A value that became shorter keeps its pages. */
static bool overflow_is_sound(struct walk *w, const struct node *node)
{
    const struct page *page;
    u64 number, least = (sizeof(*page) + node_length(node) + PAGE_SIZE - 1) / PAGE_SIZE;

    memcpy(&number, node->key + node->key_size, sizeof(number));
    if (number < 2 || number >= w->pages)
        return false;
    page = page_at(w, number);
    w->found.overflows += page->span;
    return page->number == number && page->flags == PAGE_OVERFLOW && page->span >= least &&
           take_pages(w, number, page->span, true);
}

static const void *node_value(const struct walk *w, const struct node *node)
{
    u64 number;

    if (!(node->flags & NODE_BIG))
        return node->key + node->key_size;
    memcpy(&number, node->key + node->key_size, sizeof(number));
    return (const u8 *)page_at(w, number) + sizeof(struct page);
}

/* An entry of the free tree: how many, then the free pages, falling. */
static bool free_list_is_sound(struct walk *w, const struct node *node)
{
    const u8 *value = node_value(w, node);
    u64 transaction, count, page, before = NO_PAGE;

    memcpy(&transaction, node->key, sizeof(transaction));
    if (transaction > w->meta->transaction || node_length(node) < sizeof(count))
        return false;
    memcpy(&count, value, sizeof(count));
    if (count > node_length(node) / sizeof(u64) - 1)
        return false;
    for (u64 i = 1; i <= count; i++, before = page) {
        memcpy(&page, value + i * sizeof(page), sizeof(page));
        if (page >= before || !take_pages(w, page, 1, false))
            return false;
    }
    return true;
}

/* A damaged key would make its entry be missed. */
static bool entry_is_sound(const struct walk *w, const struct node *node)
{
    struct index_value value = {node_value(w, node), node_length(node)};

    return node->key_size == sizeof(struct disk_key) &&
           index_value_is_sound((const struct disk_key *)node->key, &value);
}

static bool leaf_is_sound(struct walk *w, const struct page *page)
{
    for (u32 i = 0; i < node_count(page); i++) {
        const struct node *node = node_at(page, i);

        if ((node->flags & NODE_BIG) && !overflow_is_sound(w, node))
            return false;
        if (!(w->integer_keys ? free_list_is_sound(w, node) : entry_is_sound(w, node)))
            return false;
    }
    w->found.leaves++;
    w->found.entries += node_count(page);
    return node_count(page) > 0;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as DEPTH_MAX
static bool page_is_sound(struct walk *w, u64 number, u32 levels, struct text low, struct text high)
{
    const struct page *page;
    u32 count;

    if (!take_pages(w, number, 1, true))
        return false;
    page = page_at(w, number);
    if (page->number != number || page->flags != (levels > 1 ? PAGE_BRANCH : PAGE_LEAF) ||
        !nodes_are_sound(page) || !keys_are_sound(w, page, levels > 1, low, high))
        return false;
    if (levels == 1)
        return leaf_is_sound(w, page);
    w->found.branches++;
    count = node_count(page);
    for (u32 i = 0; i < count; i++) {
        if (!page_is_sound(w, node_child(node_at(page, i)), levels - 1, i ? key_of(page, i) : low,
                           i + 1 < count ? key_of(page, i + 1) : high))
            return false;
    }
    return count > 1;
}

static bool tree_is_sound(struct walk *w, const struct tree *tree)
{
    struct text none = {NULL, 0};

    w->integer_keys = tree->flags == FREE_FLAGS;
    w->found = (struct tree){0};
    if (tree->root == NO_PAGE)
        return tree->depth == 0 && tree->entries == 0;
    if (tree->depth == 0 || tree->depth > DEPTH_MAX ||
        !page_is_sound(w, tree->root, tree->depth, none, none))
        return false;
    return w->found.branches == tree->branches && w->found.leaves == tree->leaves &&
           w->found.overflows == tree->overflows && w->found.entries == tree->entries;
}

static const struct meta *meta_at(const struct walk *w, u32 i)
{
    const struct page *page = page_at(w, i);
    const struct meta *meta = (const struct meta *)(page + 1);

    if (page->number != i || page->flags != PAGE_META || meta->magic != META_MAGIC ||
        meta->version != META_VERSION || meta->transaction % 2 != i ||
        meta->free.page_size != PAGE_SIZE || meta->free.flags != FREE_FLAGS ||
        meta->main.page_size != 0 || meta->main.flags != 0 ||
        meta->last_page >= INDEX_MAP_SIZE / PAGE_SIZE)
        return NULL;
    return meta;
}

/* The first value of a tree, of which nothing else is verified. */
static bool find_first(struct walk *w, const struct tree *tree, struct guarded *found)
{
    u64 number = tree->root;
    const struct page *page = NULL;
    const struct node *node;

    for (u32 level = tree->depth; level > 0; level--) {
        if (number < 2 || number >= w->pages)
            return false;
        page = page_at(w, number);
        if (page->flags != (level > 1 ? PAGE_BRANCH : PAGE_LEAF) || !nodes_are_sound(page) ||
            node_count(page) == 0)
            return false;
        number = node_child(node_at(page, 0));
    }
    if (!page)
        return false;
    node = node_at(page, 0);
    if (node->flags & NODE_BIG)
        return false;
    found->length = node_length(node);
    memcpy(found->value, node->key + node->key_size, MIN(found->length, sizeof(found->value)));
    return true;
}

static int walk_index(struct walk *w, struct guarded *last, struct guarded *previous,
                      struct store_why *why)
{
    const struct meta *metas[2] = {meta_at(w, 0), meta_at(w, 1)};
    u32 newer;
    bool sound;

    if (!metas[0] || !metas[1])
        return why_set(why, -EUCLEAN, "its first pages are damaged");
    newer = metas[1]->transaction > metas[0]->transaction;
    if (metas[newer]->transaction != metas[!newer]->transaction + 1)
        return why_set(why, -EUCLEAN, "its first pages do not belong together");
    w->meta = metas[newer];
    w->seen = calloc(w->meta->last_page / 64 + 1, sizeof(u64));
    if (!w->seen)
        return why_set(why, -ENOMEM, "no memory");
    sound = tree_is_sound(w, &w->meta->main) && tree_is_sound(w, &w->meta->free);
    free(w->seen);
    if (!sound)
        return why_set(why, -EUCLEAN, "its pages are damaged");
    last->transaction = w->meta->transaction;
    previous->transaction = metas[!newer]->transaction;
    if (!find_first(w, &w->meta->main, last) || !find_first(w, &metas[!newer]->main, previous))
        return why_set(why, -EUCLEAN, "it has no superblock");
    return 0;
}

int guard_index(int fd, struct guarded *last, struct guarded *previous, struct store_why *why)
{
    struct walk walk = {0};
    struct stat st;
    void *map;
    int error;

    if (fstat(fd, &st) < 0)
        return why_set(why, -errno, "it cannot be looked at");
    walk.pages = (u64)st.st_size / PAGE_SIZE;
    if (walk.pages < 2)
        return why_set(why, -EUCLEAN, "it is cut short");
    map = mmap(NULL, walk.pages * PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return why_set(why, -errno, "it cannot be mapped");
    walk.map = map;
    /* A sector that cannot be read is an error here, not a signal later. Old hosts lack it. */
    if (madvise(map, walk.pages * PAGE_SIZE, MADV_POPULATE_READ) < 0 && errno != EINVAL)
        error = why_set(why, -EIO, "it cannot be read");
    else
        error = walk_index(&walk, last, previous, why);
    munmap(map, walk.pages * PAGE_SIZE);
    return error;
}
