/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of the program's own view as a tree. Every path is resolved by the system below the
 * directory, without links (openat2(2)): what is between the check and the use cannot change it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sdk/serve/directory.h"

struct directory {
    int fd;
};

#define FD_OF(file) ((int)(long)(file)-1)

static int top(void *tree)
{
    return ((struct directory *)tree)->fd;
}

static int open_below(void *tree, const char *path, int flags, u32 mode)
{
    struct open_how how = {
        .flags = (u64)(flags | O_CLOEXEC),
        .mode = flags & O_CREAT ? mode & 07777 : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, top(tree), *path ? path : ".", &how, sizeof(how));

    return fd < 0 ? -errno : (int)fd;
}

/* The directory that holds the last name, which *name points to. */
static int parent_below(void *tree, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    char directory[PATH_MAX];

    *name = slash ? slash + 1 : path;
    snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) : 0, path);
    return **name ? open_below(tree, directory, O_PATH | O_DIRECTORY, 0) : -EBUSY;
}

static struct rf_time time_of(const struct statx_timestamp *t)
{
    return (struct rf_time){t->tv_sec, t->tv_nsec};
}

static int attr_at(int fd, const char *name, struct rf_attr *out)
{
    struct statx x;

    if (statx(fd, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &x))
        return -errno;
    *out = (struct rf_attr){
        .device = makedev(x.stx_dev_major, x.stx_dev_minor),
        .inode = x.stx_ino,
        .size = x.stx_size,
        .blocks = x.stx_blocks,
        .rdev = makedev(x.stx_rdev_major, x.stx_rdev_minor),
        .mode = x.stx_mode,
        .links = x.stx_nlink,
        .uid = x.stx_uid,
        .gid = x.stx_gid,
        .block_size = x.stx_blksize,
        .accessed = time_of(&x.stx_atime),
        .modified = time_of(&x.stx_mtime),
        .changed = time_of(&x.stx_ctime),
        .born = time_of(&x.stx_btime),
    };
    return 0;
}

/* What runs on the parent of a path: `call` uses `parent` and `name`, and its result is -1 with
 * errno, or 0. */
#define AT_PARENT(tree, path, call)                                                                \
    __extension__({                                                                                \
        const char *name;                                                                          \
        int parent = parent_below(tree, path, &name);                                              \
        int result_ = parent < 0 ? parent : (call) < 0 ? -errno : 0;                               \
        if (parent >= 0)                                                                           \
            close(parent);                                                                         \
        result_;                                                                                   \
    })

static int dir_attr(void *tree, const char *path, struct rf_attr *out)
{
    const char *name;
    int parent, r;

    if (!*path)
        return attr_at(top(tree), "", out);
    parent = parent_below(tree, path, &name);
    if (parent < 0)
        return parent;
    r = attr_at(parent, name, out);
    close(parent);
    return r;
}

static ssize_t dir_readlink(void *tree, const char *path, char *to, size_t size)
{
    const char *name;
    int parent = parent_below(tree, path, &name);
    ssize_t n;

    if (parent < 0)
        return parent;
    n = readlinkat(parent, name, to, size);
    if (n < 0)
        n = -errno;
    close(parent);
    return n;
}

static int dir_names(void *tree, const char *path,
                     void (*each)(void *list, const char *name, u64 inode, u8 type), void *list)
{
    int fd = open_below(tree, path, O_RDONLY | O_DIRECTORY, 0);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *d;

    if (!dir)
        return fd < 0 ? fd : -errno;
    while ((d = readdir(dir))) {
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
            each(list, d->d_name, d->d_ino, d->d_type);
    }
    closedir(dir);
    return 0;
}

static int dir_open(void *tree, const char *path, int flags, u32 mode, void **file)
{
    int fd = open_below(tree, path, flags, mode);
    struct stat st;

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode)) {
        close(fd);
        return -ENXIO;
    }
    *file = (void *)(long)(fd + 1);
    return 0;
}

