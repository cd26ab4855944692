/* SPDX-License-Identifier: Apache-2.0 */
/* Open file descriptions of the host that all use who opened the same: the host lets the kernel
 * have only so many, and a thousand cells look into one /usr. */
#ifndef KERNEL_OBJECT_DESCRIPTION_H
#define KERNEL_OBJECT_DESCRIPTION_H

#include "base/list.h"

struct description {
    struct description *next; /* of those with the same hash */
    u64 device, inode, mount;
    struct list dirs; /* struct dir: those that use it */
    int fd;
    u32 users;
};

/* Takes over a descriptor of a directory, or of a regular file that is open to be read only: the
 * description of the same that others use, or a new one, with one use, the caller's. NULL: the file
 * system decides at each opening what is read, or the host cannot tell what is the same, or no
 * memory; the descriptor stays the caller's. Nobody moves its offset or locks by it. */
struct description *description_share(int fd);

/* Gives up one use; the last closes it. */
void description_drop(struct description *description);

#endif
