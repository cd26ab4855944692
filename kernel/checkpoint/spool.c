/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STEP        64u
#define BATCH_PAGES 64u
#define HELD_MOST   256u /* descriptors */
#define NAME        "spool"

struct spooled_record {
    u64 key;
    u32 part;
    u8 *bytes;
    size_t length;
};

/* Pages that follow each other, in the memory and in the file. */
struct run {
    u64 key, index, count, at; /* at: page of the file */
};

struct spool {
    struct sink sink;
    struct source source;
    int fd;
    struct spooled_record *records;
    struct run *runs;
    u32 record_count, record_room, run_count, run_room;
    int held[HELD_MOST];
    u32 held_count;
    u64 pages; /* in all; those of the batch are not in the file yet */
    u32 batched;
    u8 batch[BATCH_PAGES * PAGE_SIZE];
};

static struct spool *of_sink(struct sink *sink)
{
    return container_of(sink, struct spool, sink);
}

static struct spool *of_source(struct source *source)
{
    return container_of(source, struct spool, source);
}

/* One more at the end, of which nothing is filled in. NULL: no memory. */
static struct spooled_record *add_record(struct spool *spool)
{
    if (spool->record_count == spool->record_room) {
        u32 room = (spool->record_room + STEP) * 2;
        struct spooled_record *more = realloc(spool->records, room * sizeof(*more));

        if (!more)
            return NULL;
        spool->records = more;
        spool->record_room = room;
    }
    return &spool->records[spool->record_count++];
}

static struct run *add_run(struct spool *spool)
{
    if (spool->run_count == spool->run_room) {
        u32 room = (spool->run_room + STEP) * 2;
        struct run *more = realloc(spool->runs, room * sizeof(*more));

        if (!more)
            return NULL;
        spool->runs = more;
        spool->run_room = room;
    }
    return &spool->runs[spool->run_count++];
}

static int put_record(struct sink *sink, u64 key, u32 part, const void *bytes, size_t length)
{
    struct spool *spool = of_sink(sink);
    struct spooled_record *record = add_record(spool);

    if (!record)
        return -ENOMEM;
    *record = (struct spooled_record){key, part, malloc(length + 1), length};
    if (!record->bytes)
        return -ENOMEM;
    memcpy(record->bytes, bytes, length);
    return 0;
}

static int flush(struct spool *spool)
{
    size_t length = spool->batched * PAGE_SIZE;
    off_t at = (off_t)((spool->pages - spool->batched) * PAGE_SIZE);

    if (length && pwrite(spool->fd, spool->batch, length, at) != (ssize_t)length)
        return -ENOSPC;
    spool->batched = 0;
    return 0;
}

static int put_page(struct sink *sink, u64 key, u64 index, const void *page)
{
    struct spool *spool = of_sink(sink);
    struct run *last = spool->run_count ? &spool->runs[spool->run_count - 1] : NULL;
    int error = spool->batched == BATCH_PAGES ? flush(spool) : 0;

    if (error)
        return error;
    if (last && last->key == key && last->index + last->count == index) {
        last->count++;
    } else {
        last = add_run(spool);
        if (!last)
            return -ENOMEM;
        *last = (struct run){key, index, 1, spool->pages};
    }
    memcpy(spool->batch + spool->batched++ * PAGE_SIZE, page, PAGE_SIZE);
    spool->pages++;
    return 0;
}

static int each_record(struct source *source, record_visitor *visit, void *argument)
{
    struct spool *spool = of_source(source);
    int result = 0;

    for (u32 i = 0; i < spool->record_count && !result; i++)
        result = visit(argument, spool->records[i].key, spool->records[i].part,
                       spool->records[i].bytes, spool->records[i].length);
    return result;
}

static int one_record(struct source *source, u64 key, u32 part, void **bytes, size_t *length)
{
    struct spool *spool = of_source(source);

    for (u32 i = 0; i < spool->record_count; i++) {
        const struct spooled_record *record = &spool->records[i];

        if (record->key != key || record->part != part)
            continue;
        *bytes = malloc(record->length + 1);
        if (!*bytes)
            return -ENOMEM;
        memcpy(*bytes, record->bytes, record->length);
        *length = record->length;
        return 0;
    }
    return -ENOENT;
}

