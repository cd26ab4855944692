/* SPDX-License-Identifier: Apache-2.0 */
/* The page cache. See pagecache.h. */
#include "libos/fs/pagecache.h"

#include "base/string.h"
#include "libos/entry/errno.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include "libos/sync/lock.h"

#define INDEX_BUCKETS 1024u
#define BUDGET_MOST   (64ul << 20)
#define LITTLE        8192u

/* Dirty ranges lie within valid ones; an empty range is lo == hi == 0. Ranges and the fields above
 * them change under the cache's lock (and the owner's); `pins` counts copies in progress, and a
 * block that is removed from the index meanwhile (`removed`) is freed by the last of them. */
struct cache_block {
    struct cache_block *next_in_bucket;
    struct list in_order; /* of use */
    struct list in_file;  /* file->blocks */
    struct list dirty;    /* file->dirty */
    struct cached_file *file;
    u64 index; /* offset in the file, in blocks */
    u8 *data;
    u32 pages; /* that `data` has */
    u32 pins;
    u32 valid_lo, valid_hi, dirty_lo, dirty_hi;
    bool used, removed; /* used: since the order was last looked at */
};

struct cache {
    struct lock lock;
    struct cache_block *buckets[INDEX_BUCKETS];
    struct list order; /* first: the longest unused */
    u64 held;          /* bytes of the blocks' pages that were written to */
    u64 budget;
    u32 next_key;
};

/* In the heap segment; set in the prepared process, from which all others are forked. */
static struct cache *cache;

void cache_init(void)
{
    cache = heap_alloc(sizeof(*cache));
    if (!cache)
        panic("no memory for the page cache");
    list_init(&cache->order);
    u64 limit = the_boot->memory_limit;
    cache->budget = limit ? MIN(limit / 4, BUDGET_MOST) : BUDGET_MOST;
}

u64 cache_held(void)
{
    return cache->held;
}

void cache_file_init(struct cached_file *c, const struct cache_backing *backing)
{
    *c = (struct cached_file){.backing = backing};
    c->key = __atomic_add_fetch(&cache->next_key, 0x9e3779b1u, __ATOMIC_RELAXED);
    list_init(&c->blocks);
    list_init(&c->dirty);
    c->next_fill = UINT64_MAX;
}

/* ---- the index; cache->lock held ---- */

static struct cache_block **bucket_of(const struct cached_file *c, u64 index)
{
    return &cache->buckets[(c->key + (u32)index * 2654435761u) >> 7 & (INDEX_BUCKETS - 1)];
}

static struct cache_block *find(struct cached_file *c, u64 index)
{
    struct cache_block *b = c->recent;
    if (b && b->index == index)
        return b;
    for (b = *bucket_of(c, index); b; b = b->next_in_bucket) {
        if (b->file == c && b->index == index) {
            c->recent = b;
            return b;
        }
    }
    return NULL;
}

static void insert(struct cached_file *c, struct cache_block *b, u64 index)
{
    struct cache_block **bucket = bucket_of(c, index);
    b->file = c;
    b->index = index;
    b->next_in_bucket = *bucket;
    *bucket = b;
    list_add_tail(&cache->order, &b->in_order);
    list_add_tail(&c->blocks, &b->in_file);
    list_init(&b->dirty);
    c->recent = b;
}

static u64 block_held(const struct cache_block *b)
{
    return PAGE_ALIGN((u64)b->valid_hi);
}

static void set_valid(struct cache_block *b, u32 lo, u32 hi)
{
    cache->held -= block_held(b);
    b->valid_lo = lo;
    b->valid_hi = hi;
    cache->held += block_held(b);
}

static void set_clean(struct cache_block *b)
{
    if (b->dirty_hi) {
        b->dirty_lo = b->dirty_hi = 0;
        b->file->dirty_blocks--;
        list_del(&b->dirty);
    }
}

static void free_block(struct cache_block *b)
{
    heap_pages_free(b->data, b->pages);
    heap_free(b);
}

/* Out of the index; freed now, or by the last reader. */
static void drop_block(struct cache_block *b)
{
    struct cache_block **p = bucket_of(b->file, b->index);
    while (*p != b)
        p = &(*p)->next_in_bucket;
    *p = b->next_in_bucket;
    if (b->file->recent == b)
        b->file->recent = NULL;
    set_clean(b);
    set_valid(b, 0, 0);
    list_del(&b->in_order);
    list_del(&b->in_file);
    b->removed = true;
    if (b->pins == 0)
        free_block(b);
}

