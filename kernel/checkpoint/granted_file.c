/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/checkpoint/granted_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/object/path.h"
#include "kernel/object/segment.h"
#include "kernel/report.h"

/* Followed by the path below the directory. */
struct stored_granted_file {
    u64 size;
    s64 changed_s, changed_ns; /* when its content was changed last */
    u32 slot, mode;            /* mode: S_IFMT */
    u32 path_length, reserved;
};
_Static_assert(sizeof(struct stored_granted_file) == 40, "stored layout");

static struct stored_granted_file describe(const struct stat *st)
{
    struct stored_granted_file stored = {.mode = st->st_mode & S_IFMT};

    if (!S_ISREG(st->st_mode))
        return stored;
    stored.size = (u64)st->st_size;
    stored.changed_s = st->st_mtim.tv_sec;
    stored.changed_ns = st->st_mtim.tv_nsec;
    return stored;
}

static ssize_t path_of(int fd, char path[PATH_MAX])
{
    char link[32];
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlinkat(AT_FDCWD, link, path, PATH_MAX - 1);
    path[MAX(length, 0)] = 0;
    return length;
}

/* What of `path` lies below `dir`; NULL: it does not. */
static const char *below(const char *dir, const char *path)
{
    size_t length = strcmp(dir, "/") ? strlen(dir) : 0;

    if (strncmp(dir, path, length) || (path[length] && path[length] != '/'))
        return NULL;
    return path[length] ? path + length + 1 : path + length;
}

static bool is_at(const struct path *path, const struct stat *st)
{
    struct stat there;
    int fd = path_open(path);
    bool same = fd >= 0 && fstat(fd, &there) == 0 && there.st_ino == st->st_ino &&
                there.st_dev == st->st_dev;

    if (fd >= 0)
        close(fd);
    return same;
}

/* Whether a capability reaches it: the path below is in `path`. */
static bool reaches(const struct cap *cap, const char *name, const struct stat *st,
                    struct path *path)
{
    char dir[PATH_MAX];
    const char *rest;

    path->length = 0;
    if (cap->object->dead)
        return false;
    if (cap->kind == RF_KIND_SEGMENT)
        return !cap->b && segment_of_file(st->st_dev, st->st_ino) == cap->object;
    if (cap->kind != RF_KIND_DIR || cap->object->class != &dir_class ||
        path_of(dir_of(cap)->fd, dir) <= 0)
        return false;
    rest = below(dir, name);
    return rest && path_set(path, dir_of(cap), rest, (u32)strlen(rest)) == 0 && is_at(path, st);
}

bool granted_file_save(struct cell *cell, int fd, struct record *record)
{
    struct stored_granted_file stored;
    struct cap_table *table = &cell->domain.caps;
    struct path path;
    struct stat st;
    char name[PATH_MAX];

    if (fstat(fd, &st) < 0 || path_of(fd, name) <= 0)
        return false;
    stored = describe(&st);
    for (stored.slot = RF_SLOT_FIRST_DIR; stored.slot < table->fresh; stored.slot++) {
        const struct cap *cap = table_get(table, stored.slot);

        if (!cap || !reaches(cap, name, &st, &path))
            continue;
        stored.path_length = path.length;
        record_put(record, &stored, sizeof(stored));
        record_put(record, path.text, path.length);
        return true;
    }
    return false;
}

/* It was found as an object; this opens that. */
static int open_again(int found, int flags)
{
    char name[32];

    snprintf(name, sizeof(name), "/proc/self/fd/%d", found);
    return open(name, flags | O_CLOEXEC | (flags & O_PATH ? 0 : O_NONBLOCK | O_NOCTTY));
}

static int open_below(const struct cap *cap, const struct path *path, int flags, struct stat *st)
{
    int found, fd = -1;

    if ((flags & O_ACCMODE) != O_RDONLY && !(cap->rights & RF_RIGHT_WRITE))
        return -1;
    found = path_open(path);
    if (found < 0)
        return -1;
    if (fstat(found, st) == 0 && (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) &&
        device_allowed(found, "", st->st_dev))
        fd = open_again(found, flags);
    close(found);
    return fd;
}

static bool is_unchanged(const struct stored_granted_file *stored, const struct stat *st)
{
    struct stored_granted_file now = describe(st);

    return stored->size == now.size && stored->changed_s == now.changed_s &&
           stored->changed_ns == now.changed_ns;
}

static int load_file(struct cell *cell, const struct cap *cap,
                     const struct stored_granted_file *stored, const char *name, int flags,
                     bool exact)
{
    struct path path;
    struct stat st;
    int fd = -1;

    if (path_set(&path, dir_of(cap), name, stored->path_length) == 0)
        fd = open_below(cap, &path, flags, &st);
    if (fd < 0)
        report_of(cell, "%.*s was in use and is not to be had", (int)stored->path_length, name);
    if (fd < 0 || (stored->mode == (st.st_mode & S_IFMT) && is_unchanged(stored, &st)))
        return fd;
    report_of(cell, "%.*s was in use and is another one here", (int)stored->path_length, name);
    if (!exact && stored->mode == (st.st_mode & S_IFMT))
        return fd;
    close(fd);
    return -1;
}

int granted_file_load(struct cell *cell, struct record *record, int flags, bool exact)
{
    struct stored_granted_file stored;
    const struct cap *cap;
    const char *name;

    record_get(record, &stored, sizeof(stored));
    name = record_take(record, stored.path_length);
    cap = record->bad ? NULL : table_get(&cell->domain.caps, stored.slot);
    if (!cap || cap->object->dead)
        return -1;
    if (cap->kind == RF_KIND_SEGMENT && cap->object->class == &segment_class && !cap->b &&
        !(cap->rights & RF_RIGHT_WEAK) &&
        (cap->rights & RF_RIGHT_WRITE || (flags & O_ACCMODE) == O_RDONLY))
        return segment_descriptor(cap->object, (flags & O_ACCMODE) != O_RDONLY);
    if (cap->kind != RF_KIND_DIR || cap->object->class != &dir_class)
        return -1;
    return load_file(cell, cap, &stored, name, flags, exact);
}

int granted_file_skip(struct record *record)
{
    struct stored_granted_file stored;

    record_get(record, &stored, sizeof(stored));
    record_take(record, stored.path_length);
    return -1;
}
