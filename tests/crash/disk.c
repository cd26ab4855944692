/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/crash/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES_MAX  64
#define NAMES_MAX  10
#define STATES_MAX 32
#define SECTOR     512

ssize_t __real_pwrite(int fd, const void *bytes, size_t length, off_t at);
ssize_t __real_pwritev(int fd, const struct iovec *pieces, int count, off_t at);
ssize_t __real_write(int fd, const void *bytes, size_t length);
ssize_t __real_writev(int fd, const struct iovec *pieces, int count);
int __real_ftruncate(int fd, off_t size);
int __real_fallocate(int fd, int mode, off_t at, off_t length);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t length, off_t at);
ssize_t __wrap_pwritev(int fd, const struct iovec *pieces, int count, off_t at);
ssize_t __wrap_write(int fd, const void *bytes, size_t length);
ssize_t __wrap_writev(int fd, const struct iovec *pieces, int count);
int __wrap_ftruncate(int fd, off_t size);
int __wrap_fallocate(int fd, int mode, off_t at, off_t length);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_msync(void *at, size_t length, int flags);
ssize_t __wrap_getrandom(void *bytes, size_t length, unsigned int flags);

struct content {
    u8 *bytes;
    u64 size;
};

struct file {
    ino_t inode;
    struct content durable;
};

enum change_kind { CHANGE_WRITE, CHANGE_SIZE, CHANGE_HOLE };

struct change {
    struct file *file;
    enum change_kind kind;
    u64 at, length;
    u8 *bytes;
    struct change *next;
};

/* Which file has which name in a directory. */
struct names {
    struct {
        char name[256];
        ino_t inode;
    } entries[NAMES_MAX];
    u32 count;
};

static struct {
    char path[128];
    ino_t inode;
    struct names states[STATES_MAX]; /* since it was flushed, that at the flush first */
    u32 state_count;
} directories[DISK_DIRECTORIES];

static struct file files[FILES_MAX];
static u32 file_count;
static struct change *changes, **last_change = &changes;
static void (*before_change)(void);
static u64 room;
static u32 flushes_left = ~0u;
static u64 flush_seed;
u32 disk_bypass;
u64 disk_random = 1;

u64 next_random(u64 *state)
{
    u64 z = *state += 0x9e3779b97f4a7c15ul;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ul;
    z = (z ^ z >> 27) * 0x94d049bb133111ebul;
    return z ^ z >> 31;
}

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "the simulated disk: %s: %s\n", what, strerror(errno));
    abort();
}

static bool is_kept(const char *name)
{
    static const char *const names[] = {"volume",    "volume.new", "index",
                                        "index.new", "index.copy", "index.copy.new"};

    for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(name, names[i]))
            return true;
    }
    return false;
}

static void set_size(struct content *content, u64 size)
{
    if (size > content->size) {
        content->bytes = realloc(content->bytes, size);
        require(content->bytes != NULL, "memory");
        memset(content->bytes + content->size, 0, size - content->size);
    }
    content->size = size;
}

static void put_bytes(struct content *content, u64 at, const u8 *bytes, u64 length)
{
    if (at + length > content->size)
        set_size(content, at + length);
    memcpy(content->bytes + at, bytes, length);
}

static struct file *file_of_inode(ino_t inode)
{
    for (u32 i = 0; i < file_count; i++) {
        if (files[i].inode == inode)
            return &files[i];
    }
    require(file_count < FILES_MAX, "too many files");
    files[file_count].inode = inode;
    return &files[file_count++];
}

static void read_names(u32 directory, struct names *names)
{
    DIR *dir = opendir(directories[directory].path);
    struct dirent *entry;

    memset(names, 0, sizeof(*names));
    require(dir != NULL, "a directory");
    while ((entry = readdir(dir))) {
        if (!is_kept(entry->d_name))
            continue;
        require(names->count < NAMES_MAX, "too many names");
        strcpy(names->entries[names->count].name, entry->d_name);
        names->entries[names->count++].inode = entry->d_ino;
    }
    closedir(dir);
}

/* Notes names made, changed and removed since it was last called. */
static void notice_names(void)
{
    for (u32 i = 0; i < DISK_DIRECTORIES; i++) {
        struct names now;

        read_names(i, &now);
        if (!memcmp(&now, &directories[i].states[directories[i].state_count - 1], sizeof(now)))
            continue;
        require(directories[i].state_count < STATES_MAX, "too many names made at once");
        directories[i].states[directories[i].state_count++] = now;
    }
}

static void read_file(const char *directory, const char *name, struct file *file)
{
    char path[512];
    struct stat st;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    fd = open(path, O_RDONLY);
    require(fd >= 0 && fstat(fd, &st) == 0, path);
    set_size(&file->durable, (u64)st.st_size);
    require(read(fd, file->durable.bytes, (size_t)st.st_size) == st.st_size, path);
    close(fd);
}

static void forget_all(void)
{
    while (changes) {
        struct change *change = changes;

        changes = change->next;
        free(change->bytes);
        free(change);
    }
    last_change = &changes;
    for (u32 i = 0; i < file_count; i++)
        free(files[i].durable.bytes);
    memset(files, 0, sizeof(files));
    file_count = 0;
}

