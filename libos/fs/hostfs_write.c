/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to host files: collecting, sending, late errors. The rule is in hostfs.c. */
#include "libos/fs/hostfs.h"

#include <linux/fcntl.h>

#include "libos/fs/hostfs_cell.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include "libos/sync/patience.h"
#include "libos/time/clock.h"

#define DIRTY_BLOCKS_MOST 64u        /* of one file: 4 MiB */
#define COLLECT_FOR       5000000ull /* ns */

/* The inodes that have dirty data. The lock is a leaf. */
struct dirty_inodes {
    struct lock lock;
    struct list list; /* of struct host_inode */
    u32 count;
};

static struct dirty_inodes *dirty;

void hostfs_write_init(void)
{
    dirty = heap_alloc(sizeof(*dirty));
    if (!dirty)
        panic("no memory for host directories");
    list_init(&dirty->list);
}

static void enter_dirty_list(struct host_inode *h)
{
    lock_take(&dirty->lock);
    if (list_empty(&h->dirty_link)) {
        inode_get(h->inode);
        list_add_tail(&dirty->list, &h->dirty_link);
        dirty->count++;
        h->dirty_since = hostfs_now();
    }
    lock_release(&dirty->lock);
}

static void leave_dirty_list(struct host_inode *h)
{
    if (list_empty(&h->dirty_link))
        return;
    lock_take(&dirty->lock);
    bool was_on = !list_empty(&h->dirty_link);
    if (was_on) {
        list_del(&h->dirty_link);
        dirty->count--;
    }
    lock_release(&dirty->lock);
    if (was_on)
        inode_put(h->inode);
}

/* ---- to and from the host ---- */

static struct inode *inode_of(struct cached_file *c)
{
    return container_of(c, struct host_inode, cache)->inode;
}

static long read_to_heap(struct cached_file *c, u64 offset, void *memory, size_t n)
{
    long slot = hostfs_slot(inode_of(c), NULL, HANDLE_READ), r;
    if (slot < 0)
        return slot;
    if (hostfs_by_program(inode_of(c)->fs))
        return hostfs_read_messages((u32)slot, offset, memory, n);
    do {
        r = invoke((u32)slot, RF_OP_FILE_TO_HEAP, offset, n, heap_offset(memory), 0);
    } while (r == -EINTR);
    return r;
}

/* Appended data may land further on than we thought, if somebody on the host appends as well: then
 * what we have cached is not what the file has. */
static long write_from_heap(struct cached_file *c, u64 offset, const void *memory, size_t n)
{
    struct host_inode *h = container_of(c, struct host_inode, cache);
    long slot = hostfs_slot(h->inode, NULL, HANDLE_WRITE), r;
    if (slot < 0)
        return slot;
    h->own_change = true;
    h->good_until = 0;
    if (hostfs_by_program(h->inode->fs)) {
        u64 end = offset + n;
        r = hostfs_write_messages((u32)slot, offset, memory, n, h->appended, &end);
        h->misplaced |= h->appended && r > 0 && end != offset + (u64)r;
        return r;
    }
    struct rf_msg *m = h->appended ? message_get() : NULL;
    if (m)
        m->data_length = 0;
    do {
        r = m ? invoke_message((u32)slot, RF_OP_FILE_FROM_HEAP, m, offset, n, heap_offset(memory),
                               1)
              : invoke((u32)slot, RF_OP_FILE_FROM_HEAP, offset, n, heap_offset(memory), 0);
    } while (r == -EINTR);
    hostfs_sent(h->inode);
    if (m && r > 0 && m->words[0] != offset + (u64)r)
        h->misplaced = true;
    if (m)
        message_put(m);
    return r;
}

const struct cache_backing host_backing = {.read = read_to_heap, .write = write_from_heap};

long hostfs_flush(struct inode *i)
{
    struct host_inode *h = host_inode(i);
    if (!cache_dirty(&h->cache)) {
        leave_dirty_list(h); /* filling a block may have sent it */
        return 0;
    }
    h->misplaced = false;
    long r = cache_flush(&h->cache);
    h->good_until = 0;
    if (r == -ERESTARTSYS)
        return r;
    h->own_change = !h->misplaced && r == 0;
    if (r < 0) {
        h->error = (int)r;
        h->error_count++;
    }
    leave_dirty_list(h);
    return r;
}

long hostfs_late_error(struct file *f)
{
    struct host_inode *h = host_inode(f->inode);
    u32 seen = (u32)(u64)f->data;
    f->data = (void *)(u64)h->error_count;
    return seen == h->error_count ? 0 : h->error;
}

/* Takes the longest dirty inode to the end of the list; with a reference. NULL: none. */
static struct inode *next_dirty(void)
{
    struct inode *i = NULL;
    lock_take(&dirty->lock);
    if (!list_empty(&dirty->list)) {
        struct host_inode *h = list_first(&dirty->list, struct host_inode, dirty_link);
        list_del(&h->dirty_link);
        list_add_tail(&dirty->list, &h->dirty_link);
        i = h->inode;
        inode_get(i);
    }
    lock_release(&dirty->lock);
    return i;
}

bool hostfs_any_dirty(void)
{
    return dirty && (__atomic_load_n(&dirty->count, __ATOMIC_RELAXED) || hostfs_late_drop());
}

