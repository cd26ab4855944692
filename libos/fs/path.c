/* SPDX-License-Identifier: Apache-2.0 */
/* Path walks. The namespace lock is held throughout, so a walk holds no references on its way
 * (dentry.h); only a magic link's target (/proc/self/fd/N), which may be unlinked, is held by one.
 * Where a program has to be asked, which may hang, the walk ends with a question, and begins again
 * when it is answered. */
#include "base/string.h"
#include "libos/fs/dentry.h"
#include "libos/entry/user.h"
#include "libos/fs/fdtable.h"
#include <linux/fcntl.h>
#include <linux/stat.h>

#define LINKS_MOST 40

struct walk {
    struct dentry *at;   /* where the walk is */
    struct dentry *root; /* above which ".." and "/" do not lead */
    struct dentry *base; /* RESOLVE_BENEATH: likewise, but an error */
    struct dentry *held; /* reference to a magic link's target */
    const char *rest;    /* what is still to be walked */
    u32 flags, links;
    struct question *question; /* NULL: whatever is asked is asked with the lock held */
};

/* The component that the walk looks at. */
struct component {
    const char *name;
    size_t length;
    u32 hash;
    bool last, slash;
};

static struct dentry *cross_mounts(struct dentry *d)
{
    while (unlikely(d->mounted != NULL))
        d = d->mounted;
    return d;
}

struct dentry *dentry_up(struct dentry *d, const struct dentry *root)
{
    while (d != root && d->covers)
        d = d->covers;
    return d == root ? d : d->parent;
}

/* Takes the next component off w->rest, which does not start with a slash and is not empty. */
static long next_component(struct walk *w, struct component *c)
{
    const char *s = w->rest;
    u32 hash = NAME_HASH_START;
    c->name = s;
    for (; *s && *s != '/'; s++)
        hash = name_hash_step(hash, (u8)*s);
    c->hash = hash;
    c->length = (size_t)(s - c->name);
    c->slash = *s == '/';
    while (*s == '/')
        s++;
    c->last = !*s;
    w->rest = s;
    return c->length > NAME_MAX_BYTES ? -ENAMETOOLONG : 0;
}

/* May the calling process search this directory? The usual modes need no look at who it is. */
static long may_search(const struct dentry *d)
{
    u32 mode = d->inode->mode;
    if (unlikely(!S_ISDIR(mode)))
        return -ENOTDIR;
    return likely((mode & 0111) == 0111) ? 0 : may_access(d->inode, 1);
}

static void drop_cached(struct dentry *d)
{
    dentry_get(d);
    dentry_unhash(d);
    dentry_put(d);
}

/* Asks the file system for a name that is not in the tree. */
static long ask_lookup(struct dentry *dir, struct dentry *d)
{
    long r = dir->inode->ops->lookup(dir->inode, d);
    if (r)
        return r;
    dentry_hash(d);
    return 0;
}

static enum asking asking(const struct inode_ops *ops, const struct dentry *d, struct question *q)
{
    return likely(!q || !ops->asking) ? ASK_AT_ONCE : ops->asking(d, &q->since);
}

static long ask_first(struct question *q, struct dentry *d, bool fresh)
{
    q->d = d;
    q->fresh = fresh;
    return ASK_FIRST;
}

long dentry_lookup(struct dentry *dir, const char *name, size_t length, u32 hash, u32 want,
                   struct dentry **out, bool *fresh, struct question *q)
{
    const struct inode_ops *ops = dir->inode->ops;
    struct dentry *d = dentry_find(dir, name, length, hash);
    *fresh = false;
    *out = d;
    if (d)
        d->opening = want & WALK_OPEN;
    if (d && unlikely(ops->revalidate != NULL) && d->fs == dir->fs && !d->mounted) {
        enum asking how = asking(ops, d, q);
        if (how == ASK_APART) {
            dentry_get(d);
            return ask_first(q, d, false);
        }
        if (how == ASK_AT_ONCE && !ops->revalidate(d)) {
            drop_cached(d);
            d = *out = NULL;
        }
    }
    if (d || (!ops->lookup && !(want & WALK_CREATE)))
        return 0;
    d = dentry_new(dir, name, length, hash);
    if (!d)
        return -ENOMEM;
    d->opening = want & WALK_OPEN;
    if (!dir->unlinked && asking(ops, d, q) == ASK_APART)
        return ask_first(q, d, true);
    long r = ops->lookup && !dir->unlinked ? ask_lookup(dir, d) : 0;
    if (r) {
        dentry_put(d);
        return r;
    }
    *out = d;
    if (dentry_hashed(d))
        dentry_put(d); /* the tree keeps it */
    else
        *fresh = true;
    return 0;
}

