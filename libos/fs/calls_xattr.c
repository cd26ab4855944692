/* SPDX-License-Identifier: Apache-2.0 */
/* setxattr(2) and its kin. Values pass through a buffer of ours: file systems see no program
 * memory. */
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/fs/access.h"
#include "libos/fs/fdtable.h"
#include "libos/mm/heap.h"
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>
#include <linux/xattr.h>

/* One call: what is to be done with the object that is found. */
struct request {
    long (*act)(struct request *q, struct dentry *d);
    char name[XATTR_NAME_MAX + 1];
    void *buffer; /* of ours, `size` bytes; NULL if size is 0 */
    size_t size;
    int flags;
};

static bool begins(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

static long check_name(const struct request *q, const struct inode *i, bool write)
{
    bool trusted = begins(q->name, XATTR_TRUSTED_PREFIX);
    if (begins(q->name, XATTR_USER_PREFIX)) {
        if (!S_ISREG(i->mode) && !S_ISDIR(i->mode))
            return write ? -EPERM : -ENODATA;
        return may_access((struct inode *)i, write ? 2 : 4);
    }
    if (begins(q->name, XATTR_SYSTEM_PREFIX "posix_acl_")) /* can be asked for, and is not there */
        return write ? -EOPNOTSUPP : 0;
    if (!trusted && !begins(q->name, XATTR_SECURITY_PREFIX))
        return -EOPNOTSUPP;
    if (current_process->fsuid)
        return trusted && !write ? -ENODATA : write ? -EPERM : 0;
    return 0;
}

static long act_set(struct request *q, struct dentry *d)
{
    struct inode *i = d->inode;
    long r = i->fs->read_only ? -EROFS : check_name(q, i, true);
    if (r)
        return r;
    return i->ops->set_xattr ? i->ops->set_xattr(i, d, q->name, q->buffer, q->size, q->flags)
                             : -EOPNOTSUPP;
}

static long act_get(struct request *q, struct dentry *d)
{
    struct inode *i = d->inode;
    long r = check_name(q, i, false);
    if (r)
        return r;
    return i->ops->get_xattr ? i->ops->get_xattr(i, d, q->name, q->buffer, q->size) : -EOPNOTSUPP;
}

static long act_list(struct request *q, struct dentry *d)
{
    struct inode *i = d->inode;
    return i->ops->list_xattr ? i->ops->list_xattr(i, d, q->buffer, q->size) : 0;
}

static long act_remove(struct request *q, struct dentry *d)
{
    struct inode *i = d->inode;
    long r = i->fs->read_only ? -EROFS : check_name(q, i, true);
    if (r)
        return r;
    return i->ops->remove_xattr ? i->ops->remove_xattr(i, d, q->name) : -EOPNOTSUPP;
}

static long act_on_path(struct request *q, const char *path, u32 walk)
{
    struct dentry *d;
    long r = path_walk_at(AT_FDCWD, path, walk, &d);
    if (r)
        return r;
    r = q->act(q, d);
    namespace_unlock();
    dentry_put(d);
    return r;
}

static long act_on_fd(struct request *q, int fd)
{
    struct fd_ref ref = fd_borrow(fd);
    if (!ref.file)
        return -EBADF;
    long r = -EOPNOTSUPP;
    if (ref.file->dentry) {
        namespace_lock();
        r = q->act(q, ref.file->dentry);
        namespace_unlock();
    }
    fd_release(ref);
    return r;
}

/* The object: a path, or a descriptor if that is NULL. */
struct object {
    const char *path;
    u32 walk;
    int fd;
};

static long run(struct request *q, const struct object *o)
{
    long r = o->path ? act_on_path(q, o->path, o->walk) : act_on_fd(q, o->fd);
    return r;
}

static long get_name(struct request *q, const char *user)
{
    long n = copy_string_from_user(q->name, user, sizeof(q->name));
    if (n == -ENAMETOOLONG || n == 0)
        return -ERANGE;
    return n < 0 ? n : 0;
}

static long set_xattr(const struct object *o, const char *name, const void *value, size_t size,
                      int flags)
{
    struct request q = {.act = act_set, .size = size, .flags = flags};
    if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
        return -EINVAL;
    long r = get_name(&q, name);
    if (r)
        return r;
    if (size > XATTR_SIZE_MAX)
        return -E2BIG;
    if (size && !(q.buffer = heap_alloc(size)))
        return -ENOMEM;
    r = size ? copy_from_user(q.buffer, value, size) : 0;
    if (!r)
        r = run(&q, o);
    heap_free(q.buffer);
    return r;
}

/* Runs a request that fills the buffer and hands it to the program. */
static long fetch(struct request *q, const struct object *o, void *user, size_t size, size_t most)
{
    q->size = MIN(size, most);
    if (q->size && !(q->buffer = heap_alloc(q->size)))
        return -ENOMEM;
    long r = run(q, o);
    if (r > 0 && size && copy_to_user(user, q->buffer, (size_t)r))
        r = -EFAULT;
    heap_free(q->buffer);
    return r;
}

static long get_xattr(const struct object *o, const char *name, void *user, size_t size)
{
    struct request q = {.act = act_get};
    long r = get_name(&q, name);
    return r ? r : fetch(&q, o, user, size, XATTR_SIZE_MAX);
}

static long list_xattr(const struct object *o, char *user, size_t size)
{
    struct request q = {.act = act_list};
    return fetch(&q, o, user, size, XATTR_LIST_MAX);
}

static long remove_xattr(const struct object *o, const char *name)
{
    struct request q = {.act = act_remove};
    long r = get_name(&q, name);
    return r ? r : run(&q, o);
}

#define BY_PATH(path) (&(struct object){(path) ? (path) : (const char *)1, WALK_FOLLOW, 0})
#define BY_LINK(path) (&(struct object){(path) ? (path) : (const char *)1, 0, 0})
#define BY_FD(fd)     (&(struct object){NULL, 0, (fd)})

SYSCALL5(setxattr, const char *, path, const char *, name, const void *, value, size_t, size, int,
         flags)
{
    return set_xattr(BY_PATH(path), name, value, size, flags);
}

SYSCALL5(lsetxattr, const char *, path, const char *, name, const void *, value, size_t, size, int,
         flags)
{
    return set_xattr(BY_LINK(path), name, value, size, flags);
}

SYSCALL5(fsetxattr, int, fd, const char *, name, const void *, value, size_t, size, int, flags)
{
    return set_xattr(BY_FD(fd), name, value, size, flags);
}

SYSCALL4(getxattr, const char *, path, const char *, name, void *, value, size_t, size)
{
    return get_xattr(BY_PATH(path), name, value, size);
}

SYSCALL4(lgetxattr, const char *, path, const char *, name, void *, value, size_t, size)
{
    return get_xattr(BY_LINK(path), name, value, size);
}

SYSCALL4(fgetxattr, int, fd, const char *, name, void *, value, size_t, size)
{
    return get_xattr(BY_FD(fd), name, value, size);
}

SYSCALL3(listxattr, const char *, path, char *, list, size_t, size)
{
    return list_xattr(BY_PATH(path), list, size);
}

SYSCALL3(llistxattr, const char *, path, char *, list, size_t, size)
{
    return list_xattr(BY_LINK(path), list, size);
}

SYSCALL3(flistxattr, int, fd, char *, list, size_t, size)
{
    return list_xattr(BY_FD(fd), list, size);
}

SYSCALL2(removexattr, const char *, path, const char *, name)
{
    return remove_xattr(BY_PATH(path), name);
}

SYSCALL2(lremovexattr, const char *, path, const char *, name)
{
    return remove_xattr(BY_LINK(path), name);
}

SYSCALL2(fremovexattr, int, fd, const char *, name)
{
    return remove_xattr(BY_FD(fd), name);
}
