/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/branch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/image.h"
#include "kernel/boot.h"
#include "kernel/checkpoint/held.h"
#include "kernel/checkpoint/hibernate.h"
#include "kernel/checkpoint/image.h"
#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/restore.h"
#include "kernel/checkpoint/spool.h"
#include "kernel/checkpoint/stop.h"
#include "kernel/object/bank.h"
#include "kernel/object/call.h"

#define STAND_STILL_NS 1000000000u
#define PIECE_PAGES    ((RF_MSG_DATA - sizeof(struct rf_image_piece)) / PAGE_SIZE)
#define RECORD_MOST    (1u << 20)
_Static_assert((u32)RF_MEMORY_HEAP == MEMORY_HEAP && (u32)RF_MEMORY_WINDOW == MEMORY_WINDOW,
               "abi/image.h");

struct origin {
    struct spool *spool;
    u64 number; /* of the cell as its keys say */
    u32 users;
    u32 branches; /* that were ever made of it */
    bool brought; /* in pieces: its capabilities are to be found again */
    struct {
        u32 part;
        u64 total, length;
        u8 *bytes;
    } coming; /* a record of which some pieces are there */
};

static struct origin *make_origin(u64 number)
{
    struct origin *origin = calloc(1, sizeof(*origin));

    if (!origin)
        return NULL;
    origin->number = number;
    origin->users = 1;
    origin->spool = spool_create(-1);
    if (origin->spool)
        return origin;
    free(origin);
    return NULL;
}

static void release(struct origin *origin)
{
    if (!origin || --origin->users)
        return;
    spool_destroy(origin->spool);
    free(origin->coming.bytes);
    free(origin);
}

struct spool *branch_spool(const struct cell *cell)
{
    return cell->origin ? cell->origin->spool : NULL;
}

void branch_drop(struct cell *cell)
{
    release(cell->origin);
    cell->origin = NULL;
}

/* Until it starts; then it is looked at what it holds. */
static bool charge(struct cell *cell, u64 bytes)
{
    u64 pages = PAGE_ALIGN(bytes) / PAGE_SIZE;

    if (!bank_charge(cell->object.bank, RF_RESOURCE_PAGES, pages))
        return false;
    cell->pages_charged += pages;
    return true;
}

/* --- making one --- */

static void hand_over(struct origin *origin, struct cell *to)
{
    to->origin = origin;
    to->branch = ++origin->branches;
}

static int capture(struct cell *from, struct cell *to)
{
    struct origin *origin = make_origin(from->object.number);
    int error =
        origin ? image_save(from, IMAGE_ALL | IMAGE_GRANTED, spool_sink(origin->spool)) : -ENOMEM;

    if (!error)
        error = held_save(from, spool_sink(origin->spool));
    if (!error && !charge(to, spool_bytes(origin->spool)))
        error = -ENOSPC;
    if (!error)
        error = held_copy(from, to);
    if (error)
        release(origin);
    else
        hand_over(origin, to);
    return error;
}

static int share(struct cell *from, struct cell *to)
{
    if (!charge(to, spool_bytes(from->origin->spool)))
        return -ENOSPC;
    from->origin->users++;
    hand_over(from->origin, to);
    return held_copy(from, to);
}

/* What no bank and no meter says. */
static void limit_like(const struct cell *from, struct cell *to)
{
    struct limits_config *limits = &to->limits.config;

    limits->time_limit_ns = from->limits.config.time_limit_ns;
    if (!limits->process_limit)
        limits->process_limit = from->limits.config.process_limit;
}

static int branch(struct cell *from, struct cell *to, bool pause)
{
    int error;

    limit_like(from, to);
    if (from->origin && !from->started_ns)
        return share(from, to);
    if (from->sleep.phase > SLEEP_WANTED || from->restore || from->standing) {
        hibernate_wake(from);
        return -EAGAIN;
    }
    error = stop_begin(from, now_ns() + STAND_STILL_NS);
    if (error == -ESRCH && from->started_ns && !from->ending && !from->over)
        return -EAGAIN; /* its first process is just being made */
    if (error)
        return error;
    error = capture(from, to);
    if (!error && pause)
        cell_stop(from, STOP_PAUSED);
    stop_end(from);
    return error;
}