static ssize_t dir_read(void *file, void *to, size_t n, u64 offset)
{
    ssize_t r = pread(FD_OF(file), to, n, (off_t)offset);

    return r < 0 ? -errno : r;
}

static ssize_t dir_write(void *file, const void *from, size_t n, u64 offset, bool append)
{
    int flags = fcntl(FD_OF(file), F_GETFL);
    ssize_t r;

    if (append)
        fcntl(FD_OF(file), F_SETFL, flags | O_APPEND);
    r = append ? write(FD_OF(file), from, n) : pwrite(FD_OF(file), from, n, (off_t)offset);
    if (append)
        fcntl(FD_OF(file), F_SETFL, flags);
    return r < 0 ? -errno : r;
}

static int dir_file_attr(void *file, struct rf_attr *out)
{
    return attr_at(FD_OF(file), "", out);
}

/* Of an open file (name "", O_PATH will do for none of the others) or a name. */
static int set_at(int fd, const char *name, const struct rf_setattr *set)
{
    struct timespec times[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
    int flags = *name ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH;
    u32 uid = set->which & RF_SETATTR_UID ? set->uid : ~0u;
    u32 gid = set->which & RF_SETATTR_GID ? set->gid : ~0u;

    if ((uid != ~0u || gid != ~0u) && fchownat(fd, name, uid, gid, flags) < 0)
        return -errno;
    if (set->which & RF_SETATTR_MODE &&
        (*name ? fchmodat(fd, name, set->mode & 07777, 0) : fchmod(fd, set->mode & 07777)) < 0)
        return -errno;
    if (set->which & RF_SETATTR_ACCESSED)
        times[0] = (struct timespec){set->accessed.seconds, (long)set->accessed.nanoseconds};
    if (set->which & RF_SETATTR_MODIFIED)
        times[1] = (struct timespec){set->modified.seconds, (long)set->modified.nanoseconds};
    if (!(set->which & (RF_SETATTR_ACCESSED | RF_SETATTR_MODIFIED)))
        return 0;
    return (*name ? utimensat(fd, name, times, AT_SYMLINK_NOFOLLOW) : futimens(fd, times)) < 0
               ? -errno
               : 0;
}

static int dir_file_setattr(void *file, const struct rf_setattr *set)
{
    if (set->which & RF_SETATTR_SIZE && ftruncate(FD_OF(file), (off_t)set->size) < 0)
        return -errno;
    return set_at(FD_OF(file), "", set);
}

static int truncate_below(void *tree, const char *path, u64 size)
{
    int fd = open_below(tree, path, O_WRONLY, 0), r;

    if (fd < 0)
        return fd;
    r = ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
    close(fd);
    return r;
}

/* A link's permissions cannot be changed, and must not lead elsewhere: so it is looked at first,
 * and what replaces it in between is below the directory at least. */
static int dir_setattr(void *tree, const char *path, const struct rf_setattr *set)
{
    struct rf_attr attr = {0};
    const char *name;
    int r = dir_attr(tree, path, &attr), parent;

    if (r < 0)
        return r;
    if (S_ISLNK(attr.mode) && set->which & (RF_SETATTR_MODE | RF_SETATTR_SIZE))
        return set->which & RF_SETATTR_SIZE ? -EINVAL : -EOPNOTSUPP;
    if (set->which & RF_SETATTR_SIZE && (r = truncate_below(tree, path, set->size)) < 0)
        return r;
    if (!*path)
        return set_at(top(tree), ".", set);
    parent = parent_below(tree, path, &name);
    if (parent < 0)
        return parent;
    r = set_at(parent, name, set);
    close(parent);
    return r;
}

static int dir_sync(void *file, bool data_only)
{
    return (data_only ? fdatasync(FD_OF(file)) : fsync(FD_OF(file))) < 0 ? -errno : 0;
}

static s64 dir_seek(void *file, u64 offset, int whence)
{
    off_t at = whence == SEEK_DATA || whence == SEEK_HOLE
                   ? lseek(FD_OF(file), (off_t)offset, whence)
                   : (errno = EINVAL, -1);

    return at < 0 ? -errno : at;
}

static int dir_allocate(void *file, int mode, u64 offset, u64 length)
{
    return fallocate(FD_OF(file), mode, (off_t)offset, (off_t)length) < 0 ? -errno : 0;
}

static s64 dir_capability(void *file, u32 rights)
{
    return rf_in_cell() ? rf_slot_of(FD_OF(file), rights) : -ENODEV;
}

static void dir_close(void *file)
{
    close(FD_OF(file));
}

static int dir_mkdir(void *tree, const char *path, u32 mode)
{
    return AT_PARENT(tree, path, mkdirat(parent, name, mode & 07777));
}

static int dir_unlink(void *tree, const char *path, bool directory)
{
    return AT_PARENT(tree, path, unlinkat(parent, name, directory ? AT_REMOVEDIR : 0));
}

static int dir_symlink(void *tree, const char *path, const char *target)
{
    return AT_PARENT(tree, path, symlinkat(target, parent, name));
}

static int dir_mknod(void *tree, const char *path, u32 mode)
{
    if (!S_ISREG(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode))
        return -EPERM;
    return AT_PARENT(tree, path, mknodat(parent, name, mode, 0));
}

/* Renames or links between two names below. */
static int between(void *tree, const char *from, const char *to, bool link, u32 flags)
{
    const char *name, *new_name;
    int parent = parent_below(tree, from, &name), new_parent, r;

    if (parent < 0)
        return parent;
    new_parent = parent_below(tree, to, &new_name);
    if (new_parent < 0)
        r = new_parent;
    else if (link)
        r = linkat(parent, name, new_parent, new_name, 0) < 0 ? -errno : 0;
    else
        r = renameat2(parent, name, new_parent, new_name, flags) < 0 ? -errno : 0;
    close(parent);
    if (new_parent >= 0)
        close(new_parent);
    return r;
}

static int dir_rename(void *tree, const char *from, const char *to, u32 flags)
{
    return between(tree, from, to, false, flags);
}

static int dir_link(void *tree, const char *from, const char *to)
{
    return between(tree, from, to, true, 0);
}

static int dir_statfs(void *tree, struct statfs *out)
{
    return fstatfs(top(tree), out) < 0 ? -errno : 0;
}

const struct rf_tree rf_directory_ops = {
    .attr = dir_attr,
    .readlink = dir_readlink,
    .names = dir_names,
    .open = dir_open,
    .read = dir_read,
    .write = dir_write,
    .file_attr = dir_file_attr,
    .file_setattr = dir_file_setattr,
    .sync = dir_sync,
    .seek = dir_seek,
    .allocate = dir_allocate,
    .capability = dir_capability,
    .close = dir_close,
    .mkdir = dir_mkdir,
    .unlink = dir_unlink,
    .rename = dir_rename,
    .link = dir_link,
    .symlink = dir_symlink,
    .mknod = dir_mknod,
    .setattr = dir_setattr,
    .statfs = dir_statfs,
};

void *rf_directory(int directory)
{
    struct directory *tree = malloc(sizeof(*tree));

    if (tree)
        tree->fd = directory;
    return tree;
}

s64 rf_serve_dir(int directory, u32 rights)
{
    void *tree = rf_directory(directory);

    return tree ? rf_serve_tree(&rf_directory_ops, tree, rights) : -ENOMEM;
}

int rf_target_directory(void)
{
    char place[] = "/tmp/target-XXXXXX";
    s64 target = rf_named("target");
    int r, fd;

    if (target < 0)
        return (int)target;
    if (!mkdtemp(place))
        return -errno;
    r = (int)rf_mount((u32)target, RF_RIGHT_READ | RF_RIGHT_WRITE | RF_RIGHT_EXEC, place);
    if (r < 0)
        return r;
    fd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}
