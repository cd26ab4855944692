/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/restore.h"
#include "kernel/account/tasks.h"
#include "kernel/boot.h"
#include "kernel/cell_clock.h"
#include "kernel/checkpoint/branch.h"
#include "kernel/checkpoint/granted_file.h"
#include "kernel/checkpoint/host_file.h"
#include "kernel/checkpoint/image.h"
#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/libos_kept.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/checkpoint/spool.h"
#include "kernel/checkpoint/stop.h"
#include "kernel/checkpoint/stored_process.h"
#include "kernel/jail/notify.h"
#include "kernel/object/call.h"
#include "kernel/object/segment.h"
#include "kernel/report.h"

#define SHARED_LEAST 32u   /* pages, to be mapped rather than copied */
#define SHARED_MOST  8192u /* mappings of a process */
#define FILL_PAGES   64u   /* at once */

/* One that is being made. */
struct making {
    struct cell *cell;
    u32 memory; /* its number */
    u32 pid;    /* 0: it has not asked yet */
    struct record record;
    struct stored_process head;
    int mapped;                      /* the file that was mapped last, and 1; 0: none */
    size_t mapped_at, mapped_length; /* where it is in the record */
    struct rf_restore_map
        *shared; /* what it maps of a branch's spool, in order: after the others */
    u32 shared_count;
    bool filled;
};

struct restore {
    struct source *source;
    u64 number; /* of the cell whose image it is */
    void (*done)(struct cell *cell, struct source *source);
    u32 count, filled;
    int spool;               /* descriptor of a branch's, or -1 */
    struct cell_clock clock; /* at the cut */
    char why[64];            /* what went wrong; "": nothing */
    int error;
    struct making processes[];
};

static struct restore *make_restore(const struct stored_image *head, const u32 *memories)
{
    struct restore *restore =
        calloc(1, sizeof(*restore) + head->processes * sizeof(restore->processes[0]));

    if (!restore)
        return NULL;
    restore->count = head->processes;
    memcpy(restore->clock.now, head->clock, sizeof(head->clock));
    for (u32 i = 0; i < head->processes; i++)
        restore->processes[i].memory = memories[i];
    return restore;
}

/* The head with the memories' numbers behind it, for the caller to free, and the image that it
 * wants. */
static int read_head(struct source *source, u64 number, struct stored_image **head,
                     struct image **image)
{
    size_t length;
    void *bytes;
    int error = source->record(source, key_of(number, MEMORY_OBJECT), PART_IMAGE, &bytes, &length);

    if (error)
        return error;
    *head = bytes;
    if (length < sizeof(**head) || (*head)->version != IMAGE_VERSION || !(*head)->processes ||
        (*head)->processes > IMAGE_PROCESSES ||
        length != sizeof(**head) + (*head)->processes * sizeof(u32))
        error = -EPROTO;
    else if ((*head)->interface != RF_INTERFACE_VERSION)
        error = -ENOEXEC;
    else
        error = libos_find(source, (*head)->libos, image);
    if (error)
        free(bytes);
    return error;
}

int restore_check(const struct cell *cell, struct source *source)
{
    struct stored_image *head;
    struct image *image;
    int error = read_head(source, cell->object.number, &head, &image);

    if (!error)
        free(head);
    return error;
}

static void finish_restore(struct restore *restore)
{
    for (u32 i = 0; i < restore->count; i++) {
        record_finish(&restore->processes[i].record);
        free(restore->processes[i].shared);
        if (restore->processes[i].mapped)
            close(restore->processes[i].mapped - 1);
    }
    if (restore->spool >= 0)
        close(restore->spool);
    free(restore);
}

