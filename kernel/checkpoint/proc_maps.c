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
#define CHECK         2u /* EPERM alone */
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

#define OWN (IS_PRESENT | IS_SWAPPED)

/* Regions of pages with all of `all` but none of `none`, and of the own ones: *start moves on.
 * -errno. It takes time for each page that is in one, so few should be. */
static int scan(int pagemap, u64 *start, u64 end, u64 flags, u64 all, u64 none, bool own,
                u64 wanted)
{
    struct scan scan = {.size = sizeof(scan),
                        .flags = flags,
                        .start = *start,
                        .end = end,
                        .vec = (u64)regions,
                        .vec_len = REGIONS,
                        .category_inverted = none,
                        .category_mask = all | none,
                        .category_anyof_mask = own ? OWN : 0,
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
    int found = scan(pagemap, start, end, 0, 0, IS_FILE | IS_ZERO, true, IS_PRESENT), result = 0;

    for (int i = 0; i < found && !result; i++)
        result = visit(argument, regions[i].start, regions[i].end);
    return found < 0 ? found : result;
}

typedef int written_visitor(void *argument, u64 start, u64 end, bool written);

/* What was written, and is protected then. -EPERM: it is not tracked. */
static int scan_written(int pagemap, u64 start, u64 end, written_visitor *visit, void *argument)
{
    int result = 0;

    while (start < end && !result) {
        int found = scan(pagemap, &start, end, PROTECT, IS_WRITTEN, 0, true, IS_WRITTEN);

        result = found < 0 ? found : 0;
        for (int i = 0; i < found && !result; i++)
            result = visit(argument, regions[i].start, regions[i].end, true);
    }
    return result;
}

/* What is there. */
static int scan_there(int pagemap, u64 start, u64 end, written_visitor *visit, void *argument)
{
    u64 at = start;
    int result = 0;

    while (at < end && !result) {
        int found = scan(pagemap, &at, end, 0, 0, OWN, false, IS_PRESENT);

        result = found < 0 ? found : 0;
        for (int i = 0; i < found && !result; i++) {
            if (start < regions[i].start)
                result = visit(argument, start, regions[i].start, false);
            start = regions[i].end;
        }
    }
    return start < end && !result ? visit(argument, start, end, false) : result;
}

/* All own pages; what was written is protected then. In a mapping of a file a page that is not
 * there may be one that was given back: the host leaves a mark in its place. */
static int scan_all(int pagemap, u64 start, u64 end, bool of_file, written_visitor *visit,
                    void *argument)
{
    u64 less = of_file ? IS_FILE | IS_ZERO : IS_ZERO;
    int result = 0;

    while (start < end && !result) {
        int found = scan(pagemap, &start, end, PROTECT, 0, less, true, IS_WRITTEN | IS_PRESENT);

        result = found < 0 ? found : 0;
        for (int i = 0; i < found && !result; i++) {
            u64 is = regions[i].categories;

            result = visit(argument, regions[i].start, regions[i].end,
                           is & IS_WRITTEN || (of_file && !(is & IS_PRESENT)));
        }
    }
    return result;
}

bool proc_is_tracked(int pagemap, u64 address)
{
    return scan(pagemap, &address, address + PAGE_SIZE, CHECK, 0, 0, false, IS_PRESENT) >= 0;
}

struct all_written {
    written_visitor *visit;
    void *argument;
};

static int visit_written(void *argument, u64 start, u64 end)
{
    const struct all_written *all = argument;

    return all->visit(all->argument, start, end, true);
}

int proc_written_pages(int pagemap, int tracker, const struct proc_map *map,
                       enum proc_written which, written_visitor *visit, void *argument)
{
    struct all_written all = {visit, argument};
    bool of_file = map->inode != 0, each = which == ALL_WRITTEN || of_file;
    int result = each ? scan_all(pagemap, map->start, map->end, of_file, visit, argument)
                      : scan_written(pagemap, map->start, map->end, visit, argument);

    if (!result && !each && which == THERE_TOO)
        return scan_there(pagemap, map->start, map->end, visit, argument);
    if (result != -EPERM)
        return result;
    if (tracker_watch(tracker, map->start, map->end))
        return proc_own_pages(pagemap, map->start, map->end, visit_written, &all);
    return scan_all(pagemap, map->start, map->end, of_file, visit, argument);
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
