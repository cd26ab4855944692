/* SPDX-License-Identifier: Apache-2.0 */
/* File systems and where they are mounted. Made at the start of the cell, before there is a process
 * of the cell: nothing here asks who is calling. */
#include "base/string.h"
#include "libos/fs/dentry.h"
#include "libos/fs/planting.h"
#include "libos/fs/ramfs.h"
#include "libos/mm/heap.h"
#include <linux/stat.h>

#define LINKS_MOST 40

struct filesystem *filesystem_new(const char *type, const char *source, u32 magic)
{
    struct filesystem *fs = heap_alloc(sizeof(*fs));
    if (!fs)
        return NULL;
    list_init(&fs->all);
    fs->type = type;
    fs->source = heap_copy_string(source);
    fs->magic = magic;
    fs->device = __atomic_add_fetch(&the_namespace->next_device, 1, __ATOMIC_RELAXED);
    return fs;
}

void filesystems_each(void (*each)(void *data, struct filesystem *fs), void *data)
{
    list_for_each(at, &the_namespace->filesystems)
        each(data, list_entry(at, struct filesystem, all));
}

static struct dentry *top_of(struct dentry *d)
{
    while (d->mounted)
        d = d->mounted;
    return d;
}

static void cover(struct dentry *at, struct dentry *root)
{
    at = top_of(at);
    at->mounted = root;
    root->covers = at;
    dentry_get(at);
    dentry_get(root);
}

void mount_at(struct filesystem *fs, struct dentry *at)
{
    cover(at, fs->root);
    list_add_tail(&the_namespace->filesystems, &fs->all);
}

static void mount_as_root(struct filesystem *fs)
{
    struct namespace *ns = the_namespace;
    list_del(&ns->root->fs->all);
    list_add(&ns->filesystems, &fs->all);
    ns->root = fs->root;
}

struct dentry *plant(struct dentry *dir, const char *name, size_t length, struct inode *i)
{
    struct dentry *d = i ? dentry_new(dir, name, length, name_hash(name, length)) : NULL;
    if (!d)
        return NULL;
    d->inode = i;
    d->fs = i->fs;
    dentry_hash(d);
    if (!dir->inode->ops->lookup)
        ramfs_gained(dir->inode, i);
    return d;
}

/* The child `name` of dir, over mounts; NULL: it does not exist. */
static struct dentry *child_of(struct dentry *dir, const char *name, size_t length)
{
    struct dentry *d;
    bool fresh;
    if (length == 2 && name[0] == '.' && name[1] == '.')
        return dentry_up(dir, the_namespace->root);
    if (length == 1 && name[0] == '.')
        return dir;
    if (dentry_lookup(dir, name, length, name_hash(name, length), 0, &d, &fresh, NULL) || !d ||
        !d->inode)
        return NULL;
    return top_of(d);
}

static struct dentry *find_from(struct dentry *at, const char *path, bool make, u32 links);

static struct dentry *follow_from(struct dentry *dir, struct dentry *link, bool make, u32 links)
{
    char target[PATH_MAX_BYTES];
    long n = link->inode->ops->readlink(link->inode, link, target, sizeof(target) - 1);
    if (n <= 0)
        return NULL;
    target[n] = '\0';
    return find_from(dir, target, make, links + 1);
}

/* Walks `path` from `at`. What is missing is made as RAM directories if `make`. NULL: it cannot be.
 */
static struct dentry *find_from(struct dentry *at, const char *path, bool make, u32 links)
{
    if (links > LINKS_MOST)
        return NULL;
    if (*path == '/')
        at = the_namespace->root;
    while (at) {
        while (*path == '/')
            path++;
        size_t length = 0;
        while (path[length] && path[length] != '/')
            length++;
        if (!length)
            return at;
        if (length > NAME_MAX_BYTES || !S_ISDIR(at->inode->mode))
            return NULL;
        struct dentry *d = child_of(at, path, length);
        if (!d && make)
            d = plant(at, path, length, ramfs_inode(the_namespace->spare, S_IFDIR | 0755, 0, NULL));
        else if (d && S_ISLNK(d->inode->mode))
            d = follow_from(at, d, make, links);
        at = d;
        path += length;
    }
    return NULL;
}

struct dentry *place_find(const char *path)
{
    return find_from(the_namespace->root, path, false, 0);
}

struct dentry *place_make_directory(const char *path)
{
    return find_from(the_namespace->root, path, true, 0);
}

/* The directory part of path, made; *name is the rest. */
static struct dentry *place_parent(const char *path, const char **name)
{
    char directory[PATH_MAX_BYTES];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (n >= sizeof(directory))
        return NULL;
    memcpy(directory, path, n);
    directory[n] = '\0';
    *name = slash ? slash + 1 : path;
    return **name ? place_make_directory(directory) : NULL;
}

bool place_object(const char *path, struct inode *i)
{
    const char *name;
    struct dentry *there = place_find(path);
    if (i && there) {
        struct dentry *root = dentry_new(NULL, "", 0, NAME_HASH_START);
        if (!root)
            return false;
        root->fs = i->fs;
        root->inode = i;
        cover(there, root);
        return true;
    }
    struct dentry *dir = place_parent(path, &name);
    return dir && plant(dir, name, strlen(name), i);
}

long mount_filesystem(struct filesystem *fs, const char *path)
{
    const char *name = path;
    while (*name == '/')
        name++;
    if (!*name && S_ISDIR(fs->root->inode->mode)) {
        mount_as_root(fs);
        return 0;
    }
    struct dentry *at = place_find(path);
    if (!at && S_ISDIR(fs->root->inode->mode)) {
        at = place_make_directory(path);
    } else if (!at) {
        struct dentry *dir = place_parent(path, &name);
        struct inode *i = ramfs_inode(the_namespace->spare, S_IFREG | 0444, 0, NULL);
        at = dir ? plant(dir, name, strlen(name), i) : NULL;
    }
    if (!at)
        return -ENOENT;
    if (S_ISDIR(at->inode->mode) != S_ISDIR(fs->root->inode->mode))
        return -ENOTDIR;
    mount_at(fs, at);
    return 0;
}
