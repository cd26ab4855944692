/* SPDX-License-Identifier: Apache-2.0 */
/* Who may do what, beyond may_access. */
#ifndef LIBOS_FS_ACCESS_H
#define LIBOS_FS_ACCESS_H

#include "libos/fs/vfs.h"
#include "libos/proc/process.h"

bool in_group(const struct process *p, u32 gid);
/* The calling process owns i or is the superuser. */
bool owns_inode(const struct inode *i);
/* May the name d be taken out of its directory (sticky directories)? 0, -EACCES, -EPERM, -EROFS. */
long may_remove(struct dentry *d);
/* May a name be made in dir? 0, -EACCES, -EROFS, -ENOENT if dir itself was removed. */
long may_make(struct dentry *dir);

/* The contents of i change: if somebody else than the superuser does that, set-id bits go. */
void drop_set_id(struct inode *i);

#endif
