/* SPDX-License-Identifier: Apache-2.0 */
/* Files without a name: epoll instances, event files and the like. */
#ifndef LIBOS_FS_ANONYMOUS_H
#define LIBOS_FS_ANONYMOUS_H

#include "libos/fs/file.h"

/* fstat(2) of such a file: file_ops.getattr. */
long anonymous_getattr(struct file *f, struct rf_attr *out);

/* Opens such a file for `data` with the operations. `flags`: O_RDWR or the like with O_NONBLOCK and
 * O_CLOEXEC. The descriptor, or -E…; then data was given to ops->release, or freed if there was no
 * file. */
long anonymous_install(const struct file_ops *ops, void *data, u32 flags);

#endif