/* Takes blocks off the cold end until the cache is within `target`. A block that was used since it
 * was last looked at goes to the other end instead; each is looked at no more than twice. */
static void shrink_locked(u64 target)
{
    struct list stop;
    list_add_tail(&cache->order, &stop);
    int rounds = 0;
    while (cache->held > target) {
        struct list *first = cache->order.next;
        if (first == &stop) {
            if (++rounds == 2)
                break;
            list_del(&stop);
            list_add_tail(&cache->order, &stop);
            continue;
        }
        struct cache_block *b = list_entry(first, struct cache_block, in_order);
        if (b->used || b->pins || b->dirty_hi) {
            b->used = false;
            list_del(&b->in_order);
            list_add_tail(&cache->order, &b->in_order);
        } else {
            drop_block(b);
        }
    }
    list_del(&stop);
}

void cache_shrink(u64 target)
{
    lock_take(&cache->lock);
    shrink_locked(target);
    lock_release(&cache->lock);
}

/* ---- blocks ---- */

static void unpin(struct cache_block *b)
{
    lock_take(&cache->lock);
    if (--b->pins == 0 && b->removed)
        free_block(b);
    lock_release(&cache->lock);
}

/* Makes `count` blocks over one run of pages and calls them c's blocks from `index` on. `bytes` of
 * the run are valid. Memory beyond the last block's bytes goes back. */
static long insert_run(struct cached_file *c, u64 index, u8 *run, size_t pages, size_t bytes)
{
    lock_take(&cache->lock);
    while (bytes) {
        struct cache_block *b = heap_alloc(sizeof(*b));
        if (!b)
            break;
        size_t n = MIN(bytes, CACHE_BLOCK);
        b->data = run;
        b->pages = (u32)(PAGE_ALIGN(n) / PAGE_SIZE);
        insert(c, b, index++);
        set_valid(b, 0, (u32)n);
        bytes -= n;
        run += b->pages * PAGE_SIZE;
        pages -= b->pages;
    }
    if (cache->held > cache->budget)
        shrink_locked(cache->budget - cache->budget / 8);
    lock_release(&cache->lock);
    if (pages)
        heap_pages_free(run, pages);
    return bytes ? -ENOMEM : 0;
}

void cache_file_drop(struct cached_file *c)
{
    lock_take(&cache->lock);
    list_for_each_safe(l, &c->blocks)
        drop_block(list_entry(l, struct cache_block, in_file));
    lock_release(&cache->lock);
    cache_end_writing(c);
}

void cache_end_writing(struct cached_file *c)
{
    if (c->run_pages)
        heap_pages_free(c->run, c->run_pages);
    c->run = NULL;
    c->run_pages = c->run_blocks = 0;
}

/* ---- reading ---- */

/* Pins the block that has the byte at `offset`: *from and the result say which memory. 0: not
 * there. */
static size_t pin(struct cached_file *c, u64 offset, struct cache_block **out, const u8 **from)
{
    u32 at = (u32)(offset & (CACHE_BLOCK - 1));
    size_t n = 0;
    lock_take(&cache->lock);
    struct cache_block *b = find(c, offset >> CACHE_BLOCK_SHIFT);
    if (b && at >= b->valid_lo && at < b->valid_hi) {
        b->pins++;
        b->used = true;
        *out = b;
        *from = b->data + at;
        n = b->valid_hi - at;
    }
    lock_release(&cache->lock);
    return n;
}

long cache_read(struct cached_file *c, u64 offset, u64 size, struct io *io)
{
    long total = 0;
    while (io->left && offset < size) {
        struct cache_block *b;
        const u8 *from;
        size_t n = pin(c, offset, &b, &from);
        if (n == 0)
            break;
        n = MIN(n, size - offset);
        n = MIN(n, io->left);
        long r = io_put(io, from, n);
        unpin(b);
        if (r < 0)
            return total ? total : r;
        total += r;
        offset += (u64)r;
        if ((size_t)r < n)
            break;
    }
    return total;
}

