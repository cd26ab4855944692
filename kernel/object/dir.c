/* SPDX-License-Identifier: Apache-2.0 */
/* Granted directories: looking up, opening, changing names. No operation follows a symbolic link;
 * the library OS walks links itself, inside the cell's own view. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <linux/limits.h>
#include <unistd.h>

#include "kernel/checkpoint/host_file.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/checkpoint/record.h"
#include "kernel/object/attr.h"
#include "kernel/object/bank.h"
#include "kernel/object/dir.h"
#include "kernel/object/path.h"

static void dir_destroy(struct object *object)
{
    struct dir *dir = container_of(object, struct dir, object);

    list_del(&dir->same);
    if (dir->shared)
        description_drop(dir->shared);
    else if (dir->fd >= 0)
        close(dir->fd);
    free(dir->only);
    dir->only = NULL;
    if (object->bank)
        bank_uncharge(object->bank, RF_RESOURCE_FILES, 1);
}

static void dir_save(const struct object *object, struct record *to);
static struct object *dir_load(struct record *from, struct bank *bank);

const struct object_class dir_class = {.kind = RF_KIND_DIR,
                                       .records = 1,
                                       .size = sizeof(struct dir),
                                       .destroy = dir_destroy,
                                       .rests = true,
                                       .stored = STORED_DIR,
                                       .save = dir_save,
                                       .load = dir_load};

/* The one that the same bank pays for already, or NULL. */
static struct dir *find_same(const struct dir *dir)
{
    list_for_each(node, &dir->shared->dirs) {
        struct dir *other = list_entry(node, struct dir, same);

        if (other->object.bank == dir->object.bank && !other->only == !dir->only &&
            other->only_length == dir->only_length &&
            (!dir->only || !memcmp(other->only, dir->only, dir->only_length)))
            return other;
    }
    return NULL;
}

/* Takes over the descriptor: the dir itself, or one of the same in its place. */
static struct dir *open_on(struct dir *dir, int fd)
{
    struct dir *same;

    dir->shared = description_share(fd);
    dir->fd = dir->shared ? dir->shared->fd : fd;
    same = dir->shared ? find_same(dir) : NULL;
    if (!same) {
        if (dir->shared)
            list_add_tail(&dir->shared->dirs, &dir->same);
        return dir;
    }
    object_hold(&same->object);
    object_release(&dir->object);
    return same;
}

struct dir *dir_make(struct bank *bank, int fd, const char *only, size_t only_length)
{
    char *names = NULL;
    struct object *object;
    struct dir *dir;

    if (bank && !bank_charge(bank, RF_RESOURCE_FILES, 1))
        return NULL;
    if (only && (names = malloc(only_length)))
        memcpy(names, only, only_length);
    object = only && !names ? NULL : object_new(&dir_class, bank);
    if (!object) {
        free(names);
        if (bank)
            bank_uncharge(bank, RF_RESOURCE_FILES, 1);
        return NULL;
    }
    dir = container_of(object, struct dir, object);
    list_init(&dir->same);
    dir->only = names;
    dir->only_length = only_length;
    return open_on(dir, fd);
}

static const struct dir *grant_of(const struct call *call)
{
    return dir_of(call->cap);
}

/* The message's data as one path. */
static int take_path(const struct call *call, struct path *path)
{
    char text[PATH_MAX];
    s64 length = call_data(call, text, 0, sizeof(text) - 1);

    return length < 0 ? (int)length : path_set(path, grant_of(call), text, (u32)length);
}

static int need_write(const struct call *call)
{
    return call->cap->rights & RF_RIGHT_WRITE ? 0 : -EROFS;
}

/* Names in a grant of single files cannot be made, moved or removed, as on a mount point. */
static int need_names(const struct call *call)
{
    int error = need_write(call);

    return error ? error : grant_of(call)->only ? -EBUSY : 0;
}

