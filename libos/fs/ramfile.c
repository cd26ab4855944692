/* SPDX-License-Identifier: Apache-2.0 */
/* Contents of regular files of the RAM file system: read, write, map, holes, sizes. Guarded by the
 * inode's lock. Bytes behind the end of the file in its last page are zero, so growing shows
 * zeroes. */
#include "libos/fs/ramfs.h"
#include "base/string.h"
#include "libos/fs/access.h"
#include "libos/mm/heap.h"
#include "libos/time/clock.h"
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#define SIZE_MOST ((u64)INT64_MAX)

struct ram_file *ram_file_data(struct inode *i)
{
    if (!i->data)
        i->data = heap_alloc(sizeof(struct ram_file));
    return i->data;
}

void ram_file_free(struct inode *i)
{
    struct ram_file *r = i->data;
    if (r)
        store_free(&r->store);
    heap_free(r);
    i->data = NULL;
}

static void count_blocks(struct inode *i)
{
    struct ram_file *r = i->data;
    i->blocks =
        r ? MIN(r->store.pages, (i->size + PAGE_SIZE - 1) / PAGE_SIZE) * (PAGE_SIZE / 512) : 0;
}

static void touch_modified(struct inode *i)
{
    i->modified = i->changed = time_now();
}

/* relatime: a read shows in the access time if the file was changed since the last one that did. */
static void touch_accessed(struct inode *i, const struct file *f)
{
    if (f->flags & O_NOATIME)
        return;
    if (i->accessed.seconds > i->modified.seconds ||
        (i->accessed.seconds == i->modified.seconds &&
         i->accessed.nanoseconds > i->modified.nanoseconds))
        return;
    i->accessed = time_now();
}

/* Reads up to n bytes at `at` within the file's size. Bytes, or -EFAULT. */
static long read_at(struct inode *i, struct io *io, u64 at, size_t n)
{
    struct ram_file *r = i->data;
    size_t done = 0;
    while (done < n) {
        u64 run, within = at % PAGE_SIZE;
        u8 *memory = r ? store_find(&r->store, at / PAGE_SIZE, &run) : NULL;
        u64 most = r && run < (1ull << 40) ? run * PAGE_SIZE - within : n;
        size_t part = MIN(n - done, most);
        long went = memory ? io_put(io, memory + within, part) : io_zero(io, part);
        if (went < 0)
            return done ? (long)done : went;
        done += (size_t)went;
        at += (size_t)went;
        if ((size_t)went < part)
            break;
    }
    return (long)done;
}

static long ram_read(struct file *f, struct io *io, u64 *position)
{
    struct inode *i = f->inode;
    long r = 0;
    lock_take(&i->lock);
    if (*position < i->size) {
        r = read_at(i, io, *position, MIN(io->left, i->size - *position));
        touch_accessed(i, f);
    }
    lock_release(&i->lock);
    if (r > 0)
        *position += (u64)r;
    return r;
}

/* Writes n bytes at `at`, making pages. Bytes written, or -EFAULT, -ENOSPC. */
static long write_at(struct inode *i, struct io *io, u64 at, size_t n)
{
    struct ram_file *r = ram_file_data(i);
    size_t done = 0;
    long error = r ? 0 : -ENOSPC;
    while (!error && done < n) {
        u64 run, within = at % PAGE_SIZE;
        u64 want = (within + (n - done) + PAGE_SIZE - 1) / PAGE_SIZE;
        u8 *memory = store_make(&r->store, at / PAGE_SIZE, want, &run);
        if (!memory) {
            error = -ENOSPC;
            break;
        }
        size_t part = MIN(n - done, run * PAGE_SIZE - within);
        long went = io_take(io, memory + within, part);
        if (went < 0) {
            error = went;
            break;
        }
        done += (size_t)went;
        at += (size_t)went;
        if ((size_t)went < part)
            break;
    }
    return done ? (long)done : error;
}