/* Puts the text of the link d before the rest of the path. */
static long splice_link(struct walk *w, struct dentry *d)
{
    struct namespace *ns = the_namespace;
    bool second = w->rest >= ns->walk_text[0] && w->rest < ns->walk_text[0] + WALK_TEXT;
    char *text = ns->walk_text[second];
    if (!d->inode->ops->readlink)
        return -EINVAL;
    long n = d->inode->ops->readlink(d->inode, d, text, PATH_MAX_BYTES);
    if (n <= 0)
        return n ? n : -ENOENT;
    size_t left = strlen(w->rest);
    if ((size_t)n + 1 + left + 1 > WALK_TEXT)
        return -ENAMETOOLONG;
    text[n] = '\0';
    if (left) {
        text[n] = '/';
        memcpy(text + n + 1, w->rest, left + 1);
    }
    w->rest = text;
    return 0;
}

static long start_absolute(struct walk *w)
{
    if (w->rest[0] != '/')
        return 0;
    if (w->flags & WALK_BENEATH)
        return -EXDEV;
    w->at = w->root;
    while (*w->rest == '/')
        w->rest++;
    return 0;
}

/* A link that leads to an object instead of a path. 1: it is not one; 0: w->at is the object. */
static long follow_magic(struct walk *w, struct dentry *d)
{
    if (!d->inode->ops->follow)
        return 1;
    if (w->flags & (WALK_NO_MAGIC | WALK_BENEATH | WALK_IN_ROOT))
        return w->flags & WALK_NO_MAGIC ? -ELOOP : -EXDEV;
    struct dentry *to = d->inode->ops->follow(d->inode);
    if (!to)
        return 1;
    dentry_put(w->held);
    w->held = to;
    w->at = to;
    return 0;
}

/* Follows the link d found in w->at. 0: w->at and w->rest say where to go on. */
static long follow(struct walk *w, struct dentry *d, const struct component *c)
{
    if (++w->links > LINKS_MOST || (w->flags & WALK_NO_SYMLINKS))
        return -ELOOP;
    long r = follow_magic(w, d);
    if (r <= 0)
        return r;
    if (c->last && c->slash)
        w->flags |= WALK_DIRECTORY | WALK_FOLLOW;
    r = splice_link(w, d);
    return r ? r : start_absolute(w);
}

static long step_up(struct walk *w)
{
    if (w->at == w->base) {
        if (w->flags & WALK_BENEATH)
            return -EXDEV;
        if (w->flags & WALK_IN_ROOT)
            return 0;
    }
    struct dentry *up = dentry_up(w->at, w->root);
    if ((w->flags & WALK_NO_XDEV) && up->fs != w->at->fs)
        return -EXDEV;
    w->at = up;
    return 0;
}

static bool is_dot(const struct component *c)
{
    return c->length == 1 && c->name[0] == '.';
}

static bool is_dotdot(const struct component *c)
{
    return c->length == 2 && c->name[0] == '.' && c->name[1] == '.';
}

/* The end of the path is the name d in w->at, which may be negative or NULL. `fresh`: it carries a
 * reference. */
static long end_at_negative(struct walk *w, const struct component *c, struct dentry *d, bool fresh,
                            struct dentry **out)
{
    if (!d || !c->last || !(w->flags & WALK_CREATE)) {
        if (fresh)
            dentry_put(d);
        return -ENOENT;
    }
    if (!fresh)
        dentry_get(d);
    *out = d;
    return 0;
}

#define WALK_ENDS 2

/* Goes one name further. 0: go on; WALK_ENDS: *out is the end; ASK_FIRST. */
static long step_name(struct walk *w, const struct component *c, struct dentry **out)
{
    struct dentry *d;
    bool fresh;
    if (c->last && c->slash && (w->flags & WALK_FILE))
        return -EISDIR;
    u32 want = c->last ? w->flags & (WALK_CREATE | WALK_OPEN) : 0;
    long r = dentry_lookup(w->at, c->name, c->length, c->hash, want, &d, &fresh, w->question);
    if (r)
        return r;
    if (!d || !d->inode) {
        r = end_at_negative(w, c, d, fresh, out);
        return r ? r : WALK_ENDS;
    }
    if (c->last && (w->flags & WALK_NAME)) {
        dentry_get(d);
        *out = d;
        return WALK_ENDS;
    }
    if (unlikely(S_ISLNK(d->inode->mode)) && (!c->last || c->slash || (w->flags & WALK_FOLLOW)))
        return follow(w, d, c);
    struct dentry *top = cross_mounts(d);
    if (unlikely(top != d) && (w->flags & WALK_NO_XDEV))
        return -EXDEV;
    w->at = top;
    return 0;
}

static long walk_all(struct walk *w, struct dentry **out, struct walk_end *end)
{
    struct component c = {.slash = false};
    while (*w->rest) {
        long r = next_component(w, &c);
        long may = may_search(w->at);
        if (may || r)
            return may ? may : r;
        end->slash = c.slash;
        if (unlikely(c.name[0] == '.') && is_dot(&c)) {
            end->last = LAST_DOT;
            continue;
        }
        if (unlikely(c.name[0] == '.') && is_dotdot(&c)) {
            end->last = LAST_DOTDOT;
            if ((r = step_up(w)))
                return r;
            continue;
        }
        end->last = LAST_NAME;
        r = step_name(w, &c, out);
        if (r)
            return r == WALK_ENDS ? 0 : r;
    }
    if ((c.slash || (w->flags & WALK_DIRECTORY)) && !S_ISDIR(w->at->inode->mode))
        return -ENOTDIR;
    dentry_get(w->at);
    *out = w->at;
    return 0;
}

