/* SPDX-License-Identifier: Apache-2.0 */
/* What the file calls tell inotify and epoll. */
#ifndef LIBOS_FS_NOTIFY_H
#define LIBOS_FS_NOTIFY_H

#include <linux/inotify.h>
#include "libos/fs/vfs.h"

struct file;

/* fs/epoll.c: takes f off every epoll instance. Called when f's last reference is gone. */
void epoll_forget_file(struct file *f);

/* Something happened to the object i that was reached as d (may be NULL): tells watchers of i and
 * of the directory that d is in. */
static inline void notify_change(struct inode *i, struct dentry *d, u32 mask)
{
    u32 dir = (i->mode & 0170000) == 0040000 ? IN_ISDIR : 0;
    if (unlikely(!list_empty(&i->watches)))
        notify_inode(i, mask | dir, NULL, 0);
    if (d && d->parent != d && !d->unlinked && unlikely(!list_empty(&d->parent->inode->watches)))
        notify_inode(d->parent->inode, mask | dir, d->name, 0);
}

/* A name came to be or went in the directory `parent`. */
static inline void notify_name(struct inode *parent, u32 mask, const char *name, u32 cookie)
{
    if (unlikely(!list_empty(&parent->watches)))
        notify_inode(parent, mask, name, cookie);
}

#endif
