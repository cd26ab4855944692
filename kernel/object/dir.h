/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of the host that was granted, and opened files below it. */
#ifndef KERNEL_OBJECT_DIR_H
#define KERNEL_OBJECT_DIR_H

#include "kernel/object/call.h"
#include "kernel/object/description.h"

struct dir {
    struct object object;
    int fd;                     /* O_PATH; the description's, or owned */
    struct description *shared; /* a use of it; NULL: none */
    struct list same;           /* of shared->dirs */
    char *only; /* NULL, or the only names in it that are granted, each ending in NUL; owned */
    size_t only_length;
};

struct file {
    struct object object;
    int fd;                     /* the description's, or owned */
    struct description *shared; /* a use of it; NULL: none */
    bool is_dir;
    bool append;     /* every write goes to the end */
    bool may_change; /* it was reached by a dir with the write right */
};

extern const struct object_class dir_class, file_class;

/* Takes over the descriptor, and a copy of the names (NULL: all). Where the bank pays for the same
 * already, it is that object, with one more reference. NULL: a limit of the bank, or no memory; the
 * descriptor stays the caller's. */
struct dir *dir_make(struct bank *bank, int fd, const char *only, size_t only_length);

/* Takes over the descriptor. `read_only`: of a regular file, open to be read only. NULL: as above.
 */
struct file *file_make(struct bank *bank, int fd, bool read_only);

static inline struct dir *dir_of(const struct cap *cap)
{
    return container_of(cap->object, struct dir, object);
}

static inline struct file *file_of(const struct cap *cap)
{
    return container_of(cap->object, struct file, object);
}

#endif
