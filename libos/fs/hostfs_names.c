/* SPDX-License-Identifier: Apache-2.0 */
/* Names of host directories: looking up, making, removing, moving, and attributes. */
#include "libos/fs/hostfs.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "base/string.h"
#include "libos/fs/dentry.h"
#include "libos/sync/patience.h"

/* d is the name of what m's attributes describe, asked for after `asked` sends. Takes over the
 * inode.
 */
static long name_found(struct dentry *d, const struct rf_msg *m, u64 asked, const void *target,
                       size_t target_length)
{
    d->inode = hostfs_inode(d->fs, hostfs_attr(m), asked, target, target_length);
    d->expires = hostfs_until(d->fs);
    return d->inode ? 0 : -ENOMEM;
}

static long link_or_other_found(struct dentry *d, const struct rf_msg *m, u64 asked)
{
    return name_found(d, m, asked, m->data + sizeof(struct rf_attr),
                      m->data_length - sizeof(struct rf_attr));
}

/* Asks about d, and if it is to be opened opens it by the same invocation. 0 and m filled, or -E….
 */
struct asked {
    long slot; /* -1: not opened */
    u64 content;
};

static long ask(struct dentry *d, struct rf_msg *m, struct asked *a)
{
    a->slot = -1;
    if (d->opening) {
        a->slot = hostfs_open_name(d, m, &a->content);
        if (a->slot >= 0)
            return 0;
        if (a->slot == -ENOENT)
            return -ENOENT;
    }
    return hostfs_ask(d, m);
}

static long host_lookup(struct inode *dir, struct dentry *d)
{
    struct asked a;
    (void)dir;
    if (!d->opening && hostfs_batch(d))
        return 0;
    struct rf_msg *m = message_get();
    u64 asked = hostfs_sends();
    long r = ask(d, m, &a);
    if (r == 0 && a.slot >= 0) {
        r = name_found(d, m, asked, NULL, 0);
        if (r < 0)
            hostfs_drop_slot((u32)a.slot);
        else
            hostfs_take_opened(d->inode, m, (u32)a.slot, a.content, asked);
    } else if (r == 0) {
        r = link_or_other_found(d, m, asked);
    } else if (r == -ENOENT) {
        d->expires = hostfs_until(d->fs);
        r = 0;
    }
    message_put(m);
    return r;
}

/* What the host says now agrees with the name's inode, whose attributes are brought up to date. */
static bool still_right(struct dentry *d, long answer, const struct rf_msg *m, u64 asked)
{
    if (answer == -ENOENT || !d->inode)
        return answer == -ENOENT && !d->inode;
    if (answer < 0 || !hostfs_same(d->inode, hostfs_attr(m)))
        return false;
    hostfs_update_late(d->inode, hostfs_attr(m), asked);
    return true;
}

static bool host_revalidate(struct dentry *d)
{
    if (likely(hostfs_now() < d->expires) || d->parent == d)
        return true;
    if (d->inode && hostfs_batch(d))
        return true;
    struct rf_msg *m = message_get();
    u64 asked = hostfs_sends();
    bool right = still_right(d, hostfs_ask(d, m), m, asked);
    message_put(m);
    if (right)
        d->expires = hostfs_until(d->fs);
    return right;
}

/* What was asked since would have been good for the usual time from then on. */
static enum asking host_asking(const struct dentry *d, u64 *since)
{
    u64 now = hostfs_now();
    if (likely(now < d->expires) || !hostfs_by_program(d->fs))
        return ASK_AT_ONCE;
    if (*since == 0)
        *since = now;
    return d->expires >= hostfs_after(d->fs, *since) ? ASK_NO_MORE : ASK_APART;
}

static long host_getattr(struct inode *i, struct dentry *d, struct rf_attr *out)
{
    struct host_inode *h = host_inode(i);
    if (unlikely(cache_dirty(&h->cache) || hostfs_now() >= h->good_until)) {
        long r = lock_take_patiently(&i->lock);
        if (r)
            return r;
        if (cache_dirty(&h->cache))
            hostfs_flush(i);
        r = hostfs_freshen(i, d);
        lock_release(&i->lock);
        if (r)
            return r;
    }
    inode_attr(i, out); /* without the lock: at worst it mixes two answers that were right */
    out->device = h->device;
    return 0;
}

/* A directory that this cell has changed has new times and perhaps a new size and link count, and
 * other names than those in the cache. */
static void directory_changed(struct inode *dir)
{
    lock_take(&dir->lock);
    cache_file_drop(&host_inode(dir)->cache);
    host_inode(dir)->good_until = 0;
    lock_release(&dir->lock);
}

