/* SPDX-License-Identifier: Apache-2.0 */
/* A read-only tree of files that are held in memory. There is one in a program. */
#ifndef SDK_SERVE_MEMORY_H
#define SDK_SERVE_MEMORY_H

#include "sdk/serve/tree.h"

/* A name; `data` is a file's contents, or a link's target, attr.size bytes. */
struct memory_node {
    const char *path, *name;
    struct memory_node *children, *sibling;
    struct rf_attr attr;
    char *data;
};

/* Its `tree` is not looked at. The top must have been made. */
extern const struct rf_tree memory_ops;

/* NULL: there is none. */
struct memory_node *memory_find(const char *path);

/* A new name and the directories above it; the path must be clean and not be there, "" is the top.
 * NULL: it would be below something that is no directory. Ends the program if there is no memory.
 */
struct memory_node *memory_make(const char *path, u32 mode);

/* Puts n bytes at an offset of a file. False: no memory. */
bool memory_put(struct memory_node *node, u64 offset, const void *data, size_t n);

/* A path without what leads out of the tree: false if nothing is left. */
bool memory_clean_path(const char *from, char to[4096]);

#endif
