/* SPDX-License-Identifier: Apache-2.0 */
/* The dentry tree and the name cache; see dentry.h for who may do what when. */
#include "libos/fs/dentry.h"
#include "base/string.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/sync/patience.h"

#define UNUSED_MOST 8192u

u32 name_hash(const char *name, size_t length)
{
    u32 hash = NAME_HASH_START;
    for (size_t n = 0; n < length; n++)
        hash = name_hash_step(hash, (u8)name[n]);
    return hash;
}

static struct list *chain(struct namespace *ns, const struct dentry *parent, u32 hash)
{
    u64 mixed = (hash ^ ((u64)parent >> 5)) * 0x9e3779b97f4a7c15ull;
    return &ns->hash[(mixed >> 32) & (ns->hash_size - 1)];
}

struct dentry *dentry_find(struct dentry *parent, const char *name, size_t length, u32 hash)
{
    struct list *head = chain(the_namespace, parent, hash);
    list_for_each(at, head) {
        struct dentry *d = list_entry(at, struct dentry, hash);
        if (d->name_hash == hash && d->parent == parent && d->name_length == length &&
            memcmp(d->name, name, length) == 0)
            return d;
    }
    return NULL;
}

static bool name_is_inline(const struct dentry *d)
{
    return d->name == (const char *)(d + 1);
}

struct dentry *dentry_new(struct dentry *parent, const char *name, size_t length, u32 hash)
{
    struct dentry *d = heap_alloc(sizeof(*d) + length + 1);
    if (!d)
        return NULL;
    d->references = 1;
    d->name = (char *)(d + 1);
    memcpy(d->name, name, length);
    d->name_length = (u16)length;
    d->name_hash = hash;
    list_init(&d->hash);
    list_init(&d->siblings);
    list_init(&d->children);
    list_init(&d->unused);
    d->parent = parent ? parent : d;
    if (parent) {
        d->fs = parent->fs;
        dentry_get(parent);
    }
    return d;
}

/* Doubles the table when chains get long. Without memory they stay long. */
static void grow_hash(struct namespace *ns)
{
    u32 size = ns->hash_size * 2;
    struct list *old = ns->hash, *table = heap_alloc(size * sizeof(*table));
    if (!table)
        return;
    for (u32 n = 0; n < size; n++)
        list_init(&table[n]);
    u32 old_size = ns->hash_size;
    ns->hash = table;
    ns->hash_size = size;
    for (u32 n = 0; n < old_size; n++)
        list_for_each_safe(at, &old[n]) {
            struct dentry *d = list_entry(at, struct dentry, hash);
            list_del(at);
            list_add(chain(ns, d->parent, d->name_hash), at);
        }
    heap_free(old);
}

void dentry_hash(struct dentry *d)
{
    struct namespace *ns = the_namespace;
    if (ns->hashed >= ns->hash_size)
        grow_hash(ns);
    list_add(chain(ns, d->parent, d->name_hash), &d->hash);
    list_add_tail(&d->parent->children, &d->siblings);
    d->cookie = ++ns->next_cookie;
    d->unlinked = false;
    ns->hashed++;
}

static void leave_tree(struct dentry *d)
{
    if (!dentry_hashed(d))
        return;
    list_del(&d->hash);
    list_del(&d->siblings);
    the_namespace->hashed--;
}

void dentry_unhash(struct dentry *d)
{
    leave_tree(d);
    d->unlinked = true;
}

void dentry_made(struct dentry *d)
{
    leave_tree(d);
    dentry_hash(d);
}

static void give_name(struct dentry *d, char *name, const struct dentry *name_of)
{
    if (!name_is_inline(d))
        heap_free(d->name);
    d->name = name;
    d->name_length = name_of->name_length;
    d->name_hash = name_of->name_hash;
}

/* `parent` gets a new child; the old parent's reference goes. */
static void change_parent(struct dentry *d, struct dentry *parent)
{
    struct dentry *old = d->parent;
    dentry_get(parent);
    d->parent = parent;
    dentry_put(old);
}

void dentry_move(struct dentry *d, struct dentry *parent, const struct dentry *name_of, char *name)
{
    leave_tree(d);
    give_name(d, name, name_of);
    change_parent(d, parent);
    dentry_hash(d);
}