/* The path of a change to names, and its parent. */
static int take_parent(const struct call *call, struct path *path, struct parent *parent)
{
    int error = need_names(call);

    if (!error)
        error = take_path(call, path);
    if (!error && !path->length)
        error = -EBUSY;
    return error ? error : parent_open(path, parent);
}

/* Walks until a symbolic link or a missing name. The length walked; `fd` is the last object found.
 */
static u32 walk(const struct path *path, int *fd)
{
    struct path part = *path;
    u32 walked = 0;

    for (u32 end = 0; end <= path->length; end++) {
        int next;
        struct stat st;

        if (end < path->length && path->text[end] != '/')
            continue;
        part.text[end] = 0;
        part.length = end;
        next = path_open(&part);
        if (next < 0)
            break;
        if (*fd >= 0)
            close(*fd);
        *fd = next;
        walked = end;
        if (end < path->length)
            part.text[end] = '/';
        if (fstat(next, &st) < 0 || !S_ISDIR(st.st_mode))
            break;
    }
    return walked;
}

/* Answers a lookup with the object in fd, which it closes. */
static s64 answer_lookup(struct call *call, int fd, u32 walked)
{
    char target[PATH_MAX];
    struct rf_attr attr;
    int error = attr_get(fd, "", &attr);
    ssize_t length = 0;

    if (!error && !device_allowed(fd, "", attr.device))
        error = -EACCES;
    if (!error && S_ISLNK(attr.mode)) {
        length = readlinkat(fd, "", target, sizeof(target));
        if (length < 0)
            error = -errno;
    }
    close(fd);
    if (error)
        return error;
    call_out(call, 0, &attr, sizeof(attr));
    if (length)
        call_out(call, sizeof(attr), target, (u32)length);
    return walked;
}

/* The part of the path before its last component that cannot be gone through. */
static s64 lookup_slowly(struct call *call, const struct path *path, int error)
{
    struct stat st;
    int fd = -1;
    u32 walked = walk(path, &fd);

    if (fd < 0)
        return error;
    if (walked == path->length || (fstat(fd, &st) == 0 && S_ISLNK(st.st_mode)))
        return answer_lookup(call, fd, walked);
    close(fd);
    return error == -ELOOP ? -ENOENT : error;
}

s64 op_DIR_LOOKUP(struct call *call)
{
    struct path path;
    int error = take_path(call, &path), fd;

    if (error)
        return error;
    fd = path_open(&path);
    if (fd == -ELOOP)
        return lookup_slowly(call, &path, fd);
    if (fd < 0)
        return fd;
    return answer_lookup(call, fd, path.length);
}

#define OPEN_FLAGS                                                                                 \
    (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_DIRECTORY | O_APPEND | O_NONBLOCK | O_NOFOLLOW |   \
     O_CLOEXEC | O_NOCTTY | O_LARGEFILE | O_SYNC)

/* What the opened object must be. Devices, FIFOs and sockets of the host are not opened: they could
 * block, act on being opened, or lead out of the grant. */
static int check_openable(const struct rf_attr *attr, int flags)
{
    if (S_ISLNK(attr->mode))
        return -ELOOP;
    if (S_ISDIR(attr->mode))
        return (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC) ? -EISDIR : 0;
    if (!S_ISREG(attr->mode))
        return -ENXIO;
    return flags & O_DIRECTORY ? -ENOTDIR : 0;
}

/* Opens name in parent: a descriptor, or a negative errno. The object is looked at before it is
 * opened, since opening a device acts, and again afterwards, since the host may have changed it. */