static int visit_run(struct spool *spool, const struct run *run, page_visitor *visit,
                     void *argument)
{
    static u8 piece[BATCH_PAGES * PAGE_SIZE];
    int result = 0;

    for (u64 done = 0; done < run->count && !result;) {
        u64 count = MIN(run->count - done, BATCH_PAGES);
        ssize_t length = (ssize_t)(count * PAGE_SIZE);

        if (pread(spool->fd, piece, (size_t)length, (off_t)((run->at + done) * PAGE_SIZE)) !=
            length)
            return -EIO;
        for (u64 i = 0; i < count && !result; i++)
            result = visit(argument, run->key, run->index + done + i, piece + i * PAGE_SIZE);
        done += count;
    }
    return result;
}

static int each_page(struct source *source, u64 key, page_visitor *visit, void *argument)
{
    struct spool *spool = of_source(source);
    int result = flush(spool);

    for (u32 i = 0; i < spool->run_count && !result; i++) {
        if (spool->runs[i].key == key)
            result = visit_run(spool, &spool->runs[i], visit, argument);
    }
    return result;
}

int spool_pages(struct spool *spool, page_visitor *visit, void *argument)
{
    int result = flush(spool);

    for (u32 i = 0; i < spool->run_count && !result; i++)
        result = visit_run(spool, &spool->runs[i], visit, argument);
    return result;
}

bool spool_record_at(const struct spool *spool, u32 index, u32 *part, const void **bytes,
                     size_t *length)
{
    const struct spooled_record *record = &spool->records[index];

    if (index >= spool->record_count)
        return false;
    *part = record->part;
    *bytes = record->bytes;
    *length = record->length;
    return true;
}

s64 spool_pages_at(struct spool *spool, u64 position, u32 most, void *to, u64 *key, u64 *index)
{
    const struct run *run = spool->runs;
    u64 count;
    int error = flush(spool);

    while (run < spool->runs + spool->run_count && run->at + run->count <= position)
        run++;
    if (error || run == spool->runs + spool->run_count)
        return error;
    *key = run->key;
    *index = run->index + position - run->at;
    count = MIN(run->at + run->count - position, most);
    if (pread(spool->fd, to, count * PAGE_SIZE, (off_t)(position * PAGE_SIZE)) !=
        (ssize_t)(count * PAGE_SIZE))
        return -EIO;
    return (s64)count;
}

bool spool_run_from(const struct spool *spool, u64 key, u64 index, u64 end, struct spool_run *found)
{
    for (u32 n = 0; n < spool->run_count; n++) {
        u32 i = (found->near + n) % spool->run_count;
        const struct run *run = &spool->runs[i];
        u64 first = MAX(run->index, index), behind = MIN(run->index + run->count, end);

        if (run->key != key || first >= behind)
            continue;
        *found = (struct spool_run){first, behind - first, run->at + first - run->index, i};
        return true;
    }
    return false;
}

static int hold(struct sink *sink, int fd)
{
    struct spool *spool = of_sink(sink);
    int copy = spool->held_count < HELD_MOST ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;

    if (copy < 0)
        return -ENFILE;
    spool->held[spool->held_count] = copy;
    return (int)spool->held_count++;
}

int spool_held(const struct spool *spool, u64 number, int flags)
{
    char path[32];

    if (number >= spool->held_count)
        return -ENOENT;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", spool->held[number]);
    return open(path, flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NONBLOCK | O_NOCTTY));
}

int spool_descriptor(struct spool *spool)
{
    char path[32];
    int error = flush(spool);

    if (error)
        return error;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", spool->fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

bool spool_is_path(const char *path)
{
    return !strcmp(path, "/memfd:" NAME " (deleted)");
}

/* Without a directory's help, in memory. */
static int open_file(int dir_fd)
{
    int fd = openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    return fd >= 0 ? fd : memfd_create(NAME, MFD_CLOEXEC);
}

struct spool *spool_create(int dir_fd)
{
    struct spool *spool = calloc(1, sizeof(*spool));

    if (!spool)
        return NULL;
    spool->sink = (struct sink){.record = put_record, .page = put_page, .hold = hold};
    spool->source = (struct source){each_record, one_record, each_page};
    spool->fd = open_file(dir_fd);
    if (spool->fd >= 0)
        return spool;
    free(spool);
    return NULL;
}

void spool_destroy(struct spool *spool)
{
    if (!spool)
        return;
    for (u32 i = 0; i < spool->record_count; i++)
        free(spool->records[i].bytes);
    free(spool->records);
    free(spool->runs);
    for (u32 i = 0; i < spool->held_count; i++)
        close(spool->held[i]);
    close(spool->fd);
    free(spool);
}

struct sink *spool_sink(struct spool *spool)
{
    return &spool->sink;
}

struct source *spool_source(struct spool *spool)
{
    return &spool->source;
}

u64 spool_bytes(const struct spool *spool)
{
    return spool->pages * PAGE_SIZE;
}
