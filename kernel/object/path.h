/* SPDX-License-Identifier: Apache-2.0 */
/* Finding host objects below a granted directory, and nowhere else. */
#ifndef KERNEL_OBJECT_PATH_H
#define KERNEL_OBJECT_PATH_H

#include <limits.h>

#include "kernel/object/dir.h"

/* A path as a cell sent it, checked: relative, no "..", no NUL, no empty or "." component, "" for
 * the dir itself, and within what the grant allows. */
struct path {
    const struct dir *grant;
    u32 length;
    char text[PATH_MAX];
};

/* Checks and takes over a path. 0, -EINVAL: malformed, -ENAMETOOLONG, -ENOENT: the grant does not
 * cover it. */
int path_set(struct path *path, const struct dir *grant, const char *text, u32 length);

/* The host directory that holds the path's last component. `fd` is the grant's when `owned` is
 * false; `name` is the component, "." for the dir itself. */
struct parent {
    int fd;
    bool owned;
    const char *name;
};

/* 0; -ELOOP when a component is a symbolic link; else as open(2). Undo with parent_close. */
int parent_open(struct path *path, struct parent *parent);
void parent_close(struct parent *parent);

/* An O_PATH descriptor of the object itself, which may be a symbolic link. Negative errno: -ELOOP
 * when an earlier component is a symbolic link; else as open(2). */
int path_open(const struct path *path);

/* Whether objects of that device may be used: not those of /proc, whose files reach into processes,
 * the kernel's own among them. */
bool device_allowed(int fd, const char *name, u64 device);

#endif
