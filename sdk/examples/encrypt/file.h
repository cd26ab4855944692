/* SPDX-License-Identifier: Apache-2.0 */
/* The contents of one encrypted file, kept in a file of another tree. */
#ifndef SDK_EXAMPLES_ENCRYPT_FILE_H
#define SDK_EXAMPLES_ENCRYPT_FILE_H

#include "sdk/examples/encrypt/format.h"
#include "sdk/serve/tree.h"

struct encrypted_file {
    const struct keys *keys;
    const struct rf_tree *next;
    void *file; /* of `next` */
};

/* All: 0 (or bytes), or -errno; -EIO: what is stored is not what was written. */
int encrypted_begin(const struct encrypted_file *file, u32 mode);
int encrypted_header(const struct encrypted_file *file, struct header *header);
ssize_t encrypted_read(const struct encrypted_file *file, void *to, size_t n, u64 offset);
ssize_t encrypted_write(const struct encrypted_file *file, const void *from, size_t n, u64 offset,
                        bool append);
int encrypted_resize(const struct encrypted_file *file, u64 size);
int encrypted_set_mode(const struct encrypted_file *file, u32 mode);

/* The attributes of the stored file as those of what is in it. */
void encrypted_attr(const struct header *header, struct rf_attr *attr);

#endif