/* The file is about to get a hole behind its present end: gives back what was laid up there. */
static void trim_ahead(struct inode *i)
{
    struct ram_file *r = i->data;
    if (r && !i->map_count)
        store_cut(&r->store, PAGE_ALIGN(i->size) / PAGE_SIZE, UINT64_MAX, false);
}

static u32 seals_of(const struct inode *i)
{
    const struct ram_file *r = i->data;
    return r ? r->seals : 0;
}

/* How many of n bytes may be written at `at`; -EFBIG, -EPERM. Inode lock held. */
static long allowed_to_write(struct inode *i, u64 at, size_t n)
{
    u32 seals = seals_of(i);
    if (unlikely(seals)) {
        if (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
            return -EPERM;
        if ((seals & F_SEAL_GROW) && at + n > i->size)
            return at < i->size ? (long)(i->size - at) : -EPERM;
    }
    return at >= SIZE_MOST ? -EFBIG : (long)MIN(n, SIZE_MOST - at);
}

static long ram_write(struct file *f, struct io *io, u64 *position)
{
    struct inode *i = f->inode;
    if (!io->left)
        return 0;
    lock_take(&i->lock);
    u64 at = f->flags & O_APPEND ? i->size : *position;
    long r = allowed_to_write(i, at, io->left);
    if (unlikely(at > i->size))
        trim_ahead(i);
    if (r > 0)
        r = write_at(i, io, at, (size_t)r);
    if (r > 0) {
        *position = at + (u64)r;
        if (*position > i->size)
            i->size = *position;
        count_blocks(i);
        touch_modified(i);
        drop_set_id(i);
    }
    lock_release(&i->lock);
    return r;
}

long ram_file_fill(struct inode *i, const char *text, size_t length)
{
    struct io_piece piece;
    struct io io;
    io_init_ours(&io, &piece, (void *)text, length);
    long r = length ? write_at(i, &io, 0, length) : 0;
    if (r < 0)
        return r;
    i->size = (u64)r;
    count_blocks(i);
    return 0;
}

/* Zeroes [from, to) where there are pages. */
static void zero_range(struct page_store *s, u64 from, u64 to)
{
    while (from < to) {
        u64 run, within = from % PAGE_SIZE;
        u8 *memory = store_find(s, from / PAGE_SIZE, &run);
        u64 part = run < (1ull << 40) ? MIN(to - from, run * PAGE_SIZE - within) : to - from;
        if (memory)
            memset(memory + within, 0, part);
        from += part;
    }
}

/* Makes [from, to) read as zeroes, giving whole pages back. */
static void punch(struct inode *i, u64 from, u64 to)
{
    struct ram_file *r = i->data;
    if (!r || from >= to)
        return;
    u64 first = (from + PAGE_SIZE - 1) / PAGE_SIZE, last = to / PAGE_SIZE;
    if (first < last) {
        zero_range(&r->store, from, first * PAGE_SIZE);
        store_cut(&r->store, first, last, i->map_count != 0);
        zero_range(&r->store, last * PAGE_SIZE, to);
    } else {
        zero_range(&r->store, from, to);
    }
}

long ram_file_resize(struct inode *i, u64 size)
{
    u32 seals = seals_of(i);
    if ((size < i->size && (seals & F_SEAL_SHRINK)) || (size > i->size && (seals & F_SEAL_GROW)))
        return -EPERM;
    if (size > SIZE_MOST)
        return -EFBIG;
    if (size < i->size)
        punch(i, size, UINT64_MAX & PAGE_MASK);
    else if (size > i->size)
        trim_ahead(i);
    touch_modified(i);
    drop_set_id(i);
    i->size = size;
    count_blocks(i);
    return 0;
}

static long ram_seek(struct file *f, s64 offset, int whence)
{
    struct inode *i = f->inode;
    if (whence != SEEK_DATA && whence != SEEK_HOLE)
        return seek_within(f, offset, whence, i->size);
    if (offset < 0 || (u64)offset >= i->size)
        return -ENXIO;
    lock_take(&i->lock);
    struct page_store none = {0};
    struct ram_file *r = i->data;
    u64 page = (u64)offset / PAGE_SIZE;
    u64 found = store_next(r ? &r->store : &none, page, whence == SEEK_DATA);
    u64 size = i->size;
    lock_release(&i->lock);
    u64 at = found == page ? (u64)offset : found == UINT64_MAX ? size : found * PAGE_SIZE;
    if (at >= size) {
        if (whence == SEEK_DATA)
            return -ENXIO;
        at = size;
    }
    f->position = at;
    return (long)at;
}

/* The pages [offset, offset+length), or the first run of them. Inode lock held. */
static long map_run(struct inode *i, u64 offset, size_t length, struct map_source *out)
{
    u64 end = PAGE_ALIGN(i->size), run;
    if (offset >= end) {
        *out = (struct map_source){.kind = MAP_SOURCE_BEYOND, .length = length};
        return 0;
    }
    struct ram_file *r = ram_file_data(i);
    u64 want = MIN(PAGE_ALIGN(length), end - offset) / PAGE_SIZE;
    u8 *memory = r ? store_make(&r->store, offset / PAGE_SIZE, want, &run) : NULL;
    if (!memory)
        return -ENOMEM;
    *out = (struct map_source){
        .kind = MAP_SOURCE_HEAP, .heap = memory, .length = MIN(run, want) * PAGE_SIZE};
    count_blocks(i);
    return 0;
}

static long ram_map(struct file *f, u64 offset, size_t length, int prot, bool shared,
                    struct map_source *out)
{
    struct inode *i = f->inode;
    bool writes = shared && (prot & 2 /* PROT_WRITE */);
    if (writes && (seals_of(i) & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
        return -EPERM;
    lock_take(&i->lock);
    long r = map_run(i, offset, length, out);
    lock_release(&i->lock);
    return r;
}

static long ram_sync(struct file *f __attribute__((unused)), bool data_only __attribute__((unused)))
{
    return 0;
}

/* Makes all pages of [offset, end). 0 or -ENOSPC. */
static long fill_holes(struct inode *i, u64 offset, u64 end)
{
    struct ram_file *r = ram_file_data(i);
    for (u64 page = offset / PAGE_SIZE, last = (end + PAGE_SIZE - 1) / PAGE_SIZE; page < last;) {
        u64 run;
        if (!r || !store_make(&r->store, page, last - page, &run))
            return -ENOSPC;
        page += run;
    }
    return 0;
}

static long ram_allocate(struct file *f, int mode, u64 offset, u64 length)
{
    struct inode *i = f->inode;
    u64 end = offset + length;
    u32 seals = seals_of(i);
    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
        return -EOPNOTSUPP;
    bool zero = mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE);
    if ((zero && (seals & F_SEAL_WRITE)) ||
        (end > i->size && !(mode & FALLOC_FL_KEEP_SIZE) && (seals & F_SEAL_GROW)))
        return -EPERM;
    lock_take(&i->lock);
    if (zero)
        punch(i, offset, MIN(end, PAGE_ALIGN(i->size)));
    long r = mode & FALLOC_FL_PUNCH_HOLE ? 0 : fill_holes(i, offset, end);
    if (!r) {
        if (!(mode & FALLOC_FL_KEEP_SIZE) && end > i->size)
            i->size = end;
        touch_modified(i);
        drop_set_id(i);
    }
    count_blocks(i);
    lock_release(&i->lock);
    return r;
}

const struct file_ops ram_file_ops = {
    .name = "file",
    .read = ram_read,
    .write = ram_write,
    .seek = ram_seek,
    .map = ram_map,
    .sync = ram_sync,
    .allocate = ram_allocate,
};
