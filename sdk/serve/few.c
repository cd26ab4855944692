/* SPDX-License-Identifier: Apache-2.0 */
/* Some names of a directory as a tree: what stands beside them is not there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/serve/directory.h"

struct few {
    void *directory; /* of rf_directory_ops */
    size_t length;
    char names[]; /* each with its NUL */
};

static bool is_one(const struct few *few, const char *path)
{
    for (size_t at = 0; at < few->length; at += strlen(few->names + at) + 1) {
        if (strcmp(few->names + at, path) == 0)
            return true;
    }
    return false;
}

static int few_attr(void *tree, const char *path, struct rf_attr *out)
{
    const struct few *few = tree;

    return is_one(few, path) ? rf_directory_ops.attr(few->directory, path, out) : -ENOENT;
}

static ssize_t few_readlink(void *tree, const char *path, char *to, size_t size)
{
    const struct few *few = tree;

    return is_one(few, path) ? rf_directory_ops.readlink(few->directory, path, to, size) : -ENOENT;
}

static int few_names(void *tree, const char *path,
                     void (*each)(void *list, const char *name, u64 inode, u8 type), void *list)
{
    (void)tree;
    (void)path;
    (void)each;
    (void)list;
    return -ENOENT;
}

static int few_open(void *tree, const char *path, int flags, u32 mode, void **file)
{
    const struct few *few = tree;

    return is_one(few, path) ? rf_directory_ops.open(few->directory, path, flags, mode, file)
                             : -ENOENT;
}

static int few_setattr(void *tree, const char *path, const struct rf_setattr *set)
{
    const struct few *few = tree;

    return is_one(few, path) ? rf_directory_ops.setattr(few->directory, path, set) : -ENOENT;
}

static int few_statfs(void *tree, struct statfs *out)
{
    return rf_directory_ops.statfs(((const struct few *)tree)->directory, out);
}

s64 rf_serve_few(int directory, const char *names, size_t length, u32 rights)
{
    struct few *few = malloc(sizeof(*few) + length);
    struct rf_tree *ops = malloc(sizeof(*ops));

    if (!few || !ops || !(few->directory = rf_directory(directory))) {
        free(few);
        free(ops);
        return -ENOMEM;
    }
    few->length = length;
    memcpy(few->names, names, length);
    *ops = rf_directory_ops;
    ops->attr = few_attr;
    ops->readlink = few_readlink;
    ops->names = few_names;
    ops->open = few_open;
    ops->setattr = few_setattr;
    ops->statfs = few_statfs;
    ops->mkdir = NULL;
    ops->unlink = NULL;
    ops->rename = NULL;
    ops->link = NULL;
    ops->symlink = NULL;
    ops->mknod = NULL;
    return rf_serve_tree(ops, few, rights);
}
