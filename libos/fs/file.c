/* SPDX-License-Identifier: Apache-2.0 */
/* Open files: their making and their end.
 *
 * The memory of a struct file is never used for anything else again: it goes back to a list of free
 * ones. So a thread that read a descriptor's pointer without a lock may raise `references` if it is
 * not 0, and then look whether the descriptor still has this file (fdtable.c). */
#include "libos/fs/file.h"
#include "libos/fs/async.h"
#include "libos/fs/dentry.h"
#include "libos/fs/filelock.h"
#include "libos/fs/notify.h"
#include "libos/mm/heap.h"
#include <linux/fcntl.h>

static struct file *take_free(void)
{
    struct namespace *ns = the_namespace;
    lock_take(&ns->files_lock);
    struct file *f = ns->free_files;
    if (f)
        ns->free_files = f->data;
    lock_release(&ns->files_lock);
    return f ? f : heap_alloc_first(sizeof(*f));
}

static void give_free(struct file *f)
{
    struct namespace *ns = the_namespace;
    lock_take(&ns->files_lock);
    f->data = ns->free_files;
    ns->free_files = f;
    lock_release(&ns->files_lock);
}

struct file *file_new(const struct file_ops *ops, u32 flags, struct dentry *d, struct inode *i)
{
    struct file *f = take_free();
    if (!f)
        return NULL;
    f->ops = ops;
    f->flags = flags;
    f->position_lock.state = 0;
    f->position = 0;
    f->dentry = d;
    f->inode = i;
    f->data = NULL;
    f->slot = 0;
    f->owner = (struct file_owner){0};
    f->async = NULL;
    f->counted_writer = false;
    list_init(&f->epoll_items);
    if (d)
        dentry_get(d);
    if (i)
        inode_get(i);
    __atomic_store_n(&f->references, 1, __ATOMIC_RELEASE);
    return f;
}

/* The last reference is gone. */
static void file_end(struct file *f)
{
    struct inode *i = f->inode;
    if (!list_empty(&f->epoll_items))
        epoll_forget_file(f);
    if (f->async)
        async_forget(f);
    if (i && i->locks)
        file_locks_end_file(f);
    if (f->ops && f->ops->release)
        f->ops->release(f);
    if (i && f->ops && !(f->flags & O_PATH))
        notify_change(i, f->dentry, file_writable(f) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
    if (i && f->counted_writer)
        __atomic_sub_fetch(&i->writers, 1, __ATOMIC_RELAXED);
    if (f->dentry)
        dentry_put(f->dentry);
    if (i)
        inode_put(i);
    give_free(f);
}

void file_put(struct file *f)
{
    if (f && __atomic_sub_fetch(&f->references, 1, __ATOMIC_ACQ_REL) == 0)
        file_end(f);
}
