/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/fd and fdinfo, and the links exe, cwd and root. */
#include "libos/fs/procfs.h"

#include <linux/fcntl.h>
#include <linux/stat.h>

#include "base/string.h"
#include "libos/fs/dentry.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/pipe.h"
#include "libos/fs/poll.h"
#include "libos/host/print.h"
#include "libos/mm/heap.h"

/* The open file that a key names, with a reference, or NULL. */
static struct file *file_of(u64 key)
{
    struct process *p = proc_hold(key);
    if (!p)
        return NULL;
    struct file *f = p->files ? fdtable_get(p->files, (int)key_low(key) - 1) : NULL;
    proc_release();
    return f;
}

/* ---- links ---- */

static long put_string(const char *s, char *buffer, size_t size)
{
    size_t n = MIN(strlen(s), size);
    memcpy(buffer, s, n);
    return (long)n;
}

/* The path of d; the namespace lock is held. */
static long put_path(struct dentry *d, char *buffer, size_t size)
{
    char *path = heap_alloc(PATH_MAX_BYTES);
    if (!path)
        return -ENOMEM;
    long n = dentry_path(d, path, PATH_MAX_BYTES);
    if (n > 0)
        n = put_string(path, buffer, size);
    heap_free(path);
    return n;
}

/* "pipe:[7]", "socket:[8]", "anon_inode:[eventfd]" for what has no name. */
static long put_kind(struct file *f, char *buffer, size_t size)
{
    char text[64];
    struct rf_attr attr = {0};
    if (f->ops->getattr)
        f->ops->getattr(f, &attr);
    if (S_ISFIFO(attr.mode) || S_ISSOCK(attr.mode))
        format_text(text, sizeof(text), "%s:[%lu]", S_ISFIFO(attr.mode) ? "pipe" : "socket",
                    attr.inode);
    else
        format_text(text, sizeof(text), "anon_inode:[%s]", f->ops->name);
    return put_string(text, buffer, size);
}

static long fd_readlink(u64 key, char *buffer, size_t size)
{
    struct file *f = file_of(key);
    if (!f)
        return -ENOENT;
    long n = f->dentry ? put_path(f->dentry, buffer, size) : put_kind(f, buffer, size);
    file_put(f);
    return n;
}

/* Files without a name (pipes) are given one that nobody else can find, so that they can be opened
 * again. */
static long nameless_getattr(struct inode *i, struct dentry *d, struct rf_attr *out)
{
    struct file *f = i->data;
    (void)d;
    if (f->ops->getattr)
        return f->ops->getattr(f, out);
    inode_attr(i, out);
    return 0;
}

/* What is neither a pipe nor a socket (the cell's console) is used through the file that is there.
 */
static long same_read(struct file *f, struct io *io, u64 *position)
{
    struct file *to = f->data;
    return to->ops->read ? to->ops->read(to, io, position) : -EINVAL;
}

static long same_write(struct file *f, struct io *io, u64 *position)
{
    struct file *to = f->data;
    return to->ops->write ? to->ops->write(to, io, position) : -EINVAL;
}

static long same_ioctl(struct file *f, u32 command, u64 argument)
{
    struct file *to = f->data;
    return to->ops->ioctl ? to->ops->ioctl(to, command, argument) : -ENOTTY;
}

static u32 same_poll(struct file *f, struct poll_table *pt)
{
    struct file *to = f->data;
    return to->ops->poll ? to->ops->poll(to, pt) : POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
}

static long same_getattr(struct file *f, struct rf_attr *out)
{
    return nameless_getattr(f->inode, NULL, out);
}

static long same_truncate(struct file *f, u64 size)
{
    struct file *to = f->data;
    return to->ops->truncate ? to->ops->truncate(to, size) : -EINVAL;
}

static void same_release(struct file *f)
{
    file_put(f->data);
}

static const struct file_ops same_ops = {
    .name = "file",
    .read = same_read,
    .write = same_write,
    .ioctl = same_ioctl,
    .poll = same_poll,
    .getattr = same_getattr,
    .truncate = same_truncate,
    .release = same_release,
};

static long nameless_open(struct inode *i, struct dentry *d, struct file *f)
{
    struct file *to = i->data;
    (void)d;
    if (S_ISSOCK(i->mode))
        return -ENXIO;
    if (file_pipe(to))
        return pipe_reopen(to, f);
    if ((file_readable(f) && !file_readable(to)) || (file_writable(f) && !file_writable(to)))
        return -EACCES;
    file_get(to);
    f->data = to;
    f->ops = &same_ops;
    return 0;
}

