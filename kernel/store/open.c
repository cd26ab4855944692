/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, making and closing a store. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel/store/guard.h"
#include "kernel/store/internal.h"
#include "kernel/store/why.h"

static int look_at_config(const struct store_config *config, struct store_why *why)
{
    if (config->volume_count > STORE_VOLUMES_MAX)
        return why_set(why, -EINVAL, "a world can have %u volumes", STORE_VOLUMES_MAX);
    for (u32 i = 0; i < config->volume_count; i++) {
        if (strlen(config->volumes[i]) >= STORE_PATH_MAX || !config->volumes[i][0])
            return why_set(why, -EINVAL, "a path of a volume is empty or too long");
    }
    return 0;
}

static int open_directory(struct store *store, const struct store_config *config,
                          struct store_why *why)
{
    const char *path = config->path;
    struct stat st;

    if (config->create && mkdir(path, 0700) < 0 && errno != EEXIST)
        return why_set(why, -errno, "cannot make the directory %s: %s", path, strerror(errno));
    store->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->dir_fd < 0 || fstat(store->dir_fd, &st) < 0)
        return why_set(why, -errno, "cannot open the directory %s: %s", path, strerror(errno));
    if (st.st_uid != geteuid())
        return why_set(why, -EPERM, "%s belongs to somebody else; its owner can use it", path);
    if (st.st_mode & 022)
        return why_set(why, -EPERM, "others may write to %s; chmod 700 it, if it is to be trusted",
                       path);
    return 0;
}

/* Where there is no store and none is to be made, there is nothing to lock, and no lock is left
 * behind. */
