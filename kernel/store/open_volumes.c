/* SPDX-License-Identifier: Apache-2.0 */
/* Which file is which volume. Each is known by its id, wherever its directory is now. It belongs to
 * the index when it has the stamp of the last committed generation: then nothing of it is older,
 * and nothing that the index refers to was overwritten since. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/store/internal.h"
#include "kernel/store/why.h"

struct opening {
    struct store *store;
    const struct store_config *config;
    const struct disk_super *super;
    struct store_why *why;
    bool given_new[STORE_VOLUMES_MAX]; /* directories of the configuration without a volume */
};

static int open_dir(const struct opening *o, const char *path)
{
    return path[0] ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : dup(o->store->dir_fd);
}

static const char *name_of(const struct opening *o, const char *path)
{
    return path[0] ? path : o->config->path;
}

/* 0 or -EPERM. Who can change a volume can change what is in it: checksums find accidents only. */
static int trust_directory(const struct opening *o, const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return 0; /* found missing later */
    if (st.st_uid != geteuid())
        return why_set(o->why, -EPERM, "%s belongs to somebody else; its owner can use it", path);
    if (st.st_mode & 022)
        return why_set(o->why, -EPERM,
                       "others may write to %s; chmod 700 it, if it is to be trusted", path);
    return 0;
}

/* The volume file of a directory: its descriptor; -ENOENT there is none, or no directory. */
static int open_file(const struct opening *o, const char *path)
{
    int flags = o->store->read_only ? O_RDONLY : O_RDWR, dir = open_dir(o, path), fd;
    struct stat st;

    if (dir < 0)
        return -errno;
    fd = openat(dir, STORE_VOLUME, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    fd = fd < 0 ? -errno : fd;
    close(dir);
    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        return -EUCLEAN;
    }
    return fd;
}

/* Stamps a new volume for the committed generation, and for the one before: nothing of it is
 * missing. */
static int fill_volume(int fd, const struct disk_super *super, u64 id)
{
    const struct volume volume = {.fd = fd};

    for (u64 i = 0; i < 2; i++) {
        struct disk_stamp stamp = {.magic = STORE_MAGIC,
                                   .version = STORE_VERSION,
                                   .world = {super->world[0], super->world[1]},
                                   .id = id,
                                   .generation = super->generation - i,
                                   .commit = super->commit};
        int error = stamp.generation ? volume_stamp(&volume, &stamp) : 0;

        if (error)
            return error;
    }
    return ftruncate(fd, FIRST_PLACE * PAGE_SIZE) < 0 || fdatasync(fd) < 0 ? -errno : 0;
}

int volume_make(int dir_fd, const struct disk_super *super, u64 id)
{
    int flags = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(dir_fd, STORE_VOLUME_NEW, flags, 0600), error;

    if (fd < 0)
        return -errno;
    error = fill_volume(fd, super, id);
    /* It gets its name when it is complete. */
    if (!error &&
        (renameat(dir_fd, STORE_VOLUME_NEW, dir_fd, STORE_VOLUME) < 0 || fsync(dir_fd) < 0))
        error = -errno;
    if (!error)
        return fd;
    close(fd);
    return error;
}

/* Reads the records of volumes. */
static int load_records(struct opening *o, MDB_txn *txn)
{
    struct store *store = o->store;

    for (u32 i = 0; i < o->super->volumes; i++) {
        struct volume *volume = &store->volumes[i];
        struct index_value value;
        struct disk_volume head;
        u32 length;

        int error = index_get(&store->index, txn, index_key(KEY_VOLUME, i, 0), &value);

        volume->recorded = true;
        if (error == -ENOENT && i)
            continue; /* it was removed */
        if (error || value.length < sizeof(head) || value.length - sizeof(head) >= STORE_PATH_MAX)
            return -EUCLEAN;
        memcpy(&head, value.bytes, sizeof(head));
        length = value.length - (u32)sizeof(head);
        volume->id = head.id;
        volume->away_generation = head.away_generation;
        volume->away_commit = head.away_commit;
        memcpy(volume->path, (const u8 *)value.bytes + sizeof(head), length);
        volume->path[length] = 0;
    }
    store->volume_count = o->super->volumes;
    return 0;
}

enum stamped { STAMP_GOOD, STAMP_NONE, STAMP_FOREIGN, STAMP_OTHER_TIME };

