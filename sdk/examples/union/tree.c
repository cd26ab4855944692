/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/examples/union/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "sdk/examples/union/copy_up.h"

struct union_file {
    const struct layers *layers;
    void *file; /* of the layers' `next` */
    char *path; /* as it was opened, if it is not the upper layer's; else NULL */
};

static const struct layers *of(void *tree)
{
    return tree;
}

static void *upper(void *tree)
{
    return of(tree)->trees[0];
}

static bool names_a_mark(const char *path)
{
    const char *slash = strrchr(path, '/');

    return is_mark(slash ? slash + 1 : path);
}

/* ---- marks ---- */

/* Says in the upper layer that those below do not have the path. */
static int hide(void *tree, const char *path)
{
    char mark[PATH_MAX];
    int r = mark_of(path, mark);

    if (r == 0)
        r = copy_up_parent(of(tree), path);
    if (r == 0)
        r = of(tree)->next->mknod(upper(tree), mark, S_IFREG | 0600);
    return r == -EEXIST ? 0 : r;
}

struct marks {
    void *tree;
    const char *directory;
};

static void remove_mark(void *context, const char *name, u64 inode, u8 type)
{
    const struct marks *marks = context;
    char path[PATH_MAX];

    (void)inode;
    (void)type;
    if (is_mark(name) &&
        snprintf(path, sizeof(path), "%s/%s", marks->directory, name) < (int)sizeof(path))
        of(marks->tree)->next->unlink(upper(marks->tree), path, false);
}

static void count_name(void *list, const char *name, u64 inode, u8 type)
{
    (void)name;
    (void)inode;
    (void)type;
    ++*(u32 *)list;
}

static int must_be_empty(void *tree, const char *path)
{
    u32 names = 0;
    int r = layers_names(of(tree), path, count_name, &names);

    return r ? r : names ? -ENOTEMPTY : 0;
}

/* Takes the upper layer's part of a directory away in which nothing shows. */
static int remove_directory(void *tree, const char *path)
{
    struct marks marks = {tree, path};
    int r = of(tree)->next->names(upper(tree), path, remove_mark, &marks);

    return r ? r : of(tree)->next->unlink(upper(tree), path, true);
}

/* ---- files ---- */

static int make_file(void *tree, u32 layer, const char *path, int flags, u32 mode, void **file)
{
    struct union_file *f = calloc(1, sizeof(*f));
    int r = -ENOMEM;

    if (f && layer > 0)
        f->path = strdup(path);
    if (f && (layer == 0 || f->path))
        r = of(tree)->next->open(of(tree)->trees[layer], path, flags, mode, &f->file);
    if (r < 0) {
        free(f ? f->path : NULL);
        free(f);
        return r;
    }
    f->layers = of(tree);
    *file = f;
    return 0;
}

static int tree_open(void *tree, const char *path, int flags, u32 mode, void **file)
{
    bool changes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
    struct found found;
    int r = layers_find(of(tree), path, &found);

    if (r == -ENOENT && flags & O_CREAT) {
        if (names_a_mark(path))
            return -EINVAL;
        r = copy_up_parent(of(tree), path);
        return r ? r : make_file(tree, 0, path, flags, mode, file);
    }
    if (r < 0)
        return r;
    if (flags & O_CREAT && flags & O_EXCL)
        return -EEXIST;
    flags &= ~O_CREAT;
    if (found.layers[0] == 0 || !changes)
        return make_file(tree, found.layers[0], path, flags, mode, file);
    r = copy_up(of(tree), path, !(flags & O_TRUNC));
    return r ? r : make_file(tree, 0, path, flags, mode, file);
}

static ssize_t file_read(void *file, void *to, size_t n, u64 offset)
{
    const struct union_file *f = file;

    return f->layers->next->read(f->file, to, n, offset);
}

static ssize_t file_write(void *file, const void *from, size_t n, u64 offset, bool append)
{
    const struct union_file *f = file;

    return f->path ? -EBADF : f->layers->next->write(f->file, from, n, offset, append);
}