static int open_checked(const struct parent *parent, int flags, mode_t mode, struct rf_attr *attr,
                        bool *created)
{
    int fd, error = attr_get(parent->fd, parent->name, attr);

    *created = error == -ENOENT && flags & O_CREAT;
    if (error && !*created)
        return error;
    if (!error && flags & O_CREAT && flags & O_EXCL)
        return -EEXIST;
    if (!error)
        error = check_openable(attr, flags);
    else
        error = 0;
    if (error)
        return error;
    if (!*created && !device_allowed(parent->fd, parent->name, attr->device))
        return -EACCES;
    flags &= ~(*created ? 0 : O_CREAT);
    flags |= (*created ? O_EXCL : 0) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    fd = openat(parent->fd, parent->name, flags, mode);
    if (fd < 0)
        return -errno;
    error = attr_get(fd, "", attr);
    if (!error)
        error = check_openable(attr, flags & ~(O_CREAT | O_TRUNC));
    if (error) {
        close(fd);
        return error;
    }
    return fd;
}

/* Small files come with the answer: bytes, 0 when the content does not fit. */
static u32 inline_content(struct call *call, int fd, u64 size)
{
    u32 room = RF_MSG_DATA - sizeof(struct rf_attr);
    ssize_t n;

    if (size == 0 || size > room)
        return 0;
    n = pread(fd, call->msg->data + sizeof(struct rf_attr), room, 0);
    if (n < 0 || (u64)n != size)
        return 0;
    call->msg->data_length = (u32)(sizeof(struct rf_attr) + (u64)n);
    return (u32)n;
}

/* What flags ask for that the capability does not give: 0 or the error. O_CREAT of what exists is
 * plain opening, so it is only taken out here. */
static int check_rights(const struct call *call, int *flags)
{
    bool writable = call->cap->rights & RF_RIGHT_WRITE;

    if (!writable && ((*flags & O_ACCMODE) != O_RDONLY || *flags & O_TRUNC))
        return -EROFS;
    if (!writable || grant_of(call)->only)
        *flags &= ~O_CREAT;
    return 0;
}

static s64 open_path(struct call *call, struct path *path, struct rf_attr *attr, bool *created)
{
    u32 mode = attr_allowed_mode(S_IFREG, (u32)call->w[1]);
    int asked = (int)call->w[0], flags = asked & ~(O_APPEND | O_NONBLOCK), fd;
    struct parent parent;
    int error = check_rights(call, &flags);

    if (!error)
        error = parent_open(path, &parent);
    if (error)
        return error;
    fd = open_checked(&parent, flags, mode, attr, created);
    parent_close(&parent);
    if (fd == -ENOENT && asked & O_CREAT && !(flags & O_CREAT))
        return -EROFS;
    if (fd >= 0 && asked & O_CREAT && asked & O_EXCL && !*created) {
        close(fd);
        return -EEXIST;
    }
    return fd;
}

/* Empties a slot, as DROP does. */
static void drop_slot(struct call *call, u64 slot)
{
    if (slot >= RF_SLOT_FIRST_DIR && table_get(&call->domain->caps, slot))
        table_drop(&call->domain->caps, (u32)slot);
}

/* The opened file as a new object of the caller's bank: NULL when that has reached a limit. */
static struct file *make_file(struct call *call, int fd, const struct rf_attr *attr, int flags)
{
    bool read_only = S_ISREG(attr->mode) && (flags & O_ACCMODE) == O_RDONLY;
    struct file *file = file_make(call->domain->bank, fd, read_only);

    if (!file)
        return NULL;
    file->is_dir = S_ISDIR(attr->mode);
    file->append = !!(flags & O_APPEND);
    file->may_change = !!(call->cap->rights & RF_RIGHT_WRITE);
    return file;
}

