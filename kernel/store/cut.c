/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of a cut. */
#include "kernel/store/cut.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int store_begin(struct store *store, struct store_cut **cut)
{
    struct store_cut *made = store->broken ? NULL : calloc(1, sizeof(*made));

    if (store->broken)
        return -EIO;
    if (!made)
        return -ENOMEM;
    made->store = store;
    made->journalled = store->journalled;
    for (u32 i = 0; i < store->volume_count; i++)
        store->volumes[i].room = volume_is_there(&store->volumes[i]) && !store->volumes[i].leaving
                                     ? ROOM_GROW
                                     : ROOM_NONE;
    store->cut = *cut = made;
    return 0;
}

static int failed(struct store_cut *cut, int error)
{
    cut->error = cut->error ? cut->error : error;
    return cut->error;
}

/* NULL: the cut has failed. */
static struct op *add_op(struct store_cut *cut, enum op_kind kind, u64 object, u64 number)
{
    struct op *op;

    if (cut->error)
        return NULL;
    if (cut->op_count == cut->op_room) {
        u32 room = MAX(cut->op_room * 2, 256u);
        struct op *ops = realloc(cut->ops, room * sizeof(*ops));

        if (!ops) {
            failed(cut, -ENOMEM);
            return NULL;
        }
        cut->ops = ops;
        cut->op_room = room;
    }
    op = &cut->ops[cut->op_count++];
    *op = (struct op){.kind = kind, .object = object, .number = number};
    return op;
}

int store_record_put(struct store_cut *cut, u64 object, u32 part, const void *bytes, u32 length)
{
    struct op *op;

    if (length > STORE_RECORD_MAX)
        return failed(cut, -EINVAL);
    op = add_op(cut, OP_RECORD, object, part);
    if (!op)
        return cut->error;
    if (length == 0)
        return 0;
    op->value = malloc(sizeof(u64) + length);
    if (!op->value)
        return failed(cut, -ENOMEM);
    op->length = (u32)sizeof(u64) + length;
    memcpy((u8 *)op->value + sizeof(u64), bytes, length);
    return 0;
}

static int copies_committed(struct store *store, u64 object, u32 *copies)
{
    struct disk_object stored;
    MDB_txn *txn;
    int error = index_begin(&store->index, true, &txn);

    if (error)
        return error;
    error = index_get_fixed(&store->index, txn, index_key(KEY_OBJECT, object, 0), &stored,
                            sizeof(stored));
    mdb_txn_abort(txn);
    if (error && error != -ENOENT)
        return error;
    *copies = error ? 1 : stored.copies;
    return *copies >= 1 && *copies <= STORE_COPIES_MAX ? 0 : -EUCLEAN;
}

/* What the cut itself says of it; 0: nothing. */
static u32 copies_said(const struct store_cut *cut, u64 object)
{
    for (u32 i = cut->op_count; i-- > 0;) {
        const struct op *op = &cut->ops[i];

        if (op->object == object && (op->kind == OP_COPIES || op->kind == OP_OBJECT_DROP))
            return op->kind == OP_COPIES ? op->length : 1;
    }
    return 0;
}

/* Finds how many copies pages of the object have from now on. */
static int know_copies(struct store_cut *cut, u64 object)
{
    int error = 0;

    if (cut->has_object && cut->object == object)
        return 0;
    cut->object = object;
    cut->copies = copies_said(cut, object);
    if (!cut->copies)
        error = copies_committed(cut->store, object, &cut->copies);
    cut->has_object = !error;
    return error;
}

static int put_page(struct store_cut *cut, enum op_kind kind, u64 object, u64 index,
                    const void *page)
{
    struct op *op;
    int error;

    if (index >= STORE_INDEX_MAX)
        return failed(cut, -EINVAL);
    error = know_copies(cut, object);
    if (error)
        return failed(cut, error);
    op = add_op(cut, kind, object, index);
    if (!op)
        return cut->error;
    op->page = page;
    op->entry.hash = page_hash(page);
    error = cut_place(cut, cut->op_count - 1, cut->copies);
    return error ? failed(cut, error) : 0;
}

int store_page_put(struct store_cut *cut, u64 object, u64 index, const void *page)
{
    return put_page(cut, OP_PAGE, object, index, page);
}

int cut_move_page(struct store_cut *cut, u64 object, u64 index, const void *page)
{
    return put_page(cut, OP_PAGE_MOVE, object, index, page);
}

int store_page_drop(struct store_cut *cut, u64 object, u64 first, u64 count)
{
    struct op *op = add_op(cut, OP_PAGE_DROP, object, first);

    if (!op)
        return cut->error;
    op->count = count;
    return 0;
}

int store_object_drop(struct store_cut *cut, u64 object)
{
    if (!add_op(cut, OP_OBJECT_DROP, object, 0))
        return cut->error;
    cut->has_object = false;
    return 0;
}

int store_journal_forget(struct store_cut *cut)
{
    return add_op(cut, OP_FORGET, 0, 0) ? 0 : cut->error;
}

int store_object_copies(struct store_cut *cut, u64 object, u32 copies)
{
    struct op *op;

    if (copies < 1 || copies > STORE_COPIES_MAX)
        return failed(cut, -EINVAL);
    op = add_op(cut, OP_COPIES, object, 0);
    if (!op)
        return cut->error;
    op->length = copies;
    cut->has_object = false;
    return 0;
}