int restore_begin(struct cell *cell, struct source *source, u64 number, bool clock_goes_on,
                  void (*done)(struct cell *cell, struct source *source))
{
    struct rf_stop *stop = &cell->window->stop;
    struct stored_image *head;
    struct restore *restore;
    int error = read_head(source, number, &head, &cell->image);

    if (error)
        return error;
    restore = make_restore(head, (const u32 *)(head + 1));
    free(head);
    if (!restore)
        return -ENOMEM;
    restore->source = source;
    restore->number = number;
    restore->done = done;
    restore->spool = branch_spool(cell) ? spool_descriptor(branch_spool(cell)) : -1;
    cell->window->cell.spooled = restore->spool >= 0;
    cell->spooled_pages = 0;
    cell->restore = restore;
    cell->stop_epoch = stop->let_go + 1;
    stop->asked = cell->stop_epoch;
    stop->processes = restore->count;
    stop->restored++;
    cell->window->cell.generation++;
    cell->standing = true;
    boot_renew(cell);
    if (clock_goes_on)
        cell_clock_restore(cell, &restore->clock);
    error = cell_start_processes(cell);
    if (!error)
        return 0;
    cell->restore = NULL;
    finish_restore(restore);
    return error;
}

void restore_drop(struct cell *cell)
{
    struct restore *restore = cell->restore;

    if (!restore)
        return;
    cell->restore = NULL;
    restore->done(cell, restore->source);
    finish_restore(restore);
}

/* All have their memory: the threads that are made from now on, and those that are, go on. */
static void finish(struct cell *cell)
{
    cell->window->stop.processes = 0;
    stop_end(cell);
    restore_drop(cell);
}

static bool is_one(const struct restore *restore, pid_t pid)
{
    for (u32 i = 0; i < restore->count; i++) {
        if (restore->processes[i].pid == (u32)pid)
            return true;
    }
    return false;
}

void restore_process_ended(struct cell *cell, pid_t pid)
{
    struct restore *restore = cell->restore;

    if (!restore || cell->ending || (pid != cell->leader && !is_one(restore, pid)))
        return;
    report_of(cell, "the cell cannot be made again: %s%s",
              *restore->why ? restore->why : "a host process ended",
              restore->error ? strerror(-restore->error) : "");
    cell_end(cell, 0, STATUS_OWN_FAILURE);
}

/* Remembers what went wrong first, for when the process has ended for it. */
static s64 went_wrong(struct cell *cell, const char *what, s64 error)
{
    struct restore *restore = cell->restore;

    if (error < 0 && !*restore->why) {
        snprintf(restore->why, sizeof(restore->why), "%s: ", what);
        restore->error = (int)error;
    }
    return error;
}

static struct making *making_of(const struct call *call)
{
    struct restore *restore = cell_of(call->cap)->restore;

    for (u32 i = 0; restore && i < restore->count; i++) {
        if (restore->processes[i].pid == call->tid && !restore->processes[i].filled)
            return &restore->processes[i];
    }
    return NULL;
}

static int open_memory(u32 pid)
{
    char path[48];

    snprintf(path, sizeof(path), "/proc/%u/mem", pid);
    return open(path, O_RDWR | O_CLOEXEC);
}

/* A file of the record, opened when `wanted` (`exact`: as it was): a descriptor, -1: none. A record
 * that makes no sense is bad. What came from elsewhere names nothing of this world. */
static int take_file(struct cell *cell, struct record *record, bool wanted, bool exact)
{
    struct stored_open_file stored;
    struct object *segment;
    u64 number;

    record_get(record, &stored, sizeof(stored));
    if (cell->origin && (stored.kind == STORED_FILE_SEGMENT || stored.kind == STORED_FILE_HOST))
        stored.kind = UINT32_MAX;
    switch (stored.kind) {
    case STORED_FILE_NONE:
    case STORED_FILE_HEAP: return -1;
    case STORED_FILE_SEGMENT:
        segment = record_get_object(record, STORED_SEGMENT);
        return wanted && segment
                   ? segment_descriptor(segment, (stored.flags & O_ACCMODE) != O_RDONLY)
                   : -1;
    case STORED_FILE_HOST:
        return wanted ? host_file_load(record, (int)stored.flags) : host_file_skip(record);
    case STORED_FILE_HELD:
        number = record_get_number(record);
        return wanted && branch_spool(cell)
                   ? spool_held(branch_spool(cell), number, (int)stored.flags)
                   : -1;
    case STORED_FILE_GRANTED:
        return wanted ? granted_file_load(cell, record, (int)stored.flags, exact)
                      : granted_file_skip(record);
    default: record->bad = true; return -1;
    }
}