static int file_attr(void *file, struct rf_attr *out)
{
    const struct union_file *f = file;

    return f->layers->next->file_attr(f->file, out);
}

static int tree_setattr(void *tree, const char *path, const struct rf_setattr *set);

static int file_setattr(void *file, const struct rf_setattr *set)
{
    const struct union_file *f = file;

    if (f->path)
        return tree_setattr((void *)(uintptr_t)f->layers, f->path, set);
    return f->layers->next->file_setattr(f->file, set);
}

static int file_sync(void *file, bool data_only)
{
    const struct union_file *f = file;

    return f->path ? 0 : f->layers->next->sync(f->file, data_only);
}

static s64 file_seek(void *file, u64 offset, int whence)
{
    const struct union_file *f = file;

    return f->layers->next->seek(f->file, offset, whence);
}

static int file_allocate(void *file, int mode, u64 offset, u64 length)
{
    const struct union_file *f = file;

    return f->path ? -EBADF : f->layers->next->allocate(f->file, mode, offset, length);
}

static s64 file_capability(void *file, u32 rights)
{
    const struct union_file *f = file;

    return f->layers->next->capability(f->file, rights & (f->path ? ~RF_RIGHT_WRITE : ~0u));
}

static void file_close(void *file)
{
    struct union_file *f = file;

    f->layers->next->close(f->file);
    free(f->path);
    free(f);
}

/* ---- looking ---- */

static int tree_attr(void *tree, const char *path, struct rf_attr *out)
{
    struct found found;
    int r = layers_find(of(tree), path, &found);

    if (r == 0)
        *out = found.attr;
    return r;
}

static ssize_t tree_readlink(void *tree, const char *path, char *to, size_t size)
{
    struct found found;
    int r = layers_find(of(tree), path, &found);

    return r ? r : of(tree)->next->readlink(of(tree)->trees[found.layers[0]], path, to, size);
}

static int tree_names(void *tree, const char *path,
                      void (*each)(void *list, const char *name, u64 inode, u8 type), void *list)
{
    return layers_names(of(tree), path, each, list);
}

static int tree_statfs(void *tree, struct statfs *out)
{
    return of(tree)->next->statfs(upper(tree), out);
}

/* ---- changing ---- */

/* Whether a name can be made there: then the directory is the upper layer's too. */
static int begin_new(void *tree, const char *path)
{
    struct found found;
    int r = layers_find(of(tree), path, &found);

    if (r != -ENOENT)
        return r ? r : -EEXIST;
    return names_a_mark(path) ? -EINVAL : copy_up_parent(of(tree), path);
}

/* What is made where a layer below had a name stays hidden by a mark: so a new directory does not
 * show what an old one held. */
static int tree_mkdir(void *tree, const char *path, u32 mode)
{
    int r = begin_new(tree, path);

    return r ? r : of(tree)->next->mkdir(upper(tree), path, mode);
}

static int tree_symlink(void *tree, const char *path, const char *target)
{
    int r = begin_new(tree, path);

    return r ? r : of(tree)->next->symlink(upper(tree), path, target);
}

static int tree_mknod(void *tree, const char *path, u32 mode)
{
    int r = begin_new(tree, path);

    return r ? r : of(tree)->next->mknod(upper(tree), path, mode);
}

static int tree_link(void *tree, const char *from, const char *to)
{
    struct found found;
    int r = layers_find(of(tree), from, &found);

    if (r == 0 && S_ISDIR(found.attr.mode))
        r = -EPERM;
    if (r == 0)
        r = begin_new(tree, to);
    if (r == 0)
        r = copy_up(of(tree), from, true);
    return r ? r : of(tree)->next->link(upper(tree), from, to);
}

static int tree_setattr(void *tree, const char *path, const struct rf_setattr *set)
{
    bool empties = set->which & RF_SETATTR_SIZE && set->size == 0;
    int r = copy_up(of(tree), path, !empties);

    return r ? r : of(tree)->next->setattr(upper(tree), path, set);
}

