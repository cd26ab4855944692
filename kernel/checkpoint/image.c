/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/image.h"

#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kernel/account/tasks.h"
#include "kernel/cell_clock.h"
#include "kernel/checkpoint/granted_file.h"
#include "kernel/checkpoint/host_file.h"
#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/memory_file.h"
#include "kernel/checkpoint/proc_maps.h"
#include "kernel/checkpoint/record.h"
#include "kernel/checkpoint/spool.h"
#include "kernel/checkpoint/stop.h"
#include "kernel/checkpoint/stored_process.h"
#include "kernel/checkpoint/tracker.h"
#include "kernel/jail/image.h"
#include "kernel/object/bank.h"
#include "kernel/object/segment.h"

#define PIECE_PAGES 64u
#define COPIES      256u
#define EARLY_PAGES 2048u /* of a memory's own, at least, to look at it twice */

/* One host process on its way to the sink. */
struct saving {
    struct cell *cell;
    struct sink *sink;
    pid_t pid;
    u64 key; /* of its pages */
    int memory, pagemap;
    bool granted;      /* IMAGE_GRANTED */
    int tracker;       /* -1: none */
    bool knows;        /* of what was written since the sink's last cut */
    int tracker_there; /* number of the descriptor that the process has of it, or negative */
    /* Pages to be copied. */
    struct iovec from[COPIES], to[COPIES];
    u32 copies;
    bool early; /* it runs: what cannot be read is not there any more */
    u64 pages;  /* its own, seen so far */
    /* The file of the last mapping that had one: the next is often of the same. */
    struct {
        u64 inode;
        int flags;
        u32 kind;
        char path[PATH_MAX];
        struct record file;
    } last;
    struct record maps, descriptors;
    u32 map_count, descriptor_count;
};

static int open_proc(pid_t pid, const char *name)
{
    char path[48];

    snprintf(path, sizeof(path), "%d/%s", pid, name);
    return tasks_open(path);
}

/* Its pages as they are, wherever the process itself may read them. */
static int save_run(void *argument, u64 start, u64 end)
{
    static u8 piece[PIECE_PAGES * PAGE_SIZE];
    struct saving *saving = argument;

    while (start < end) {
        u64 length = MIN(end - start, sizeof(piece));
        ssize_t n = pread(saving->memory, piece, length, (off_t)start);
        int error = 0;

        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        n &= (ssize_t)PAGE_MASK;
        for (ssize_t at = 0; at < n && !error; at += (ssize_t)PAGE_SIZE)
            error = saving->sink->page(saving->sink, saving->key, (start + (u64)at) / PAGE_SIZE,
                                       piece + at);
        if (error || !n)
            return error ? error : -EIO;
        start += (u64)n;
    }
    return 0;
}

/* Also what the process itself may not read. */
static int read_all(const struct saving *saving, const struct iovec *from, const struct iovec *to)
{
    size_t done = 0;

    while (done < to->iov_len) {
        ssize_t n = pread(saving->memory, (u8 *)to->iov_base + done, to->iov_len - done,
                          (off_t)((u64)from->iov_base + done));

        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        done += (size_t)n;
    }
    return 0;
}

static int copy_now(struct saving *saving)
{
    int error = 0;

    for (u32 at = 0; at < saving->copies && !error;) {
        u32 left = saving->copies - at;
        ssize_t n =
            process_vm_readv(saving->pid, &saving->to[at], left, &saving->from[at], left, 0);
        size_t done = n > 0 ? (size_t)n : 0;

        while (at < saving->copies && done >= saving->to[at].iov_len)
            done -= saving->to[at++].iov_len;
        if (at < saving->copies) {
            error = read_all(saving, &saving->from[at], &saving->to[at]);
            error = saving->early ? 0 : error;
            at++;
        }
    }
    saving->copies = 0;
    return error;
}

static int copy_run(struct saving *saving, u64 start, u64 end)
{
    int error = 0;

    while (start < end && !error) {
        u64 pages = MIN((end - start) / PAGE_SIZE, SINK_ROOM), length = pages * PAGE_SIZE;
        void *room = saving->sink->room(saving->sink, saving->key, start / PAGE_SIZE, pages);

        if (!room)
            return -ENOMEM;
        saving->from[saving->copies] = (struct iovec){(void *)start, length};
        saving->to[saving->copies++] = (struct iovec){room, length};
        if (saving->copies == COPIES)
            error = copy_now(saving);
        start += length;
    }
    return error;
}

