/* SPDX-License-Identifier: Apache-2.0 */
/* Shared anonymous memory: an unnamed file whose contents are a run of heap pages, shared with the
 * children that fork makes. */
#include "libos/mm/space.h"
#include "libos/fs/file.h"
#include "libos/mm/heap.h"
#include <linux/fcntl.h>

struct shared_memory {
    u8 *pages;
    size_t count;
};

static long shared_memory_map(struct file *f, u64 offset, size_t length,
                              int prot __attribute__((unused)), bool shared __attribute__((unused)),
                              struct map_source *out)
{
    const struct shared_memory *s = f->data;
    u64 size = s->count * PAGE_SIZE;
    if (offset >= size) {
        out->kind = MAP_SOURCE_BEYOND;
        out->length = length;
        return 0;
    }
    out->kind = MAP_SOURCE_HEAP;
    out->heap = s->pages + offset;
    out->length = MIN(length, size - offset);
    return 0;
}

static void shared_memory_release(struct file *f)
{
    struct shared_memory *s = f->data;
    heap_pages_free(s->pages, s->count);
    heap_free(s);
}

static const struct file_ops shared_memory_ops = {
    .name = "/dev/zero (deleted)",
    .map = shared_memory_map,
    .release = shared_memory_release,
};

struct file *shared_memory_new(size_t length)
{
    struct shared_memory *s = heap_alloc(sizeof(*s));
    if (!s)
        return NULL;
    s->count = length / PAGE_SIZE;
    s->pages = heap_pages_alloc(s->count);
    struct file *f = s->pages ? file_new(&shared_memory_ops, O_RDWR, NULL, NULL) : NULL;
    if (f) {
        f->data = s;
        return f;
    }
    if (s->pages)
        heap_pages_free(s->pages, s->count);
    heap_free(s);
    return NULL;
}