static int take_lock(struct store *store, const struct store_config *config, struct store_why *why)
{
    bool is_there = faccessat(store->dir_fd, STORE_INDEX, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    bool make = !store->read_only && (config->create || is_there);
    int flags = (make ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW;

    store->lock_fd = openat(store->dir_fd, STORE_LOCK, flags, 0600);
    if (store->lock_fd < 0 && !make && errno == ENOENT)
        return 0;
    if (store->lock_fd < 0)
        return why_set(why, -errno, "cannot open %s/" STORE_LOCK ": %s", config->path,
                       strerror(errno));
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return why_set(why, -EBUSY, "%s is in use; stop the world that runs there", config->path);
    return 0;
}

static int path_of(const struct store_config *config, const char *name, char path[PATH_MAX])
{
    return snprintf(path, PATH_MAX, "%s/%s", config->path, name) < PATH_MAX ? 0 : -EINVAL;
}

/* Two transactions, so that both of LMDB's first pages lead to a superblock. */
static int fill_index(struct index *index, struct disk_super *super)
{
    struct disk_volume volume = {.id = super->world[0]};
    int error = 0;

    for (u32 i = 0; i < 2 && !error; i++) {
        MDB_txn *txn;

        error = index_begin(index, false, &txn);
        if (error)
            break;
        super->transaction = mdb_txn_id(txn);
        error = index_put(index, txn, index_key(KEY_SUPER, 0, 0), super, sizeof(*super));
        error = error ? error
                      : index_put(index, txn, index_key(KEY_VOLUME, 0, 0), &volume, sizeof(volume));
        if (error)
            index_abort(index, txn);
        else
            error = index_commit(index, txn);
    }
    return error;
}

static int make_index(const char *path, struct disk_super *super)
{
    struct index index;
    int error = index_open(&index, path, false);

    if (error)
        return error;
    error = fill_index(&index, super);
    index_close(&index);
    return error;
}

/* The index gets its name last: a store that has one is complete. */
static int make_files(struct store *store, const char *index_path)
{
    struct disk_super super = {
        .magic = STORE_MAGIC, .version = STORE_VERSION, .volumes = 1, .generation = 1};
    int fd, error;

    if (getrandom(super.world, sizeof(super.world), 0) != sizeof(super.world) ||
        getrandom(&super.commit, sizeof(super.commit), 0) != sizeof(super.commit))
        return -EIO;
    unlinkat(store->dir_fd, STORE_INDEX_NEW, 0);
    fd = volume_make(store->dir_fd, &super, super.world[0]);
    if (fd < 0)
        return fd;
    close(fd);
    error = make_index(index_path, &super);
    unlinkat(store->dir_fd, STORE_INDEX_NEW "-lock", 0);
    if (error)
        return error;
    if (renameat(store->dir_fd, STORE_INDEX_NEW, store->dir_fd, STORE_INDEX) < 0 ||
        fsync(store->dir_fd) < 0)
        return -errno;
    return 0;
}

/* Whether the directory has a volume that has seen commits. */
static bool has_volume(int dir)
{
    int fd = openat(dir, STORE_VOLUME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct disk_stamp stamps[2] = {0};

    if (fd < 0)
        return false;
    volume_read_stamps(fd, stamps);
    close(fd);
    return stamps[0].generation > 1 || stamps[1].generation > 1;
}

/* What has been used is not made anew because its index is lost. */
static int refuse_used(const struct store *store, const struct store_config *config,
                       struct store_why *why)
{
    if (has_volume(store->dir_fd))
        return why_set(why, -EUCLEAN,
                       "%s has a volume, but the index is missing; put it back, or ringfence scrub "
                       "--refill --volume DIR takes the copy that a further volume has",
                       config->path);
    for (u32 i = 0; i < config->volume_count; i++) {
        int dir = open(config->volumes[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bool used = dir >= 0 && has_volume(dir);

        if (dir >= 0)
            close(dir);
        if (used && config->create)
            return why_set(why, -ESTALE,
                           "%s has a volume of a world, and %s no index; ringfence scrub --refill "
                           "takes the copy of it that is there",
                           config->volumes[i], config->path);
    }
    return 0;
}

static int make_store(struct store *store, const struct store_config *config, struct store_why *why)
{
    int error = refuse_used(store, config, why);
    char path[PATH_MAX];

    if (error)
        return error;
    if (!config->create)
        return why_set(why, -ENOENT, "no world is stored in %s", config->path);
    error = path_of(config, STORE_INDEX_NEW, path);
    error = error ? error : make_files(store, path);
    return error ? why_set(why, error, "cannot make a store in %s: %s", config->path,
                           strerror(-error))
                 : 0;
}

static bool super_is_sound(const struct guarded *found)
{
    struct disk_key key = index_key(KEY_SUPER, 0, 0);
    struct index_value value = {found->value, MIN(found->length, (u32)sizeof(found->value))};
    struct disk_super super;

    memcpy(&super, found->value, sizeof(super));
    return found->length == sizeof(super) && index_value_is_sound(&key, &value) &&
           super.magic == STORE_MAGIC && super.transaction == found->transaction;
}

/* What a newer version wrote has its magic and version where ours has them. */
static bool is_newer(const struct guarded *found)
{
    struct disk_super super;

    memcpy(&super, found->value, sizeof(super));
    return super.magic == STORE_MAGIC && super.version > STORE_VERSION && super.version < 0x10000;
}

int index_verify(int fd, struct disk_super *super, struct store_why *why)
{
    struct guarded last = {0}, previous = {0};
    struct stat st;
    int error;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return why_set(why, -EUCLEAN, "it is no file");
    error = guard_index(fd, &last, &previous, why);
    if (error)
        return error;
    if (is_newer(&last))
        return why_set(why, -ENOTSUP, "it was written by a newer version of ringfence");
    if (!super_is_sound(&last) || !super_is_sound(&previous))
        return why_set(why, -EUCLEAN, "its superblock is damaged");
    memcpy(super, last.value, sizeof(*super));
    return 0;
}

/* One that is missing, too, when it may be taken from a copy. */
static int look_at_index(struct store *store, const struct store_config *config,
                         struct store_why *why)
{
    int fd = openat(store->dir_fd, STORE_INDEX, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), error;
    struct store_why reason = {""};
    struct disk_super super;

    if (fd < 0 && errno == ENOENT)
        return config->repair && index_copy_take(store, config) == 0
                   ? look_at_index(store, config, why)
                   : make_store(store, config, why);
    if (fd < 0)
        return why_set(why, -errno, "cannot open %s/" STORE_INDEX ": %s", config->path,
                       strerror(errno));
    error = index_verify(fd, &super, &reason);
    close(fd);
    if (error == -ENOTSUP)
        return why_set(why, error, "%s was written by a newer version of ringfence; use that",
                       config->path);
    if (error == -EUCLEAN && config->repair && index_copy_take(store, config) == 0)
        return look_at_index(store, config, why);
    return error ? why_set(why, error,
                           "the index in %s cannot be used: %s; ringfence scrub --refill --volume "
                           "DIR takes the copy that a further volume has, or go back to a copy of "
                           "the directory",
                           config->path, reason.text)
                 : 0;
}

static int open_index(struct store *store, const struct store_config *config, struct store_why *why)
{
    char path[PATH_MAX];
    int error = look_at_index(store, config, why);

    if (error)
        return error;
    error = path_of(config, STORE_INDEX, path);
    error = error ? error : index_open(&store->index, path, store->read_only);
    return error ? why_set(why, error, "cannot open %s: %s", path, strerror(-error)) : 0;
}

static int load(struct store *store, const struct store_config *config, struct store_why *why)
{
    struct disk_key journal = index_key(KEY_JOURNAL, 0, 0);
    struct index_value value;
    struct disk_super super;
    MDB_txn *txn;
    int error = index_begin(&store->index, true, &txn);

    if (error)
        return why_set(why, error, "cannot read the index in %s: %s", config->path,
                       strerror(-error));
    error = index_get_fixed(&store->index, txn, index_key(KEY_SUPER, 0, 0), &super, sizeof(super));
    store->has_journal = index_next(&store->index, txn, &journal, &value) == 0;
    mdb_txn_abort(txn);
    if (error || super.volumes < 1 || super.volumes > STORE_VOLUMES_MAX)
        return why_set(why, -EUCLEAN, "the index in %s cannot be used: its superblock is damaged",
                       config->path);
    memcpy(store->world, super.world, sizeof(store->world));
    store->generation = super.generation;
    store->journalled = super.journalled;
    return volumes_open(store, config, &super, why);
}

static struct store *allocate(bool read_only)
{
    struct store *store = calloc(1, sizeof(*store));
    pthread_rwlockattr_t attributes;

    if (!store)
        return NULL;
    store->dir_fd = store->lock_fd = -1;
    store->read_only = read_only;
    for (u32 i = 0; i < STORE_VOLUMES_MAX; i++)
        store->volumes[i].fd = -1;
    pthread_rwlockattr_init(&attributes);
    /* Readers that overlap must not keep the writer waiting. */
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&store->reading, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    return store;
}

static int open_store(const struct store_config *config, bool read_only, struct store **opened,
                      struct store_why *why)
{
    struct store *store = allocate(read_only);
    int error;

    why->text[0] = 0;
    if (!store)
        return why_set(why, -ENOMEM, "no memory");
    error = look_at_config(config, why);
    error = error ? error : open_directory(store, config, why);
    error = error ? error : take_lock(store, config, why);
    error = error ? error : open_index(store, config, why);
    error = error ? error : load(store, config, why);
    if (error) {
        store_close(store);
        return error;
    }
    if (!read_only)
        index_copies_open(store);
    *opened = store;
    return 0;
}

int store_open(const struct store_config *config, struct store **store, struct store_why *why)
{
    struct store_config only = *config;

    if (!config->look)
        return open_store(config, false, store, why);
    only.create = only.repair = false;
    return open_store(&only, true, store, why);
}

void store_close(struct store *store)
{
    if (!store)
        return;
    index_close(&store->index);
    for (u32 i = 0; i < STORE_VOLUMES_MAX; i++)
        volume_finish(&store->volumes[i]);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    if (store->dir_fd >= 0)
        close(store->dir_fd);
    pthread_rwlock_destroy(&store->reading);
    free(store);
}

u64 store_generation(struct store *store)
{
    return store->generation;
}

void store_figures(struct store *store, struct store_figures *figures)
{
    MDB_envinfo info;

    *figures = (struct store_figures){.generation = store->generation,
                                      .cut_bytes = store->cut_bytes,
                                      .copies_repaired = store->repaired,
                                      .copies_lost = store->lost,
                                      .index_copies = 1};
    for (u32 i = 0; i < INDEX_FOLLOWERS; i++)
        figures->index_copies += store->index.followers[i].env != NULL;
    for (u32 i = 0; i < store->volume_count; i++) {
        figures->volumes += store->volumes[i].id != 0;
        figures->volumes_missing += store->volumes[i].id && !volume_is_there(&store->volumes[i]);
        figures->places_used += store->volumes[i].taken;
        figures->volume_bytes += store->volumes[i].end * PAGE_SIZE;
    }
    if (mdb_env_info(store->index.env, &info) == 0)
        figures->index_bytes = (info.me_last_pgno + 1) * PAGE_SIZE;
}

u64 store_room(struct store *store)
{
    u64 room = 0;

    for (u32 i = 0; i < store->volume_count; i++) {
        const struct volume *volume = &store->volumes[i];
        struct statfs st;

        if (!volume_is_there(volume))
            continue;
        if (fstatfs(volume->fd, &st) == 0)
            room += (u64)st.f_bavail * (u64)st.f_bsize;
        if (volume->end > volume->taken + FIRST_PLACE)
            room += (volume->end - volume->taken - FIRST_PLACE) * PAGE_SIZE;
    }
    return room;
}
