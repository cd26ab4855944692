/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/proc_maps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/account/tasks.h"
#include "kernel/checkpoint/tracker.h"

/* Linux 6.7: Documentation/admin-guide/mm/pagemap.rst. */
struct scan_region {
    u64 start, end, categories;
};
struct scan {
    u64 size, flags, start, end, walk_end, vec, vec_len, max_pages;
    u64 category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN          _IOWR('f', 16, struct scan)
#define PROTECT       3u /* what is matched and was written; EPERM: it is not tracked */
#define IS_WRITTEN    (1u << 1)
#define IS_FILE       (1u << 2)
#define IS_PRESENT    (1u << 3)
#define IS_SWAPPED    (1u << 4)
#define IS_ZERO       (1u << 5)
#define REGIONS       1024
#define ENTRIES       512
#define ENTRY_FILE    (1ul << 61)
#define ENTRY_SWAPPED (1ul << 62)
#define ENTRY_PRESENT (1ul << 63)

/* The whole file: NULL and errno. */
static char *read_whole(int pid, const char *name)
{
    char path[64], *text = NULL;
    size_t room = 0, length = 0;
    ssize_t n = 1;
    int fd;

    snprintf(path, sizeof(path), "%d/%s", pid, name);
    fd = tasks_open(path);
    while (fd >= 0 && n > 0) {
        if (length + 1 >= room) {
            char *more = realloc(text, room = room * 2 + 16384);

            if (!more)
                break;
            text = more;
        }
        n = read(fd, text + length, room - length - 1);
        length += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        close(fd);
    if (text)
        text[length] = 0;
    if (n == 0 && length)
        return text;
    free(text);
    return NULL;
}

static bool parse(char *line, struct proc_map *map)
{
    char perms[5];
    int at = 0;

    if (sscanf(line, "%lx-%lx %4s %lx %*x:%*x %lu %n", &map->start, &map->end, perms, &map->offset,
               &map->inode, &at) != 5 ||
        !at)
        return false;
    map->prot = (perms[0] == 'r' ? PROT_READ : 0) | (perms[1] == 'w' ? PROT_WRITE : 0) |
                (perms[2] == 'x' ? PROT_EXEC : 0);
    map->shared = perms[3] == 's';
    map->path = line + at;
    return true;
}

int proc_maps(int pid, int (*visit)(void *argument, const struct proc_map *map), void *argument)
{
    char *text = read_whole(pid, "maps"), *line = text, *end;
    int result = text ? 0 : -ESRCH;

    while (!result && line && (end = strchr(line, '\n'))) {
        struct proc_map map;

        *end = 0;
        result = parse(line, &map) ? visit(argument, &map) : -EPROTO;
        line = end + 1;
    }
    free(text);
    return result;
}

static struct scan_region regions[REGIONS];

/* Own pages, apart from those with one of `less`: regions of them, *start moves on. -errno. */
static int scan(int pagemap, u64 *start, u64 end, u64 flags, u64 less, u64 wanted)
{
    struct scan scan = {.size = sizeof(scan),
                        .flags = flags,
                        .start = *start,
                        .end = end,
                        .vec = (u64)regions,
                        .vec_len = REGIONS,
                        .category_inverted = less,
                        .category_mask = less,
                        .category_anyof_mask = IS_PRESENT | IS_SWAPPED,
                        .return_mask = wanted};
    int found = ioctl(pagemap, SCAN, &scan);

    if (found < 0)
        return -errno;
    *start = found < REGIONS ? end : scan.walk_end;
    return found;
}

static int scan_pages(int pagemap, u64 *start, u64 end,
                      int (*visit)(void *argument, u64 start, u64 end), void *argument)
{
    int found = scan(pagemap, start, end, 0, IS_FILE | IS_ZERO, IS_PRESENT), result = 0;

    for (int i = 0; i < found && !result; i++)
        result = visit(argument, regions[i].start, regions[i].end);
    return found < 0 ? found : result;
}

/* In a mapping of a file a page that is not there may be one that was given back: the host leaves a
 * mark in its place. */
static bool is_written(const struct scan_region *region, bool of_file)
{
    return region->categories & IS_WRITTEN || (of_file && !(region->categories & IS_PRESENT));
}

typedef int written_visitor(void *argument, u64 start, u64 end, bool written);

/* *start moves on, and what was before it is protected. -EPERM: it is not tracked. */
static int scan_tracked(int pagemap, u64 *start, u64 end, bool of_file, written_visitor *visit,
                        void *argument)
{
    u64 less = of_file ? IS_FILE | IS_ZERO : IS_ZERO;
    int found = scan(pagemap, start, end, PROTECT, less, IS_WRITTEN | IS_PRESENT), result = 0;

    for (int i = 0; i < found && !result; i++)
        result =
            visit(argument, regions[i].start, regions[i].end, is_written(&regions[i], of_file));
    return found < 0 ? found : result;
}

struct whole {
    written_visitor *visit;
    void *argument;
};

static int visit_written(void *argument, u64 start, u64 end)
{
    const struct whole *whole = argument;

    return whole->visit(whole->argument, start, end, true);
}

int proc_written_pages(int pagemap, int tracker, u64 start, u64 end, bool of_file,
                       written_visitor *visit, void *argument)
{
    struct whole whole = {visit, argument};
    bool watched = false;
    int result = 0;

    while (start < end && !result) {
        result = scan_tracked(pagemap, &start, end, of_file, visit, argument);
        if (result != -EPERM || watched)
            continue;
        if (tracker_watch(tracker, start, end))
            return proc_own_pages(pagemap, start, end, visit_written, &whole);
        watched = true;
        result = 0;
    }
    return result;
}

/* Entry by entry; pages of zeros cannot be told from others. */
static int read_entries(int pagemap, u64 *start, u64 end,
                        int (*visit)(void *argument, u64 start, u64 end), void *argument)
{
    u64 entries[ENTRIES], count = MIN((end - *start) / PAGE_SIZE, ENTRIES), run = 0;
    ssize_t n =
        pread(pagemap, entries, count * sizeof(u64), (off_t)(*start / PAGE_SIZE * sizeof(u64)));
    int result = 0;

    if (n <= 0)
        return n < 0 ? -errno : -EIO;
    count = (u64)n / sizeof(u64);
    for (u64 i = 0; i <= count && !result; i++) {
        bool own =
            i < count && entries[i] & (ENTRY_PRESENT | ENTRY_SWAPPED) && !(entries[i] & ENTRY_FILE);

        if (own) {
            run++;
        } else if (run) {
            result = visit(argument, *start + (i - run) * PAGE_SIZE, *start + i * PAGE_SIZE);
            run = 0;
        }
    }
    *start += count * PAGE_SIZE;
    return result;
}

int proc_own_pages(int pagemap, u64 start, u64 end,
                   int (*visit)(void *argument, u64 start, u64 end), void *argument)
{
    static bool no_scan;
    int result = 0;

    while (start < end && !result) {
        if (!no_scan)
            result = scan_pages(pagemap, &start, end, visit, argument);
        if (result == -ENOTTY) {
            no_scan = true;
            result = 0;
        }
        if (no_scan && !result)
            result = read_entries(pagemap, &start, end, visit, argument);
    }
    return result;
}
