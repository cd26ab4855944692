/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes kept in memory, as inode operations for file systems that keep everything
 * there. */
#ifndef LIBOS_FS_XATTR_H
#define LIBOS_FS_XATTR_H

#include "libos/fs/vfs.h"

long ram_get_xattr(struct inode *i, struct dentry *d, const char *name, void *value, size_t size);
long ram_set_xattr(struct inode *i, struct dentry *d, const char *name, const void *value,
                   size_t size, int flags);
long ram_list_xattr(struct inode *i, struct dentry *d, char *list, size_t size);
long ram_remove_xattr(struct inode *i, struct dentry *d, const char *name);
void ram_xattrs_free(struct inode *i);

#endif