static long walk_end(struct dentry *start, const char *path, u32 flags, struct dentry **out,
                     struct walk_end *end, struct question *q)
{
    struct fs_context *context = current_process->paths;
    struct walk w = {.root = context->root, .rest = path, .flags = flags, .question = q};
    struct walk_end ignored;
    end = end ? end : &ignored;
    *end = (struct walk_end){.last = LAST_ROOT};
    if (!path[0])
        return -ENOENT;
    w.at = start ? start : context->working;
    w.base = w.at;
    if (flags & WALK_IN_ROOT)
        w.root = w.at;
    long r = start_absolute(&w);
    if (!r)
        r = walk_all(&w, out, end);
    if (unlikely(w.held != NULL))
        dentry_put(w.held);
    return r;
}

long path_walk_end(struct dentry *start, const char *path, u32 flags, struct dentry **out,
                   struct walk_end *end)
{
    return walk_end(start, path, flags, out, end, NULL);
}

long path_walk(struct dentry *start, const char *path, u32 flags, struct dentry **out)
{
    return path_walk_end(start, path, flags, out, NULL);
}

/* The path from a directory's descriptor. */
static long walk_from_file(struct file *f, const char *path, u32 flags, struct dentry **out,
                           struct walk_end *end, struct question *q)
{
    if (!path[0] && (flags & WALK_EMPTY)) {
        if (!f->dentry)
            return -ENOENT;
        dentry_get(*out = f->dentry);
        return 0;
    }
    if (!path[0])
        return -ENOENT;
    if (!f->dentry || !S_ISDIR(f->dentry->inode->mode))
        return -ENOTDIR;
    return walk_end(f->dentry, path, flags, out, end, q);
}

static long walk_from(int dirfd, const char *path, u32 flags, struct dentry **out,
                      struct walk_end *end, struct question *q)
{
    if (end)
        *end = (struct walk_end){.last = LAST_ROOT, .empty = !path[0]};
    if (likely(dirfd == AT_FDCWD || path[0] == '/')) {
        if (path[0] || !(flags & WALK_EMPTY))
            return walk_end(NULL, path, flags, out, end, q);
        dentry_get(*out = current_process->paths->working);
        return 0;
    }
    struct file *f = fd_get_path(dirfd);
    if (!f)
        return -EBADF;
    long r = walk_from_file(f, path, flags, out, end, q);
    file_put(f);
    return r;
}

long path_walk_from_locked(int dirfd, const char *path, u32 flags, struct dentry **out,
                           struct walk_end *end)
{
    return walk_from(dirfd, path, flags, out, end, NULL);
}

/* The answer goes into the tree, unless somebody else's is there already. */
static void settle(const struct question *q, bool right)
{
    struct dentry *d = q->d, *dir = d->parent;
    if (!q->fresh && !right && dentry_hashed(d))
        dentry_unhash(d);
    if (q->fresh && right && !dir->unlinked &&
        !dentry_find(dir, d->name, d->name_length, d->name_hash))
        dentry_hash(d);
}

/* Asks without the namespace lock, and takes it. 0 or -E…: it is not held. */
static long answer(struct question *q)
{
    struct dentry *d = q->d;
    const struct inode *dir = d->parent->inode;
    long r = q->fresh ? dir->ops->lookup(d->parent->inode, d) : 0;
    bool right = q->fresh ? r == 0 : dir->ops->revalidate(d);
    if (!r)
        r = namespace_lock_patiently();
    if (!r)
        settle(q, right);
    dentry_put(d);
    q->d = NULL;
    return r;
}

long path_walk_from(int dirfd, const char *path, u32 flags, struct dentry **out,
                    struct walk_end *end)
{
    struct question q = {.d = NULL};
    long r = namespace_lock_patiently();
    if (r)
        return r;
    while ((r = walk_from(dirfd, path, flags, out, end, &q)) == ASK_FIRST) {
        namespace_unlock();
        r = answer(&q);
        if (r)
            return r;
    }
    if (r)
        namespace_unlock();
    return r;
}

long path_walk_at_end(int dirfd, const char *user_path, u32 flags, struct dentry **out,
                      struct walk_end *end)
{
    char path[PATH_MAX_BYTES];
    long r = copy_string_from_user(path, user_path, sizeof(path));
    return r < 0 ? r : path_walk_from(dirfd, path, flags, out, end);
}

long path_walk_at(int dirfd, const char *user_path, u32 flags, struct dentry **out)
{
    return path_walk_at_end(dirfd, user_path, flags, out, NULL);
}
