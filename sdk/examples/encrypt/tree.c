/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/examples/encrypt/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "sdk/examples/encrypt/file.h"

/* Permissions are in the header; those of the stored file let us do our work. */
#define STORED_MODE 0600u

static const struct encrypted_tree *of(void *tree)
{
    return tree;
}

/* The stored form of a path. */
static int seal_path(void *tree, const char *path, char to[PATH_MAX])
{
    size_t n = 0;

    to[0] = '\0';
    while (*path) {
        size_t length = strcspn(path, "/"), sealed;

        if (length > NAME_MOST)
            return -ENAMETOOLONG;
        if (n)
            to[n++] = '/';
        sealed = text_seal(&of(tree)->keys, path, length, to + n, PATH_MAX - 1 - n);
        if (!sealed)
            return -ENAMETOOLONG;
        n += sealed;
        path += length + (path[length] == '/');
    }
    return 0;
}

/* ---- files ---- */

static int open_stored(void *tree, const char *stored, int flags, struct encrypted_file *file)
{
    const struct encrypted_tree *t = of(tree);

    *file = (struct encrypted_file){.keys = &t->keys, .next = t->next};
    return t->next->open(t->tree, stored, flags, STORED_MODE, &file->file);
}

/* Runs `call` on the file of that stored name. */
static int with_file(void *tree, const char *stored, int flags,
                     int (*call)(const struct encrypted_file *file, u64 argument), u64 argument)
{
    struct encrypted_file file;
    int r = open_stored(tree, stored, flags, &file);

    if (r < 0)
        return r;
    r = call(&file, argument);
    file.next->close(file.file);
    return r;
}

static int read_header(const struct encrypted_file *file, u64 header)
{
    return encrypted_header(file, (struct header *)(uintptr_t)header);
}

static int resize(const struct encrypted_file *file, u64 size)
{
    return encrypted_resize(file, size);
}

static int set_mode(const struct encrypted_file *file, u64 mode)
{
    return encrypted_set_mode(file, (u32)mode);
}

static ssize_t read_target(void *tree, const char *stored, char *to, size_t room)
{
    char sealed[PATH_MAX];
    ssize_t n = of(tree)->next->readlink(of(tree)->tree, stored, sealed, sizeof(sealed));
    size_t length;

    if (n < 0)
        return n;
    length = text_open(&of(tree)->keys, sealed, (size_t)n, to, room);
    return length ? (ssize_t)length : -EIO;
}

static int attr_of_stored(void *tree, const char *stored, struct rf_attr *out)
{
    int r = of(tree)->next->attr(of(tree)->tree, stored, out);
    char target[PATH_MAX];
    struct header header;
    ssize_t n;

    if (r < 0)
        return r;
    if (S_ISREG(out->mode)) {
        r = with_file(tree, stored, O_RDONLY, read_header, (u64)(uintptr_t)&header);
        if (r == 0)
            encrypted_attr(&header, out);
    } else if (S_ISLNK(out->mode)) {
        n = read_target(tree, stored, target, sizeof(target));
        if (n < 0)
            return (int)n;
        out->size = (u64)n;
    }
    return r;
}

/* A new file gets its header, one that is to be emptied loses what it has. */
static int begin(const struct encrypted_file *file, bool there, bool truncate, u32 mode)
{
    if (!there)
        return encrypted_begin(file, mode);
    return truncate ? encrypted_resize(file, 0) : 0;
}

static int file_open(void *tree, const char *path, int flags, u32 mode, void **file)
{
    const struct encrypted_tree *t = of(tree);
    char stored[PATH_MAX];
    struct encrypted_file opened, *f;
    struct rf_attr attr;
    int r = seal_path(tree, path, stored);
    bool there = r == 0 && t->next->attr(t->tree, stored, &attr) == 0;

    /* To write a piece of a block is to read it. */
    if (r == 0)
        r = open_stored(tree, stored,
                        (flags & (O_CREAT | O_EXCL)) | (t->writable ? O_RDWR : O_RDONLY), &opened);
    if (r)
        return r;
    r = begin(&opened, there, flags & O_TRUNC, mode);
    f = r < 0 ? NULL : malloc(sizeof(*f));
    if (!f) {
        t->next->close(opened.file);
        return r < 0 ? r : -ENOMEM;
    }
    *f = opened;
    *file = f;
    return 0;
}

static ssize_t file_read(void *file, void *to, size_t n, u64 offset)
{
    return encrypted_read(file, to, n, offset);
}

static ssize_t file_write(void *file, const void *from, size_t n, u64 offset, bool append)
{
    return encrypted_write(file, from, n, offset, append);
}

static int file_attr(void *file, struct rf_attr *out)
{
    const struct encrypted_file *f = file;
    struct header header;
    int r = f->next->file_attr(f->file, out);

    if (r == 0)
        r = encrypted_header(f, &header);
    if (r == 0)
        encrypted_attr(&header, out);
    return r;
}

static int file_setattr(void *file, const struct rf_setattr *set)
{
    const struct encrypted_file *f = file;
    struct rf_setattr rest = *set;
    int r = 0;

    if (set->which & RF_SETATTR_SIZE)
        r = encrypted_resize(f, set->size);
    if (r == 0 && set->which & RF_SETATTR_MODE)
        r = encrypted_set_mode(f, set->mode);
    rest.which &= ~(RF_SETATTR_SIZE | RF_SETATTR_MODE);
    return r || !rest.which ? r : f->next->file_setattr(f->file, &rest);
}