static int save_tracked(void *argument, u64 start, u64 end, bool written)
{
    struct saving *saving = argument;

    saving->pages += (end - start) / PAGE_SIZE;
    if (written || !saving->knows)
        return copy_run(saving, start, end);
    return saving->sink->same(saving->sink, saving->key, start / PAGE_SIZE,
                              (end - start) / PAGE_SIZE);
}

static int save_own(struct saving *saving, const struct proc_map *map)
{
    if (saving->tracker < 0)
        return proc_own_pages(saving->pagemap, map->start, map->end, save_run, saving);
    return proc_written_pages(saving->pagemap, saving->tracker, map,
                              saving->knows ? THERE_TOO : ALL_WRITTEN, save_tracked, saving);
}

struct spooled {
    struct saving *saving;
    bool knows;
    u64 next; /* what is before it was told of */
};

static int put_same(struct spooled *spooled, u64 end)
{
    struct saving *saving = spooled->saving;
    u64 start = spooled->next;

    spooled->next = MAX(start, end);
    return start < end ? saving->sink->same(saving->sink, saving->key, start / PAGE_SIZE,
                                            (end - start) / PAGE_SIZE)
                       : 0;
}

static int save_spooled_run(void *argument, u64 start, u64 end, bool written)
{
    struct spooled *spooled = argument;
    int error;

    if (!spooled->knows || !written)
        return 0;
    error = put_same(spooled, start);
    spooled->next = end;
    return error ? error : copy_run(spooled->saving, start, end);
}

/* Mapped from a branch's spool: all of it is the cell's, and what it has not written is the same
 * for ever. */
static int save_spooled(struct saving *saving, const struct proc_map *map)
{
    struct spooled spooled = {.saving = saving, .next = map->start};
    int error = 0;

    spooled.knows =
        saving->tracker >= 0 && saving->knows && proc_is_tracked(saving->pagemap, map->start);
    if (saving->tracker >= 0)
        error = proc_written_pages(saving->pagemap, saving->tracker, map, THERE_TOO,
                                   save_spooled_run, &spooled);
    if (error)
        return error;
    if (spooled.knows)
        return put_same(&spooled, map->end);
    return saving->tracker >= 0 ? copy_run(saving, map->start, map->end)
                                : save_run(saving, map->start, map->end);
}

/* Mappings that the host brings along. It names others, too, by where its own stack and heap were.
 */
static bool is_hosts(const struct proc_map *map)
{
    return !strncmp(map->path, "[v", 2) || !strcmp(map->path, "[uprobes]");
}

/* What every process of a cell has from the start: image, window, heap segment. */
static bool is_given(const struct proc_map *map)
{
    return map->start >= RF_LIBOS_BASE && map->end <= RF_ARENA_BASE;
}

static bool is_heap(const struct cell *cell, const struct stat *st)
{
    struct stat heap;

    return fstat(cell->heap_fd, &heap) == 0 && heap.st_ino == st->st_ino &&
           heap.st_dev == st->st_dev;
}

static void put_file(struct record *record, u32 kind, int flags)
{
    struct stored_open_file stored = {kind, (u32)flags};

    record_put(record, &stored, sizeof(stored));
}

/* A file that is open at `fd` (O_PATH will do): what it is kept as. */
static u32 put_open_file(struct saving *saving, struct record *record, int fd, int flags)
{
    struct object *segment;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return STORED_FILE_NONE;
    if (is_heap(saving->cell, &st)) {
        put_file(record, STORED_FILE_HEAP, flags);
        return STORED_FILE_HEAP;
    }
    if (saving->granted) {
        size_t length = record->length;

        put_file(record, STORED_FILE_GRANTED, flags);
        if (granted_file_save(saving->cell, fd, record))
            return STORED_FILE_GRANTED;
        record->length = length;
        return STORED_FILE_NONE;
    }
    segment = segment_of_file(st.st_dev, st.st_ino);
    put_file(record, segment ? STORED_FILE_SEGMENT : STORED_FILE_HOST, flags);
    if (segment)
        record_put_object(record, segment);
    else
        host_file_save(fd, record);
    return segment ? STORED_FILE_SEGMENT : STORED_FILE_HOST;
}

/* The file of a mapping: by the host's link where we may use it, else by its path. Negative: it is
 * gone. */
static int open_mapped(const struct saving *saving, const struct proc_map *map)
{
    char path[96];
    struct stat st;
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", saving->pid, map->start, map->end);
    fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        fd = host_file_open(map->path, O_PATH);
    if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_ino != map->inode)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static bool is_deleted(const char *path)
{
    size_t length = strlen(path);

    return length > 10 && !strcmp(path + length - 10, " (deleted)") && strncmp(path, "/memfd:", 7);
}

