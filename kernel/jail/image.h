/* SPDX-License-Identifier: Apache-2.0 */
/* Library OS images: ET_EXEC ELF files linked at RF_LIBOS_BASE. New cells get the one embedded in
 * this executable; a cell that goes on gets the one that it was made with, since its code lies in
 * the memory of all its processes. */
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
    u64 base, size; /* where in the file it is */
    u64 entry;
    u64 identity[2];   /* a hash of it, */
    const void *bytes; /* and all of it up to the end of its last page: both from image_view
                          on */
    struct image_segment segments[IMAGE_SEGMENTS];
    u32 count;
};

/* Opens the image of new cells, embedded or the file at `path` (for tests). Fails (fail()) when
 * there is none. */
void image_open(const char *path);

/* The image of new cells. */
struct image *image_own(void);

/* Looks at an image of `size` bytes from `base` on in the file `fd`, which is taken over. 0;
 * -ENOEXEC: it is none. Then, too, the descriptor is the image's. */
int image_parse(struct image *image, int fd, u64 base, u64 size);

/* Maps the file into this process and hashes it, once. 0 or a negative errno. */
int image_view(struct image *image);

/* Maps it into the calling process. 0 or a negative errno. */
int image_map(const struct image *image);

#endif
