/* SPDX-License-Identifier: Apache-2.0 */
/* Open host files. */
#include "libos/fs/hostfs.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "base/string.h"
#include "libos/sync/patience.h"

static enum handle_kind kind_of(const struct file *f)
{
    return file_writable(f) ? HANDLE_WRITE : HANDLE_READ;
}

/* Brings in what is missing at *position. Bytes that are there then; 0: end of file. */
static long bring_in(struct file *f, u64 position, size_t want)
{
    struct inode *i = f->inode;
    struct host_inode *h = host_inode(i);
    long slot = hostfs_slot(i, f->dentry, HANDLE_READ);
    return slot < 0 ? slot : cache_fill(&h->cache, position, i->size, want);
}

/* The contents may have changed on the host since they were last compared. */
static void check_contents(struct file *f)
{
    struct inode *i = f->inode;
    if (likely(hostfs_now() < host_inode(i)->good_until) || cache_dirty(&host_inode(i)->cache))
        return;
    if (lock_take_patiently(&i->lock))
        return;
    hostfs_freshen(i, f->dentry);
    lock_release(&i->lock);
}

static long read_more(struct file *f, struct io *io, u64 *position, bool *direct)
{
    struct inode *i = f->inode;
    long r = lock_take_patiently(&i->lock);
    if (r)
        return r;
    *direct = hostfs_written_through(i);
    r = *direct ? hostfs_read_direct(i, f->dentry, io, position) : bring_in(f, *position, io->left);
    lock_release(&i->lock);
    return r;
}

static long host_read(struct file *f, struct io *io, u64 *position)
{
    struct inode *i = f->inode;
    struct host_inode *h = host_inode(i);
    long total = 0;
    bool direct = false;
    check_contents(f);
    while (io->left && !direct) {
        long r = cache_read(&h->cache, *position, i->size, io);
        if (r < 0)
            return total ? total : r;
        *position += (u64)r;
        total += r;
        if (io->left == 0 || (*position >= i->size && !h->written_through))
            break;
        if (r > 0)
            continue;
        r = read_more(f, io, position, &direct);
        if (r < 0)
            return total ? total : r;
        if (direct)
            total += r;
        else if (r == 0)
            break;
    }
    return total;
}

/* Where data or a hole begins. Only of files that have fewer blocks than their size needs the host
 * is asked: all others are all data. */
static long seek_data(struct file *f, s64 offset, int whence)
{
    struct inode *i = f->inode;
    long r = lock_take_patiently(&i->lock);
    if (r)
        return r;
    r = -ENXIO;
    if (cache_dirty(&host_inode(i)->cache))
        hostfs_flush(i);
    hostfs_freshen(i, f->dentry);
    if (offset >= 0 && (u64)offset < i->size) {
        r = whence == SEEK_DATA ? offset : (long)i->size;
        long slot = i->blocks * 512 < i->size ? hostfs_slot(i, f->dentry, kind_of(f)) : 0;
        if (slot > 0)
            r = invoke_retry((u32)slot, RF_OP_FILE_SEEK, (u64)offset, (u64)whence, 0, 0);
    }
    lock_release(&i->lock);
    return r;
}

static long host_seek(struct file *f, s64 offset, int whence)
{
    s64 base = 0;
    switch (whence) {
    case SEEK_SET: break;
    case SEEK_CUR: base = (s64)f->position; break;
    case SEEK_END:
        check_contents(f);
        base = (s64)f->inode->size;
        break;
    case SEEK_DATA:
    case SEEK_HOLE:
        base = seek_data(f, offset, whence);
        if (base < 0)
            return base;
        offset = 0;
        break;
    default: return -EINVAL;
    }
    s64 to;
    if (__builtin_add_overflow(base, offset, &to) || to < 0)
        return -EINVAL;
    f->position = (u64)to;
    return to;
}

static long host_sync(struct file *f, bool data_only)
{
    struct inode *i = f->inode;
    long r = lock_take_patiently(&i->lock);
    if (r)
        return r;
    r = hostfs_flush(i);
    long slot = r == -ERESTARTSYS ? r : hostfs_slot(i, f->dentry, kind_of(f));
    r = slot;
    if (slot > 0 && !i->fs->read_only)
        r = invoke_retry((u32)slot, RF_OP_FILE_SYNC, data_only, 0, 0, 0);
    long late = hostfs_late_error(f);
    lock_release(&i->lock);
    return late ? late : MIN(r, 0);
}

