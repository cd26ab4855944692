/* SPDX-License-Identifier: Apache-2.0 */
/* Moving data between files inside the library OS, through a buffer of ours. */
#ifndef LIBOS_FS_COPY_H
#define LIBOS_FS_COPY_H

#include "libos/fs/file.h"

#define COPY_CHUNK 65536ul

/* Copies up to count bytes at the positions, which move on by what was copied. Bytes, or -E… if
 * there were none. Data that was read and could not be written is read again later: `in` must be
 * seekable. */
long copy_file_data(struct file *in, u64 *in_position, struct file *out, u64 *out_position,
                    size_t count);

/* Writes n bytes of ours. */
long write_ours(struct file *f, void *from, size_t n, u64 *position);
long read_ours(struct file *f, void *to, size_t n, u64 *position);

/* A position that the program passes by pointer, NULL meaning the file's own. */
struct position_arg {
    s64 *user;
    u64 value;
    u64 *at; /* what to use */
};
/* 0, -EFAULT, -EINVAL (negative), -ESPIPE (the file has no positions). */
long position_get(struct position_arg *p, s64 *user, struct file *f);
long position_put(struct position_arg *p); /* 0 or -EFAULT */

#endif