bool cache_holds_whole(struct cached_file *c, u64 size)
{
    bool whole = true;
    lock_take(&cache->lock);
    for (u64 offset = 0; whole && offset < size; offset += CACHE_BLOCK) {
        struct cache_block *b = find(c, offset >> CACHE_BLOCK_SHIFT);
        whole = b && b->valid_lo == 0 && b->valid_hi >= MIN(size - offset, CACHE_BLOCK);
    }
    lock_release(&cache->lock);
    return whole;
}

void cache_insert_start(struct cached_file *c, const void *content, size_t size)
{
    if (size == 0 || size > CACHE_BLOCK)
        return;
    size_t pages = PAGE_ALIGN(size) / PAGE_SIZE;
    u8 *run = heap_pages_alloc(pages);
    if (!run)
        return;
    memcpy(run, content, size);
    cache_file_drop(c);
    insert_run(c, 0, run, pages, size);
}

/* How many blocks to read from `index` on: twice as many as the last time if the reader goes on
 * where that ended; no further than the file's end and the next block that is there. */
static u32 blocks_to_fill(struct cached_file *c, u64 index, u64 size)
{
    u32 count = 1;
    if (index == c->next_fill)
        count = MIN(c->fill_blocks * 2, CACHE_RUN_BLOCKS);
    u64 end = (size + CACHE_BLOCK - 1) >> CACHE_BLOCK_SHIFT;
    count = (u32)MIN((u64)count, MAX(end, index + 1) - index);
    lock_take(&cache->lock);
    for (u32 n = 1; n < count; n++) {
        if (find(c, index + n))
            count = n;
    }
    lock_release(&cache->lock);
    c->next_fill = index + count;
    c->fill_blocks = count;
    return count;
}

/* ---- sending ---- */

/* The dirty blocks that follow b in file and memory, so that one write sends all: bytes in all. */
static size_t extend_run(struct cached_file *c, struct cache_block *b, struct cache_block **last)
{
    size_t n = b->dirty_hi - b->dirty_lo;
    *last = b;
    while ((*last)->dirty_hi == CACHE_BLOCK) {
        struct cache_block *next = find(c, (*last)->index + 1);
        if (!next || next->dirty_hi == 0 || next->dirty_lo != 0 ||
            next->data != (*last)->data + CACHE_BLOCK)
            break;
        n += next->dirty_hi;
        *last = next;
    }
    return n;
}

/* Blocks first..last have been sent, or have failed and are dropped. */
static void finish_run(struct cached_file *c, u64 first, u64 last, bool failed)
{
    lock_take(&cache->lock);
    for (u64 index = first; index <= last; index++) {
        struct cache_block *b = find(c, index);
        if (failed)
            drop_block(b);
        else
            set_clean(b);
    }
    lock_release(&cache->lock);
}

/* Sends the dirty block b, and those behind it that go with it. The owner's lock keeps dirty blocks
 * as they are. 0 or the error; then what failed is dropped, unless it was only interrupted. */
static long send_run(struct cached_file *c, struct cache_block *b)
{
    struct cache_block *last;
    lock_take(&cache->lock);
    size_t n = extend_run(c, b, &last);
    u64 first_index = b->index, last_index = last->index;
    u64 offset = (b->index << CACHE_BLOCK_SHIFT) + b->dirty_lo;
    const u8 *memory = b->data + b->dirty_lo;
    lock_release(&cache->lock);
    long r = c->backing->write(c, offset, memory, n);
    if (r == -ERESTARTSYS)
        return r;
    if (r >= 0 && (size_t)r < n)
        r = -ENOSPC;
    finish_run(c, first_index, last_index, r < 0);
    return MIN(r, 0);
}

/* ---- filling ---- */

/* A block that is there but lacks some bytes: what is dirty in it is sent first. */
static long clear_block(struct cached_file *c, u64 index)
{
    lock_take(&cache->lock);
    struct cache_block *b = find(c, index);
    bool dirty = b && b->dirty_hi;
    if (b && !dirty)
        drop_block(b);
    lock_release(&cache->lock);
    if (!dirty)
        return 0;
    long r = send_run(c, b);
    return r < 0 ? r : clear_block(c, index);
}

/* The first little read of a block that nobody has touched, such as of a program's header: only
 * what lies around it. Bytes there from `offset` on, 0: end of file, -E…, or -EAGAIN: not such a
 * case. */