/* d is new: its attributes are asked for, since the operation does not tell them. */
static long name_made(struct inode *dir, struct dentry *d, struct rf_msg *m)
{
    u64 asked = hostfs_sends();
    long r = hostfs_ask(d, m);
    if (r == 0)
        r = link_or_other_found(d, m, asked);
    directory_changed(dir);
    return r;
}

/* An invocation that makes or removes the name d. */
static long invoke_make(struct dentry *d, u32 op, struct rf_msg *m, u64 w0, u64 w1)
{
    m->data_length = 0;
    return hostfs_invoke_name(d, op, m, w0, w1, 0, 0);
}

/* d's name is free now; d itself is about to leave the tree. So that making it again need not ask.
 */
static void remember_free(const struct dentry *d)
{
    struct dentry *n = dentry_new(d->parent, d->name, d->name_length, d->name_hash);
    if (!n)
        return;
    n->expires = hostfs_until(d->fs);
    dentry_hash(n);
    dentry_put(n); /* the tree keeps it for a while */
}

static long create_file(struct inode *dir, struct dentry *d, u32 mode, struct rf_msg *m)
{
    long slot = hostfs_invoke_open(d, m, O_RDWR | O_CREAT | O_EXCL, mode & 07777, 0);
    if (slot < 0)
        return slot;
    long r = name_found(d, m, hostfs_sends(), NULL, 0);
    directory_changed(dir);
    if (r < 0) {
        hostfs_drop_slot((u32)slot);
        return r;
    }
    host_inode(d->inode)->last_write = hostfs_now();
    host_inode(d->inode)->fresh = true;
    hostfs_set_id(d->inode, mode);
    hostfs_handle_give(d->inode, HANDLE_WRITE, (u32)slot);
    return 0;
}

static long host_create(struct inode *dir, struct dentry *d, u32 mode, u64 rdev)
{
    (void)rdev;
    struct rf_msg *m = message_get();
    long r;
    if (S_ISREG(mode)) {
        r = create_file(dir, d, mode, m);
    } else {
        r = invoke_make(d, RF_OP_DIR_MKNOD, m, mode, 0);
        if (r == 0)
            r = name_made(dir, d, m);
    }
    message_put(m);
    return r;
}

static long host_mkdir(struct inode *dir, struct dentry *d, u32 mode)
{
    struct rf_msg *m = message_get();
    long r = invoke_make(d, RF_OP_DIR_MKDIR, m, mode & 07777, 0);
    if (r == 0) {
        r = name_found(d, m, hostfs_sends(), NULL, 0);
        directory_changed(dir);
    }
    message_put(m);
    return r;
}

static long host_symlink(struct inode *dir, struct dentry *d, const char *target)
{
    struct rf_msg *m = message_get();
    m->data_length = 0;
    long n = hostfs_add_path(m, d), r = n;
    size_t length = strlen(target);
    if (n >= 0) {
        memcpy(m->data + m->data_length, target, length);
        m->data_length += (u32)length;
        r = invoke_message_retry(d->fs->slot, RF_OP_DIR_SYMLINK, m, 0, 0, (u64)n, 0);
    }
    if (r == 0)
        r = name_made(dir, d, m);
    message_put(m);
    return r;
}

/* An operation on two names of one grant. */
static long invoke_two(struct dentry *a, struct dentry *b, u32 op, u64 w0)
{
    struct rf_msg *m = message_get();
    m->data_length = 0;
    long n = hostfs_add_path(m, a), r = n < 0 ? n : hostfs_add_path(m, b);
    if (r >= 0) {
        m->caps[0] = a->fs->slot;
        m->cap_count = 1;
        r = invoke_message_retry(a->fs->slot, op, m, w0, 0, (u64)n, 0);
    }
    message_put(m);
    return r;
}

static long host_link(struct inode *dir, struct dentry *d, struct inode *target,
                      struct dentry *target_d)
{
    if (!target_d || target_d->unlinked)
        return -ENOENT;
    long r = invoke_two(target_d, d, RF_OP_DIR_LINK, 0);
    if (r < 0)
        return r;
    inode_get(target);
    d->inode = target;
    d->expires = hostfs_until(d->fs);
    hostfs_changed_here(target);
    directory_changed(dir);
    return 0;
}

/* The inode of a name that was taken away. What was its last name leaves nothing to be sent late;
 * before that it needs a slot of its own if files are open on it. */
