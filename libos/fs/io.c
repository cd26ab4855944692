/* SPDX-License-Identifier: Apache-2.0 */
/* Moving the data of reads and writes; see io.h. */
#include "libos/fs/io.h"
#include "base/string.h"
#include "libos/entry/errno.h"
#include "libos/entry/user.h"
#include "libos/proc/process.h"

static void init(struct io *io, struct io_piece *piece, void *memory, size_t length, bool ours)
{
    piece->base = memory;
    piece->length = length;
    io->pieces = piece;
    io->count = 1;
    io->ours = ours;
    io->done = 0;
    io->left = length;
    io->faulted = false;
}

void io_init(struct io *io, struct io_piece *piece, void *user, size_t length)
{
    init(io, piece, user, length, false);
}

void io_init_ours(struct io *io, struct io_piece *piece, void *memory, size_t length)
{
    init(io, piece, memory, length, true);
}

enum direction { PUT, TAKE, ZERO };

/* Bytes moved between `ours` and `user`; the rest faulted. */
static size_t move_user(enum direction way, void *user, void *ours, size_t n)
{
    struct thread *t = current();
    size_t moved;
    t->copying = true;
    switch (way) {
    case PUT: moved = n - copy_to_user_partly(user, ours, n); break;
    case TAKE: moved = n - copy_from_user_partly(ours, user, n); break;
    default: moved = clear_user(user, n) ? 0 : n;
    }
    t->copying = false;
    return moved;
}

static size_t move_ours(enum direction way, void *theirs, void *ours, size_t n)
{
    switch (way) {
    case PUT: memcpy(theirs, ours, n); break;
    case TAKE: memcpy(ours, theirs, n); break;
    default: memset(theirs, 0, n);
    }
    return n;
}

static void consume(struct io *io, size_t n)
{
    io->done += n;
    io->left -= n;
    if (io->done == io->pieces->length && io->left) {
        io->pieces++;
        io->count--;
        io->done = 0;
    }
}

static long move(struct io *io, enum direction way, u8 *memory, size_t n)
{
    size_t moved = 0;
    n = MIN(n, io->left);
    while (moved < n) {
        size_t part = MIN(n - moved, io->pieces->length - io->done);
        u8 *at = (u8 *)io->pieces->base + io->done;
        size_t went = io->ours ? move_ours(way, at, memory + moved, part)
                               : move_user(way, at, memory + moved, part);
        consume(io, went);
        moved += went;
        if (unlikely(went < part)) {
            io->faulted = true;
            break;
        }
    }
    return moved || !n ? (long)moved : -EFAULT;
}

bool io_fault_in(struct io *io)
{
    u8 byte;
    io->faulted = false;
    return !get_user(byte, (u8 *)io->pieces->base + io->done);
}

long io_put(struct io *io, const void *from, size_t n)
{
    return move(io, PUT, (u8 *)from, n);
}

long io_take(struct io *io, void *to, size_t n)
{
    return move(io, TAKE, to, n);
}

long io_zero(struct io *io, size_t n)
{
    static u8 nothing; /* not touched: only its address is stepped */
    return move(io, ZERO, &nothing, n);
}
