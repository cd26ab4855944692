/* SPDX-License-Identifier: Apache-2.0 */
/* A cut being written: its calls, kept in order. Pages go to their places at once (cut_write.c),
 * all else into one transaction of the index at the commit (commit.c). */
#ifndef KERNEL_STORE_CUT_H
#define KERNEL_STORE_CUT_H

#include "kernel/store/internal.h"

enum op_kind {
    OP_RECORD,
    OP_PAGE,
    OP_PAGE_MOVE,
    OP_PAGE_DROP,
    OP_OBJECT_DROP,
    OP_COPIES,
    OP_FORGET
};

struct op {
    u32 kind;
    u32 length; /* record: of the value, its checksum too; copies: how many */
    u64 object;
    u64 number; /* part, or index of the first page */
    union {
        void *value; /* record: room for the checksum, then the bytes; owned; NULL drops it */
        u64 count;   /* drop: 0 is all */
        struct {
            const void *page;
            struct entry entry;
        };
    };
};

#define WRITES_MAX 1024u /* pages written at once */

/* A copy to be written. */
struct write {
    u32 op, copy;
    u64 place;
};

struct store_cut {
    struct store *store;
    int error;      /* the first that happened */
    u64 journalled; /* before it began */
    struct op *ops;
    u32 op_count, op_room;
    struct write writes[WRITES_MAX];
    u32 write_count;
    u64 bytes;
    u64 object; /* whose copies are `copies`; good while has_object */
    u32 copies;
    bool has_object;
};

/* As store_page_put, for a page as the last generation has it: what was journalled is newer. */
int cut_move_page(struct store_cut *cut, u64 object, u64 index, const void *page);

/* Gives each copy of a page a place, on different volumes where there are several, and writes it
 * now or later. -ENOSPC and others. */
int cut_place(struct store_cut *cut, u32 op, u32 copies);
/* Writes what was not written yet. */
int cut_write(struct store_cut *cut);

#endif