void dentry_swap(struct dentry *a, struct dentry *b, char *name_a, char *name_b)
{
    struct dentry was_a = *a, *parent_a = a->parent, *parent_b = b->parent;
    leave_tree(a);
    leave_tree(b);
    give_name(a, name_b, b);
    give_name(b, name_a, &was_a);
    dentry_get(parent_a);
    change_parent(a, parent_b);
    change_parent(b, parent_a);
    dentry_put(parent_a);
    dentry_hash(a);
    dentry_hash(b);
}

bool dentry_below(const struct dentry *d, const struct dentry *ancestor)
{
    for (;;) {
        if (d == ancestor)
            return true;
        if (d->parent != d)
            d = d->parent;
        else if (d->covers)
            d = d->covers;
        else
            return false;
    }
}

bool dentry_childless(const struct dentry *d)
{
    list_for_each(at, &d->children)
        if (list_entry(at, struct dentry, siblings)->inode)
            return false;
    return true;
}

/* Lowers the count unless that would make it 0. */
static bool put_unless_last(struct dentry *d)
{
    u32 n = __atomic_load_n(&d->references, __ATOMIC_RELAXED);
    while (n > 1)
        if (__atomic_compare_exchange_n(&d->references, &n, n - 1, true, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED))
            return true;
    return false;
}

/* Frees d, which nobody can reach; its parent loses a reference. */
static struct dentry *end_dentry(struct dentry *d)
{
    struct dentry *parent = d->parent == d ? NULL : d->parent;
    inode_put(d->inode);
    if (!name_is_inline(d))
        heap_free(d->name);
    heap_free(d);
    return parent;
}

/* Lowers the count to 0 and decides. True: d is to be freed. */
static bool put_last(struct namespace *ns, struct dentry *d)
{
    bool end = false;
    lock_take(&ns->unused_lock);
    if (__atomic_sub_fetch(&d->references, 1, __ATOMIC_ACQ_REL) == 0) {
        end = !dentry_hashed(d);
        if (!list_empty(&d->unused)) {
            list_del(&d->unused);
            ns->unused_count--;
        }
        if (!end) {
            list_add_tail(&ns->unused, &d->unused);
            ns->unused_count++;
        }
    }
    lock_release(&ns->unused_lock);
    return end;
}

void dentry_put(struct dentry *d)
{
    while (d && !put_unless_last(d))
        d = put_last(the_namespace, d) ? end_dentry(d) : NULL;
}

/* The dentry that has been unused for longest, taken off the list; NULL when none is to go. */
static struct dentry *take_unused(struct namespace *ns, u32 keep)
{
    struct dentry *d = NULL;
    lock_take(&ns->unused_lock);
    if (ns->unused_count > keep) {
        d = list_first(&ns->unused, struct dentry, unused);
        list_del(&d->unused);
        ns->unused_count--;
    }
    lock_release(&ns->unused_lock);
    return d;
}

void dentries_shrink(u32 keep)
{
    struct dentry *d;
    while ((d = take_unused(the_namespace, keep))) {
        if (d->references)
            continue; /* somebody found it again; it returns to the list when it is put */
        dentry_unhash(d);
        dentry_put(end_dentry(d));
    }
}

void namespace_lock(void)
{
    lock_take(&the_namespace->lock);
    the_namespace->holder = current();
}

long namespace_lock_patiently(void)
{
    long r = lock_take_patiently(&the_namespace->lock);
    if (r == 0)
        the_namespace->holder = current();
    return r;
}

bool namespace_is_mine(void)
{
    return __atomic_load_n(&the_namespace->holder, __ATOMIC_RELAXED) == current();
}

void namespace_unlock(void)
{
    struct namespace *ns = the_namespace;
    if (unlikely(ns->unused_count > UNUSED_MOST))
        dentries_shrink(UNUSED_MOST * 3 / 4);
    ns->holder = NULL;
    lock_release(&ns->lock);
}

struct dentry *dentry_new_root(struct filesystem *fs, struct inode *i)
{
    struct dentry *d = dentry_new(NULL, "", 0, NAME_HASH_START);
    if (!d) {
        inode_put(i);
        return NULL;
    }
    d->fs = fs;
    d->inode = i;
    fs->root = d;
    return d;
}

struct dentry *dentry_add_child(struct dentry *parent, const char *name, struct inode *i)
{
    size_t length = strlen(name);
    struct dentry *d = dentry_new(parent, name, length, name_hash(name, length));
    if (!d) {
        inode_put(i);
        return NULL;
    }
    d->inode = i;
    dentry_hash(d);
    return d;
}
