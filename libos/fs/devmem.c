/* SPDX-License-Identifier: Apache-2.0 */
/* The memory devices: /dev/null, zero, full, random, urandom. */
#include "libos/fs/file.h"
#include "libos/fs/vfs.h"

#include <linux/fs.h>

#include "libos/proc/random.h"

#define RANDOM_PIECE 512u

static long read_nothing(struct file *f, struct io *io, u64 *position)
{
    (void)f;
    (void)io;
    (void)position;
    return 0;
}

static long read_zeroes(struct file *f, struct io *io, u64 *position)
{
    (void)f;
    (void)position;
    return io_zero(io, io->left);
}

static long read_random(struct file *f, struct io *io, u64 *position)
{
    u8 piece[RANDOM_PIECE];
    long total = 0;
    (void)f;
    (void)position;
    while (io->left) {
        size_t n = MIN(io->left, sizeof(piece));
        random_bytes(piece, n);
        long r = io_put(io, piece, n);
        if (r < 0)
            return total ? total : r;
        total += r;
        if ((size_t)r < n)
            break;
    }
    return total;
}

static long write_anything(struct file *f, struct io *io, u64 *position)
{
    (void)f;
    (void)position;
    return (long)io->left;
}

static long write_full(struct file *f, struct io *io, u64 *position)
{
    (void)f;
    (void)position;
    return io->left ? -ENOSPC : 0;
}

static long seek_nowhere(struct file *f, s64 offset, int whence)
{
    (void)offset;
    (void)whence;
    f->position = 0;
    return 0;
}

static long map_zero(struct file *f, u64 offset, size_t length, int prot, bool shared,
                     struct map_source *out)
{
    (void)f;
    (void)offset;
    (void)prot;
    (void)shared;
    out->kind = MAP_SOURCE_ZERO;
    out->length = length;
    return 0;
}

static const struct file_ops null_ops = {
    .name = "null", .read = read_nothing, .write = write_anything, .seek = seek_nowhere};
static const struct file_ops zero_ops = {.name = "zero",
                                         .read = read_zeroes,
                                         .write = write_anything,
                                         .seek = seek_nowhere,
                                         .map = map_zero};
static const struct file_ops full_ops = {
    .name = "full", .read = read_zeroes, .write = write_full, .seek = seek_nowhere};
static const struct file_ops random_ops = {
    .name = "random", .read = read_random, .write = write_anything, .seek = seek_nowhere};

#define OPEN_WITH(name)                                                                            \
    static long open_##name(struct inode *i, struct file *f)                                       \
    {                                                                                              \
        (void)i;                                                                                   \
        f->ops = &name##_ops;                                                                      \
        return 0;                                                                                  \
    }
OPEN_WITH(null)
OPEN_WITH(zero)
OPEN_WITH(full)
OPEN_WITH(random)

const struct device memory_devices[] = {
    {1, 3, 3, open_null},   {1, 5, 5, open_zero}, {1, 7, 7, open_full},
    {1, 8, 9, open_random}, {0, 0, 0, NULL},
};