static void nameless_evict(struct inode *i)
{
    file_put(i->data);
}

static const struct inode_ops nameless_ops = {
    .getattr = nameless_getattr, .open = nameless_open, .evict = nameless_evict};

/* A dentry for f, of which it takes over the reference. NULL: no memory. */
static struct dentry *nameless_dentry(struct file *f, struct filesystem *fs)
{
    struct rf_attr attr = {.mode = S_IFREG | 0600};
    if (f->ops->getattr)
        f->ops->getattr(f, &attr);
    struct inode *i = inode_new(fs, &nameless_ops, attr.mode);
    if (!i) {
        file_put(f);
        return NULL;
    }
    i->data = f;
    i->uid = current_process->fsuid;
    i->gid = current_process->fsgid;
    struct dentry *d = dentry_new(NULL, "", 0, 0);
    if (!d) {
        inode_put(i);
        return NULL;
    }
    d->inode = i;
    d->fs = fs;
    return d;
}

static struct dentry *fd_follow(u64 key)
{
    struct file *f = file_of(key);
    if (!f)
        return NULL;
    if (!f->dentry)
        return nameless_dentry(f, current_process->paths->root->fs);
    struct dentry *d = f->dentry;
    dentry_get(d);
    file_put(f);
    return d;
}

/* The paths of the process of a key, shared, or NULL. */
static struct fs_context *paths_of(u64 key)
{
    struct process *p = proc_hold(key);
    if (!p)
        return NULL;
    struct fs_context *c = p->paths ? fs_context_share(p->paths) : NULL;
    proc_release();
    return c;
}

/* The namespace lock, under which cwd and root change, is held. */
static struct dentry *context_dentry(u64 key, bool root)
{
    struct fs_context *c = paths_of(key);
    if (!c)
        return NULL;
    struct dentry *d = root ? c->root : c->working;
    dentry_get(d);
    fs_context_put(c);
    return d;
}

static long context_readlink(u64 key, bool root, char *buffer, size_t size)
{
    struct dentry *d = context_dentry(key, root);
    if (!d)
        return -ENOENT;
    long n = put_path(d, buffer, size);
    dentry_put(d);
    return n;
}

struct dentry *proc_cwd_follow(u64 key)
{
    return context_dentry(key, false);
}

struct dentry *proc_root_follow(u64 key)
{
    return context_dentry(key, true);
}

long proc_cwd_readlink(u64 key, char *buffer, size_t size)
{
    return context_readlink(key, false, buffer, size);
}

long proc_root_readlink(u64 key, char *buffer, size_t size)
{
    return context_readlink(key, true, buffer, size);
}

long proc_exe_readlink(u64 key, char *buffer, size_t size)
{
    struct process *p = proc_hold(key);
    if (!p)
        return -ENOENT;
    long n = p->executable ? put_string(p->executable, buffer, size) : -ENOENT;
    proc_release();
    return n;
}

/* ---- the directories ---- */

const struct text_entry proc_fd_entry = {
    .mode = S_IFLNK | 0700, .readlink = fd_readlink, .follow = fd_follow, .owner = proc_owner};

static long print_fdinfo(struct text *t, u64 key)
{
    struct file *f = file_of(key);
    if (!f)
        return -ENOENT;
    text_add(t, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%lu\nino:\t%lu\n", f->position, f->flags,
             f->inode ? f->inode->fs->device : 0, f->inode ? f->inode->number : 0);
    file_put(f);
    return 0;
}

const struct text_entry proc_fdinfo_entry = {
    .mode = S_IFREG | 0444, .print = print_fdinfo, .owner = proc_owner};

const struct text_entry *proc_fd_find(const struct text_entry *entry, u64 key, const char *name,
                                      size_t length, u64 *child_key)
{
    long fd = text_number(name, length);
    if (fd < 0)
        return NULL;
    *child_key = proc_key(key_pid(key), (u32)fd + 1);
    struct file *f = file_of(*child_key);
    file_put(f);
    return f ? entry : NULL;
}

static void list_one(void *data, int fd, struct file *f)
{
    char name[16];
    (void)f;
    format_text(name, sizeof(name), "%d", fd);
    listing_add(data, name, S_IFLNK);
}

void proc_fd_list(u64 key, struct listing *l)
{
    struct process *p = proc_hold(key);
    if (!p)
        return;
    if (p->files)
        fdtable_each(p->files, list_one, l);
    proc_release();
}