static long fill_little(struct cached_file *c, u64 offset, u64 size, size_t want)
{
    u64 index = offset >> CACHE_BLOCK_SHIFT;
    u32 lo = (u32)(offset & (CACHE_BLOCK - 1)) & ~(LITTLE - 1), hi = lo + LITTLE;
    if (want > PAGE_SIZE || index == c->next_fill || cache_dirty(c) || offset >= size)
        return -EAGAIN;
    u8 *run = heap_pages_alloc(CACHE_BLOCK_PAGES);
    struct cache_block *b = run ? heap_alloc(sizeof(*b)) : NULL;
    long got = -ENOMEM;
    if (b)
        got = c->backing->read(c, (index << CACHE_BLOCK_SHIFT) + lo, run + lo, hi - lo);
    if (got <= 0) {
        if (run)
            heap_pages_free(run, CACHE_BLOCK_PAGES);
        heap_free(b);
        return got;
    }
    b->data = run;
    b->pages = CACHE_BLOCK_PAGES;
    lock_take(&cache->lock);
    insert(c, b, index);
    set_valid(b, lo, lo + (u32)got);
    lock_release(&cache->lock);
    return (long)lo + got - (long)(offset & (CACHE_BLOCK - 1));
}

static bool block_is_there(struct cached_file *c, u64 index)
{
    lock_take(&cache->lock);
    bool there = find(c, index);
    lock_release(&cache->lock);
    return there;
}

long cache_fill(struct cached_file *c, u64 offset, u64 size, size_t want)
{
    u64 index = offset >> CACHE_BLOCK_SHIFT;
    u64 start = index << CACHE_BLOCK_SHIFT;
    const u8 *from;
    struct cache_block *b;
    size_t there = pin(c, offset, &b, &from);
    if (there) {
        unpin(b);
        return (long)there;
    }
    long r = block_is_there(c, index) ? -EAGAIN : fill_little(c, offset, size, want);
    if (r != -EAGAIN)
        return r;
    r = clear_block(c, index);
    if (r < 0)
        return r;
    size_t wanted = (size_t)blocks_to_fill(c, index, size) << CACHE_BLOCK_SHIFT;
    wanted = MIN(wanted, MAX(size, offset + 1) - start);
    size_t pages = PAGE_ALIGN(wanted) / PAGE_SIZE;
    u8 *run = heap_pages_alloc(pages);
    if (!run)
        return -ENOMEM;
    long got = c->backing->read(c, start, run, wanted);
    /* Dirty data further on proves that the file is longer than the host's yet: a hole reads as
     * zeroes. */
    if (got >= 0 && cache_dirty(c))
        got = (long)wanted;
    if (got <= 0) {
        heap_pages_free(run, pages);
        return got;
    }
    r = insert_run(c, index, run, pages, (size_t)got);
    if (r < 0)
        return r;
    return start + (u64)got > offset ? (long)(start + (u64)got - offset) : 0;
}

/* ---- writing ---- */

/* Pages for a new block that is to be written: runs grow from one block to a MiB, so that a long
 * sequential write is sent in large pieces and a short one takes no more than it needs. */
static u8 *take_from_run(struct cached_file *c)
{
    if (c->run_pages == 0) {
        u32 blocks = c->run_blocks ? MIN(c->run_blocks * 4, CACHE_RUN_BLOCKS) : 1;
        c->run = heap_pages_alloc(blocks * CACHE_BLOCK_PAGES);
        if (!c->run)
            return NULL;
        c->run_pages = blocks * CACHE_BLOCK_PAGES;
        c->run_blocks = blocks;
    }
    u8 *memory = c->run;
    c->run += CACHE_BLOCK;
    c->run_pages -= CACHE_BLOCK_PAGES;
    return memory;
}

/* An empty block, pinned. NULL: no memory. */
static struct cache_block *new_block(struct cached_file *c, u64 index)
{
    struct cache_block *b = heap_alloc(sizeof(*b));
    u8 *memory = b ? take_from_run(c) : NULL;
    if (!memory) {
        heap_free(b);
        return NULL;
    }
    b->data = memory;
    b->pages = CACHE_BLOCK_PAGES;
    b->pins = 1;
    lock_take(&cache->lock);
    insert(c, b, index);
    if (cache->held > cache->budget)
        shrink_locked(cache->budget - cache->budget / 8);
    lock_release(&cache->lock);
    return b;
}

