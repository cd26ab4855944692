/* SPDX-License-Identifier: Apache-2.0 */
/* Where the data of a read goes or the data of a write comes from: a list of pieces of the
 * program's memory, or one piece of ours. Moving data consumes it. */
#ifndef LIBOS_FS_IO_H
#define LIBOS_FS_IO_H

#include "base/types.h"

/* The Linux ABI's struct iovec. */
struct io_piece {
    void *base;
    size_t length;
};

struct io {
    const struct io_piece *pieces; /* library OS memory: already copied from the program */
    u32 count;
    bool ours;    /* pieces are library OS memory and cannot fault */
    size_t done;  /* bytes of pieces[0] that are consumed */
    size_t left;  /* bytes in all */
    bool faulted; /* the last move ended at memory that is not there */
};

/* One piece of program memory; `piece` is storage of the caller's that lives as long as io. */
void io_init(struct io *io, struct io_piece *piece, void *user, size_t length);
void io_init_ours(struct io *io, struct io_piece *piece, void *memory, size_t length);

/* Moves up to n bytes (at most io->left). Returns the bytes moved: fewer than MIN(n, left) means
 * that the program's memory faulted there; -EFAULT if not one byte could be moved (and n and left
 * are not 0). */
long io_put(struct io *io, const void *from, size_t n); /* read: to the program */
long io_take(struct io *io, void *to, size_t n);        /* write: from the program */
long io_zero(struct io *io, size_t n);                  /* read: zeroes */

/* After a fault: is the next byte of the program's memory there after all? To be asked without
 * locks: it may lie in the mapping of a file that has grown, which only then is mended (mm_fault).
 */
bool io_fault_in(struct io *io);

#endif