s64 op_CELL_BRANCH(struct call *call)
{
    const struct cap *cap = call_cap(call, 2);
    struct cell *from = cap && cap->kind == RF_KIND_CELL ? cell_of(cap) : NULL, *cell;
    int error;

    if (!from)
        return -EBADF;
    if (!(cap->rights & RF_RIGHT_WRITE))
        return -EACCES;
    if (from == cell_of_domain(call->domain))
        return -EDEADLK;
    error = cell_create(call, cell_of(call->cap), 0, &cell);
    if (error)
        return error;
    error = branch(from, cell, call->w[2] & 1);
    if (!error)
        return call_new_slot(call, &cell->object, RF_RIGHT_ALL);
    object_release(&cell->object);
    return error;
}

/* --- going on --- */

static void is_there(struct cell *cell, struct source *source)
{
    (void)source;
    branch_drop(cell);
}

/* It would never go if nobody held it but itself. */
static void take_own(struct cell *cell)
{
    static const u32 slots[] = {RF_SLOT_CELL, RF_SLOT_PLACE};

    for (u32 i = 0; i < ARRAY_SIZE(slots); i++) {
        const struct cap *cap = table_get(&cell->domain.caps, slots[i]);

        if (cap && cap->object == &cell->object)
            table_drop(&cell->domain.caps, slots[i]);
    }
}

int branch_start(struct cell *cell)
{
    struct origin *origin = cell->origin;
    struct source *source = spool_source(origin->spool);
    int error = image_load_shared(cell, IMAGE_HEAP | IMAGE_WINDOW, source, origin->number);

    if (!error)
        error = boot_finish(cell);
    cell_put_own(cell);
    if (!error)
        error = held_load(cell, source, origin->number, origin->brought);
    if (!error)
        error = restore_begin(cell, source, origin->number, true, is_there);
    cell->window->cell.came = origin->brought ? RF_CAME_THAWED : RF_CAME_BRANCHED;
    cell->window->cell.branch = cell->branch;
    if (error)
        take_own(cell);
    return error == -ENOENT || error == -EINVAL ? -EPROTO : error;
}

/* --- in pieces --- */

/* Positions: pieces of records, RECORD_PIECES for each; from PAGES_FROM on pages. */
#define PIECE_BYTES   (PIECE_PAGES * PAGE_SIZE)
#define RECORD_PIECES (RECORD_MOST / PIECE_BYTES + 1)
#define PAGES_FROM    (1ul << 40)

static u32 give(struct call *call, const struct rf_image_piece *piece, const void *bytes,
                size_t length, u64 next)
{
    call->msg->words[0] = next;
    call_out(call, 0, piece, sizeof(*piece));
    if (bytes)
        call_out(call, sizeof(*piece), bytes, (u32)length);
    else
        call->msg->data_length = (u32)(sizeof(*piece) + length);
    return (u32)(sizeof(*piece) + length);
}

static s64 give_pages(struct call *call, struct spool *spool, u64 position)
{
    struct rf_image_piece piece = {.kind = RF_PIECE_PAGES};
    u64 key = 0;
    s64 count = spool_pages_at(spool, position, PIECE_PAGES, call->msg->data + sizeof(piece), &key,
                               &piece.at);

    if (count <= 0)
        return count;
    piece.of = key_memory(key);
    piece.total = (u64)count;
    return give(call, &piece, NULL, (u64)count * PAGE_SIZE, PAGES_FROM + position + (u64)count);
}