static bool is_last(const struct saving *saving, const struct proc_map *map, int flags)
{
    return saving->last.inode == map->inode && saving->last.flags == flags &&
           !strcmp(saving->last.path, map->path);
}

/* What the file of the mapping is kept as, with its record. */
static u32 put_mapped(struct saving *saving, const struct proc_map *map, int flags,
                      struct record *file)
{
    int fd = is_last(saving, map, flags) ? -1 : open_mapped(saving, map);

    if (fd >= 0) {
        saving->last.file.length = 0;
        saving->last.inode = map->inode;
        saving->last.flags = flags;
        snprintf(saving->last.path, sizeof(saving->last.path), "%s", map->path);
        saving->last.kind = put_open_file(saving, &saving->last.file, fd, flags);
        close(fd);
    }
    if (!is_last(saving, map, flags))
        return STORED_FILE_NONE;
    file->bad |= saving->last.file.bad;
    record_put(file, saving->last.file.bytes, saving->last.file.length);
    return saving->last.kind;
}

static int save_map(void *argument, const struct proc_map *map)
{
    struct saving *saving = argument;
    struct rf_restore_map stored = {.start = map->start,
                                    .end = map->end,
                                    .offset = map->offset,
                                    .prot = map->prot,
                                    .flags = map->shared ? MAP_SHARED : MAP_PRIVATE};
    bool spooled = !map->shared && spool_is_path(map->path);
    int flags = map->shared && map->prot & PROT_WRITE ? O_RDWR : O_RDONLY, error;
    struct record file = {0};
    u32 kind = STORED_FILE_NONE;

    if (is_hosts(map) || (is_given(map) && map->shared))
        return 0;
    if (is_given(map))
        return save_own(saving, map);
    if (map->inode && !is_deleted(map->path) && !spooled)
        kind = put_mapped(saving, map, flags, &file);
    stored.source = kind == STORED_FILE_HEAP   ? RF_RESTORE_HEAP
                    : kind != STORED_FILE_NONE ? RF_RESTORE_DESCRIPTOR
                                               : RF_RESTORE_ANONYMOUS;
    if (kind == STORED_FILE_NONE) { /* also what is left of a deleted file */
        put_file(&file, STORED_FILE_NONE, 0);
        stored.flags = MAP_PRIVATE;
        stored.offset = 0;
        stored.was_file = map->inode && !spooled;
    }
    record_put(&saving->maps, &stored, sizeof(stored));
    record_put(&saving->maps, file.bytes, file.length);
    saving->map_count++;
    error = file.bad ? -ENOMEM : 0;
    record_finish(&file);
    if (error || stored.flags == MAP_SHARED)
        return error;
    if (spooled)
        return save_spooled(saving, map);
    if (map->inode && kind == STORED_FILE_NONE)
        return save_run(saving, map->start, map->end);
    return save_own(saving, map);
}

/* As open(2) gave it. */
static int flags_of(const struct saving *saving, int number)
{
    char name[40], text[256], *flags;

    snprintf(name, sizeof(name), "fdinfo/%d", number);
    if (tasks_read(saving->pid, name, text, sizeof(text)) <= 0 || !(flags = strstr(text, "flags:")))
        return O_RDONLY;
    return (int)strtol(flags + 6, NULL, 8) & (O_ACCMODE | O_APPEND | O_PATH);
}

/* One that no capability of the cell reaches: it came from a program that serves the cell. */
static void put_held(struct saving *saving, struct record *file, int fd, int flags)
{
    int number = saving->granted && saving->sink->hold ? saving->sink->hold(saving->sink, fd) : -1;

    put_file(file, number < 0 ? STORED_FILE_NONE : STORED_FILE_HELD, flags);
    if (number >= 0)
        record_put_number(file, (u64)number);
}

static void save_descriptor(struct saving *saving, int number)
{
    struct record file = {0};
    char path[64];
    int fd;

    if (number == RF_FD_HEAP || number == saving->tracker_there)
        return;
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", saving->pid, number);
    fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return;
    if (put_open_file(saving, &file, fd, flags_of(saving, number)) == STORED_FILE_NONE)
        put_held(saving, &file, fd, flags_of(saving, number));
    record_put_number(&saving->descriptors, (u64)number);
    record_put(&saving->descriptors, file.bytes, file.length);
    saving->descriptor_count++;
    close(fd);
    record_finish(&file);
}

static int save_descriptors(struct saving *saving)
{
    int fd = open_proc(saving->pid, "fd");
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return -ESRCH;
    }
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] != '.')
            save_descriptor(saving, atoi(entry->d_name));
    }
    closedir(dir);
    return 0;
}