/* Goes over the mappings to the one of that index: its file, which stays open for the next, that is
 * often of the same. Negative: it is lost. */
static int open_map(struct making *making, u32 index)
{
    struct record at = making->record;
    struct rf_restore_map map;
    size_t from = 0;

    for (u32 i = 0; i <= index && !at.bad; i++) {
        record_get(&at, &map, sizeof(map));
        from = at.at;
        take_file(making->cell, &at, false, false);
    }
    if (at.bad)
        return -1;
    if (making->mapped && at.at - from == making->mapped_length &&
        !memcmp(at.bytes + from, at.bytes + making->mapped_at, making->mapped_length))
        return making->mapped - 1;
    if (making->mapped)
        close(making->mapped - 1);
    making->mapped_at = from;
    making->mapped_length = at.at - from;
    at.at = from;
    making->mapped = take_file(making->cell, &at, true, true) + 1;
    return making->mapped - 1;
}

/* What the process is to do, without the files. */
static struct rf_restore *make_script(const struct making *making, size_t *length)
{
    const struct stored_process *head = &making->head;
    struct record at = making->record;
    struct rf_restore *script;

    *length = sizeof(*script) + head->map_count * sizeof(struct rf_restore_map) +
              making->shared_count * sizeof(struct rf_restore_map) +
              head->thread_count * sizeof(struct rf_stopped);
    script = *length <= RF_RESTORE_ROOM ? calloc(1, *length) : NULL;
    if (!script)
        return NULL;
    script->map_count = head->map_count + making->shared_count;
    script->thread_count = head->thread_count;
    for (u32 i = 0; i < head->map_count; i++) {
        record_get(&at, &rf_restore_maps(script)[i], sizeof(struct rf_restore_map));
        take_file(making->cell, &at, false, false);
    }
    if (making->shared_count)
        memcpy(&rf_restore_maps(script)[head->map_count], making->shared,
               making->shared_count * sizeof(*making->shared));
    for (u32 i = 0; i < head->descriptor_count; i++) {
        record_get_number(&at);
        take_file(making->cell, &at, false, false);
    }
    record_get(&at, rf_restore_threads(script), head->thread_count * sizeof(struct rf_stopped));
    if (!at.bad)
        return script;
    free(script);
    return NULL;
}

static int write_script(const struct making *making)
{
    size_t length;
    struct rf_restore *script = make_script(making, &length);
    int fd = script ? open_memory(making->pid) : -1, error = 0;

    if (fd < 0 || pwrite(fd, script, length, (off_t)RF_RESTORE_BASE) != (ssize_t)length)
        error = -EPROTO;
    if (fd >= 0)
        close(fd);
    free(script);
    return error;
}

static int read_process(struct cell *cell, struct source *source, u64 number, struct making *making)
{
    void *bytes;
    size_t length;
    int error = source->record(source, key_of(number, MEMORY_OBJECT), PART_PROCESS + making->memory,
                               &bytes, &length);

    if (error)
        return error;
    making->cell = cell;
    making->record = (struct record){.bytes = bytes, .length = length, .room = length};
    record_get(&making->record, &making->head, sizeof(making->head));
    return making->record.bad || !making->head.thread_count ? -EPROTO : 0;
}

/* Its pages are under the key under which they were: so what did not change is not written again.
 */
