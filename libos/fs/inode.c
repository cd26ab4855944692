/* SPDX-License-Identifier: Apache-2.0 */
/* Inodes, and who may do what with them. */
#include "libos/fs/access.h"
#include "libos/fs/filelock.h"
#include "libos/mm/heap.h"
#include "libos/time/clock.h"
#include <linux/stat.h>

struct inode *inode_new(struct filesystem *fs, const struct inode_ops *ops, u32 mode)
{
    struct inode *i = heap_alloc(sizeof(*i));
    if (!i)
        return NULL;
    i->ops = ops;
    i->fs = fs;
    i->references = 1;
    i->number = __atomic_add_fetch(&fs->next_inode, 1, __ATOMIC_RELAXED);
    i->mode = mode;
    i->links = S_ISDIR(mode) ? 2 : 1;
    i->accessed = i->modified = i->changed = i->born = time_now();
    list_init(&i->watches);
    return i;
}

void inode_put(struct inode *i)
{
    if (!i || __atomic_sub_fetch(&i->references, 1, __ATOMIC_ACQ_REL))
        return;
    if (i->ops->evict)
        i->ops->evict(i);
    if (i->locks)
        file_locks_free(i);
    heap_free(i->text_sites);
    heap_free(i);
}

void inode_attr(const struct inode *i, struct rf_attr *out)
{
    *out = (struct rf_attr){
        .device = i->fs->device,
        .inode = i->number,
        .size = i->size,
        .blocks = i->blocks,
        .rdev = i->rdev,
        .mode = i->mode,
        .links = i->links,
        .uid = i->uid,
        .gid = i->gid,
        .block_size = PAGE_SIZE,
        .accessed = i->accessed,
        .modified = i->modified,
        .changed = i->changed,
        .born = i->born,
    };
}

bool in_group(const struct process *p, u32 gid)
{
    if (p->fsgid == gid)
        return true;
    for (u32 n = 0; n < p->group_count; n++)
        if (p->groups[n] == gid)
            return true;
    return false;
}

/* The superuser reads and writes everything, searches every directory and executes what anybody
 * may. */
static bool superuser_may(const struct inode *i, u32 mask)
{
    return !(mask & 1) || S_ISDIR(i->mode) || (i->mode & 0111);
}

long may_access(struct inode *i, u32 mask)
{
    const struct process *p = current_process;
    if ((mask & 2) && i->fs->read_only &&
        (S_ISREG(i->mode) || S_ISDIR(i->mode) || S_ISLNK(i->mode)))
        return -EROFS;
    if (p->fsuid == 0)
        return superuser_may(i, mask) ? 0 : -EACCES;
    u32 granted = i->mode;
    if (p->fsuid == i->uid)
        granted >>= 6;
    else if (in_group(p, i->gid))
        granted >>= 3;
    return mask & ~granted & 7 ? -EACCES : 0;
}

bool owns_inode(const struct inode *i)
{
    u32 uid = current_process->fsuid;
    return uid == 0 || uid == i->uid;
}

long may_make(struct dentry *dir)
{
    return dir->unlinked ? -ENOENT : may_access(dir->inode, 2 | 1);
}

long may_remove(struct dentry *d)
{
    struct inode *dir = d->parent->inode;
    long r = may_access(dir, 2 | 1);
    if (!r && (dir->mode & S_ISVTX) && !owns_inode(dir) && !owns_inode(d->inode))
        r = -EPERM;
    return r;
}

void drop_set_id(struct inode *i)
{
    if (unlikely(i->mode & (S_ISUID | S_ISGID)) && current_process->fsuid != 0) {
        i->mode &= ~(u32)S_ISUID;
        if (i->mode & 010)
            i->mode &= ~(u32)S_ISGID;
    }
}