static int file_sync(void *file, bool data_only)
{
    const struct encrypted_file *f = file;

    (void)data_only; /* the header is data of the stored file */
    return f->next->sync(f->file, false);
}

static void file_close(void *file)
{
    struct encrypted_file *f = file;

    f->next->close(f->file);
    free(f);
}

/* ---- names ---- */

static int tree_attr(void *tree, const char *path, struct rf_attr *out)
{
    char stored[PATH_MAX];
    int r = seal_path(tree, path, stored);

    return r ? r : attr_of_stored(tree, stored, out);
}

static ssize_t tree_readlink(void *tree, const char *path, char *to, size_t size)
{
    char stored[PATH_MAX];
    int r = seal_path(tree, path, stored);

    return r ? r : read_target(tree, stored, to, size);
}

struct listing {
    void *tree;
    void (*each)(void *list, const char *name, u64 inode, u8 type);
    void *list;
};

static void list_name(void *context, const char *stored, u64 inode, u8 type)
{
    const struct listing *listing = context;
    char name[NAME_MAX + 1];

    if (text_open(&of(listing->tree)->keys, stored, strlen(stored), name, sizeof(name)))
        listing->each(listing->list, name, inode, type);
}

static int tree_names(void *tree, const char *path,
                      void (*each)(void *list, const char *name, u64 inode, u8 type), void *list)
{
    struct listing listing = {tree, each, list};
    char stored[PATH_MAX];
    int r = seal_path(tree, path, stored);

    return r ? r : of(tree)->next->names(of(tree)->tree, stored, list_name, &listing);
}

static int tree_mkdir(void *tree, const char *path, u32 mode)
{
    char stored[PATH_MAX];
    int r = seal_path(tree, path, stored);

    return r ? r : of(tree)->next->mkdir(of(tree)->tree, stored, mode);
}

static int tree_unlink(void *tree, const char *path, bool directory)
{
    char stored[PATH_MAX];
    int r = seal_path(tree, path, stored);

    return r ? r : of(tree)->next->unlink(of(tree)->tree, stored, directory);
}

static int tree_rename(void *tree, const char *from, const char *to, u32 flags)
{
    char stored[PATH_MAX], stored_to[PATH_MAX];
    int r = seal_path(tree, from, stored);

    if (r == 0)
        r = seal_path(tree, to, stored_to);
    return r ? r : of(tree)->next->rename(of(tree)->tree, stored, stored_to, flags);
}

static int tree_link(void *tree, const char *from, const char *to)
{
    char stored[PATH_MAX], stored_to[PATH_MAX];
    int r = seal_path(tree, from, stored);

    if (r == 0)
        r = seal_path(tree, to, stored_to);
    return r ? r : of(tree)->next->link(of(tree)->tree, stored, stored_to);
}

static int tree_symlink(void *tree, const char *path, const char *target)
{
    char stored[PATH_MAX], sealed[PATH_MAX];
    int r = seal_path(tree, path, stored);

    if (r)
        return r;
    if (!text_seal(&of(tree)->keys, target, strlen(target), sealed, sizeof(sealed)))
        return -ENAMETOOLONG;
    return of(tree)->next->symlink(of(tree)->tree, stored, sealed);
}

static int tree_mknod(void *tree, const char *path, u32 mode)
{
    void *file = NULL;
    char stored[PATH_MAX];
    int r = seal_path(tree, path, stored);

    if (r || !S_ISREG(mode))
        return r ? r : of(tree)->next->mknod(of(tree)->tree, stored, mode);
    r = file_open(tree, path, O_RDWR | O_CREAT | O_EXCL, mode, &file);
    if (file)
        file_close(file);
    return r;
}

static int tree_setattr(void *tree, const char *path, const struct rf_setattr *set)
{
    struct rf_setattr rest = *set;
    struct rf_attr attr;
    char stored[PATH_MAX];
    int r = seal_path(tree, path, stored);

    if (r == 0)
        r = of(tree)->next->attr(of(tree)->tree, stored, &attr);
    if (r == 0 && S_ISREG(attr.mode)) {
        rest.which &= ~(RF_SETATTR_SIZE | RF_SETATTR_MODE);
        if (set->which & RF_SETATTR_SIZE)
            r = with_file(tree, stored, O_RDWR, resize, set->size);
        if (r == 0 && set->which & RF_SETATTR_MODE)
            r = with_file(tree, stored, O_RDWR, set_mode, set->mode);
    }
    return r || !rest.which ? r : of(tree)->next->setattr(of(tree)->tree, stored, &rest);
}

static int tree_statfs(void *tree, struct statfs *out)
{
    int r = of(tree)->next->statfs(of(tree)->tree, out);

    out->f_namelen = NAME_MOST;
    return r;
}

const struct rf_tree encrypted_ops = {
    .attr = tree_attr,
    .readlink = tree_readlink,
    .names = tree_names,
    .open = file_open,
    .read = file_read,
    .write = file_write,
    .file_attr = file_attr,
    .file_setattr = file_setattr,
    .sync = file_sync,
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
