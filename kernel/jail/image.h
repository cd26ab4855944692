/* SPDX-License-Identifier: Apache-2.0 */
/* The library OS image: an ET_EXEC ELF file linked at RF_LIBOS_BASE, embedded in this executable.
 */
#ifndef KERNEL_JAIL_IMAGE_H
#define KERNEL_JAIL_IMAGE_H

#include "base/types.h"

#define IMAGE_SEGMENTS 8

struct image_segment {
    u64 address, file_offset; /* page-aligned */
    u64 file_length;          /* bytes that come from the file, from the page's start */
    u64 length;               /* with the zeroed rest */
    int protection;
};

struct image {
    int fd;
    u64 entry;
    struct image_segment segments[IMAGE_SEGMENTS];
    u32 count;
};

/* Opens the embedded image, or the file at `path` (for tests). Fails (fail()) when there is none.
 */
void image_open(struct image *image, const char *path);

/* A hash of the embedded image: what was made by another one cannot go on with it. */
void image_identity(u64 identity[2]);

/* Maps it into the calling process. 0 or a negative errno. */
int image_map(const struct image *image);

#endif
