/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of the index in the directories of volumes, so that it is not lost with one disk. Each
 * follows it from transaction to transaction (index.c); here: making one, and going back to one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/store/internal.h"
#include "kernel/store/why.h"

#define PIECE (256u << 10)

static int copy_bytes(int from, int to)
{
    u8 *piece = malloc(PIECE);
    off_t at = 0;
    ssize_t n = piece ? 0 : -1;
    int error = piece ? 0 : -ENOMEM;

    while (!error && (n = pread(from, piece, PIECE, at)) > 0) {
        ssize_t written = pwrite(to, piece, (size_t)n, at);

        if (written <= 0)
            error = written < 0 ? -errno : -EIO;
        else
            at += written;
    }
    free(piece);
    if (!error && n < 0)
        error = -errno;
    return !error && fdatasync(to) < 0 ? -errno : error;
}

/* It gets its name when it is complete. */
static int copy_file(int from, int dir, const char *temporary, const char *name)
{
    int to = openat(dir, temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600),
        error;

    if (to < 0)
        return -errno;
    error = copy_bytes(from, to);
    close(to);
    if (!error && (renameat(dir, temporary, dir, name) < 0 || fsync(dir) < 0))
        error = -errno;
    if (error)
        unlinkat(dir, temporary, 0);
    return error;
}

/* The superblock of the copy in a directory. */
static int read_copy(const char *directory, struct disk_super *super, int *fd)
{
    char path[PATH_MAX];
    struct store_why why;
    int error;

    if (snprintf(path, sizeof(path), "%s/" STORE_COPY, directory) >= (int)sizeof(path))
        return -EINVAL;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0)
        return -errno;
    error = index_verify(*fd, super, &why);
    if (error)
        close(*fd);
    return error;
}

static int own_super(struct store *store, struct disk_super *super)
{
    MDB_txn *txn;
    int error = index_begin(&store->index, true, &txn);

    if (error)
        return error;
    error = index_get_fixed(&store->index, txn, index_key(KEY_SUPER, 0, 0), super, sizeof(*super));
    mdb_txn_abort(txn);
    return error;
}

static bool is_current(const char *directory, const struct disk_super *super)
{
    struct disk_super copy;
    int fd;

    if (read_copy(directory, &copy, &fd))
        return false;
    close(fd);
    return !memcmp(&copy, super, sizeof(copy));
}

static int make_copy(const struct store *store, const char *directory)
{
    int from = openat(store->dir_fd, STORE_INDEX, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = from < 0 || dir < 0 ? -errno : copy_file(from, dir, STORE_COPY_NEW, STORE_COPY);

    if (from >= 0)
        close(from);
    if (dir >= 0)
        close(dir);
    return error;
}

/* The next volume that is to have a copy; NULL: no more. */
static const struct volume *next_holder(const struct store *store, u32 *number, u32 *count)
{
    while (*count < INDEX_FOLLOWERS && ++*number < store->volume_count) {
        if (!volume_is_there(&store->volumes[*number]))
            continue;
        ++*count;
        return &store->volumes[*number];
    }
    return NULL;
}

void index_copies_open(struct store *store)
{
    const struct volume *volume;
    struct disk_super super;
    u32 number = 0, count = 0;
    char path[PATH_MAX];

    if (own_super(store, &super))
        return;
    while ((volume = next_holder(store, &number, &count))) {
        if (snprintf(path, sizeof(path), "%s/" STORE_COPY, volume->path) >= (int)sizeof(path) ||
            (!is_current(volume->path, &super) && make_copy(store, volume->path)))
            continue;
        (void)index_follow(&store->index, path); /* the figures say how many do */
    }
}

void index_copies_check(struct store *store, store_finding *finding, void *context, u64 *faults)
{
    const struct volume *volume;
    struct disk_super super;
    u32 number = 0, count = 0;
    char text[STORE_PATH_MAX + 128];

    if (own_super(store, &super))
        return;
    while ((volume = next_holder(store, &number, &count))) {
        if (is_current(volume->path, &super))
            continue;
        snprintf(text, sizeof(text),
                 "the copy of the index in %s is missing, damaged or of another time; it is made "
                 "anew when the world starts",
                 volume->path);
        finding(context, text);
        ++*faults;
    }
}

int index_copy_take(struct store *store, const struct store_config *config)
{
    u64 newest = 0;
    int best = -1, error = -ENOENT;

    for (u32 i = 0; i < config->volume_count; i++) {
        struct disk_super super = {0};
        int fd;

        if (read_copy(config->volumes[i], &super, &fd))
            continue;
        if (super.transaction > newest) {
            newest = super.transaction;
            if (best >= 0)
                close(best);
            best = fd;
        } else {
            close(fd);
        }
    }
    if (best < 0)
        return error;
    error = copy_file(best, store->dir_fd, STORE_INDEX_NEW, STORE_INDEX);
    close(best);
    return error;
}