static struct volume *volume_by_id(const struct opening *o, u64 id)
{
    for (u32 i = 0; i < o->store->volume_count; i++) {
        if (id && o->store->volumes[i].id == id)
            return &o->store->volumes[i];
    }
    return NULL;
}

/* As of the committed generation, or, if it was missing since, of the last that it saw. */
static bool is_current(const struct opening *o, const struct disk_stamp *stamp)
{
    const struct volume *volume = volume_by_id(o, stamp->id);

    if (volume && volume->away_generation && stamp->generation == volume->away_generation &&
        stamp->commit == volume->away_commit)
        return true;
    return stamp->generation == o->super->generation && stamp->commit == o->super->commit;
}

/* What a volume's stamps say, and whose it is. */
static enum stamped judge(const struct opening *o, int fd, u64 *id, u64 *generation)
{
    struct disk_stamp stamps[2];
    enum stamped verdict = STAMP_OTHER_TIME;

    *id = *generation = 0;
    if (volume_read_stamps(fd, stamps) < 0)
        return STAMP_NONE;
    for (u32 i = 0; i < 2; i++) {
        const struct disk_stamp *stamp = &stamps[i];

        if (!stamp->generation)
            continue;
        if (memcmp(stamp->world, o->super->world, sizeof(stamp->world)))
            return STAMP_FOREIGN;
        *id = stamp->id;
        *generation = MAX(*generation, stamp->generation);
        if (is_current(o, stamp))
            verdict = STAMP_GOOD;
    }
    return verdict;
}

/* Takes the file for the volume, if its stamp permits. */
static int take_file(struct opening *o, struct volume *volume, const char *path, int fd,
                     enum stamped stamped, u64 generation)
{
    int error;

    if (stamped != STAMP_GOOD && !o->config->repair) {
        close(fd);
        return why_set(o->why, -ESTALE,
                       "the volume in %s is of another time (generation %lu) than the index "
                       "(generation %lu); put the right one back, or ringfence scrub --refill",
                       name_of(o, path), generation, o->super->generation);
    }
    if (strcmp(volume->path, path)) {
        snprintf(volume->path, sizeof(volume->path), "%s", path);
        volume->recorded = false;
    }
    error = volume_init(volume, fd);
    return error ? why_set(o->why, error, "cannot use the volume in %s", name_of(o, path)) : 0;
}

/* Why a file that is there is refused; the error, by what its stamps say. */
static int refuse_file(const struct opening *o, const char *path, enum stamped stamped,
                       u64 generation)
{
    const char *name = name_of(o, path);

    if (stamped == STAMP_FOREIGN)
        return why_set(o->why, -ESTALE,
                       "%s/" STORE_VOLUME " belongs to another world; move it away", name);
    if (stamped == STAMP_NONE)
        return why_set(o->why, -EUCLEAN,
                       "%s/" STORE_VOLUME " is damaged, or no volume; put the right one back, or "
                       "ringfence scrub --refill",
                       name);
    return why_set(
        o->why, -ESTALE,
        "the volume in %s is newer (generation %lu) than the index (generation %lu); put "
        "the right index back",
        name, generation, o->super->generation);
}

/* Takes over `fd`. A file that cannot be used, but may be made anew, counts as not there. */
static int use_file(struct opening *o, const char *path, s32 given, int fd)
{
    u64 id, generation;
    enum stamped stamped = judge(o, fd, &id, &generation);
    struct volume *volume = volume_by_id(o, id);
    /* To be added when its first cut failed: it is added again. */
    bool was_new = stamped != STAMP_FOREIGN && stamped != STAMP_NONE && !volume && given >= 0 &&
                   generation <= o->super->generation + 1;
    bool is_lost = stamped == STAMP_NONE && o->config->repair;

    if (volume && volume->fd < 0 && (stamped == STAMP_GOOD || stamped == STAMP_OTHER_TIME))
        return take_file(o, volume, path, fd, stamped, generation);
    close(fd);
    if ((was_new || is_lost) && given >= 0)
        o->given_new[given] = true;
    if (was_new || is_lost || (volume && stamped != STAMP_FOREIGN))
        return 0;
    return refuse_file(o, path, stamped, generation);
}

/* Looks at a directory that the configuration gives (its number is `given`), or that the index
 * remembers. */
