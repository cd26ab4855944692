/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a frozen file behind compression and encryption (frozen/README.md): struct
 * frozen_cell, then the pieces of its image (abi/image.h), each behind its length, and a length of
 * 0. The program ringfence-frozen packs and unpacks it. */
#ifndef CLI_FROZEN_STREAM_H
#define CLI_FROZEN_STREAM_H

#include <stdio.h>
#include <sys/types.h>

#include "abi/interface/cell.h"

#define FROZEN_CELL_MAGIC 0x6c436652u

struct frozen_cell {
    u32 magic;
    u32 interface; /* RF_INTERFACE_VERSION */
    char name[RF_CELL_NAME];
    u64 memory_limit; /* bytes; 0: none */
    u32 cpu_percent;  /* 0: no limit */
    u32 reserved;
};
_Static_assert(sizeof(struct frozen_cell) == 56, "in files");

/* Everything here fails (fail()) with a line for the user, or after ringfence-frozen has said one.
 */

struct freezing {
    FILE *to;
    pid_t helper;
    const char *path;
};

/* Begins a file, encrypted to a key if there is one. It appears when it is whole. */
void freezing_begin(struct freezing *freezing, const char *path, const char *key,
                    const struct frozen_cell *cell);
void freezing_put(struct freezing *freezing, const void *piece, u32 length);
void freezing_end(struct freezing *freezing);

struct thawing {
    FILE *from;
    pid_t helper;
    const char *path;
    struct frozen_cell cell;
};

void thawing_begin(struct thawing *thawing, const char *path, const char *key_file);
/* The next piece, into RF_MSG_DATA bytes: its length, or 0 when all of the file was good and read.
 */
u32 thawing_get(struct thawing *thawing, void *piece);

#endif
