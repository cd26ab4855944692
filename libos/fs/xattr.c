/* SPDX-License-Identifier: Apache-2.0 */
/* Extended attributes in memory. inode->xattrs is the first of a chain; guarded by the inode's
 * lock. */
#include "libos/fs/xattr.h"
#include "base/string.h"
#include "libos/mm/heap.h"
#include <linux/xattr.h>

struct xattr {
    struct xattr *next;
    size_t size;
    u8 *value;
    char name[];
};

/* The place that points to the attribute, or to the end of the chain. */
static struct xattr **find(struct inode *i, const char *name)
{
    struct xattr **at = (struct xattr **)&i->xattrs;
    while (*at && strcmp((*at)->name, name))
        at = &(*at)->next;
    return at;
}

static void free_one(struct xattr *x)
{
    if (x)
        heap_free(x->value);
    heap_free(x);
}

long ram_get_xattr(struct inode *i, struct dentry *d __attribute__((unused)), const char *name,
                   void *value, size_t size)
{
    lock_take(&i->lock);
    const struct xattr *x = *find(i, name);
    long r = !x ? -ENODATA : (long)x->size;
    if (x && size) {
        if (x->size > size)
            r = -ERANGE;
        else
            memcpy(value, x->value, x->size);
    }
    lock_release(&i->lock);
    return r;
}

static struct xattr *make(const char *name, const void *value, size_t size)
{
    struct xattr *x = heap_alloc(sizeof(*x) + strlen(name) + 1);
    if (!x || !(x->value = heap_alloc(MAX(size, 1u)))) {
        heap_free(x);
        return NULL;
    }
    memcpy(x->name, name, strlen(name) + 1);
    memcpy(x->value, value, size);
    x->size = size;
    return x;
}

long ram_set_xattr(struct inode *i, struct dentry *d __attribute__((unused)), const char *name,
                   const void *value, size_t size, int flags)
{
    struct xattr *x = make(name, value, size), *old = NULL;
    long r = 0;
    if (!x)
        return -ENOSPC;
    lock_take(&i->lock);
    struct xattr **at = find(i, name);
    if (*at && (flags & XATTR_CREATE))
        r = -EEXIST;
    else if (!*at && (flags & XATTR_REPLACE))
        r = -ENODATA;
    if (!r) {
        old = *at;
        x->next = old ? old->next : NULL;
        *at = x;
    }
    lock_release(&i->lock);
    free_one(r ? x : old);
    return r;
}

long ram_list_xattr(struct inode *i, struct dentry *d __attribute__((unused)), char *list,
                    size_t size)
{
    size_t length = 0;
    long r = 0;
    lock_take(&i->lock);
    for (const struct xattr *x = i->xattrs; x; x = x->next) {
        size_t n = strlen(x->name) + 1;
        if (size && length + n > size)
            r = -ERANGE;
        else if (size)
            memcpy(list + length, x->name, n);
        length += n;
    }
    lock_release(&i->lock);
    return r ? r : (long)length;
}

long ram_remove_xattr(struct inode *i, struct dentry *d __attribute__((unused)), const char *name)
{
    lock_take(&i->lock);
    struct xattr **at = find(i, name), *x = *at;
    if (x)
        *at = x->next;
    lock_release(&i->lock);
    free_one(x);
    return x ? 0 : -ENODATA;
}

void ram_xattrs_free(struct inode *i)
{
    for (struct xattr *x = i->xattrs, *next; x; x = next) {
        next = x->next;
        free_one(x);
    }
    i->xattrs = NULL;
}