s64 op_DIR_OPEN(struct call *call)
{
    int flags = (int)call->w[0], error, access = flags & O_ACCMODE;
    struct rf_attr attr = {0};
    struct file *file;
    struct path path;
    bool created = false;
    u32 inlined = 0, rights;
    s64 fd, slot = 0;

    if (call->w[0] & ~(u64)OPEN_FLAGS || access == O_ACCMODE)
        return -EINVAL;
    error = take_path(call, &path);
    if (error)
        return error;
    fd = open_path(call, &path, &attr, &created);
    if (fd < 0)
        return fd;
    rights = (access != O_WRONLY ? RF_RIGHT_READ : 0) | (access != O_RDONLY ? RF_RIGHT_WRITE : 0);
    call_out(call, 0, &attr, sizeof(attr));
    if (call->w[2] && S_ISREG(attr.mode) && rights & RF_RIGHT_READ)
        inlined = inline_content(call, (int)fd, attr.size);
    file = inlined && call->w[2] == 2 ? NULL : make_file(call, (int)fd, &attr, flags);
    if (file)
        slot = call_new_slot(call, &file->object, rights);
    else
        close((int)fd);
    if (!file && !(inlined && call->w[2] == 2))
        slot = -ENFILE;
    call->msg->words[0] = created;
    call->msg->words[1] = inlined;
    if (slot >= 0 && call->w[3] && call_is_own(call))
        drop_slot(call, call->w[3]);
    return call_done(call, slot);
}

/* The rights are those of this capability at most, and a grant of single files has no directories.
 */
s64 op_DIR_DESCEND(struct call *call)
{
    struct rf_attr attr;
    struct path path;
    struct dir *dir;
    int error = take_path(call, &path), fd;

    if (error)
        return error;
    fd = path_open(&path);
    if (fd < 0)
        return fd;
    error = attr_get(fd, "", &attr);
    if (!error)
        error = !S_ISDIR(attr.mode) ? -ENOTDIR : !device_allowed(fd, "", attr.device) ? -EACCES : 0;
    dir = error ? NULL : dir_make(call->domain->bank, fd, NULL, 0);
    if (!dir) {
        close(fd);
        return error ? error : -ENFILE;
    }
    return call_new_slot(call, &dir->object, call->cap->rights & (u32)call->w[0]);
}

s64 op_DIR_MKDIR(struct call *call)
{
    struct parent parent;
    struct rf_attr attr;
    struct path path;
    int error = take_parent(call, &path, &parent);

    if (error)
        return error == -EBUSY && grant_of(call)->only == NULL ? -EEXIST : error;
    if (mkdirat(parent.fd, parent.name, attr_allowed_mode(S_IFDIR, (u32)call->w[0])) < 0)
        error = -errno;
    else
        error = attr_get(parent.fd, parent.name, &attr);
    parent_close(&parent);
    if (error)
        return error;
    call_out(call, 0, &attr, sizeof(attr));
    return call_done(call, 0);
}

s64 op_DIR_UNLINK(struct call *call)
{
    struct parent parent;
    struct path path;
    int error = take_parent(call, &path, &parent);

    if (error)
        return error;
    if (unlinkat(parent.fd, parent.name, call->w[0] ? AT_REMOVEDIR : 0) < 0)
        error = -errno;
    parent_close(&parent);
    return call_done(call, error);
}

s64 op_DIR_SYMLINK(struct call *call)
{
    char text[2 * PATH_MAX], target[PATH_MAX];
    s64 length = call_data(call, text, 1, sizeof(text) - 1);
    u64 first = call->w[2], rest;
    struct parent parent;
    struct path path;
    int error = need_names(call);

    if (error)
        return error;
    if (length < 0 || first > (u64)length)
        return -EINVAL;
    rest = (u64)length - first;
    if (rest == 0)
        return -ENOENT;
    if (rest >= sizeof(target))
        return -ENAMETOOLONG;
    if (memchr(text + first, 0, rest))
        return -EINVAL;
    memcpy(target, text + first, rest);
    target[rest] = 0;
    error = path_set(&path, grant_of(call), text, (u32)first);
    if (!error && !path.length)
        error = -EEXIST;
    if (!error)
        error = parent_open(&path, &parent);
    if (error)
        return error;
    if (symlinkat(target, parent.fd, parent.name) < 0)
        error = -errno;
    parent_close(&parent);
    return call_done(call, error);
}

