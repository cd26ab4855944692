/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/examples/encrypt/file.h"

#include <errno.h>
#include <string.h>

#define GAP_MOST (1ul << 30)

static u64 place_of(u64 block)
{
    return HEADER_SIZE + block * SEALED_BLOCK;
}

static u64 blocks_of(u64 size)
{
    return size / BLOCK + (size % BLOCK != 0);
}

/* All n bytes, or -EIO: a stored file that ends within a record was cut. */
static int read_all(const struct encrypted_file *file, void *to, size_t n, u64 offset)
{
    size_t done = 0;

    while (done < n) {
        ssize_t r = file->next->read(file->file, (u8 *)to + done, n - done, offset + done);

        if (r <= 0)
            return r < 0 ? (int)r : -EIO;
        done += (size_t)r;
    }
    return 0;
}

static int write_all(const struct encrypted_file *file, const void *from, size_t n, u64 offset)
{
    size_t done = 0;

    while (done < n) {
        ssize_t r =
            file->next->write(file->file, (const u8 *)from + done, n - done, offset + done, false);

        if (r <= 0)
            return r < 0 ? (int)r : -EIO;
        done += (size_t)r;
    }
    return 0;
}

static int put_header(const struct encrypted_file *file, const struct header *header)
{
    u8 sealed[HEADER_SIZE];

    header_seal(file->keys, header, sealed);
    return write_all(file, sealed, sizeof(sealed), 0);
}

int encrypted_header(const struct encrypted_file *file, struct header *header)
{
    u8 sealed[HEADER_SIZE];
    int r = read_all(file, sealed, sizeof(sealed), 0);

    return r ? r : header_open(file->keys, sealed, header) ? 0 : -EIO;
}

int encrypted_begin(const struct encrypted_file *file, u32 mode)
{
    struct header header;

    header_new(&header);
    header.mode = mode & 07777;
    return put_header(file, &header);
}

static int get_block(const struct encrypted_file *file, const struct header *header, u64 number,
                     u8 text[BLOCK])
{
    u8 sealed[SEALED_BLOCK];
    int r = read_all(file, sealed, sizeof(sealed), place_of(number));

    return r ? r : block_open(file->keys, header->id, number, sealed, text) ? 0 : -EIO;
}

static int put_block(const struct encrypted_file *file, const struct header *header, u64 number,
                     const u8 text[BLOCK])
{
    u8 sealed[SEALED_BLOCK];

    block_seal(file->keys, header->id, number, text, sealed);
    return write_all(file, sealed, sizeof(sealed), place_of(number));
}

ssize_t encrypted_read(const struct encrypted_file *file, void *to, size_t n, u64 offset)
{
    struct header header;
    u8 text[BLOCK];
    size_t done = 0;
    int r = encrypted_header(file, &header);

    if (r || offset >= header.size)
        return r;
    n = MIN(n, header.size - offset);
    while (done < n) {
        u64 at = offset + done, within = at % BLOCK, piece = MIN(n - done, BLOCK - within);

        r = get_block(file, &header, at / BLOCK, text);
        if (r)
            return r;
        memcpy((u8 *)to + done, text + within, piece);
        done += piece;
    }
    return (ssize_t)done;
}

/* One block's part, `from` (NULL: zeros). What the block holds past the file's size does not count,
 * and becomes zeros. */
static int change_block(const struct encrypted_file *file, const struct header *header, u64 at,
                        const void *from, size_t n)
{
    u64 start = at - at % BLOCK, held = header->size > start ? MIN(header->size - start, BLOCK) : 0;
    u8 text[BLOCK] = {0};
    int r = 0;

    if (held && (n < BLOCK))
        r = get_block(file, header, at / BLOCK, text);
    if (r)
        return r;
    memset(text + held, 0, BLOCK - held);
    if (from)
        memcpy(text + at % BLOCK, from, n);
    return put_block(file, header, at / BLOCK, text);
}

/* Makes what lies between the size and `end` zeros, and the size `end`. */
static int fill_gap(const struct encrypted_file *file, struct header *header, u64 end)
{
    int r = 0;

    if (end <= header->size)
        return 0;
    if (end - header->size > GAP_MOST)
        return -EFBIG;
    for (u64 at = header->size; r == 0 && at < end; at += BLOCK - at % BLOCK)
        r = change_block(file, header, at, NULL, 0);
    if (r == 0) {
        header->size = end;
        r = put_header(file, header);
    }
    return r;
}

ssize_t encrypted_write(const struct encrypted_file *file, const void *from, size_t n, u64 offset,
                        bool append)
{
    struct header header;
    size_t done = 0;
    int r = encrypted_header(file, &header);

    if (r || !n)
        return r;
    offset = append ? header.size : offset;
    if (n > (u64)INT64_MAX - offset)
        return -EFBIG;
    r = fill_gap(file, &header, offset);
    while (r == 0 && done < n) {
        u64 at = offset + done;
        size_t piece = MIN(n - done, BLOCK - at % BLOCK);

        r = change_block(file, &header, at, (const u8 *)from + done, piece);
        if (r == 0)
            done += piece;
    }
    if (done && offset + done > header.size) {
        int error;

        header.size = offset + done;
        error = put_header(file, &header);
        if (error)
            return error;
    }
    return done ? (ssize_t)done : r;
}

int encrypted_resize(const struct encrypted_file *file, u64 size)
{
    struct rf_setattr cut = {.which = RF_SETATTR_SIZE, .size = place_of(blocks_of(size))};
    struct header header;
    int r = encrypted_header(file, &header);

    if (r || size > header.size)
        return r ? r : fill_gap(file, &header, size);
    header.size = size;
    r = put_header(file, &header);
    return r ? r : file->next->file_setattr(file->file, &cut);
}

int encrypted_set_mode(const struct encrypted_file *file, u32 mode)
{
    struct header header;
    int r = encrypted_header(file, &header);

    header.mode = mode & 07777;
    return r ? r : put_header(file, &header);
}

void encrypted_attr(const struct header *header, struct rf_attr *attr)
{
    attr->size = header->size;
    attr->mode = (attr->mode & ~07777u) | header->mode;
}
