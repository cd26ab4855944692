/* SPDX-License-Identifier: Apache-2.0 */
/* Building the view of a new cell: finding and making places without a process that asks. Namespace
 * lock held, or nobody else there yet. */
#ifndef LIBOS_FS_PLANTING_H
#define LIBOS_FS_PLANTING_H

#include "libos/fs/vfs.h"

/* Puts i (a reference, NULL: no memory) below dir, whatever dir's file system is. NULL: no memory.
 */
struct dentry *plant(struct dentry *dir, const char *name, size_t length, struct inode *i);
/* What `path` leads to, with links followed; NULL: nothing. */
struct dentry *place_find(const char *path);
/* The same; what is missing is made as directories in RAM. */
struct dentry *place_make_directory(const char *path);
/* Puts i at path, over what is there. */
bool place_object(const char *path, struct inode *i);

#endif
