/* SPDX-License-Identifier: Apache-2.0 */
/* rename(2) and its kin. */
#include "libos/entry/syscall.h"
#include "libos/fs/access.h"
#include "libos/fs/dentry.h"
#include "libos/fs/notify.h"
#include "libos/mm/heap.h"
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

struct renaming {
    struct dentry *from, *to;
    struct walk_end from_end, to_end;
    u32 flags;
    char *from_name, *to_name; /* heap copies for the dentries' new names */
};

static bool is_place(const struct dentry *d)
{
    return d->mounted || d->covers || d->parent == d;
}

static bool is_directory(const struct dentry *d)
{
    return d->inode && S_ISDIR(d->inode->mode);
}

/* The directory in which the path's end is looked for. */
static const struct dentry *directory_of(const struct dentry *d, const struct walk_end *end)
{
    return end->last == LAST_NAME ? d->parent : d;
}

/* Paths that cannot be meant, before anybody's permission is asked. All checks are in Linux's
 * order. */
static long check_paths(const struct renaming *n)
{
    const struct dentry *from = n->from, *to = n->to;
    bool exchange = n->flags & RENAME_EXCHANGE;
    if (directory_of(from, &n->from_end)->fs != directory_of(to, &n->to_end)->fs)
        return -EXDEV;
    if (n->from_end.last != LAST_NAME)
        return -EBUSY;
    if (n->to_end.last != LAST_NAME)
        return n->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
    if (!from->inode)
        return -ENOENT;
    if ((n->flags & RENAME_NOREPLACE) && to->inode)
        return -EEXIST;
    if (exchange && !to->inode)
        return -ENOENT;
    if (exchange && n->to_end.slash && !is_directory(to))
        return -ENOTDIR;
    if (!is_directory(from) && (n->from_end.slash || (n->to_end.slash && !exchange)))
        return -ENOTDIR;
    if (from->parent == to->parent)
        return 0;
    if (dentry_below(to->parent, from))
        return -EINVAL;
    return dentry_below(from->parent, to) ? exchange ? -EINVAL : -ENOTEMPTY : 0;
}

/* May the name d be taken out of its directory, where a directory (or not) is wanted? */
static long check_removal(struct dentry *d, bool want_directory)
{
    long r = may_remove(d);
    if (r)
        return r;
    if (want_directory)
        return is_directory(d) ? 0 : -ENOTDIR;
    return is_directory(d) ? -EISDIR : 0;
}

static long check_rights(struct renaming *n)
{
    struct dentry *from = n->from, *to = n->to;
    bool directory = is_directory(from);
    long r = check_removal(from, directory);
    if (r)
        return r;
    if (!to->inode)
        r = may_make(to->parent);
    else
        r = check_removal(to, n->flags & RENAME_EXCHANGE ? is_directory(to) : directory);
    /* Moving a directory elsewhere changes its "..". */
    if (!r && directory && from->parent != to->parent)
        r = may_access(from->inode, 2);
    return r;
}

/* 0: go on; 1: nothing is to be done. */
static long check(struct renaming *n)
{
    long r = check_paths(n);
    if (r)
        return r;
    if (n->to->inode == n->from->inode)
        return 1;
    r = check_rights(n);
    if (!r && (is_place(n->from) || is_place(n->to)))
        r = -EBUSY;
    return r;
}

static bool copy_names(struct renaming *n)
{
    bool both = n->flags & RENAME_EXCHANGE;
    n->to_name = heap_copy_bytes(n->to->name, n->to->name_length);
    n->from_name = both ? heap_copy_bytes(n->from->name, n->from->name_length) : NULL;
    return n->to_name && (!both || n->from_name);
}

static void tell(struct inode *from_dir, const char *from_name, struct renaming *n)
{
    static u32 cookie;
    u32 dir = S_ISDIR(n->from->inode->mode) ? IN_ISDIR : 0;
    if (list_empty(&from_dir->watches) && list_empty(&n->from->parent->inode->watches) &&
        list_empty(&n->from->inode->watches))
        return;
    cookie++;
    notify_name(from_dir, IN_MOVED_FROM | dir, from_name, cookie);
    notify_name(n->from->parent->inode, IN_MOVED_TO | dir, n->from->name, cookie);
    notify_change(n->from->inode, NULL, IN_MOVE_SELF);
}

/* The file system has done it: the tree follows. Cannot fail. */
static void commit(struct renaming *n)
{
    struct dentry *from = n->from, *to = n->to, *old_parent = from->parent;
    struct inode *from_dir = old_parent->inode, *to_dir = to->parent->inode;
    char old_name[NAME_MAX_BYTES + 1];
    bool watched = !list_empty(&old_parent->inode->watches);
    if (watched)
        __builtin_memcpy(old_name, from->name, from->name_length + 1u);
    dentry_get(old_parent);
    if (n->flags & RENAME_EXCHANGE) {
        dentry_swap(from, to, n->from_name, n->to_name);
    } else {
        dentry_unhash(to);
        dentry_move(from, to->parent, to, n->to_name);
    }
    if (from_dir->ops->renamed)
        from_dir->ops->renamed(from_dir, from, to_dir, to, n->flags);
    if (to->inode && !(n->flags & RENAME_EXCHANGE))
        notify_change(to->inode, NULL, to->inode->links ? IN_ATTRIB : IN_DELETE_SELF);
    n->from_name = n->to_name = NULL;
    tell(from_dir, watched ? old_name : "", n);
    dentry_put(old_parent);
}

static long rename_locked(struct renaming *n)
{
    struct inode *from_dir = n->from->parent->inode, *to_dir = n->to->parent->inode;
    long r = check(n);
    if (r)
        return r < 0 ? r : 0;
    if (!from_dir->ops->rename)
        return -EROFS;
    if (!copy_names(n))
        r = -ENOMEM;
    if (!r)
        r = from_dir->ops->rename(from_dir, n->from, to_dir, n->to, n->flags);
    if (!r)
        commit(n);
    heap_free(n->from_name);
    heap_free(n->to_name);
    return r;
}

static long do_rename(int from_fd, const char *from, int to_fd, const char *to, u32 flags)
{
    struct renaming n = {.flags = flags};
    char to_path[PATH_MAX_BYTES];
    if ((flags & ~(u32)(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
        flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    long r = copy_string_from_user(to_path, to, sizeof(to_path));
    if (r < 0)
        return r;
    /* Both directories are sought before it matters whether the old name exists. */
    r = path_walk_at_end(from_fd, from, WALK_NAME | WALK_CREATE, &n.from, &n.from_end);
    if (r)
        return r;
    r = path_walk_from_locked(to_fd, to_path, WALK_NAME | WALK_CREATE, &n.to, &n.to_end);
    if (!r) {
        r = rename_locked(&n);
        dentry_put(n.to);
    }
    namespace_unlock();
    dentry_put(n.from);
    return r;
}

SYSCALL2(rename, const char *, from, const char *, to)
{
    return do_rename(AT_FDCWD, from, AT_FDCWD, to, 0);
}

SYSCALL4(renameat, int, from_fd, const char *, from, int, to_fd, const char *, to)
{
    return do_rename(from_fd, from, to_fd, to, 0);
}

SYSCALL5(renameat2, int, from_fd, const char *, from, int, to_fd, const char *, to, u32, flags)
{
    return do_rename(from_fd, from, to_fd, to, flags);
}