/* Reads one whole block. Bytes or -E…. */
static long fill_one(struct cached_file *c, u64 index)
{
    u8 *run = heap_pages_alloc(CACHE_BLOCK_PAGES);
    if (!run)
        return -ENOMEM;
    long got = c->backing->read(c, index << CACHE_BLOCK_SHIFT, run, CACHE_BLOCK);
    if (got <= 0) {
        heap_pages_free(run, CACHE_BLOCK_PAGES);
        return got;
    }
    long r = insert_run(c, index, run, CACHE_BLOCK_PAGES, (size_t)got);
    return r < 0 ? r : got;
}

/* Pins the block at index if [lo, hi) can be written into it. *there: it is there, but cannot take
 * it. */
static struct cache_block *pin_for_write(struct cached_file *c, u64 index, u32 lo, u32 hi,
                                         bool *there)
{
    lock_take(&cache->lock);
    struct cache_block *b = find(c, index);
    *there = b;
    if (b && hi <= b->pages * PAGE_SIZE && lo <= b->valid_hi && hi >= b->valid_lo)
        b->pins++;
    else
        b = NULL;
    lock_release(&cache->lock);
    return b;
}

/* A block of c into which [lo, hi) can be written so that its valid range stays one range, pinned.
 * A block that cannot take it, or has too few pages, is sent and dropped. `size`: length of the
 * file. */
static struct cache_block *block_for_write(struct cached_file *c, u64 index, u32 lo, u32 hi,
                                           u64 size, long *error)
{
    u64 start = index << CACHE_BLOCK_SHIFT;
    bool there;
    struct cache_block *b = pin_for_write(c, index, lo, hi, &there);
    if (b)
        return b;
    *error = there ? clear_block(c, index) : 0;
    /* The second piece in one block: bring all of it in, there will be more. */
    if (there && !*error && start + CACHE_BLOCK <= size) {
        *error = MIN(fill_one(c, index), 0);
        if (!*error && (b = pin_for_write(c, index, lo, hi, &there)))
            return b;
    }
    if (*error)
        return NULL;
    b = new_block(c, index);
    if (!b) {
        *error = -ENOMEM;
        return NULL;
    }
    lock_take(&cache->lock);
    /* Past the end of the file the bytes before `lo` are a hole, and the new memory is zero. */
    if (size <= start)
        set_valid(b, 0, lo);
    else
        set_valid(b, lo, lo);
    lock_release(&cache->lock);
    return b;
}

static void mark_dirty(struct cache_block *b, u32 lo, u32 hi)
{
    lock_take(&cache->lock);
    if (b->valid_lo == b->valid_hi)
        set_valid(b, lo, hi);
    else
        set_valid(b, MIN(b->valid_lo, lo), MAX(b->valid_hi, hi));
    if (b->dirty_hi == 0) {
        b->file->dirty_blocks++;
        list_add_tail(&b->file->dirty, &b->dirty);
        b->dirty_lo = lo;
        b->dirty_hi = hi;
    } else {
        b->dirty_lo = MIN(b->dirty_lo, lo);
        b->dirty_hi = MAX(b->dirty_hi, hi);
    }
    b->used = true;
    lock_release(&cache->lock);
}

long cache_write(struct cached_file *c, u64 offset, u64 size, struct io *io)
{
    long total = 0, error = 0;
    while (io->left) {
        u32 lo = (u32)(offset & (CACHE_BLOCK - 1));
        size_t n = MIN(io->left, CACHE_BLOCK - lo);
        struct cache_block *b =
            block_for_write(c, offset >> CACHE_BLOCK_SHIFT, lo, lo + (u32)n, size, &error);
        if (!b)
            break;
        long r = io_take(io, b->data + lo, n);
        if (r > 0)
            mark_dirty(b, lo, lo + (u32)r);
        unpin(b);
        if (r <= 0) {
            error = r;
            break;
        }
        total += r;
        offset += (u64)r;
        size = MAX(size, offset);
    }
    return total ? total : error;
}

long cache_flush(struct cached_file *c)
{
    long error = 0;
    while (cache_dirty(c)) {
        long r = send_run(c, list_first(&c->dirty, struct cache_block, dirty));
        if (r == -ERESTARTSYS)
            return r;
        if (r < 0 && !error)
            error = r;
    }
    return error;
}