/* The mark comes first: if this is where it ends, nothing has happened yet that shows. */
static int tree_unlink(void *tree, const char *path, bool directory)
{
    struct found found;
    int r = layers_find(of(tree), path, &found);

    if (r < 0)
        return r;
    if (directory != S_ISDIR(found.attr.mode))
        return directory ? -ENOTDIR : -EISDIR;
    if (!*path)
        return -EBUSY;
    r = directory ? must_be_empty(tree, path) : 0;
    if (r == 0 && found.below)
        r = hide(tree, path);
    if (r < 0 || found.layers[0] != 0)
        return r;
    return directory ? remove_directory(tree, path) : of(tree)->next->unlink(upper(tree), path, 0);
}

/* What a rename replaces: `to` must be of the same kind, and a directory empty. */
static int check_replaced(void *tree, const struct found *from, const char *to,
                          const struct found *old)
{
    if (S_ISDIR(from->attr.mode) != S_ISDIR(old->attr.mode))
        return S_ISDIR(from->attr.mode) ? -ENOTDIR : -EISDIR;
    return S_ISDIR(old->attr.mode) ? must_be_empty(tree, to) : 0;
}

/* The places that layers below must not show after it. A file hides what is below it by itself. */
static int hide_both(void *tree, const char *from, const struct found *source, const char *to,
                     const struct found *old, bool exchange)
{
    bool directory = S_ISDIR(source->attr.mode) || (exchange && S_ISDIR(old->attr.mode));
    int r = old->below && directory ? hide(tree, to) : 0;

    if (r == 0 && source->below)
        r = hide(tree, from);
    return r;
}

static bool is_united(const struct found *found)
{
    return S_ISDIR(found->attr.mode) && (found->count > 1 || found->layers[0] != 0);
}

static int tree_rename(void *tree, const char *from, const char *to, u32 flags)
{
    bool exchange = flags & RENAME_EXCHANGE, there;
    struct found source, old;
    int r = layers_find(of(tree), from, &source);

    if (flags & ~(u32)(RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    if (r < 0)
        return r;
    r = layers_find(of(tree), to, &old);
    there = r == 0;
    if (r < 0 && (r != -ENOENT || exchange))
        return r;
    if (!*from || !*to)
        return -EBUSY;
    if (names_a_mark(to))
        return -EINVAL;
    if (there && flags & RENAME_NOREPLACE)
        return -EEXIST;
    if (strcmp(from, to) == 0)
        return 0;
    if (is_united(&source) || (exchange && is_united(&old)))
        return -EXDEV;
    r = there && !exchange ? check_replaced(tree, &source, to, &old) : 0;
    if (r == 0)
        r = copy_up(of(tree), from, true);
    if (r == 0)
        r = exchange ? copy_up(of(tree), to, true) : copy_up_parent(of(tree), to);
    if (r == 0)
        r = hide_both(tree, from, &source, to, &old, exchange);
    if (r == 0 && there && !exchange && S_ISDIR(old.attr.mode) && old.layers[0] == 0)
        r = remove_directory(tree, to);
    return r ? r : of(tree)->next->rename(upper(tree), from, to, flags);
}

const struct rf_tree union_ops = {
    .attr = tree_attr,
    .readlink = tree_readlink,
    .names = tree_names,
    .open = tree_open,
    .read = file_read,
    .write = file_write,
    .file_attr = file_attr,
    .file_setattr = file_setattr,
    .sync = file_sync,
    .seek = file_seek,
    .allocate = file_allocate,
    .capability = file_capability,
    .close = file_close,
    .mkdir = tree_mkdir,
    .unlink = tree_unlink,
    .rename = tree_rename,
    .link = tree_link,
    .symlink = tree_symlink,
    .mknod = tree_mknod,
    .setattr = tree_setattr,
    .statfs = tree_statfs,
};
