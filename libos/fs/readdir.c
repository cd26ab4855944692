/* SPDX-License-Identifier: Apache-2.0 */
/* Reading directories that are the dentry tree. Positions: 0 is ".", 1 is "..", n an entry whose
 * cookie is n or the next above. f->data is a hint: the dentry to go on with, which then has a
 * reference. */
#include "base/string.h"
#include "libos/fs/dentry.h"
#include "libos/fs/direntry.h"
#include "libos/fs/file.h"
#include <linux/fs.h>
#include <linux/stat.h>

size_t direntry_put(void *to, size_t room, u64 inode, u64 next, u32 mode, const char *name,
                    size_t length)
{
    size_t size = ALIGN_UP(offsetof(struct direntry, name) + length + 1, 8);
    if (size > room)
        return 0;
    struct direntry *e = to;
    e->inode = inode;
    e->next = (s64)next;
    e->size = (u16)size;
    e->type = (mode & S_IFMT) >> 12;
    memcpy(e->name, name, length);
    memset(e->name + length, 0, size - offsetof(struct direntry, name) - length);
    return size;
}

static struct dentry *hinted(struct file *f)
{
    struct dentry *d = f->data;
    if (d && d->cookie == f->position && d->parent == f->dentry && dentry_hashed(d))
        return d;
    return NULL;
}

static struct list *first_from(struct file *f)
{
    struct dentry *hint = hinted(f);
    if (hint)
        return &hint->siblings;
    list_for_each(at, &f->dentry->children)
        if (list_entry(at, struct dentry, siblings)->cookie >= f->position)
            return at;
    return &f->dentry->children;
}

static void set_hint(struct file *f, struct list *at)
{
    struct dentry *old = f->data;
    f->data = NULL;
    if (at != &f->dentry->children) {
        f->data = list_entry(at, struct dentry, siblings);
        dentry_get(f->data);
        f->position = ((struct dentry *)f->data)->cookie;
    }
    dentry_put(old);
}

size_t direntry_dots(struct file *f, void *buffer, size_t size)
{
    size_t done = 0;
    while (f->position < 2) {
        struct dentry *d = f->position ? dentry_up(f->dentry, NULL) : f->dentry;
        size_t n = direntry_put((u8 *)buffer + done, size - done, d->inode->number, f->position + 1,
                                S_IFDIR, "..", f->position + 1);
        if (!n)
            return done;
        done += n;
        f->position++;
    }
    return done;
}

static long tree_readdir(struct file *f, void *buffer, size_t size)
{
    namespace_lock();
    size_t done = direntry_dots(f, buffer, size);
    if (f->position < 2) {
        namespace_unlock();
        return done ? (long)done : -EINVAL;
    }
    struct list *at = first_from(f), *end = &f->dentry->children;
    bool full = false;
    while (at != end && !full) {
        struct dentry *d = list_entry(at, struct dentry, siblings);
        struct inode *i = d->mounted ? d->mounted->inode : d->inode;
        size_t n = i ? direntry_put((u8 *)buffer + done, size - done, i->number, d->cookie + 1,
                                    i->mode, d->name, d->name_length)
                     : 0;
        full = i && !n;
        if (full)
            break;
        done += n;
        f->position = d->cookie + 1;
        at = at->next;
    }
    set_hint(f, at);
    namespace_unlock();
    return done || !full ? (long)done : -EINVAL;
}

static long tree_seek(struct file *f, s64 offset, int whence)
{
    return seek_within(f, offset, whence, INT64_MAX);
}

static void tree_release(struct file *f)
{
    dentry_put(f->data);
}

static long tree_sync(struct file *f __attribute__((unused)),
                      bool data_only __attribute__((unused)))
{
    return 0;
}

const struct file_ops tree_directory_ops = {
    .name = "directory",
    .seek = tree_seek,
    .readdir = tree_readdir,
    .sync = tree_sync,
    .release = tree_release,
};
