/* SPDX-License-Identifier: Apache-2.0 */
/* Directory entries as getdents64(2) gives them. */
#ifndef LIBOS_FS_DIRENTRY_H
#define LIBOS_FS_DIRENTRY_H

#include "base/types.h"

struct file;

struct direntry {
    u64 inode;
    s64 next; /* position of what follows */
    u16 size;
    u8 type;
    char name[];
};
_Static_assert(offsetof(struct direntry, name) == 19, "Linux ABI");

/* Writes one entry. Its size, or 0 if there is no room. */
size_t direntry_put(void *to, size_t room, u64 inode, u64 next, u32 mode, const char *name,
                    size_t length);
/* Writes "." and ".." of f while f->position is 0 or 1, moving it on. Bytes. Namespace lock held.
 */
size_t direntry_dots(struct file *f, void *buffer, size_t size);

#endif