static void name_lost(struct inode *i)
{
    hostfs_changed_here(i);
    lock_take(&i->lock);
    if (S_ISREG(i->mode) && i->links <= 1)
        host_inode(i)->gone = true;
    if (S_ISDIR(i->mode))
        i->links = 0;
    else if (i->links)
        i->links--;
    lock_release(&i->lock);
}

/* Files that are open on i must stay readable without the name d. */
static void hold_open(struct inode *i, struct dentry *d)
{
    if (!i || !S_ISREG(i->mode))
        return;
    lock_take(&i->lock);
    if (host_inode(i)->handles[HANDLE_READ].users)
        hostfs_slot(i, d, HANDLE_READ);
    lock_release(&i->lock);
}

static long remove_name(struct inode *dir, struct dentry *d, bool directory)
{
    hold_open(d->inode, d);
    struct rf_msg *m = message_get();
    long r = invoke_make(d, RF_OP_DIR_UNLINK, m, directory, 0);
    message_put(m);
    if (r < 0) {
        d->expires = 0;
        return r;
    }
    if (d->inode)
        name_lost(d->inode);
    directory_changed(dir);
    remember_free(d);
    return 0;
}

static long host_unlink(struct inode *dir, struct dentry *d)
{
    return remove_name(dir, d, false);
}

static long host_rmdir(struct inode *dir, struct dentry *d)
{
    return remove_name(dir, d, true);
}

static long host_rename(struct inode *from_dir, struct dentry *from, struct inode *to_dir,
                        struct dentry *to, u32 flags)
{
    (void)from_dir;
    (void)to_dir;
    hold_open(to->inode, to);
    long r = lock_take_patiently(&from->fs->names_lock);
    if (r)
        return r;
    r = invoke_two(from, to, RF_OP_DIR_RENAME, flags);
    if (r < 0) {
        lock_release(&from->fs->names_lock);
        from->expires = to->expires = 0;
    }
    return MIN(r, 0);
}

/* The tree has followed. */
static void host_renamed(struct inode *from_dir, struct dentry *from, struct inode *to_dir,
                         struct dentry *to, u32 flags)
{
    lock_release(&from->fs->names_lock);
    if (to->inode && to->inode != from->inode) {
        if (flags & RENAME_EXCHANGE)
            hostfs_changed_here(to->inode);
        else
            name_lost(to->inode);
    }
    hostfs_changed_here(from->inode);
    directory_changed(from_dir);
    directory_changed(to_dir);
}

static long host_readlink(struct inode *i, struct dentry *d, char *buffer, size_t size)
{
    (void)d;
    const struct host_inode *h = host_inode(i);
    size_t n = MIN(size, (size_t)h->target_length);
    memcpy(buffer, h->target, n);
    return (long)n;
}

/* ---- attributes ---- */

/* A slot by which what s says can be set without opening anything, or 0. */
static u32 open_slot(const struct host_inode *h, const struct rf_setattr *s)
{
    const struct host_handle *writer = &h->handles[HANDLE_WRITE],
                             *reader = &h->handles[HANDLE_READ];
    if (writer->users && writer->slot)
        return writer->slot;
    return reader->users && !(s->which & RF_SETATTR_SIZE) ? reader->slot : 0;
}

/* By an open handle if there is one, else by the name; without a name by a handle in any case, a
 * size only by one that is open for writing. */
static long invoke_setattr(struct inode *i, struct dentry *d, const struct rf_setattr *s,
                           struct rf_msg *m)
{
    memcpy(m->data, s, sizeof(*s));
    m->data_length = sizeof(*s);
    u32 open = open_slot(host_inode(i), s);
    if (open)
        return invoke_message_retry(open, RF_OP_FILE_SETATTR, m, 0, 0, 0, 0);
    if (d && !d->unlinked)
        return hostfs_invoke_name(d, RF_OP_DIR_SETATTR, m, 0, 0, 0, 0);
    long slot = hostfs_slot(i, NULL, s->which & RF_SETATTR_SIZE ? HANDLE_WRITE : HANDLE_READ);
    return slot < 0 ? slot : invoke_message_retry((u32)slot, RF_OP_FILE_SETATTR, m, 0, 0, 0, 0);
}