s64 op_DIR_MKNOD(struct call *call)
{
    u32 mode = (u32)call->w[0], type = mode & S_IFMT;
    struct parent parent;
    struct path path;
    int error;

    if (type != S_IFREG && type != S_IFIFO && type != S_IFSOCK)
        return -EPERM;
    error = take_parent(call, &path, &parent);
    if (error)
        return error == -EBUSY && !grant_of(call)->only ? -EEXIST : error;
    if (mknodat(parent.fd, parent.name, type | attr_allowed_mode(type, mode), 0) < 0)
        error = -errno;
    parent_close(&parent);
    return call_done(call, error);
}

/* Two paths, and their parents: `to` in the dir that came along, which must be the same grant. */
struct two {
    struct path from_path, to_path;
    struct parent from, to;
};

static int take_two(const struct call *call, struct two *two)
{
    char text[2 * PATH_MAX];
    s64 length = call_data(call, text, 2, sizeof(text) - 1);
    u64 first = call->w[2];
    const struct cap *target = call_cap(call, 0);
    int error = need_names(call);

    if (error)
        return error;
    if (length < 0 || first > (u64)length)
        return -EINVAL;
    if (!target)
        return -EBADF;
    if (target->object != call->cap->object)
        return -EXDEV;
    if (!(target->rights & RF_RIGHT_WRITE))
        return -EROFS;
    error = path_set(&two->from_path, grant_of(call), text, (u32)first);
    if (!error)
        error = path_set(&two->to_path, grant_of(call), text + first, (u32)((u64)length - first));
    if (!error && (!two->from_path.length || !two->to_path.length))
        error = -EBUSY;
    if (!error)
        error = parent_open(&two->from_path, &two->from);
    if (error)
        return error;
    error = parent_open(&two->to_path, &two->to);
    if (error)
        parent_close(&two->from);
    return error;
}

static void two_close(struct two *two)
{
    parent_close(&two->from);
    parent_close(&two->to);
}

