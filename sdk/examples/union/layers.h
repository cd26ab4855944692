/* SPDX-License-Identifier: Apache-2.0 */
/* Trees on top of each other: which of them have a path, and what hides what.
 *
 * A file ".wh.NAME" in a layer says that no layer below has NAME there; ".wh..wh..opq" says so of
 * all names. What the layer itself has there is not hidden. These are the marks of OCI images, so
 * unpacked ones can be layers as they are. Names that begin with ".wh." show nowhere. */
#ifndef SDK_EXAMPLES_UNION_LAYERS_H
#define SDK_EXAMPLES_UNION_LAYERS_H

#include <limits.h>
#include <stdbool.h>

#include "sdk/serve/tree.h"

#define LAYERS_MOST 16u
#define MARK        ".wh."
#define OPAQUE      ".wh..wh..opq"

struct layers {
    const struct rf_tree *next;
    void *trees[LAYERS_MOST]; /* of `next`; the first is the upper one */
    u32 count;
    bool writable; /* the upper one */
};

/* Where a path is. */
struct found {
    u32 layers[LAYERS_MOST]; /* that have it: one, or, for a directory, all that unite */
    u32 count;
    bool below;          /* a layer below the upper one has it, or would if no mark of its name and
                            nothing of that name hid it */
    struct rf_attr attr; /* of the first; a directory keeps the identity of the last, so that
                            copying it up does not change that */
};

/* 0, or -errno: -ENOENT (`below` is set), -ENOTDIR, -ELOOP. */
int layers_find(const struct layers *layers, const char *path, struct found *found);

bool is_mark(const char *name);
/* PARENT/.wh.NAME of a path. -ENAMETOOLONG. */
int mark_of(const char *path, char mark[PATH_MAX]);

/* Calls `each` once for every name that shows in the directory. */
int layers_names(const struct layers *layers, const char *path,
                 void (*each)(void *list, const char *name, u64 inode, u8 type), void *list);

#endif
