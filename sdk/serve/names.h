/* SPDX-License-Identifier: Apache-2.0 */
/* The names in a directory as they were at one time, and their records (getdents64(2)). */
#ifndef SDK_SERVE_NAMES_H
#define SDK_SERVE_NAMES_H

#include "sdk/serve/tree.h"

struct names {
    struct name {
        char *text;
        u64 inode;
        u8 type;
    } * all;
    u64 count, room;
};

/* Reads them, "." and ".." first. 0 or -errno; then `names` is empty. */
int names_read(struct names *names, const struct rf_tree *ops, void *tree, const char *path);
void names_free(struct names *names);

/* Records from the `from`-th name on, as many as fit: bytes; *next is the number of the first that
 * did not. */
u32 names_put(const struct names *names, u64 from, void *to, u32 room, u64 *next);

#endif
