/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, for the calls that do it. */
#ifndef LIBOS_FS_OPEN_H
#define LIBOS_FS_OPEN_H

#include "libos/fs/file.h"
#include "libos/fs/vfs.h"

/* As file_open, with WALK_* flags of openat2(2). */
long file_open_walk(int dirfd, const char *path, u32 flags, u32 mode, u32 walk, struct file **out);
/* Opens the object d itself, with access as the flags say already checked. */
long open_dentry(struct dentry *d, u32 flags, struct file **out);
/* truncate(2) of an open file or an object; access has been checked. After the second
 * mm_file_shrunk is the caller's, once it holds no lock. */
long truncate_file(struct file *f, u64 size);
long truncate_object(struct dentry *d, u64 size);

#endif