static int put_process(struct saving *saving, u32 memory)
{
    static struct rf_stopped threads[RF_STOPPED_MOST];
    struct stored_process head = {.map_count = saving->map_count,
                                  .descriptor_count = saving->descriptor_count};
    struct record record = {0};
    int error;

    head.thread_count = stop_threads(saving->cell, saving->pid, threads, RF_STOPPED_MOST);
    record_put(&record, &head, sizeof(head));
    record_put(&record, saving->maps.bytes, saving->maps.length);
    record_put(&record, saving->descriptors.bytes, saving->descriptors.length);
    record_put(&record, threads, head.thread_count * sizeof(threads[0]));
    error = record.bad || saving->maps.bad || saving->descriptors.bad ? -ENOMEM : 0;
    if (!error && head.thread_count)
        error =
            saving->sink->record(saving->sink, key_of(saving->cell->object.number, MEMORY_OBJECT),
                                 PART_PROCESS + memory, record.bytes, record.length);
    record_finish(&record);
    if (!error && !head.thread_count)
        error = -ESRCH;
    return error;
}

static void take_tracker(struct cell *cell, struct process *process)
{
    int number = process->tracker < 0 ? stop_tracker(cell, process->pid, true) : -1;

    if (number < 0)
        return;
    process->tracker = tracker_take(process->pid, number);
    if (process->tracker < 0)
        process->tracker = -2;
    process->tracked = 0;
}

/* Whether what is not written was put into this sink already. */
static bool knows(const struct process *process, const struct sink *sink)
{
    return process->tracked &&
           (process->tracked == sink->last || process->tracked == (TRACKED_AFRESH | sink->batch));
}

/* The process's tracker is of use to a sink that knows what it was given last. */
static void find_tracker(struct saving *saving, struct process *process)
{
    saving->tracker_there = stop_tracker(saving->cell, process->pid, false);
    take_tracker(saving->cell, process);
    if (!saving->sink->same)
        return;
    saving->tracker = process->tracker;
    saving->knows = process->tracker >= 0 && knows(process, saving->sink);
}

/* -ESRCH: it has no thread any more. */
static int save_process(struct cell *cell, struct process *process, bool granted, struct sink *sink)
{
    static struct saving saving;
    int error;

    saving = (struct saving){.cell = cell,
                             .sink = sink,
                             .pid = process->pid,
                             .granted = granted,
                             .key = key_of(cell->object.number, process->memory),
                             .memory = open_proc(process->pid, "mem"),
                             .pagemap = open_proc(process->pid, "pagemap"),
                             .tracker = -1};
    error = saving.memory < 0 || saving.pagemap < 0 ? -ESRCH : 0;
    find_tracker(&saving, process);
    if (!error)
        error = sink_copies(sink, saving.key, cell->bank->replicas);
    if (!error)
        error = proc_maps(process->pid, save_map, &saving);
    if (!error)
        error = copy_now(&saving);
    if (!error)
        error = save_descriptors(&saving);
    if (!error)
        error = put_process(&saving, process->memory);
    if (sink->same) {
        process->tracked = error || saving.tracker < 0 ? 0 : sink->number;
        process->tracked_pages = saving.pages;
    }
    record_finish(&saving.last.file);
    record_finish(&saving.maps);
    record_finish(&saving.descriptors);
    if (saving.memory >= 0)
        close(saving.memory);
    if (saving.pagemap >= 0)
        close(saving.pagemap);
    return error;
}

static bool is_large(const struct process *process)
{
    char text[128], *resident;

    return tasks_read(process->pid, "statm", text, sizeof(text)) > 0 &&
           (resident = strchr(text, ' ')) && strtoul(resident, NULL, 10) >= EARLY_PAGES;
}

/* Of what a branch has in common with others little may be there yet. */
static bool wants_tracker(const struct cell *cell, const struct process *process)
{
    return process->tracker == -1 && (cell->spooled_pages >= EARLY_PAGES || is_large(process));
}

void image_track(struct cell *cell, struct sink *sink, u64 deadline_ns)
{
    bool wanted = false;

    list_for_each(node, &cell->host_processes)
        wanted |= wants_tracker(cell, list_entry(node, struct process, link));
    if (!wanted || stop_begin(cell, deadline_ns))
        return;
    list_for_each(node, &cell->host_processes) {
        struct process *process = list_entry(node, struct process, link);

        if (!wants_tracker(cell, process))
            continue;
        take_tracker(cell, process);
        process->tracker = process->tracker < 0 ? -2 : process->tracker;
        process->tracked = TRACKED_AFRESH | sink->batch;
    }
    stop_end(cell);
}

