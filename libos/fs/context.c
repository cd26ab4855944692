/* SPDX-License-Identifier: Apache-2.0 */
/* A process's root, working directory and umask. `root` and `working` change under the namespace
 * lock, so walks need no other. */
#include "libos/fs/dentry.h"
#include "libos/mm/heap.h"

static struct fs_context *context_at(struct dentry *root, struct dentry *working, u32 umask)
{
    struct fs_context *c = heap_alloc_first(sizeof(*c));
    if (!c)
        return NULL;
    c->references = 1;
    c->root = root;
    c->working = working;
    c->umask = umask;
    dentry_get(root);
    dentry_get(working);
    return c;
}

struct fs_context *fs_context_new(void)
{
    struct dentry *root = the_namespace->root;
    return context_at(root, root, 022);
}

struct fs_context *fs_context_copy(struct fs_context *c)
{
    namespace_lock();
    struct fs_context *n = context_at(c->root, c->working, c->umask);
    namespace_unlock();
    return n;
}

struct fs_context *fs_context_share(struct fs_context *c)
{
    __atomic_add_fetch(&c->references, 1, __ATOMIC_RELAXED);
    return c;
}

void fs_context_put(struct fs_context *c)
{
    if (!c || __atomic_sub_fetch(&c->references, 1, __ATOMIC_ACQ_REL))
        return;
    dentry_put(c->root);
    dentry_put(c->working);
    heap_free(c);
}