static long host_setattr(struct inode *i, struct dentry *d, const struct rf_setattr *s)
{
    if (i->fs->read_only)
        return -EROFS;
    struct host_inode *h = host_inode(i);
    long r = lock_take_patiently(&i->lock);
    if (r)
        return r;
    struct rf_msg *m = message_get();
    bool resize = s->which & RF_SETATTR_SIZE;
    if (resize && s->size == 0)
        cache_file_drop(&h->cache);
    r = hostfs_flush(i);
    if (r == 0)
        r = invoke_setattr(i, d, s, m);
    if (resize) {
        hostfs_sent(i);
        cache_file_drop(&h->cache);
        h->last_write = hostfs_now();
    }
    if (r >= 0) {
        h->own_change = true;
        if (s->which & RF_SETATTR_MODE)
            h->set_id = 0;
        hostfs_update(i, hostfs_attr(m));
        if (s->which & RF_SETATTR_MODE)
            hostfs_set_id(i, s->mode);
        if (resize)
            hostfs_drop_set_id(i);
    }
    lock_release(&i->lock);
    message_put(m);
    return MIN(r, 0);
}

enum { XATTR_GET, XATTR_SET, XATTR_LIST, XATTR_REMOVE };

/* Only these does the kernel let a cell touch; of the others it need not be asked. */
static bool is_users(const char *name)
{
    return strncmp(name, "user.", 5) == 0;
}

/* An extended attribute operation. `value` goes out with XATTR_SET; for GET and LIST it is filled.
 */
static long invoke_xattr(struct dentry *d, u64 what, const char *name, void *value, size_t size,
                         int flags)
{
    if (!d || d->unlinked || (name && !is_users(name)))
        return -EOPNOTSUPP;
    struct rf_msg *m = message_get();
    m->data_length = 0;
    long path = hostfs_add_path(m, d), r = path;
    size_t name_length = name ? strlen(name) : 0;
    size_t out = what == XATTR_SET ? size : 0;
    if (r >= 0 && m->data_length + name_length + out > RF_MSG_DATA)
        r = -E2BIG;
    if (r >= 0) {
        memcpy(m->data + m->data_length, name ? name : "", name_length);
        memcpy(m->data + m->data_length + name_length, value ? value : "", out);
        m->data_length += (u32)(name_length + out);
        r = invoke_message_retry(d->fs->slot, RF_OP_DIR_XATTR, m, what, (u64)flags, (u64)path,
                                 name_length);
    }
    if (r > 0 && size && (what == XATTR_GET || what == XATTR_LIST)) {
        if ((size_t)r > size)
            r = -ERANGE;
        else
            memcpy(value, m->data, (size_t)r);
    }
    message_put(m);
    return r;
}

static long host_get_xattr(struct inode *i, struct dentry *d, const char *name, void *value,
                           size_t size)
{
    (void)i;
    return invoke_xattr(d, XATTR_GET, name, value, size, 0);
}

static long host_set_xattr(struct inode *i, struct dentry *d, const char *name, const void *value,
                           size_t size, int flags)
{
    (void)i;
    return invoke_xattr(d, XATTR_SET, name, (void *)(u64)value, size, flags);
}

static long host_list_xattr(struct inode *i, struct dentry *d, char *list, size_t size)
{
    (void)i;
    return invoke_xattr(d, XATTR_LIST, NULL, list, size, 0);
}

static long host_remove_xattr(struct inode *i, struct dentry *d, const char *name)
{
    (void)i;
    return invoke_xattr(d, XATTR_REMOVE, name, NULL, 0, 0);
}

/* ---- the tables ---- */

static long open_special(struct inode *i, struct dentry *d, struct file *f)
{
    if (S_ISFIFO(i->mode))
        return fifo_open(i, d, f);
    if (S_ISCHR(i->mode))
        return device_open(i, d, f);
    return -ENXIO;
}

#define ATTRIBUTES                                                                                 \
    .getattr = host_getattr, .setattr = host_setattr, .get_xattr = host_get_xattr,                 \
    .set_xattr = host_set_xattr, .list_xattr = host_list_xattr, .remove_xattr = host_remove_xattr, \
    .evict = hostfs_evict

const struct inode_ops host_dir_ops = {
    .lookup = host_lookup,
    .revalidate = host_revalidate,
    .asking = host_asking,
    .create = host_create,
    .mkdir = host_mkdir,
    .symlink = host_symlink,
    .link = host_link,
    .unlink = host_unlink,
    .rmdir = host_rmdir,
    .rename = host_rename,
    .renamed = host_renamed,
    .open = hostfs_open_dir,
    ATTRIBUTES,
};

const struct inode_ops host_file_ops = {
    .open = hostfs_open_file, .lock = hostfs_lock, .unlocked = hostfs_unlocked, ATTRIBUTES};
const struct inode_ops host_link_ops = {.readlink = host_readlink, ATTRIBUTES};
const struct inode_ops host_special_ops = {.open = open_special, ATTRIBUTES};
