/* SPDX-License-Identifier: Apache-2.0 */
/* The RAM file system. Its directories are the dentry tree itself: each name is kept by a reference
 * that making it took and removing it gives back. */
#include "libos/fs/ramfs.h"
#include "base/string.h"
#include "libos/fs/access.h"
#include "libos/fs/dentry.h"
#include "libos/fs/xattr.h"
#include "libos/mm/heap.h"
#include "libos/time/clock.h"
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/stat.h>

/* What tmpfs shows as the size of a directory: so many bytes for each entry and for itself. */
#define ENTRY_SIZE 20u
#define EMPTY_SIZE 40u

static void touch(struct inode *i)
{
    i->modified = i->changed = time_now();
}

void ramfs_gained(struct inode *dir, const struct inode *i)
{
    dir->size += ENTRY_SIZE;
    if (S_ISDIR(i->mode))
        dir->links++;
    touch(dir);
}

static void lost(struct inode *dir, const struct inode *i)
{
    dir->size -= ENTRY_SIZE;
    if (S_ISDIR(i->mode))
        dir->links--;
    touch(dir);
}

/* Gives the new object to its maker, and to the directory's group if that is set-gid. */
static void give_owner(struct inode *dir, struct inode *i)
{
    const struct process *p = current_process;
    i->uid = p->fsuid;
    i->gid = p->fsgid;
    if (dir->mode & S_ISGID) {
        i->gid = dir->gid;
        if (S_ISDIR(i->mode))
            i->mode |= S_ISGID;
    }
}

static long add(struct inode *dir, struct dentry *d, u32 mode, u64 rdev, const char *target)
{
    struct inode *i = ramfs_inode(dir->fs, mode, rdev, target);
    if (!i)
        return -ENOSPC;
    give_owner(dir, i);
    d->inode = i;
    dentry_get(d);
    ramfs_gained(dir, i);
    return 0;
}

static long ramfs_create(struct inode *dir, struct dentry *d, u32 mode, u64 rdev)
{
    return add(dir, d, mode, rdev, NULL);
}

static long ramfs_mkdir(struct inode *dir, struct dentry *d, u32 mode)
{
    return add(dir, d, S_IFDIR | (mode & 07777), 0, NULL);
}

static long ramfs_symlink(struct inode *dir, struct dentry *d, const char *target)
{
    return add(dir, d, S_IFLNK | 0777, 0, target);
}

static long ramfs_link(struct inode *dir, struct dentry *d, struct inode *target,
                       struct dentry *target_d __attribute__((unused)))
{
    target->links++;
    target->changed = time_now();
    inode_get(target);
    d->inode = target;
    dentry_get(d);
    ramfs_gained(dir, target);
    return 0;
}

static long ramfs_tmpfile(struct inode *dir, u32 mode, struct inode **out)
{
    struct inode *i = ramfs_inode(dir->fs, mode, 0, NULL);
    if (!i)
        return -ENOSPC;
    give_owner(dir, i);
    i->links = 0;
    *out = i;
    return 0;
}

static long ramfs_unlink(struct inode *dir, struct dentry *d)
{
    d->inode->links--;
    lost(dir, d->inode);
    d->inode->changed = dir->changed;
    dentry_put(d);
    return 0;
}

static long ramfs_rmdir(struct inode *dir, struct dentry *d)
{
    if (!dentry_childless(d))
        return -ENOTEMPTY;
    d->inode->links = 0;
    lost(dir, d->inode);
    dentry_put(d);
    return 0;
}

static long ramfs_rename(struct inode *from_dir, struct dentry *from, struct inode *to_dir,
                         struct dentry *to, u32 flags)
{
    bool exchange = flags & RENAME_EXCHANGE;
    if (!exchange && to->inode && S_ISDIR(to->inode->mode) && !dentry_childless(to))
        return -ENOTEMPTY;
    lost(from_dir, from->inode);
    ramfs_gained(to_dir, from->inode);
    from->inode->changed = to_dir->changed;
    if (exchange) {
        lost(to_dir, to->inode);
        ramfs_gained(from_dir, to->inode);
        to->inode->changed = to_dir->changed;
    } else if (to->inode) {
        to->inode->links -= S_ISDIR(to->inode->mode) ? to->inode->links : 1;
        to->inode->changed = to_dir->changed;
        lost(to_dir, to->inode);
        dentry_put(to);
    }
    return 0;
}

static long ramfs_readlink(struct inode *i, struct dentry *d __attribute__((unused)), char *buffer,
                           size_t size)
{
    size_t n = MIN(size, i->size);
    memcpy(buffer, i->data, n);
    return (long)n;
}