static s64 give_record(struct call *call, struct spool *spool, u64 position)
{
    struct rf_image_piece piece = {.kind = RF_PIECE_RECORD,
                                   .at = position % RECORD_PIECES * PIECE_BYTES};
    const void *bytes;
    size_t length;

    if (position / RECORD_PIECES >= UINT32_MAX ||
        !spool_record_at(spool, (u32)(position / RECORD_PIECES), &piece.of, &bytes, &length))
        return give_pages(call, spool, 0);
    piece.total = length;
    if (length > RECORD_MOST || piece.at > length)
        return -EFBIG;
    length = MIN(length - piece.at, PIECE_BYTES);
    return give(call, &piece, (const u8 *)bytes + piece.at, length,
                piece.at + length < piece.total ? position + 1
                                                : (position / RECORD_PIECES + 1) * RECORD_PIECES);
}

static bool is_new(const struct cell *cell)
{
    return cell->window && !cell->started_ns && !cell->ending;
}

s64 op_CELL_IMAGE_READ(struct call *call)
{
    const struct cell *cell = cell_of(call->cap);
    u64 position = call->w[0];

    if (call_needs_message(call))
        return -EINVAL;
    if (!is_new(cell) || !cell->origin)
        return -ENODATA;
    return position < PAGES_FROM ? give_record(call, cell->origin->spool, position)
                                 : give_pages(call, cell->origin->spool, position - PAGES_FROM);
}

static int take_pages(struct origin *origin, const struct rf_image_piece *piece, const u8 *bytes,
                      size_t length)
{
    struct sink *sink = spool_sink(origin->spool);
    int error = 0;

    if (piece->total != length / PAGE_SIZE || length % PAGE_SIZE || piece->of >= MEMORY_MOST ||
        piece->at > UINT64_MAX - piece->total)
        return -EINVAL;
    for (u64 i = 0; i < piece->total && !error; i++)
        error = sink->page(sink, key_of(origin->number, piece->of), piece->at + i,
                           bytes + i * PAGE_SIZE);
    return error;
}

/* The first piece makes room for all. */
static int take_record(struct origin *origin, const struct rf_image_piece *piece, const u8 *bytes,
                       size_t length)
{
    struct sink *sink = spool_sink(origin->spool);
    u8 *record;
    int error = 0;

    if (piece->total > RECORD_MOST || length > piece->total || piece->at > piece->total - length)
        return -EINVAL;
    if (!piece->at) {
        record = realloc(origin->coming.bytes, piece->total + 1);
        if (!record)
            return -ENOMEM;
        origin->coming.bytes = record;
        origin->coming.part = piece->of;
        origin->coming.total = piece->total;
        origin->coming.length = 0;
    }
    if (piece->of != origin->coming.part || piece->total != origin->coming.total ||
        piece->at != origin->coming.length)
        return -EINVAL;
    memcpy(origin->coming.bytes + piece->at, bytes, length);
    origin->coming.length += length;
    if (origin->coming.length == piece->total)
        error = sink->record(sink, key_of(origin->number, MEMORY_OBJECT), piece->of,
                             origin->coming.bytes, piece->total);
    return error;
}

s64 op_CELL_IMAGE_WRITE(struct call *call)
{
    static u8 bytes[RF_MSG_DATA];
    struct cell *cell = cell_of(call->cap);
    struct rf_image_piece piece;
    s64 length = call_data(call, bytes, sizeof(piece), sizeof(bytes));

    if (length < 0)
        return length;
    if (!is_new(cell) || (cell->origin && (!cell->origin->brought || cell->origin->users > 1)))
        return -EBUSY;
    if (!cell->origin && !(cell->origin = make_origin(cell->object.number)))
        return -ENOMEM;
    cell->origin->brought = true;
    if (!charge(cell, (u64)length))
        return -ENOSPC;
    memcpy(&piece, bytes, sizeof(piece));
    length -= (s64)sizeof(piece);
    return call_done(call,
                     piece.kind == RF_PIECE_PAGES
                         ? take_pages(cell->origin, &piece, bytes + sizeof(piece), (size_t)length)
                     : piece.kind == RF_PIECE_RECORD
                         ? take_record(cell->origin, &piece, bytes + sizeof(piece), (size_t)length)
                         : -EINVAL);
}