static long host_flush(struct file *f)
{
    if (!file_writable(f))
        return 0;
    struct inode *i = f->inode;
    if (lock_take_patiently(&i->lock))
        return 0; /* it is still to be sent */
    if (!host_inode(i)->gone)
        hostfs_flush(i);
    long r = hostfs_late_error(f);
    lock_release(&i->lock);
    return r;
}

static void host_release(struct file *f)
{
    struct inode *i = f->inode;
    enum handle_kind kind = kind_of(f);
    if (kind == HANDLE_WRITE && lock_take_patiently(&i->lock) == 0) {
        struct host_inode *h = host_inode(i);
        if (!h->gone)
            hostfs_flush(i);
        cache_end_writing(&h->cache);
        lock_release(&i->lock);
    }
    hostfs_handle_put(i, kind);
}

static long host_truncate(struct file *f, u64 size)
{
    struct rf_setattr s = {.which = RF_SETATTR_SIZE, .size = size};
    /* By name only for a file that was opened for reading with O_TRUNC: it has no other way. */
    struct dentry *d = file_writable(f) || f->dentry->inode != f->inode ? NULL : f->dentry;
    return f->inode->ops->setattr(f->inode, d, &s);
}

static long host_allocate(struct file *f, int mode, u64 offset, u64 length)
{
    struct inode *i = f->inode;
    long r = lock_take_patiently(&i->lock);
    if (r)
        return r;
    r = hostfs_flush(i);
    if (r == 0)
        r = hostfs_slot(i, f->dentry, HANDLE_WRITE);
    if (r > 0) {
        r = invoke_retry((u32)r, RF_OP_FILE_ALLOCATE, (u64)mode, offset, length, 0);
        hostfs_sent(i);
        cache_file_drop(&host_inode(i)->cache);
        host_inode(i)->good_until = 0;
        hostfs_freshen(i, f->dentry);
    }
    lock_release(&i->lock);
    return r;
}

static long host_getattr(struct file *f, struct rf_attr *out)
{
    return f->inode->ops->getattr(f->inode, f->dentry, out);
}

/* A writer's slot may serve readers as well, so the rights are cut to the file's own. */
static long host_capability(struct file *f, u32 rights)
{
    struct inode *i = f->inode;
    rights &= (file_readable(f) ? RF_RIGHT_READ | RF_RIGHT_EXEC : 0) |
              (file_writable(f) ? RF_RIGHT_WRITE : 0);
    lock_take(&i->lock);
    hostfs_flush(i);
    long slot = hostfs_slot(i, f->dentry, kind_of(f)), r = slot;
    if (slot > 0)
        r = invoke_surely((u32)slot, RF_OP_COPY, rights, 0, 0, 0);
    lock_release(&i->lock);
    return r;
}

static const struct file_ops host_file_ops_of_file = {
    .name = "file",
    .read = host_read,
    .write = hostfs_write,
    .seek = host_seek,
    .map = hostfs_map,
    .sync = host_sync,
    .flush = host_flush,
    .release = host_release,
    .getattr = host_getattr,
    .truncate = host_truncate,
    .allocate = host_allocate,
    .capability = host_capability,
};

/* The name leads to another object since it was walked: f becomes a file of that one. */
static long take_replacement(struct dentry *d, struct file *f)
{
    struct inode *i = NULL;
    struct rf_msg *m = message_get();
    u64 asked = hostfs_sends();
    d->expires = 0;
    long r = hostfs_ask(d, m);
    if (r == 0 && !S_ISREG(hostfs_attr(m)->mode))
        r = -ENOENT;
    if (r == 0) {
        i = hostfs_inode(d->fs, hostfs_attr(m), asked, NULL, 0);
        r = i ? 0 : -ENOMEM;
    }
    message_put(m);
    if (r == 0) {
        struct inode *old = f->inode;
        f->inode = i;
        inode_put(old);
    }
    return r;
}

long hostfs_open_file(struct inode *i, struct dentry *d, struct file *f)
{
    long r = -ESTALE;
    for (int tries = 0; tries < 3 && r == -ESTALE; tries++) {
        if (tries && (r = take_replacement(d, f)) < 0)
            return r;
        i = f->inode;
        r = lock_take_patiently(&i->lock);
        if (r)
            return r;
        if (host_inode(i)->fresh)
            f->flags &= ~(u32)O_TRUNC;
        host_inode(i)->fresh = false;
        r = hostfs_handle_get(i, d, kind_of(f), &f->flags);
        lock_release(&i->lock);
    }
    if (r < 0)
        return r;
    f->ops = &host_file_ops_of_file;
    f->data = (void *)(u64)host_inode(i)->error_count;
    return 0;
}
