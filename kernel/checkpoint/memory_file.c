/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/memory_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The host keeps the last page whole beyond the end, as zeros. */
static int save_page(int fd, struct sink *sink, u64 key, u64 index)
{
    u8 page[PAGE_SIZE];
    ssize_t n = pread(fd, page, sizeof(page), (off_t)(index * PAGE_SIZE));

    if (n <= 0)
        return n < 0 ? -errno : 0;
    memset(page + n, 0, sizeof(page) - (size_t)n);
    return sink->page(sink, key, index, page);
}

int memory_file_save(int fd, struct sink *sink, u64 key)
{
    off_t data, hole = 0;
    int error = 0;

    while (!error && (data = lseek(fd, hole, SEEK_DATA)) >= 0) {
        hole = lseek(fd, data, SEEK_HOLE);
        if (hole <= data)
            break;
        for (u64 at = (u64)data & PAGE_MASK; at < (u64)hole && !error; at += PAGE_SIZE)
            error = save_page(fd, sink, key, at / PAGE_SIZE);
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
