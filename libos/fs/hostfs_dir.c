/* SPDX-License-Identifier: Apache-2.0 */
/* Open host directories. The host's positions (cookies) are passed through; entries are fetched in
 * messages of up to 64 KiB and handed out in as many calls as the program's buffer needs. */
#include "libos/fs/hostfs.h"

#include <linux/fcntl.h>
#include <linux/fs.h>

#include "base/string.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/time/clock.h"

/* The Linux ABI's linux_dirent64. */
struct entry {
    u64 inode;
    s64 next; /* position of the entry behind it */
    u16 length;
    u8 type;
    char name[];
};

/* file.data: entries fetched, in one heap block. */
struct fetched {
    u64 position;   /* of the first that is not handed out yet */
    u32 at, length; /* bytes handed out, bytes there */
    bool last;      /* nothing follows */
    u8 data[];
};

/* A directory that was changed just now may change again without showing it by its times. */
#define SETTLED_SECONDS 2

/* The directory's slot, opened at first use. f->position_lock is held. */
static long dir_slot(struct file *f)
{
    if (f->slot)
        return f->slot;
    struct rf_msg *m = message_get();
    m->data_length = 0;
    long r = -ENOENT;
    if (!f->dentry->unlinked)
        r = hostfs_invoke_name(f->dentry, RF_OP_DIR_OPEN, m, O_RDONLY | O_DIRECTORY, 0, 0, 0);
    message_put(m);
    if (r > 0)
        f->slot = (u32)r;
    return r;
}

/* Makes `length` bytes what f has fetched from `position` on. NULL: no memory. */
static struct fetched *take_fetched(struct file *f, u64 position, u32 length, bool last)
{
    struct fetched *n = heap_alloc(sizeof(*n) + length);
    if (!n)
        return NULL;
    n->position = position;
    n->at = 0;
    n->length = length;
    n->last = last;
    heap_free(f->data);
    f->data = n;
    return n;
}

/* The entries from `position` on, by the open directory. 0 or -E…. */
static long fetch_by_slot(struct file *f, u64 position)
{
    long r = dir_slot(f);
    if (r < 0)
        return r;
    struct rf_msg *m = message_get();
    m->data_length = 0;
    r = invoke_message_retry(f->slot, RF_OP_FILE_READDIR, m, position, 0, 0, 0);
    if (r >= 0) {
        u32 length = r ? m->data_length : 0;
        struct fetched *n = take_fetched(f, position, length, r == 0);
        if (n)
            memcpy(n->data, m->data, length);
        r = n ? 0 : -ENOMEM;
    }
    message_put(m);
    return r;
}

/* The directory's entries in the cache, if they are there and have not changed. True: taken. */
static bool fetch_from_cache(struct file *f)
{
    struct inode *i = f->inode;
    struct host_inode *h = host_inode(i);
    struct io_piece piece;
    struct io io;
    hostfs_freshen(i, f->dentry);
    if (!h->names_length || !cache_holds_whole(&h->cache, h->names_length))
        return false;
    struct fetched *n = take_fetched(f, 0, h->names_length, true);
    if (!n)
        return false;
    io_init_ours(&io, &piece, n->data, n->length);
    if (cache_read(&h->cache, 0, n->length, &io) == (long)n->length)
        return true;
    n->length = 0; /* it was given back meanwhile */
    n->position = UINT64_MAX;
    return false;
}

/* Keeps all the names for the next reader, if the directory has been quiet. */
static void keep_names(struct inode *i, const struct rf_msg *m)
{
    struct host_inode *h = host_inode(i);
    bool settled = time_now().seconds - i->changed.seconds > SETTLED_SECONDS;
    h->names_length = settled ? m->data_length : 0;
    if (settled)
        cache_insert_start(&h->cache, m->data, m->data_length);
}

/* All the entries by one invocation, or as many as it gives. i->lock held. 0 or -E…. */
static long fetch_by_name(struct file *f)
{
    struct rf_msg *m = message_get();
    m->data_length = 0;
    long r = -ENOENT;
    if (!f->dentry->unlinked)
        r = hostfs_invoke_name(f->dentry, RF_OP_DIR_LIST, m, 0, 0, 0, 0);
    if (r >= 0) {
        bool all = m->words[0];
        u32 length = r ? m->data_length : 0;
        struct fetched *n = take_fetched(f, 0, length, all);
        if (n)
            memcpy(n->data, m->data, length);
        if (n && all && r)
            keep_names(f->inode, m);
        r = n ? 0 : -ENOMEM;
    }
    message_put(m);
    return r;
}

/* Fetches the entries from f->position on. 0 or -E…. */
static long fetch(struct file *f)
{
    if (f->position)
        return fetch_by_slot(f, f->position);
    lock_take(&f->inode->lock);
    hostfs_listed(f->inode);
    long r = fetch_from_cache(f) ? 0 : fetch_by_name(f);
    lock_release(&f->inode->lock);
    return r;
}

static long host_readdir(struct file *f, void *buffer, size_t size)
{
    struct fetched *n = f->data;
    if (!n || n->position != f->position || (n->at == n->length && !n->last)) {
        long r = fetch(f);
        if (r < 0)
            return r;
        n = f->data;
    }
    size_t done = 0;
    while (n->at < n->length) {
        const struct entry *e = (const struct entry *)(n->data + n->at);
        if (done + e->length > size)
            return done ? (long)done : -EINVAL;
        memcpy((u8 *)buffer + done, e, e->length);
        done += e->length;
        n->at += e->length;
        n->position = f->position = (u64)e->next;
    }
    return (long)done;
}

static long dir_seek(struct file *f, s64 offset, int whence)
{
    long r = seek_without_size(f, offset, whence);
    if (r >= 0) {
        heap_free(f->data); /* a program that goes back wants to see what is there now */
        f->data = NULL;
    }
    return r;
}

static long dir_sync(struct file *f, bool data_only)
{
    if (f->inode->fs->read_only)
        return 0;
    lock_take(&f->position_lock);
    long r = dir_slot(f);
    if (r > 0)
        r = invoke_retry(f->slot, RF_OP_FILE_SYNC, data_only, 0, 0, 0);
    lock_release(&f->position_lock);
    return r;
}

static void dir_release(struct file *f)
{
    heap_free(f->data);
    hostfs_drop_slot(f->slot);
}

static long dir_getattr(struct file *f, struct rf_attr *out)
{
    return f->inode->ops->getattr(f->inode, f->dentry, out);
}

static long dir_capability(struct file *f, u32 rights)
{
    struct dentry *d = f->dentry;
    rights &= hostfs_of(f->inode)->rights;
    if (d->parent == d)
        return invoke_surely(d->fs->slot, RF_OP_COPY, rights, 0, 0, 0);
    struct rf_msg *m = message_get();
    long r = d->unlinked ? -ENOENT : hostfs_invoke_name(d, RF_OP_DIR_DESCEND, m, rights, 0, 0, 0);
    message_put(m);
    return r;
}

static const struct file_ops dir_file_ops = {
    .name = "directory",
    .readdir = host_readdir,
    .seek = dir_seek,
    .sync = dir_sync,
    .release = dir_release,
    .getattr = dir_getattr,
    .capability = dir_capability,
};

long hostfs_open_dir(struct inode *i, struct dentry *d, struct file *f)
{
    (void)i;
    (void)d;
    f->ops = &dir_file_ops;
    return 0;
}