void disk_watch(char *const paths[DISK_DIRECTORIES], void (*before)(void))
{
    forget_all();
    before_change = before;
    room = ~0ul;
    for (u32 i = 0; i < DISK_DIRECTORIES; i++) {
        struct names *names = &directories[i].states[0];
        struct stat st;

        snprintf(directories[i].path, sizeof(directories[i].path), "%s", paths[i]);
        directories[i].state_count = 1;
        require(stat(paths[i], &st) == 0, paths[i]);
        directories[i].inode = st.st_ino;
        read_names(i, names);
        for (u32 n = 0; n < names->count; n++)
            read_file(paths[i], names->entries[n].name, file_of_inode(names->entries[n].inode));
    }
}

void disk_set_room(u64 bytes)
{
    room = bytes;
}

void disk_fail_flush(u32 count, u64 seed)
{
    flushes_left = count;
    flush_seed = seed;
}

/* The watched file, or NULL. */
static struct file *watched(int fd)
{
    struct stat st;

    if (disk_bypass || !before_change || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return NULL;
    notice_names();
    for (u32 i = 0; i < DISK_DIRECTORIES; i++) {
        const struct names *names = &directories[i].states[directories[i].state_count - 1];

        for (u32 n = 0; n < names->count; n++) {
            if (names->entries[n].inode == st.st_ino)
                return file_of_inode(st.st_ino);
        }
    }
    return NULL;
}

static void power_may_fail(void)
{
    disk_bypass++;
    before_change();
    disk_bypass--;
}

static void note(struct file *file, enum change_kind kind, u64 at, u64 length, const void *bytes)
{
    struct change *change = calloc(1, sizeof(*change));

    require(change != NULL, "memory");
    *change = (struct change){.file = file, .kind = kind, .at = at, .length = length};
    if (bytes) {
        change->bytes = malloc(length);
        require(change->bytes != NULL, "memory");
        memcpy(change->bytes, bytes, length);
    }
    *last_change = change;
    last_change = &change->next;
}

static void apply(struct content *content, const struct change *change)
{
    if (change->kind == CHANGE_WRITE) {
        put_bytes(content, change->at, change->bytes, change->length);
    } else if (change->kind == CHANGE_SIZE) {
        set_size(content, change->at);
    } else if (change->at < content->size) {
        memset(content->bytes + change->at, 0, MIN(change->length, content->size - change->at));
    }
}

static void apply_sectors(struct content *content, const struct change *change, u64 *random)
{
    u64 end = change->at + change->length;

    if (change->kind != CHANGE_WRITE) {
        if (next_random(random) % 2)
            apply(content, change);
        return;
    }
    for (u64 at = change->at; at < end;) {
        u64 stop = MIN(at / SECTOR * SECTOR + SECTOR, end);

        if (next_random(random) % 2)
            put_bytes(content, at, change->bytes + (at - change->at), stop - at);
        at = stop;
    }
}

/* Makes the changes of a file durable; a flush that fails loses some. */
static void flush(const struct file *file, bool fails)
{
    struct change **link = &changes;

    while (*link) {
        struct change *change = *link;

        if (change->file != file) {
            link = &change->next;
            continue;
        }
        if (fails)
            apply_sectors(&change->file->durable, change, &flush_seed);
        else
            apply(&change->file->durable, change);
        *link = change->next;
        free(change->bytes);
        free(change);
    }
    last_change = link;
}

/* Whether the file may grow as a write wants. */
static bool take_room(int fd, u64 at, u64 length)
{
    struct stat st;
    u64 more;

    require(fstat(fd, &st) == 0, "fstat");
    more = at + length > (u64)st.st_size ? at + length - (u64)st.st_size : 0;
    if (more > room) {
        errno = ENOSPC;
        return false;
    }
    room -= room == ~0ul ? 0 : more;
    return true;
}

/* Makes the change noted last durable. */
static void settle_last(void)
{
    struct change **link = &changes;

    while ((*link)->next)
        link = &(*link)->next;
    apply(&(*link)->file->durable, *link);
    free((*link)->bytes);
    free(*link);
    *link = NULL;
    last_change = link;
}

static ssize_t write_at(struct file *file, int fd, const u8 *bytes, size_t length, off_t at)
{
    if (!take_room(fd, (u64)at, length))
        return -1;
    power_may_fail();
    require(__real_pwrite(fd, bytes, length, at) == (ssize_t)length, "a write");
    note(file, CHANGE_WRITE, (u64)at, length, bytes);
    if (fcntl(fd, F_GETFL) & O_DSYNC) {
        power_may_fail();
        settle_last();
    }
    return (ssize_t)length;
}

static u8 *gather(const struct iovec *pieces, int count, size_t *length)
{
    u8 *bytes, *to;

    *length = 0;
    for (int i = 0; i < count; i++)
        *length += pieces[i].iov_len;
    to = bytes = malloc(*length);
    require(bytes != NULL, "memory");
    for (int i = 0; i < count; i++) {
        memcpy(to, pieces[i].iov_base, pieces[i].iov_len);
        to += pieces[i].iov_len;
    }
    return bytes;
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t length, off_t at)
{
    struct file *file = watched(fd);

    return file ? write_at(file, fd, bytes, length, at) : __real_pwrite(fd, bytes, length, at);
}

ssize_t __wrap_pwritev(int fd, const struct iovec *pieces, int count, off_t at)
{
    struct file *file = watched(fd);
    size_t length;
    ssize_t n;
    u8 *bytes;

    if (!file)
        return __real_pwritev(fd, pieces, count, at);
    bytes = gather(pieces, count, &length);
    n = write_at(file, fd, bytes, length, at);
    free(bytes);
    return n;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t length)
{
    struct iovec piece = {(void *)(uintptr_t)bytes, length};

    return watched(fd) ? __wrap_writev(fd, &piece, 1) : __real_write(fd, bytes, length);
}

ssize_t __wrap_writev(int fd, const struct iovec *pieces, int count)
{
    ssize_t n;

    if (!watched(fd))
        return __real_writev(fd, pieces, count);
    n = __wrap_pwritev(fd, pieces, count, lseek(fd, 0, SEEK_CUR));
    if (n > 0)
        lseek(fd, n, SEEK_CUR);
    return n;
}

int __wrap_ftruncate(int fd, off_t size)
{
    struct file *file = watched(fd);

    if (file) {
        power_may_fail();
        note(file, CHANGE_SIZE, (u64)size, 0, NULL);
    }
    return __real_ftruncate(fd, size);
}

int __wrap_fallocate(int fd, int mode, off_t at, off_t length)
{
    struct file *file = watched(fd);

    if (file) {
        power_may_fail();
        note(file, CHANGE_HOLE, (u64)at, (u64)length, NULL);
    }
    return __real_fallocate(fd, mode, at, length);
}

int __wrap_fdatasync(int fd)
{
    struct file *file = watched(fd);

    if (!file)
        return 0;
    power_may_fail();
    if (flushes_left != ~0u && flushes_left-- == 0) {
        flushes_left = ~0u;
        flush(file, true);
        errno = EIO;
        return -1;
    }
    flush(file, false);
    return 0;
}

int __wrap_fsync(int fd)
{
    struct stat st;

    if (disk_bypass || !before_change || fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
        return __wrap_fdatasync(fd);
    notice_names();
    power_may_fail();
    for (u32 i = 0; i < DISK_DIRECTORIES; i++) {
        if (directories[i].inode != st.st_ino)
            continue;
        directories[i].states[0] = directories[i].states[directories[i].state_count - 1];
        directories[i].state_count = 1;
    }
    return 0;
}

/* LMDB writes by mapping only when it is told to. */
int __wrap_msync(void *at, size_t length, int flags)
{
    (void)at;
    (void)length;
    (void)flags;
    require(false, "msync was not expected");
    return -1;
}

ssize_t __wrap_getrandom(void *bytes, size_t length, unsigned int flags)
{
    (void)flags;
    for (size_t i = 0; i < length; i++)
        ((u8 *)bytes)[i] = (u8)next_random(&disk_random);
    return (ssize_t)length;
}

static struct content image_of(struct file *file, enum disk_loss loss, u64 keep, u64 *random)
{
    struct content image = {0};
    u64 number = 0;

    set_size(&image, file->durable.size);
    if (image.size)
        memcpy(image.bytes, file->durable.bytes, image.size);
    for (const struct change *change = changes; change; change = change->next, number++) {
        if (change->file != file)
            continue;
        if (loss == LOSE_NONE || (loss == LOSE_SOME && next_random(random) % 2) ||
            (loss == LOSE_TAIL && number < keep))
            apply(&image, change);
        else if (loss == LOSE_SECTORS || (loss == LOSE_TAIL && number == keep))
            apply_sectors(&image, change, random);
    }
    return image;
}

static void write_image(const char *directory, const char *name, const struct content *image)
{
    char path[512];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    require(fd >= 0, path);
    require(__real_pwrite(fd, image->bytes, image->size, 0) == (ssize_t)image->size, path);
    close(fd);
}

void disk_crash_image(char *const to[DISK_DIRECTORIES], enum disk_loss loss, u64 seed)
{
    u64 pending = 0, keep;

    for (const struct change *change = changes; change; change = change->next)
        pending++;
    keep = next_random(&seed) % (pending + 1);
    notice_names();
    for (u32 i = 0; i < DISK_DIRECTORIES; i++) {
        u32 count = directories[i].state_count;
        u32 state = loss == LOSE_ALL    ? 0
                    : loss == LOSE_NONE ? count - 1
                                        : (u32)(next_random(&seed) % count);
        const struct names *names = &directories[i].states[state];

        for (u32 n = 0; n < names->count; n++) {
            struct content image =
                image_of(file_of_inode(names->entries[n].inode), loss, keep, &seed);

            write_image(to[i], names->entries[n].name, &image);
            free(image.bytes);
        }
    }
}
