/* SPDX-License-Identifier: Apache-2.0 */
/* The page cache: contents of host files in the heap segment, shared by all processes of the cell.
 *
 * A cached file is a set of blocks of up to 64 KiB. Of each block one range is valid, and within it
 * one range may be dirty: newer than the host's file. Blocks without dirty data are given back,
 * least recently used first, when the cache is over its budget; dirty ones are sent to the host by
 * cache_flush, which the file system calls (see hostfs.c for when).
 *
 * Locks: the owner's lock (the inode's) is held by the caller where it says so: it orders fills,
 * writes and flushes of one file. The cache's own lock is a leaf and guards the index, the order of
 * use and the blocks' ranges; it is never held over a copy to the program or an invocation.
 */
#ifndef LIBOS_FS_PAGECACHE_H
#define LIBOS_FS_PAGECACHE_H

#include "base/list.h"
#include "libos/fs/io.h"

#define CACHE_BLOCK_SHIFT 16
#define CACHE_BLOCK       (1ul << CACHE_BLOCK_SHIFT)
#define CACHE_BLOCK_PAGES (CACHE_BLOCK / PAGE_SIZE)
#define CACHE_RUN_BLOCKS  16u /* longest piece read ahead or written at once: 1 MiB */

struct cached_file;
struct cache_block;

/* How a cached file reaches the host. Both are called with the owner's lock held and without the
 * cache's. `memory` lies in the heap segment. Bytes moved or -E…; read moves fewer at the end of
 * file. */
struct cache_backing {
    long (*read)(struct cached_file *c, u64 offset, void *memory, size_t n);
    long (*write)(struct cached_file *c, u64 offset, const void *memory, size_t n);
};

struct cached_file {
    const struct cache_backing *backing;
    u32 key; /* part of the index hash; set by cache_file_init */
    u32 dirty_blocks;
    struct list blocks;         /* all of its blocks */
    struct list dirty;          /* its dirty blocks, in the order in which they became so */
    struct cache_block *recent; /* the block last found, or NULL */
    u64 next_fill;              /* block index at which a sequential reader goes on */
    u32 fill_blocks;            /* how much was read ahead the last time */
    u32 run_pages;              /* pages left in the run that new blocks for writing come from */
    u32 run_blocks;             /* how many blocks the last such run had */
    u8 *run;
};

/* Once per cell, in the prepared process, before any other. */
void cache_init(void);

void cache_file_init(struct cached_file *c, const struct cache_backing *backing);
/* Drops everything, dirty or not. Owner's lock held, or the owner is going away. */
void cache_file_drop(struct cached_file *c);

/* Copies from the cache to the program as long as the bytes from `offset` on are there and lie
 * below `size`. No lock held. Bytes copied (0: not cached or at the end), or -EFAULT. */
long cache_read(struct cached_file *c, u64 offset, u64 size, struct io *io);
/* The bytes of the file at `offset`, of which `want` are asked for, are brought in from the host,
 * with read-ahead up to `size`, the length of the file. Owner's lock held. Bytes that are there
 * from `offset` on; 0: the host's file ends before it; -E…. */
long cache_fill(struct cached_file *c, u64 offset, u64 size, size_t want);
/* Puts content in that came along with something else, in place of what is there: the first `size`
 * bytes of the file. Owner's lock held. */
void cache_insert_start(struct cached_file *c, const void *content, size_t size);
/* True if all `size` bytes are there. */
bool cache_holds_whole(struct cached_file *c, u64 size);

/* Takes data from the program into the cache; `size` is the length of the file before. Owner's lock
 * held. Bytes taken (at least 1), or -EFAULT, -ENOMEM, or what reading or flushing a block gave. */
long cache_write(struct cached_file *c, u64 offset, u64 size, struct io *io);
/* Sends all dirty data. Owner's lock held. 0 or the first error; what failed is not dirty any more
 * and not in the cache. -ERESTARTSYS: interrupted, and the rest is dirty still. */
long cache_flush(struct cached_file *c);
static inline bool cache_dirty(const struct cached_file *c)
{
    return c->dirty_blocks != 0;
}
/* Gives memory that was set aside for further writes back: the last writer has closed. Owner's lock
 * held. */
void cache_end_writing(struct cached_file *c);

/* Gives clean blocks back until at most `target` bytes are held. */
void cache_shrink(u64 target);
/* Bytes held in the cache, and of those dirty. */
u64 cache_held(void);

#endif
