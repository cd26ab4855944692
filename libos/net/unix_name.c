/* SPDX-License-Identifier: Apache-2.0 */
/* Names of AF_UNIX sockets: paths, whose inode points at the socket, and abstract names in a table.
 * The net lock guards both. */
#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <linux/stat.h>
#include "base/string.h"
#include "libos/fs/access.h"
#include "libos/fs/dentry.h"
#include "libos/fs/notify.h"
#include "libos/host/print.h"
#include "libos/mm/heap.h"
#include "libos/net/unix.h"

#define PATH_OFFSET offsetof(struct sockaddr_unix, path)
#define NO_NAME     PATH_OFFSET
#define AUTO_NAMES  0x100000u

static bool is_abstract(const struct address *a)
{
    return a->length > PATH_OFFSET && a->un.path[0] == '\0';
}

/* 0, -EINVAL. */
static long check(const struct address *a)
{
    if (a->length < sizeof(a->family) || a->length > sizeof(a->un) || a->family != AF_UNIX)
        return -EINVAL;
    return 0;
}

static struct list *bucket_of(const struct address *a)
{
    u32 hash = 5381;
    for (u32 i = PATH_OFFSET; i < a->length; i++)
        hash = hash * 33 + a->bytes[i];
    return &the_net()->unix_names[hash % NAME_BUCKETS];
}

/* Net lock held. */
static struct socket *find_abstract(const struct address *a, int type)
{
    list_for_each(l, bucket_of(a)) {
        struct socket *s = list_entry(l, struct socket, name_link);
        if (s->unix_name.length == a->length && (type == 0 || s->type == type) &&
            memcmp(s->unix_name.bytes, a->bytes, a->length) == 0)
            return s;
    }
    return NULL;
}

/* Net lock held. */
static long bind_abstract(struct socket *s, const struct address *a)
{
    if (find_abstract(a, s->type))
        return -EADDRINUSE;
    s->unix_name = *a;
    list_add(bucket_of(a), &s->name_link);
    return 0;
}

/* A free abstract name of five hexadecimal digits, as unix(7) describes autobind. */
static long bind_automatically(struct socket *s)
{
    struct net *n = the_net();
    struct address a = {.length = PATH_OFFSET + 6, .family = AF_UNIX};
    long r = -ENOSPC;
    lock_take(&n->lock);
    if (s->unix_name.length)
        r = 0;
    for (u32 tries = 0; r == -ENOSPC && tries < AUTO_NAMES; tries++) {
        format_text(a.un.path + 1, 6, "%05x", n->next_unix_name++ % AUTO_NAMES);
        if (!bind_abstract(s, &a))
            r = 0;
    }
    lock_release(&n->lock);
    return r;
}

/* Copies the path out of a with a NUL behind it. */
static void path_of(const struct address *a, char path[sizeof(a->un.path) + 1])
{
    u32 length = a->length - (u32)PATH_OFFSET;
    memcpy(path, a->un.path, length);
    path[length] = '\0';
}

/* Makes the socket's inode at d. Namespace lock held. */
static long make_inode(struct dentry *d)
{
    struct inode *dir = d->parent->inode;
    if (d->inode)
        return -EADDRINUSE;
    long r = may_make(d->parent);
    if (r)
        return r;
    u32 mode = S_IFSOCK | (0777 & ~current_process->paths->umask);
    r = dir->ops->create ? dir->ops->create(dir, d, mode, 0) : -EROFS;
    if (!r) {
        dentry_made(d);
        notify_name(dir, IN_CREATE, d->name, 0);
    }
    return r;
}

static long bind_path(struct socket *s, const struct address *a)
{
    char path[sizeof(a->un.path) + 1];
    struct dentry *d;
    path_of(a, path);
    namespace_lock();
    long r = path_walk(NULL, path, WALK_CREATE | WALK_NAME, &d);
    if (r) {
        namespace_unlock();
        return r;
    }
    r = make_inode(d);
    if (!r) {
        lock_take(&the_net()->lock);
        s->unix_name = *a;
        s->unix_name.length = (u32)(PATH_OFFSET + strlen(path) + 1);
        s->inode = d->inode;
        inode_get(s->inode);
        s->inode->socket = s;
        lock_release(&the_net()->lock);
    }
    namespace_unlock();
    dentry_put(d);
    return r;
}

long unix_bind(struct socket *s, const struct address *a)
{
    long r = check(a);
    if (r)
        return r;
    if (a->length == NO_NAME)
        return bind_automatically(s);
    if (s->unix_name.length)
        return -EINVAL;
    if (!is_abstract(a))
        return bind_path(s, a);
    lock_take(&the_net()->lock);
    r = bind_abstract(s, a);
    lock_release(&the_net()->lock);
    return r;
}

void unix_unbind(struct socket *s)
{
    lock_take(&the_net()->lock);
    struct inode *i = s->inode;
    list_del(&s->name_link);
    s->inode = NULL;
    if (i && i->socket == s)
        i->socket = NULL;
    lock_release(&the_net()->lock);
    if (i)
        inode_put(i);
}

/* The inode that a path names, with a reference, if the caller may write to it. */
static long find_inode(const struct address *a, struct inode **out)
{
    char path[sizeof(a->un.path) + 1];
    struct dentry *d;
    path_of(a, path);
    namespace_lock();
    long r = path_walk(NULL, path, WALK_FOLLOW, &d);
    if (r) {
        namespace_unlock();
        return r;
    }
    r = may_access(d->inode, 2);
    if (!r && !S_ISSOCK(d->inode->mode))
        r = -ECONNREFUSED;
    if (!r) {
        *out = d->inode;
        inode_get(d->inode);
    }
    namespace_unlock();
    dentry_put(d);
    return r;
}

static long find_by_path(const struct address *a, struct socket **out)
{
    struct inode *i;
    long r = find_inode(a, &i);
    if (r)
        return r;
    lock_take(&the_net()->lock);
    *out = i->socket;
    if (*out)
        socket_get(*out);
    lock_release(&the_net()->lock);
    inode_put(i);
    return *out ? 0 : -ECONNREFUSED;
}

static long find_by_abstract_name(const struct address *a, int type, struct socket **out)
{
    lock_take(&the_net()->lock);
    *out = find_abstract(a, type);
    if (!*out)
        *out = find_abstract(a, 0);
    if (*out)
        socket_get(*out);
    lock_release(&the_net()->lock);
    return *out ? 0 : -ECONNREFUSED;
}

long unix_find(const struct address *a, int type, struct socket **out)
{
    long r = check(a);
    if (!r && a->length == NO_NAME)
        r = -EINVAL;
    if (!r)
        r = is_abstract(a) ? find_by_abstract_name(a, type, out) : find_by_path(a, out);
    if (!r && (*out)->type != type) {
        socket_put(*out);
        r = -EPROTOTYPE;
    }
    return r;
}

void unix_name(struct socket *s, bool of_peer, struct address *out)
{
    struct socket *who = of_peer ? s->peer : s;
    out->length = 0;
    if (!who)
        return;
    if (who->unix_name.length)
        *out = who->unix_name;
    else
        *out = (struct address){.length = NO_NAME, .family = AF_UNIX};
}