void hostfs_flush_all(void)
{
    for (u32 n = dirty ? dirty->count : 0; n; n--) {
        struct inode *i = next_dirty();
        if (!i)
            break;
        lock_take(&i->lock);
        if (!host_inode(i)->gone)
            hostfs_flush(i);
        lock_release(&i->lock);
        inode_put(i);
    }
    hostfs_drop_late();
}

void hostfs_flush_mine(void)
{
    int pid = current_process->pid;
    for (u32 n = dirty->count; n; n--) {
        struct inode *i = next_dirty();
        if (!i)
            break;
        const struct host_inode *h = host_inode(i);
        if (h->writer == pid && !h->gone && lock_try(&i->lock)) {
            hostfs_flush(i);
            lock_release(&i->lock);
        }
        inode_put(i);
    }
    hostfs_drop_late();
}

/* ---- past the cache ---- */

bool hostfs_written_through(struct inode *i)
{
    struct host_inode *h = host_inode(i);
    if (h->written_through && __atomic_load_n(&i->map_count, __ATOMIC_ACQUIRE) == 0) {
        h->written_through = false;
        h->good_until = 0;
    }
    return h->written_through;
}

long hostfs_read_direct(struct inode *i, struct dentry *d, struct io *io, u64 *position)
{
    long total = 0, slot = hostfs_slot(i, d, HANDLE_READ);
    if (slot < 0)
        return slot;
    struct rf_msg *m = message_get();
    while (io->left) {
        size_t n = MIN(io->left, RF_MSG_DATA);
        m->data_length = 0;
        long r = invoke_message_retry((u32)slot, RF_OP_FILE_READ, m, *position, n, 0, 0);
        if (r > 0)
            r = io_put(io, m->data, (size_t)r);
        if (r < 0 && !total)
            total = r;
        if (r <= 0)
            break;
        total += r;
        *position += (u64)r;
    }
    message_put(m);
    return total;
}

static long write_direct(struct file *f, struct io *io, u64 *position)
{
    struct inode *i = f->inode;
    long total = 0, slot = hostfs_slot(i, f->dentry, HANDLE_WRITE);
    if (slot < 0)
        return slot;
    struct rf_msg *m = message_get();
    while (io->left) {
        long r = io_take(io, m->data, MIN(io->left, RF_MSG_DATA));
        if (r > 0) {
            m->data_length = (u32)r;
            r = invoke_message_retry((u32)slot, RF_OP_FILE_WRITE, m, *position,
                                     !!(f->flags & O_APPEND), 0, 0);
        }
        if (r < 0 && !total)
            total = r;
        if (r <= 0)
            break;
        total += r;
        *position += (u64)r;
        i->size = m->words[0];
    }
    message_put(m);
    hostfs_sent(i);
    host_inode(i)->good_until = 0;
    return total;
}

/* ---- writing ---- */

/* Must what was just written be on its way before the call returns? */
static bool must_send(const struct file *f, const struct host_inode *h, u64 now)
{
    return (f->flags & (O_DSYNC | O_SYNC | O_DIRECT)) || f->inode->map_count ||
           h->cache.dirty_blocks > DIRTY_BLOCKS_MOST || now - h->last_write >= COLLECT_FOR ||
           now - h->dirty_since >= COLLECT_FOR;
}

static void note_write(struct inode *i, u64 end)
{
    if (end > i->size)
        i->size = end;
    i->modified = i->changed = time_now();
    host_inode(i)->writer = current_process->pid;
    enter_dirty_list(host_inode(i));
}

static long write_cached(struct file *f, struct io *io, u64 *position)
{
    struct inode *i = f->inode;
    struct host_inode *h = host_inode(i);
    bool append = f->flags & O_APPEND;
    if (cache_dirty(&h->cache) && h->appended != append && hostfs_flush(i) == -ERESTARTSYS)
        return -ERESTARTSYS;
    h->appended = append;
    long slot = hostfs_slot(i, f->dentry, HANDLE_WRITE);
    if (slot < 0)
        return slot;
    long r = cache_write(&h->cache, *position, i->size, io);
    if (r <= 0)
        return r;
    note_write(i, *position + (u64)r);
    u64 now = hostfs_now();
    long error = must_send(f, h, now) ? hostfs_flush(i) : 0;
    if (error == -ERESTARTSYS && !(f->flags & (O_DSYNC | O_SYNC)))
        error = 0; /* it is still to be sent */
    h->last_write = now;
    if (error) {
        hostfs_late_error(f); /* it is told here */
        return error;
    }
    *position += (u64)r;
    return r;
}

long hostfs_write(struct file *f, struct io *io, u64 *position)
{
    struct inode *i = f->inode;
    if (io->left == 0)
        return 0;
    long r = lock_take_patiently(&i->lock);
    if (r)
        return r;
    if (f->flags & O_APPEND) {
        hostfs_freshen(i, f->dentry);
        *position = i->size;
    }
    r = hostfs_written_through(i) ? write_direct(f, io, position) : write_cached(f, io, position);
    if (r > 0)
        hostfs_drop_set_id(i);
    lock_release(&i->lock);
    return r;
}
