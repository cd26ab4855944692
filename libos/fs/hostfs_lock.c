/* SPDX-License-Identifier: Apache-2.0 */
/* Record locks towards the host, in read-write grants: the cell holds on the host what its
 * processes hold within it (fs/filelock.c). All go by one open file of the host, the one for
 * writing, since locks of two would stand against each other. */
#include "libos/fs/hostfs.h"

#include <linux/fcntl.h>

#define LAST_BYTE ((u64)INT64_MAX)

/* The slot for locks, which is kept while there are any. 0: the host does not let us write. */
static u32 lock_slot(struct inode *i, struct dentry *d)
{
    struct host_inode *h = host_inode(i);
    u32 flags = 0;
    if (!h->locked && d && hostfs_handle_get(i, d, HANDLE_WRITE, &flags) == 0)
        h->locked = true;
    return h->locked ? h->handles[HANDLE_WRITE].slot : 0;
}

static void forget_contents(struct inode *i)
{
    if (hostfs_flush(i) == -ERESTARTSYS)
        return;
    cache_file_drop(&host_inode(i)->cache);
    host_inode(i)->good_until = 0;
}

long hostfs_lock(struct inode *i, struct dentry *d, int type, u64 start, u64 end)
{
    if (i->fs->read_only)
        return 0;
    lock_take(&i->lock);
    u32 slot = lock_slot(i, d);
    long r = 0;
    if (type == F_UNLCK)
        hostfs_flush(i);
    if (slot) {
        u64 length = end == LAST_BYTE ? 0 : end - start + 1;
        r = invoke_retry(slot, RF_OP_FILE_LOCK, (u64)type, start, length, 0);
        if (r == 0 && type != F_UNLCK)
            forget_contents(i);
    }
    lock_release(&i->lock);
    return r == -EAGAIN || r == -ERESTARTSYS
               ? r
               : 0; /* where the host has no locks, those of the cell must do */
}

void hostfs_unlocked(struct inode *i)
{
    struct host_inode *h = host_inode(i);
    lock_take(&i->lock);
    bool was = h->locked;
    h->locked = false;
    if (was)
        hostfs_handle_put(i, HANDLE_WRITE);
    lock_release(&i->lock);
}
