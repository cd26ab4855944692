/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that define file system calls have in common. */
#ifndef LIBOS_FS_CALLS_H
#define LIBOS_FS_CALLS_H

#include "libos/fs/file.h"

/* Reading and writing an open file, with the checks of read(2) and write(2) and the notices. */
long file_read(struct file *f, struct io *io, u64 *position);
long file_write(struct file *f, struct io *io, u64 *position);

/* A program's array of struct iovec as an io. */
struct io_vector {
    struct io io;
    struct io_piece fast[8];
    struct io_piece *pieces;
};
/* 0, -EINVAL, -EFAULT, -ENOMEM. On success io_vector_put gives it back. */
long io_vector_get(struct io_vector *v, const void *user, u64 count);
void io_vector_put(struct io_vector *v);

#endif
