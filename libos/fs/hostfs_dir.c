/* SPDX-License-Identifier: Apache-2.0 */
/* Open host directories. The host's positions (cookies) are passed through; entries are fetched in
 * messages of up to 64 KiB and handed out in as many calls as the program's buffer needs. */
#include "libos/fs/hostfs.h"

#include <linux/fcntl.h>
#include <linux/fs.h>

#include "base/string.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"

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
    u8 data[];
};

/* The directory's slot, opened at first use. f->position_lock is held. */
static long dir_slot(struct file *f)
{
    if (f->slot)
        return f->slot;
    struct rf_msg *m = message_get();
    m->data_length = 0;
    long r = f->dentry->unlinked ? -ENOENT : hostfs_add_path(m, f->dentry);
    if (r >= 0)
        r = invoke_message_retry(f->dentry->fs->slot, RF_OP_DIR_OPEN, m, O_RDONLY | O_DIRECTORY, 0,
                                 0, 0);
    message_put(m);
    if (r > 0)
        f->slot = (u32)r;
    return r;
}

/* Fetches the entries from `position` on. 1, 0 at the end, or -E…. */
static long fetch(struct file *f, u64 position)
{
    long r = dir_slot(f);
    if (r < 0)
        return r;
    struct rf_msg *m = message_get();
    m->data_length = 0;
    r = invoke_message_retry(f->slot, RF_OP_FILE_READDIR, m, position, 0, 0, 0);
    struct fetched *n = NULL;
    if (r > 0) {
        n = heap_alloc(sizeof(*n) + m->data_length);
        if (!n)
            r = -ENOMEM;
    }
    if (n) {
        n->position = position;
        n->at = 0;
        n->length = m->data_length;
        memcpy(n->data, m->data, m->data_length);
        heap_free(f->data);
        f->data = n;
    }
    message_put(m);
    return r > 0 ? 1 : r;
}

static long host_readdir(struct file *f, void *buffer, size_t size)
{
    struct fetched *n = f->data;
    if (!n || n->position != f->position || n->at == n->length) {
        long r = fetch(f, f->position);
        if (r <= 0)
            return r;
        n = f->data;
    }
    size_t done = 0;
    while (n->at < n->length) {
        const struct entry *e = (const struct entry *)(n->data + n->at);
        if (done + e->length > size)
            break;
        memcpy((u8 *)buffer + done, e, e->length);
        done += e->length;
        n->at += e->length;
        n->position = f->position = (u64)e->next;
    }
    return done ? (long)done : -EINVAL;
}

static long dir_seek(struct file *f, s64 offset, int whence)
{
    if (whence == SEEK_CUR)
        offset += (s64)f->position;
    else if (whence != SEEK_SET)
        return -EINVAL;
    if (offset < 0)
        return -EINVAL;
    f->position = (u64)offset;
    heap_free(f->data); /* a program that goes back wants to see what is there now */
    f->data = NULL;
    return offset;
}

static long dir_sync(struct file *f, bool data_only)
{
    if (f->inode->fs->read_only)
        return 0;
    lock_take(&f->position_lock);
    long r = dir_slot(f);
    if (r > 0) {
        do {
            r = invoke(f->slot, RF_OP_FILE_SYNC, data_only, 0, 0, 0);
        } while (r == -EINTR);
    }
    lock_release(&f->position_lock);
    return r;
}

static void dir_release(struct file *f)
{
    heap_free(f->data);
    while (f->slot && invoke(f->slot, RF_OP_DROP, 0, 0, 0, 0) == -EINTR)
        ;
}

static long dir_getattr(struct file *f, struct rf_attr *out)
{
    return f->inode->ops->getattr(f->inode, f->dentry, out);
}

static const struct file_ops dir_file_ops = {
    .name = "directory",
    .readdir = host_readdir,
    .seek = dir_seek,
    .sync = dir_sync,
    .release = dir_release,
    .getattr = dir_getattr,
};

long hostfs_open_dir(struct inode *i, struct dentry *d, struct file *f)
{
    (void)i;
    (void)d;
    f->ops = &dir_file_ops;
    return 0;
}