static void name_memory(const struct making *making)
{
    struct process *process = tasks_find((pid_t)making->pid);

    if (!process) {
        tasks_list();
        process = tasks_find((pid_t)making->pid);
    }
    if (process && making->memory >= MEMORY_PROCESS && making->memory < MEMORY_MOST)
        tasks_name_memory(process, making->memory);
}

static int share(struct making *making, const struct rf_restore_map *map,
                 const struct spool_run *run)
{
    struct rf_restore_map *more = making->shared;

    if (making->shared_count % 64 == 0)
        more = realloc(more, (making->shared_count + 64) * sizeof(*more));
    if (!more)
        return -ENOMEM;
    making->shared = more;
    more[making->shared_count++] =
        (struct rf_restore_map){.start = run->index * PAGE_SIZE,
                                .end = (run->index + run->count) * PAGE_SIZE,
                                .offset = run->at * PAGE_SIZE,
                                .prot = map->prot,
                                .flags = MAP_PRIVATE,
                                .source = RF_RESTORE_DESCRIPTOR};
    return 0;
}

/* Only a program's anonymous memory: of that the library OS knows that it may lie on a file. */
static bool may_share(const struct rf_restore_map *map)
{
    return map->source == RF_RESTORE_ANONYMOUS && !map->was_file && !(map->prot & PROT_EXEC) &&
           (map->end <= RF_LIBOS_BASE || map->start >= RF_LIBOS_END);
}

/* Pages of the spool that many branches have, and none has written, are there once. */
static int find_shared(const struct restore *restore, struct making *making)
{
    const struct spool *spool = restore->spool < 0 ? NULL : branch_spool(making->cell);
    struct record at = making->record;
    int error = 0;

    for (u32 i = 0; i < making->head.map_count && spool && !at.bad && !error; i++) {
        struct rf_restore_map map;
        struct spool_run run = {0};

        record_get(&at, &map, sizeof(map));
        take_file(making->cell, &at, false, false);
        for (u64 index = map.start / PAGE_SIZE;
             may_share(&map) && !error && making->shared_count < SHARED_MOST &&
             spool_run_from(spool, key_of(restore->number, making->memory), index,
                            map.end / PAGE_SIZE, &run);
             index = run.index + run.count) {
            if (run.count < SHARED_LEAST)
                continue;
            error = share(making, &map, &run);
            making->cell->spooled_pages += run.count;
        }
    }
    return error;
}

static int verify_process(struct cell *cell, struct source *source, u32 memory)
{
    struct making making = {.memory = memory};
    int error = read_process(cell, source, cell->object.number, &making);
    struct rf_restore *script;
    size_t length;

    if (error)
        return error;
    script = make_script(&making, &length);
    record_finish(&making.record);
    free(script);
    return script ? 0 : -EPROTO;
}

int restore_verify(struct cell *cell, struct source *source)
{
    struct stored_image *head;
    struct image *image;
    int error = read_head(source, cell->object.number, &head, &image);

    if (error)
        return error;
    for (u32 i = 0; i < head->processes && !error; i++)
        error = verify_process(cell, source, ((const u32 *)(head + 1))[i]);
    free(head);
    return error;
}

s64 op_RESTORE_BEGIN(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    struct restore *restore = cell->restore;
    struct making *making;
    int error;

    if (!restore || call->w[0] >= restore->count || restore->processes[call->w[0]].pid)
        return -EINVAL;
    making = &restore->processes[call->w[0]];
    making->pid = call->tid;
    error = read_process(cell, restore->source, restore->number, making);
    if (!error)
        error = find_shared(restore, making);
    if (!error)
        error = write_script(making);
    name_memory(making);
    return went_wrong(cell, "what is kept of a process", error);
}