static void set_time(struct rf_time *t, const struct rf_time *wish, const struct rf_time *now)
{
    if (wish->nanoseconds == UTIME_NOW)
        *t = *now;
    else if (wish->nanoseconds != UTIME_OMIT)
        *t = *wish;
}

static long ramfs_setattr(struct inode *i, struct dentry *d __attribute__((unused)),
                          const struct rf_setattr *s)
{
    struct rf_time now = time_now();
    long r = 0;
    lock_take(&i->lock);
    if (s->which & RF_SETATTR_SIZE)
        r = ram_file_resize(i, s->size);
    if (!r) {
        if (s->which & RF_SETATTR_MODE)
            i->mode = (i->mode & S_IFMT) | (s->mode & 07777);
        if (s->which & RF_SETATTR_UID)
            i->uid = s->uid;
        if (s->which & RF_SETATTR_GID)
            i->gid = s->gid;
        if (s->which & RF_SETATTR_ACCESSED)
            set_time(&i->accessed, &s->accessed, &now);
        if (s->which & RF_SETATTR_MODIFIED)
            set_time(&i->modified, &s->modified, &now);
        i->changed = now;
    }
    lock_release(&i->lock);
    return r;
}

long ramfs_open(struct inode *i, struct dentry *d, struct file *f)
{
    switch (i->mode & S_IFMT) {
    case S_IFREG: f->ops = &ram_file_ops; return 0;
    case S_IFDIR: f->ops = &tree_directory_ops; return 0;
    case S_IFCHR:
    case S_IFBLK: return device_open(i, d, f);
    case S_IFIFO: return fifo_open(i, d, f);
    default: return -ENXIO;
    }
}

static void ramfs_evict(struct inode *i)
{
    if (S_ISREG(i->mode))
        ram_file_free(i);
    else
        heap_free(i->data);
    ram_xattrs_free(i);
}

static const struct inode_ops directory_ops = {
    .create = ramfs_create,
    .mkdir = ramfs_mkdir,
    .symlink = ramfs_symlink,
    .link = ramfs_link,
    .unlink = ramfs_unlink,
    .rmdir = ramfs_rmdir,
    .rename = ramfs_rename,
    .setattr = ramfs_setattr,
    .tmpfile = ramfs_tmpfile,
    .open = ramfs_open,
    .get_xattr = ram_get_xattr,
    .set_xattr = ram_set_xattr,
    .list_xattr = ram_list_xattr,
    .remove_xattr = ram_remove_xattr,
    .evict = ramfs_evict,
};

static const struct inode_ops object_ops = {
    .readlink = ramfs_readlink,
    .setattr = ramfs_setattr,
    .open = ramfs_open,
    .get_xattr = ram_get_xattr,
    .set_xattr = ram_set_xattr,
    .list_xattr = ram_list_xattr,
    .remove_xattr = ram_remove_xattr,
    .evict = ramfs_evict,
};

bool is_ram_file(const struct inode *i)
{
    return S_ISREG(i->mode) && i->ops == &object_ops;
}

struct inode *ramfs_inode(struct filesystem *fs, u32 mode, u64 rdev, const char *target)
{
    struct inode *i = inode_new(fs, S_ISDIR(mode) ? &directory_ops : &object_ops, mode);
    if (!i)
        return NULL;
    i->rdev = rdev;
    if (S_ISDIR(mode))
        i->size = EMPTY_SIZE;
    if (target) {
        i->size = strlen(target);
        i->data = heap_copy_string(target);
        if (!i->data) {
            inode_put(i);
            return NULL;
        }
    }
    return i;
}

struct filesystem *ramfs_new(const char *source, u32 root_mode)
{
    struct filesystem *fs = filesystem_new("tmpfs", source, TMPFS_MAGIC);
    struct inode *i = fs ? ramfs_inode(fs, S_IFDIR | root_mode, 0, NULL) : NULL;
    return i && dentry_new_root(fs, i) ? fs : NULL;
}

long ramfs_add_text(struct dentry *dir, const char *name, u32 mode, const char *text, size_t length)
{
    struct inode *i = ramfs_inode(dir->inode->fs, S_IFREG | mode, 0, NULL);
    if (!i)
        return -ENOSPC;
    long r = ram_file_fill(i, text, length);
    if (r) {
        inode_put(i);
        return r;
    }
    if (!dentry_add_child(dir, name, i))
        return -ENOSPC;
    ramfs_gained(dir->inode, i);
    return 0;
}