static int look_at(struct opening *o, const char *path, s32 given)
{
    int error = path[0] ? trust_directory(o, path) : 0, fd;

    if (error)
        return error;
    fd = open_file(o, path);
    if (fd >= 0)
        return use_file(o, path, given, fd);
    if (fd == -ENOENT && given >= 0)
        o->given_new[given] = true;
    if (fd == -ENOENT && (given < 0 || access(path, F_OK) == 0))
        return 0;
    return why_set(o->why, fd == -ENOENT ? -ENODEV : fd, "cannot use a volume in %s: %s",
                   name_of(o, path), strerror(-fd));
}

static int add_volume(struct opening *o, struct volume *volume, const char *path)
{
    int dir = open_dir(o, path), fd, error;

    if (dir < 0)
        return why_set(o->why, -errno, "cannot open %s: %s", path, strerror(errno));
    fd = volume_make(dir, o->super, volume->id);
    close(dir);
    if (fd < 0)
        return why_set(o->why, fd, "cannot make a volume in %s: %s", name_of(o, path),
                       strerror(-fd));
    if (strcmp(volume->path, path)) {
        snprintf(volume->path, sizeof(volume->path), "%s", path);
        volume->recorded = false;
    }
    error = volume_init(volume, fd);
    return error ? why_set(o->why, error, "cannot use the volume in %s", name_of(o, path)) : 0;
}

/* A volume that is lost gets a new file: in a directory given without one, or where it was. */
static int replace_volume(struct opening *o, struct volume *volume)
{
    for (u32 i = 0; i < o->config->volume_count; i++) {
        if (o->given_new[i] && volume->path[0]) {
            o->given_new[i] = false;
            return add_volume(o, volume, o->config->volumes[i]);
        }
    }
    return add_volume(o, volume, volume->path);
}

/* How many pages have no copy but on volumes that are missing; an entry that is damaged counts. */
static u64 count_unreachable(struct opening *o, MDB_txn *txn)
{
    struct disk_key key = index_key(KEY_CHUNK, 0, 0);
    struct index_value value;
    struct chunk chunk;
    u64 count = 0;

    for (; index_next(&o->store->index, txn, &key, &value) == 0; key = key_after(key)) {
        if (chunk_unpack(o->store, &value, &chunk) < 0) {
            count++;
            continue;
        }
        for (u64 left = chunk.present; left; left &= left - 1) {
            const struct entry *entry = &chunk.entries[__builtin_ctzl(left)];
            bool found = false;

            for (u32 i = 0; i < STORE_COPIES_MAX; i++)
                found |= entry->place[i] && volume_is_there(volume_of(o->store, entry->place[i]));
            count += !found;
        }
    }
    return count;
}

/* It is missing: 0 if it can be done without. */
static int do_without(struct opening *o, struct volume *volume)
{
    const char *name = name_of(o, volume->path);
    MDB_txn *txn;
    u64 pages;
    int error = index_begin(&o->store->index, true, &txn);

    if (error)
        return why_set(o->why, error, "the index in %s cannot be read", o->config->path);
    pages = count_unreachable(o, txn);
    mdb_txn_abort(txn);
    if (pages)
        return why_set(o->why, -ENODEV,
                       "the volume that was in %s is missing, and %lu pages are nowhere else; say "
                       "with --volume where it is now, or ringfence scrub --refill",
                       name, pages);
    if (!volume->away_generation) {
        volume->away_generation = o->super->generation;
        volume->away_commit = o->super->commit;
        volume->recorded = false;
    }
    why_set(
        o->why, 0,
        "the volume that was in %s is missing; all that was there is read from copies elsewhere, "
        "and ringfence scrub makes new ones",
        name);
    return 0;
}

static int find_volumes(struct opening *o)
{
    int error = look_at(o, "", -1);

    for (u32 i = 0; i < o->config->volume_count && !error; i++)
        error = look_at(o, o->config->volumes[i], (s32)i);
    for (u32 i = 0; i < o->super->volumes && !error; i++) {
        struct volume *volume = &o->store->volumes[i];

        if (!volume_is_there(volume) && volume->path[0])
            error = look_at(o, volume->path, -1);
    }
    for (u32 i = 0; i < o->super->volumes && !error; i++) {
        struct volume *volume = &o->store->volumes[i];

        if (!volume->id || volume_is_there(volume))
            continue;
        error = o->config->repair ? replace_volume(o, volume) : do_without(o, volume);
    }
    return error;
}

