/* SPDX-License-Identifier: Apache-2.0 */
/* The image of a cell as it leaves the kernel and comes back: pieces, each in one message.
 * CELL_IMAGE_READ gives them, CELL_IMAGE_WRITE takes them in the same order. */
#ifndef ABI_IMAGE_H
#define ABI_IMAGE_H

#include "base/types.h"

enum rf_piece_kind {
    RF_PIECE_RECORD = 1, /* bytes of a record that the kernel keeps; its business alone */
    RF_PIECE_PAGES,      /* pages of a memory that follow each other */
};

/* Which memories there are. Others are the private ones of host processes. */
enum { RF_MEMORY_HEAP = 1, RF_MEMORY_WINDOW = 2 };

/* Followed by the bytes: as many as fit of the record, or whole pages. */
struct rf_image_piece {
    u32 kind;  /* enum rf_piece_kind */
    u32 of;    /* which record, which memory */
    u64 at;    /* offset in the record; number of the first page in the memory */
    u64 total; /* bytes of the whole record; pages of this piece */
};
_Static_assert(sizeof(struct rf_image_piece) == 24, "message layout, and in files");

#endif
