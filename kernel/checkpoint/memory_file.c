/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/memory_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECE_PAGES 64u

/* The host keeps the last page whole beyond the end, as zeros. Pages read; 0: the file ends; or a
 * negative errno. */
static s64 save_piece(int fd, struct sink *sink, u64 key, u64 index, u64 count)
{
    static u8 piece[PIECE_PAGES * PAGE_SIZE];
    ssize_t n = pread(fd, piece, MIN(count, PIECE_PAGES) * PAGE_SIZE, (off_t)(index * PAGE_SIZE));
    u64 pages = n > 0 ? PAGE_ALIGN((u64)n) / PAGE_SIZE : 0;
    int error = 0;

    if (n < 0)
        return -errno;
    memset(piece + n, 0, pages * PAGE_SIZE - (size_t)n);
    for (u64 i = 0; i < pages && !error; i++)
        error = sink->page(sink, key, index + i, piece + i * PAGE_SIZE);
    return error ? error : (s64)pages;
}

/* [start, end), of pages. */
static int save_data(int fd, struct sink *sink, u64 key, u64 start, u64 end)
{
    s64 n = 1;

    for (; start < end && n > 0; start += (u64)n)
        n = save_piece(fd, sink, key, start, end - start);
    return n < 0 ? (int)n : 0;
}

int memory_file_save(int fd, struct sink *sink, u64 key)
{
    off_t data, hole = 0;
    int error = 0;

    while (!error && (data = lseek(fd, hole, SEEK_DATA)) >= 0) {
        hole = lseek(fd, data, SEEK_HOLE);
        if (hole <= data)
            break;
        error = save_data(fd, sink, key, (u64)data / PAGE_SIZE, PAGE_ALIGN((u64)hole) / PAGE_SIZE);
    }
    return error;
}

struct loading {
    int fd;
    u64 size;
};

static int load_page(void *argument, u64 key, u64 index, const void *page)
{
    const struct loading *loading = argument;
    u64 offset, length;

    (void)key;
    if (index >= loading->size / PAGE_SIZE + (loading->size % PAGE_SIZE != 0))
        return -EPROTO;
    offset = index * PAGE_SIZE;
    length = MIN(PAGE_SIZE, loading->size - offset);
    return pwrite(loading->fd, page, length, (off_t)offset) == (ssize_t)length ? 0 : -ENOMEM;
}

int memory_file_load(int fd, u64 size, struct source *source, u64 key)
{
    struct loading loading = {fd, size};

    return source->pages(source, key, load_page, &loading);
}