static int add_new(struct opening *o, const char *path)
{
    struct store *store = o->store;
    struct volume *volume;
    u32 number = 1;

    while (number < store->volume_count && store->volumes[number].id)
        number++;
    if (number == STORE_VOLUMES_MAX)
        return why_set(o->why, -EINVAL, "a world can have %u volumes", STORE_VOLUMES_MAX);
    volume = &store->volumes[number];
    volume->recorded = false;
    if (getrandom(&volume->id, sizeof(volume->id), 0) != sizeof(volume->id))
        return why_set(o->why, -EIO, "no random numbers");
    store->volume_count = MAX(store->volume_count, number + 1);
    return add_volume(o, volume, path);
}

static int load_free_space(struct opening *o, MDB_txn *txn)
{
    struct disk_key key = index_key(KEY_FREE, 0, 0);
    struct index_value value;
    int error;

    while (!(error = index_next(&o->store->index, txn, &key, &value))) {
        struct disk_group group;

        if (key_object(&key) >= o->super->volumes || value.length != sizeof(group) ||
            !index_value_is_sound(&key, &value))
            return -EUCLEAN;
        memcpy(&group, value.bytes, sizeof(group));
        error = volume_load(&o->store->volumes[key_object(&key)], key_number(&key), group.bits);
        if (error)
            return error;
        key = key_after(key);
    }
    return error == -ENOENT ? 0 : error;
}

/* A volume that is shorter than what the index refers to was cut. */
static int verify_extents(struct opening *o)
{
    for (u32 i = 0; i < o->store->volume_count; i++) {
        struct volume *volume = &o->store->volumes[i];
        u64 extent = volume_extent(volume);

        volume_loaded(volume);
        if (!volume_is_there(volume) || volume->end >= extent)
            continue;
        if (!o->config->repair)
            return why_set(
                o->why, -EUCLEAN,
                "the volume in %s is cut short (%lu of %lu pages); put the right one back, or "
                "ringfence scrub --refill",
                name_of(o, volume->path), volume->end, extent);
        if (ftruncate(volume->fd, (off_t)(extent * PAGE_SIZE)) < 0)
            return why_set(o->why, -errno, "cannot lengthen the volume in %s: %s",
                           name_of(o, volume->path), strerror(errno));
        volume->end = extent;
    }
    return 0;
}

/* Those taken in spite of their stamps, and those that were missing, are from now on of this
 * generation. */
static int stamp_again(struct opening *o)
{
    for (u32 i = 0; i < o->super->volumes && !o->store->read_only; i++) {
        struct volume *volume = &o->store->volumes[i];
        struct disk_stamp stamp = {.magic = STORE_MAGIC,
                                   .version = STORE_VERSION,
                                   .world = {o->super->world[0], o->super->world[1]},
                                   .id = volume->id,
                                   .generation = o->super->generation,
                                   .commit = o->super->commit};

        if (!volume_is_there(volume) || (!o->config->repair && !volume->away_generation))
            continue;
        if (volume_stamp(volume, &stamp) < 0 || fdatasync(volume->fd) < 0)
            return why_set(o->why, -EIO, "cannot write the volume in %s", name_of(o, volume->path));
        volume->recorded &= !volume->away_generation;
        volume->away_generation = volume->away_commit = 0;
    }
    return 0;
}

static int load_index(struct opening *o, int (*loader)(struct opening *, MDB_txn *))
{
    MDB_txn *txn;
    int error = index_begin(&o->store->index, true, &txn);

    if (!error) {
        error = loader(o, txn);
        mdb_txn_abort(txn);
    }
    return error
               ? why_set(
                     o->why, error,
                     "the index in %s cannot be used: what it says of volumes is damaged; go back "
                     "to a copy of the directory",
                     o->config->path)
               : 0;
}

int volumes_open(struct store *store, const struct store_config *config,
                 const struct disk_super *super, struct store_why *why)
{
    struct opening o = {.store = store, .config = config, .super = super, .why = why};
    int error;

    error = load_index(&o, load_records);
    error = error ? error : find_volumes(&o);
    error = error ? error : load_index(&o, load_free_space);
    error = error ? error : verify_extents(&o);
    error = error ? error : stamp_again(&o);
    for (u32 i = 0; i < config->volume_count && !error && !store->read_only; i++) {
        if (o.given_new[i])
            error = add_new(&o, config->volumes[i]);
    }
    return error;
}
