/* SPDX-License-Identifier: Apache-2.0 */
/* Serving a tree of files as a `dir` with its `file`s: whoever knows how to answer the questions
 * below offers a directory that any cell can mount. */
#ifndef SDK_SERVE_TREE_H
#define SDK_SERVE_TREE_H

#include <sys/types.h>

#include "sdk/ringfence.h"

struct statfs;

/* Paths are relative, "" is the top, without "." and ".."; nothing follows a symbolic link: one at
 * the end is meant itself, one further up is -ELOOP. All return 0 or more, or -errno. Those that
 * are NULL are answered EROFS if they change something, else EOPNOTSUPP; `attr` and `names` must be
 * there. Called by one thread. */
struct rf_tree {
    int (*attr)(void *tree, const char *path, struct rf_attr *out);
    ssize_t (*readlink)(void *tree, const char *path, char *to, size_t size);
    /* Calls `each` for every name but "." and "..". `type`: DT_* of readdir(3). */
    int (*names)(void *tree, const char *path,
                 void (*each)(void *list, const char *name, u64 inode, u8 type), void *list);

    /* Regular files: `flags` of open(2). *file is given to the following. */
    int (*open)(void *tree, const char *path, int flags, u32 mode, void **file);
    ssize_t (*read)(void *file, void *to, size_t n, u64 offset);
    ssize_t (*write)(void *file, const void *from, size_t n, u64 offset, bool append);
    int (*file_attr)(void *file, struct rf_attr *out);
    int (*file_setattr)(void *file, const struct rf_setattr *set);
    int (*sync)(void *file, bool data_only);
    s64 (*seek)(void *file, u64 offset, int whence);
    int (*allocate)(void *file, int mode, u64 offset, u64 length);
    /* A slot of a file capability by which it can be mapped, which the server drops. */
    s64 (*capability)(void *file, u32 rights);
    void (*close)(void *file);

    int (*mkdir)(void *tree, const char *path, u32 mode);
    int (*unlink)(void *tree, const char *path, bool directory);
    int (*rename)(void *tree, const char *from, const char *to, u32 flags);
    int (*link)(void *tree, const char *from, const char *to);
    int (*symlink)(void *tree, const char *path, const char *target);
    int (*mknod)(void *tree, const char *path, u32 mode);
    int (*setattr)(void *tree, const char *path, const struct rf_setattr *set);
    int (*statfs)(void *tree, struct statfs *out);
};

/* Makes an endpoint of one's own bank and serves the tree there, in a thread of its own: the slot
 * of a dir with those rights. */
s64 rf_serve_tree(const struct rf_tree *ops, void *tree, u32 rights);

/* The same for the directory behind a descriptor of the program's, which it takes over: all that
 * openat(2) and the like can do below it, and nothing above. */
s64 rf_serve_dir(int directory, u32 rights);

/* The same of some names in it alone: `names` are `length` bytes, each name with its NUL. Their
 * contents and attributes can be changed, but not the names. */
s64 rf_serve_few(int directory, const char *names, size_t length, u32 rights);

/* The main program of a wrapper: offers the dir (a slot, or -errno) and stays until nobody has it
 * any more, or the process is ended. The exit status. */
int rf_serve_offered(s64 dir, const char *program);

#endif
