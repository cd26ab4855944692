/* SPDX-License-Identifier: Apache-2.0 */
/* System V shared memory, as the mapping list sees it: a segment is a file that is mapped. */
#ifndef LIBOS_IPC_SHM_H
#define LIBOS_IPC_SHM_H

#include "libos/fs/file.h"

extern const struct file_ops shm_file_ops;

/* A mapping of the segment came (1) or went (-1). */
void shm_count(struct file *f, int change);

static inline void shm_mapped(struct file *f, int change)
{
    if (f->ops == &shm_file_ops)
        shm_count(f, change);
}

#endif