s64 op_RESTORE_MAP(struct call *call)
{
    struct making *making = making_of(call);
    int fd, result;

    if (!making || call->w[0] >= making->head.map_count + making->shared_count)
        return -EINVAL;
    if (call->w[0] >= making->head.map_count) {
        result = call->domain->transport->grant(call->domain, call->id,
                                                cell_of(call->cap)->restore->spool);
        return result ? result : CALL_GRANTED;
    }
    fd = open_map(making, (u32)call->w[0]);
    if (fd < 0)
        return went_wrong(cell_of(call->cap), "a file that was mapped", -ENOENT);
    result = call->domain->transport->grant(call->domain, call->id, fd);
    return result ? result : CALL_GRANTED;
}

static int fill_page(void *argument, u64 key, u64 index, const void *page)
{
    int fd = *(int *)argument;

    (void)key;
    return pwrite(fd, page, PAGE_SIZE, (off_t)(index * PAGE_SIZE)) == (ssize_t)PAGE_SIZE ? 0
                                                                                         : -EPROTO;
}

static int fill_run(int fd, int spool, const struct spool_run *run)
{
    static u8 piece[FILL_PAGES * PAGE_SIZE];

    for (u64 done = 0; done < run->count;) {
        u64 pages = MIN(run->count - done, FILL_PAGES);
        ssize_t length = (ssize_t)(pages * PAGE_SIZE);

        if (pread(spool, piece, (size_t)length, (off_t)((run->at + done) * PAGE_SIZE)) != length)
            return -EIO;
        if (pwrite(fd, piece, (size_t)length, (off_t)((run->index + done) * PAGE_SIZE)) != length)
            return -EPROTO;
        done += pages;
    }
    return 0;
}

/* What is mapped from the spool is there already. */
static int fill_between(const struct cell *cell, const struct making *making, int fd)
{
    const struct restore *restore = cell->restore;
    u64 key = key_of(restore->number, making->memory), index = 0;
    int error = 0;

    for (u32 i = 0; i <= making->shared_count && !error; i++) {
        const struct rf_restore_map *shared = &making->shared[i];
        u64 end = i < making->shared_count ? shared->start / PAGE_SIZE : UINT64_MAX / PAGE_SIZE;
        struct spool_run run = {0};

        while (!error && spool_run_from(branch_spool(cell), key, index, end, &run)) {
            error = fill_run(fd, restore->spool, &run);
            index = run.index + run.count;
        }
        if (i < making->shared_count)
            index = shared->end / PAGE_SIZE;
    }
    return error;
}

static int fill(struct cell *cell, const struct making *making)
{
    struct source *source = cell->restore->source;
    int fd = open_memory(making->pid), error;

    if (fd < 0)
        return -ESRCH;
    error =
        cell->restore->spool >= 0
            ? fill_between(cell, making, fd)
            : source->pages(source, key_of(cell->restore->number, making->memory), fill_page, &fd);
    close(fd);
    return error;
}

/* In the place of one that is lost is one that can do nothing, so that no other gets its number. */
static void put_descriptors(struct call *call, const struct making *making)
{
    struct record at = making->record;
    struct rf_restore_map map;

    for (u32 i = 0; i < making->head.map_count; i++) {
        record_get(&at, &map, sizeof(map));
        take_file(making->cell, &at, false, false);
    }
    for (u32 i = 0; i < making->head.descriptor_count && !at.bad; i++) {
        u64 number = record_get_number(&at);
        int fd = take_file(making->cell, &at, true, false);

        if (fd < 0)
            fd = open("/dev/null", O_PATH | O_CLOEXEC);
        if (fd < 0)
            continue;
        notify_put(call->domain, call->id, fd, (u32)number);
        close(fd);
    }
}

s64 op_RESTORE_FILL(struct call *call)
{
    struct cell *cell = cell_of(call->cap);
    struct making *making = making_of(call);
    int error;

    if (!making)
        return -EINVAL;
    error = fill(cell, making);
    if (error)
        return went_wrong(cell, "the memory of a process", error);
    put_descriptors(call, making);
    making->filled = true;
    if (++cell->restore->filled == cell->restore->count)
        finish(cell);
    return 0;
}
