/* SPDX-License-Identifier: Apache-2.0 */
/* The RAM file system's inner parts: directories are ramfs.c, contents of regular files ramfile.c.
 */
#ifndef LIBOS_FS_RAMFS_H
#define LIBOS_FS_RAMFS_H

#include "libos/fs/file.h"
#include "libos/fs/pagestore.h"
#include "libos/fs/vfs.h"

/* inode->data of a regular file; made at the first need. */
struct ram_file {
    struct page_store store;
    u32 seals; /* F_SEAL_* of a memfd */
    bool is_memfd;
};

extern const struct file_ops ram_file_ops;
long ramfs_open(struct inode *i, struct dentry *d,
                struct file *f); /* inode_ops.open of all its inodes */

/* An inode of any type. `target` for symbolic links. NULL: no memory. */
struct inode *ramfs_inode(struct filesystem *fs, u32 mode, u64 rdev, const char *target);
/* dir has a new entry i. */
void ramfs_gained(struct inode *dir, const struct inode *i);
/* The data of a regular RAM file, making it. NULL: no memory. Inode lock held. */
struct ram_file *ram_file_data(struct inode *i);
/* Is it a regular file of a RAM file system (for seals and the like)? */
bool is_ram_file(const struct inode *i);
long ram_file_resize(struct inode *i, u64 size); /* 0, -EFBIG, -EPERM (sealed) */
void ram_file_free(struct inode *i);
/* Writes bytes of ours; for files made at start. */
long ram_file_fill(struct inode *i, const char *text, size_t length);

#endif