static int save_map_early(void *argument, const struct proc_map *map)
{
    struct saving *saving = argument;

    bool spooled = spool_is_path(map->path);

    if (map->shared || (map->inode && !spooled) || is_hosts(map) || is_given(map))
        return 0;
    if (spooled && !proc_is_tracked(saving->pagemap, map->start))
        return save_spooled(saving, map);
    return proc_written_pages(saving->pagemap, saving->tracker, map, WRITTEN_ONLY, save_tracked,
                              saving);
}

static void save_process_early(struct cell *cell, struct process *process, struct sink *sink)
{
    static struct saving saving;
    int error;

    saving = (struct saving){.sink = sink,
                             .pid = process->pid,
                             .key = key_of(cell->object.number, process->memory),
                             .memory = open_proc(process->pid, "mem"),
                             .pagemap = open_proc(process->pid, "pagemap"),
                             .tracker = process->tracker,
                             .early = true};
    error = saving.memory < 0 || saving.pagemap < 0 ? -ESRCH : 0;
    if (!error)
        error = proc_maps(process->pid, save_map_early, &saving);
    if (!error)
        error = copy_now(&saving);
    if (error) /* part of it is protected, and was not copied */
        process->tracked = 0;
    if (saving.memory >= 0)
        close(saving.memory);
    if (saving.pagemap >= 0)
        close(saving.pagemap);
}

void image_save_early(struct cell *cell, struct sink *sink)
{
    list_for_each(node, &cell->host_processes) {
        struct process *process = list_entry(node, struct process, link);

        if (process->tracker >= 0 && knows(process, sink) &&
            (process->tracked & TRACKED_AFRESH || process->tracked_pages >= EARLY_PAGES))
            save_process_early(cell, process, sink);
    }
}

static int save_head(struct cell *cell, const u32 *memories, u32 processes, struct sink *sink)
{
    struct stored_image head = {
        .version = IMAGE_VERSION, .interface = RF_INTERFACE_VERSION, .processes = processes};
    struct image *image = cell->image ? cell->image : image_own();
    struct record record = {0};
    struct cell_clock clock;
    int error;

    cell_clock_save(cell, &clock);
    memcpy(head.clock, clock.now, sizeof(head.clock));
    error = image_view(image);
    memcpy(head.libos, image->identity, sizeof(head.libos));
    record_put(&record, &head, sizeof(head));
    record_put(&record, memories, processes * sizeof(*memories));
    if (record.bad)
        error = -ENOMEM;
    if (!error)
        error = sink->record(sink, key_of(cell->object.number, MEMORY_OBJECT), PART_IMAGE,
                             record.bytes, record.length);
    record_finish(&record);
    return error;
}

int image_save_window(struct cell *cell, struct sink *sink)
{
    u64 key = key_of(cell->object.number, MEMORY_WINDOW);
    int error = sink_copies(sink, key, cell->bank->replicas);

    return error ? error : memory_file_save(cell->window_fd, sink, key);
}

int image_save(struct cell *cell, u32 memories, struct sink *sink)
{
    static u32 numbers[IMAGE_PROCESSES];
    u64 number = cell->object.number;
    u32 processes = 0;
    int error = 0;

    if (memories & IMAGE_HEAP)
        error = sink_copies(sink, key_of(number, MEMORY_HEAP), cell->bank->replicas);
    if (!error && memories & IMAGE_HEAP)
        error = memory_file_save(cell->heap_fd, sink, key_of(number, MEMORY_HEAP));
    if (!error && memories & IMAGE_WINDOW)
        error = image_save_window(cell, sink);
    list_for_each(node, &cell->host_processes) {
        struct process *process = list_entry(node, struct process, link);

        if (error)
            break;
        error = processes < IMAGE_PROCESSES
                    ? save_process(cell, process, memories & IMAGE_GRANTED, sink)
                    : -E2BIG;
        if (!error)
            numbers[processes++] = process->memory;
        if (error == -ESRCH)
            error = 0;
    }
    return error ? error : save_head(cell, numbers, processes, sink);
}

int image_load_shared(struct cell *cell, u32 memories, struct source *source, u64 number)
{
    int error = 0;

    if (memories & IMAGE_HEAP)
        error = memory_file_load(cell->heap_fd, RF_HEAP_SIZE, source, key_of(number, MEMORY_HEAP));
    if (!error && memories & IMAGE_WINDOW)
        error = memory_file_load(cell->window_fd, PAGE_ALIGN(sizeof(struct rf_window)), source,
                                 key_of(number, MEMORY_WINDOW));
    return error;
}
