/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of the host that was granted, and opened files below it. */
#ifndef KERNEL_OBJECT_DIR_H
#define KERNEL_OBJECT_DIR_H

#include "kernel/object/call.h"

struct dir {
    struct object object;
    int fd;     /* O_PATH; owned */
    char *only; /* NULL, or the only names in it that are granted, each ending in NUL; owned */
    size_t only_length;
};

struct file {
    struct object object;
    int fd; /* owned */
    bool is_dir;
    bool append;     /* every write goes to the end */
    bool may_change; /* it was reached by a dir with the write right */
};

extern const struct object_class dir_class, file_class;

/* Takes over the descriptor, and a copy of the names (NULL: all). NULL: a limit of the bank, or no
 * memory; the descriptor stays the caller's. */
struct dir *dir_make(struct bank *bank, int fd, const char *only, size_t only_length);
struct file *file_make(struct bank *bank, int fd);

static inline struct dir *dir_of(const struct cap *cap)
{
    return container_of(cap->object, struct dir, object);
}

static inline struct file *file_of(const struct cap *cap)
{
    return container_of(cap->object, struct file, object);
}

#endif