s64 op_DIR_RENAME(struct call *call)
{
    struct two two;
    int error;

    if (call->w[0] & ~(u64)(RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    error = take_two(call, &two);
    if (error)
        return error;
    if (renameat2(two.from.fd, two.from.name, two.to.fd, two.to.name, (u32)call->w[0]) < 0)
        error = -errno;
    two_close(&two);
    return call_done(call, error);
}

s64 op_DIR_LINK(struct call *call)
{
    struct two two;
    int error = take_two(call, &two);

    if (error)
        return error;
    if (linkat(two.from.fd, two.from.name, two.to.fd, two.to.name, 0) < 0)
        error = -errno;
    two_close(&two);
    return call_done(call, error);
}

s64 op_DIR_SETATTR(struct call *call)
{
    u8 bytes[sizeof(struct rf_setattr) + PATH_MAX];
    s64 length = call_data(call, bytes, sizeof(struct rf_setattr), sizeof(bytes) - 1);
    struct rf_setattr set;
    struct parent parent;
    struct rf_attr attr;
    struct path path;
    int error;

    if (length < 0)
        return length;
    error = need_write(call);
    if (error)
        return error;
    memcpy(&set, bytes, sizeof(set));
    error = path_set(&path, grant_of(call), (char *)bytes + sizeof(set),
                     (u32)length - (u32)sizeof(set));
    if (!error)
        error = parent_open(&path, &parent);
    if (error)
        return error;
    error = attr_get(parent.fd, parent.name, &attr);
    if (!error && !device_allowed(parent.fd, parent.name, attr.device))
        error = -EACCES;
    if (!error)
        error = attr_set(parent.fd, parent.name, &set);
    if (!error)
        error = attr_get(parent.fd, parent.name, &attr);
    parent_close(&parent);
    if (error)
        return error;
    call_out(call, 0, &attr, sizeof(attr));
    return call_done(call, 0);
}

s64 op_DIR_STATFS(struct call *call)
{
    struct statfs fs;
    int error = call_needs_message(call);

    if (error)
        return error;
    if (fstatfs(grant_of(call)->fd, &fs) < 0)
        return -errno;
    call_out(call, 0, &fs, sizeof(fs));
    return 0;
}

enum { XATTR_GET, XATTR_SET, XATTR_LIST, XATTR_REMOVE };

/* What a cell may touch: its users' own attributes. Others carry authority on the host
 * (capabilities, labels, access lists). */
static bool xattr_allowed(const char *name)
{
    return !strncmp(name, "user.", 5) && name[5];
}

/* By way of the parent's descriptor, since no call takes a directory and a name before Linux 6.13.
 */
static ssize_t xattr_act(u64 what, const char *path, const char *name, struct call *call,
                         const u8 *value, size_t length)
{
    u8 *out = call->msg->data;

    switch (what) {
    case XATTR_GET: return lgetxattr(path, name, out, RF_MSG_DATA);
    case XATTR_SET: return lsetxattr(path, name, value, length, (int)call->w[1]);
    case XATTR_LIST: return llistxattr(path, (char *)out, RF_MSG_DATA);
    default: return lremovexattr(path, name);
    }
}

s64 op_DIR_XATTR(struct call *call)
{
    static u8 bytes[RF_MSG_DATA];
    char name[XATTR_NAME_MAX + 1], host[PATH_MAX];
    s64 length = call_data(call, bytes, 0, sizeof(bytes));
    u64 what = call->w[0], path_length = call->w[2], name_length = call->w[3], used;
    struct parent parent;
    struct path path;
    ssize_t n;
    int error;

    if (length < 0 || what > XATTR_REMOVE || path_length > (u64)length ||
        name_length > (u64)length - path_length ||
        call->w[1] & ~(u64)(XATTR_CREATE | XATTR_REPLACE))
        return -EINVAL;
    if (name_length > XATTR_NAME_MAX)
        return -ERANGE;
    used = path_length + name_length;
    memcpy(name, bytes + path_length, name_length);
    name[name_length] = 0;
    if ((what == XATTR_SET || what == XATTR_REMOVE) && (error = need_write(call)))
        return error;
    if (what != XATTR_LIST && !xattr_allowed(name))
        return what == XATTR_GET ? -ENODATA : -EPERM;
    error = path_set(&path, grant_of(call), (char *)bytes, (u32)path_length);
    if (!error)
        error = parent_open(&path, &parent);
    if (error)
        return error;
    snprintf(host, sizeof(host), "/proc/self/fd/%d/%s", parent.fd, parent.name);
    n = xattr_act(what, host, name, call, bytes + used, (size_t)length - used);
    if (n < 0)
        n = -errno;
    else if (what == XATTR_GET || what == XATTR_LIST)
        call->msg->data_length = (u32)n;
    parent_close(&parent);
    return call_done(call, n);
}

s64 op_DIR_WATCH(struct call *call)
{
    (void)call;
    return -EOPNOTSUPP;
}

static void dir_save(const struct object *object, struct record *to)
{
    const struct dir *dir = container_of(object, const struct dir, object);

    host_file_save(dir->fd, to);
    record_put_number(to, dir->only ? dir->only_length + 1 : 0);
    record_put(to, dir->only, dir->only ? dir->only_length : 0);
}

static struct object *dir_load(struct record *from, struct bank *bank)
{
    int fd = host_file_load(from, O_PATH | O_DIRECTORY);
    u64 length = record_get_number(from);
    const char *only = length ? record_take(from, length - 1) : NULL;
    struct dir *dir = from->bad ? NULL : dir_make(bank, fd, only, length ? length - 1 : 0);

    if (dir && fd < 0)
        object_destroy(&dir->object);
    if (!dir && fd >= 0)
        close(fd);
    return dir ? &dir->object : NULL;
}
