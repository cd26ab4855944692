/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/libos_kept.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/store_source.h"
#include "kernel/store/store.h"

#define SIZE_MOST (64ul << 20)

struct stored_libos {
    u64 identity[2];
    u64 size;
};
_Static_assert(sizeof(struct stored_libos) == 24, "stored layout");

static u64 key_of_libos(const u64 identity[2])
{
    return KEY_LIBOS | identity[0] >> 1;
}

static bool is_it(const struct image *image, const u64 identity[2])
{
    return image->identity[0] == identity[0] && image->identity[1] == identity[1];
}

/* --- keeping --- */

/* What was read from a source. It only grows: the main thread adds, the writer looks. */
struct kept {
    struct kept *next;
    struct image image;
};
static _Atomic(struct kept *) kept;

int libos_save(struct image *image, struct sink *sink)
{
    struct stored_libos stored = {.size = image->size};
    int error = image_view(image);
    u64 key;

    if (error)
        return error;
    memcpy(stored.identity, image->identity, sizeof(stored.identity));
    key = key_of_libos(image->identity);
    error = sink->record(sink, key, PART_LIBOS, &stored, sizeof(stored));
    for (u64 at = 0; at < image->size && !error; at += PAGE_SIZE)
        error = sink->page(sink, key, at / PAGE_SIZE, (const u8 *)image->bytes + at);
    return error;
}

struct cut_sink {
    struct sink sink;
    struct store_cut *cut;
};

static int cut_record(struct sink *sink, u64 key, u32 part, const void *bytes, size_t length)
{
    struct store_cut *cut = container_of(sink, struct cut_sink, sink)->cut;

    return store_record_put(cut, key, part << STORED_PIECE_BITS, bytes, (u32)length);
}

static int cut_page(struct sink *sink, u64 key, u64 index, const void *page)
{
    return store_page_put(container_of(sink, struct cut_sink, sink)->cut, key, index, page);
}

/* On as many volumes as the index is. */
static void keep(struct image *image, struct store *store, struct store_cut *cut)
{
    struct cut_sink to = {{.record = cut_record, .page = cut_page}, cut};
    u64 key = key_of_libos(image->identity);
    struct store_figures figures;
    struct stored_libos stored;

    if (store_record_get(store, key, PART_LIBOS << STORED_PIECE_BITS, &stored, sizeof(stored)) !=
        -ENOENT)
        return;
    store_figures(store, &figures);
    store_object_copies(cut, key, figures.index_copies);
    libos_save(image, &to.sink);
}

static bool is_wanted(u64 key)
{
    const struct kept *one = kept;

    while (one && key_of_libos(one->image.identity) != key)
        one = one->next;
    return one || key == key_of_libos(image_own()->identity);
}

void libos_keep(struct store *store, struct store_cut *cut)
{
    u64 key = KEY_LIBOS;

    keep(image_own(), store, cut);
    for (struct kept *one = kept; one; one = one->next)
        keep(&one->image, store, cut);
    for (; store_object_next(store, &key) == 0; key++) {
        if (!is_wanted(key))
            store_object_drop(cut, key);
    }
}

/* --- finding --- */

static int fill(void *argument, u64 key, u64 index, const void *page)
{
    const struct image *image = argument;

    (void)key;
    if (index >= PAGE_ALIGN(image->size) / PAGE_SIZE)
        return -ENOEXEC;
    return pwrite(image->fd, page, PAGE_SIZE, (off_t)(index * PAGE_SIZE)) == (ssize_t)PAGE_SIZE
               ? 0
               : -ENOMEM;
}

static s64 read_size(struct source *source, const u64 identity[2])
{
    struct stored_libos *stored;
    size_t length;
    void *bytes;
    s64 size = source->record(source, key_of_libos(identity), PART_LIBOS, &bytes, &length);

    if (size)
        return size == -ENOENT ? -ENOEXEC : size;
    stored = bytes;
    size = length == sizeof(*stored) && stored->size <= SIZE_MOST ? (s64)stored->size : -ENOEXEC;
    free(bytes);
    return size;
}

static int load(struct source *source, const u64 identity[2], struct image *image)
{
    s64 size = read_size(source, identity);
    int error, fd = size < 0 ? -1 : memfd_create("ringfence-libos", MFD_CLOEXEC);

    if (fd < 0)
        return size < 0 ? (int)size : -errno;
    *image = (struct image){.fd = fd, .size = (u64)size};
    error = source->pages(source, key_of_libos(identity), fill, image);
    if (!error)
        error = image_parse(image, fd, 0, (u64)size);
    if (!error)
        error = image_view(image);
    if (!error && !is_it(image, identity))
        error = -ENOEXEC;
    if (error)
        close(fd);
    return error;
}

int libos_find(struct source *source, const u64 identity[2], struct image **image)
{
    int error = image_view(image_own());
    struct kept *one;

    *image = image_own();
    if (error || is_it(*image, identity))
        return error;
    for (one = kept; one; one = one->next) {
        *image = &one->image;
        if (is_it(*image, identity))
            return 0;
    }
    one = calloc(1, sizeof(*one));
    error = one ? load(source, identity, &one->image) : -ENOMEM;
    if (error) {
        free(one);
        return error;
    }
    one->next = kept;
    kept = one;
    *image = &one->image;
    return 0;
}
