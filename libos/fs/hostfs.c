/* SPDX-License-Identifier: Apache-2.0 */
/* Granted host directories and files: one file system for each grant, served by invocations of its
 * dir capability. The host decides about permissions and its errors pass through.
 *
 * How far what a cell sees may lag behind the host:
 *
 * - A name (or that there is none) and its attributes are taken as right for `validity` after the
 * host told them: 1 s in a read-only grant, 5 ms in a read-write one. After that the next use asks
 * again with one invocation. So a change on the host shows within 1 s, or within 5 ms.
 * - Contents that are cached stay right while size, modification and change time stay the same;
 * they are compared whenever attributes are asked for, which opening and reading do when their time
 * is over.
 * - A change that the cell made itself is seen by all its processes at once, and does not drop its
 * cache.
 * - Written data is collected and sent to the host in large pieces: at close, fsync, stat, mmap,
 * after 4 MiB, when the thread is about to sleep, and with the next write after 5 ms; a write that
 * comes after a pause is sent at once, and so is every one with O_SYNC, O_DIRECT or while the file
 * is mapped. A late write's error is given by the next fsync or close of each file open then.
 * - A file that has been mapped shared and writable is not cached as long as it is mapped.
 *
 * This file: inodes, known by the host's (device, inode) so that hard links share one, and the file
 * system itself. */
#include "libos/fs/hostfs.h"
#include "libos/fs/access.h"
#include "libos/fs/hostfs_cell.h"

#include <linux/stat.h>
#include <linux/time.h>

#include "base/string.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/sync/patience.h"

#define VALID_READ_ONLY  1000000000ull
#define VALID_READ_WRITE 5000000ull
#define INODE_BUCKETS    2048u
#define HOSTFS_MAGIC                                                                               \
    0x65735546u /* FUSE's: programs know that inotify does not tell all of such files */

/* All host inodes of the cell. The lock is a leaf. */
struct inode_table {
    struct lock lock;
    struct host_inode *buckets[INODE_BUCKETS];
    u64 next_serial;
    u64 sends; /* hostfs_sends() */
};

/* In the heap segment; set in the prepared process, from which all others are forked. */
static struct inode_table *table;

u64 hostfs_now(void)
{
    u64 seconds = 0, nanoseconds = 0;
    host_clock(CLOCK_MONOTONIC_COARSE, &seconds, &nanoseconds);
    return seconds * 1000000000ull + nanoseconds;
}

/* ---- paths ---- */

long hostfs_add_path(struct rf_msg *m, struct dentry *d)
{
    const struct hostfs *h = d->fs->data;
    char *to = (char *)m->data + m->data_length;
    size_t room = MIN(RF_MSG_DATA - m->data_length, PATH_MAX_BYTES);
    long n;
    if (h->only) {
        n = (long)strlen(h->only);
        memcpy(to, h->only, (size_t)n);
    } else {
        n = dentry_path_in_fs(d, to, room);
    }
    if (n >= 0)
        m->data_length += (u32)n;
    return n;
}

/* The host has just found d's path: the directories on it are where they were. */
static void path_held(struct dentry *d)
{
    u64 until = hostfs_until(d->fs);
    for (d = d->parent; d->parent != d; d = d->parent)
        d->expires = until;
}

long hostfs_ask(struct dentry *d, struct rf_msg *m)
{
    m->data_length = 0;
    long r = lock_take_patiently(&d->fs->names_lock);
    if (r)
        return r;
    long n = hostfs_add_path(m, d);
    r = n < 0 ? n : invoke_message_retry(d->fs->slot, RF_OP_DIR_LOOKUP, m, 0, 0, 0, 0);
    if (r >= 0 && r == n)
        path_held(d);
    lock_release(&d->fs->names_lock);
    /* It stopped at a link where we know a directory: the host has changed what lies above. */
    return r < 0 ? r : r == n ? 0 : -ENOENT;
}

long hostfs_invoke_name(struct dentry *d, u32 op, struct rf_msg *m, u64 w0, u64 w1, u64 w2, u64 w3)
{
    long r = lock_take_patiently(&d->fs->names_lock);
    if (r)
        return r;
    r = hostfs_add_path(m, d);
    if (r >= 0)
        r = invoke_message_retry(d->fs->slot, op, m, w0, w1, w2, w3);
    m->cap_count = 0; /* a program's answer names its slot there, which is not to be sent on */
    if (r >= 0)
        path_held(d);
    lock_release(&d->fs->names_lock);
    return r;
}

/* ---- the table of inodes ---- */

static struct host_inode **bucket_of(u64 device, u64 number)
{
    u64 mixed = (number ^ device << 40) * 0x9e3779b97f4a7c15ull;
    return &table->buckets[mixed >> 53 & (INODE_BUCKETS - 1)];
}

static bool get_unless_dying(struct inode *i)
{
    u32 n = __atomic_load_n(&i->references, __ATOMIC_RELAXED);
    while (n) {
        if (__atomic_compare_exchange_n(&i->references, &n, n + 1, true, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

static bool times_equal(const struct rf_time *a, const struct rf_time *b)
{
    return a->seconds == b->seconds && a->nanoseconds == b->nanoseconds;
}

bool hostfs_same(const struct inode *i, const struct rf_attr *a)
{
    const struct host_inode *h = host_inode(i);
    return h->number == a->inode && h->device == a->device && ((i->mode ^ a->mode) & S_IFMT) == 0 &&
           times_equal(&i->born, &a->born);
}

/* The known inode that a describes, with a reference, or NULL. */
static struct inode *find_inode(const struct filesystem *fs, const struct rf_attr *a)
{
    struct inode *found = NULL;
    lock_take(&table->lock);
    struct host_inode *h = *bucket_of(a->device, a->inode);
    for (; h && !found; h = h->next_in_bucket) {
        if (h->inode->fs == fs && hostfs_same(h->inode, a) && get_unless_dying(h->inode))
            found = h->inode;
    }
    lock_release(&table->lock);
    return found;
}

static void add_to_table(struct host_inode *h)
{
    lock_take(&table->lock);
    struct host_inode **bucket = bucket_of(h->device, h->number);
    h->serial = ++table->next_serial;
    h->next_in_bucket = *bucket;
    *bucket = h;
    lock_release(&table->lock);
}

static void remove_from_table(struct host_inode *h)
{
    lock_take(&table->lock);
    struct host_inode **p = bucket_of(h->device, h->number);
    while (*p != h)
        p = &(*p)->next_in_bucket;
    *p = h->next_in_bucket;
    lock_release(&table->lock);
}

static const struct inode_ops *ops_of(u32 mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR: return &host_dir_ops;
    case S_IFREG: return &host_file_ops;
    case S_IFLNK: return &host_link_ops;
    default: return &host_special_ops;
    }
}

static struct inode *make_inode(struct filesystem *fs, const struct rf_attr *a, const void *target,
                                size_t target_length)
{
    struct host_inode *h = heap_alloc(sizeof(*h));
    struct inode *i = h ? inode_new(fs, ops_of(a->mode), a->mode) : NULL;
    char *copy = i && S_ISLNK(a->mode) ? heap_copy_bytes(target, target_length) : NULL;
    if (!i || (S_ISLNK(a->mode) && !copy)) {
        if (i)
            i->ops = &(const struct inode_ops){0}; /* nothing to evict yet */
        inode_put(i);
        heap_free(h);
        return NULL;
    }
    i->data = h;
    i->number = a->inode;
    i->born = a->born;
    h->inode = i;
    h->device = a->device;
    h->number = a->inode;
    h->target = copy;
    h->target_length = (u32)target_length;
    for (int kind = 0; kind < HANDLE_COUNT; kind++)
        list_init(&h->handles[kind].idle);
    list_init(&h->dirty_link);
    cache_file_init(&h->cache, &host_backing);
    hostfs_update(i, a);
    add_to_table(h);
    return i;
}

struct inode *hostfs_inode(struct filesystem *fs, const struct rf_attr *a, u64 asked,
                           const void *target, size_t target_length)
{
    struct inode *i = find_inode(fs, a);
    if (!i)
        return make_inode(fs, a, target, target_length);
    hostfs_update_late(i, a, asked);
    return i;
}

/* ---- attributes ---- */

static void take_contents_attributes(struct inode *i, const struct rf_attr *a)
{
    struct host_inode *h = host_inode(i);
    bool same = i->size == a->size && (h->own_change || (times_equal(&h->modified, &a->modified) &&
                                                         times_equal(&h->changed, &a->changed)));
    if (!same)
        cache_file_drop(&h->cache);
    h->own_change = false;
    h->modified = i->modified = a->modified;
    h->changed = i->changed = a->changed;
    i->accessed = a->accessed;
    i->size = a->size;
    i->blocks = a->blocks;
}

void hostfs_set_id(struct inode *i, u32 mode)
{
    struct host_inode *h = host_inode(i);
    h->set_id = S_ISREG(i->mode) ? mode & (S_ISUID | S_ISGID) : 0;
    if (S_ISREG(i->mode))
        i->mode = (i->mode & ~(u32)(S_ISUID | S_ISGID)) | h->set_id;
}

void hostfs_drop_set_id(struct inode *i)
{
    drop_set_id(i);
    host_inode(i)->set_id &= i->mode;
}

void hostfs_update(struct inode *i, const struct rf_attr *a)
{
    i->mode = a->mode | host_inode(i)->set_id;
    i->links = a->links;
    i->uid = a->uid;
    i->gid = a->gid;
    i->rdev = a->rdev;
    if (!cache_dirty(&host_inode(i)->cache))
        take_contents_attributes(i, a);
    host_inode(i)->good_until = hostfs_until(i->fs);
}

void hostfs_update_late(struct inode *i, const struct rf_attr *a, u64 asked)
{
    lock_take(&i->lock);
    if (host_inode(i)->sent > asked)
        host_inode(i)->good_until = 0;
    else
        hostfs_update(i, a);
    lock_release(&i->lock);
}

u64 hostfs_sends(void)
{
    return __atomic_load_n(&table->sends, __ATOMIC_ACQUIRE);
}

void hostfs_sent(struct inode *i)
{
    host_inode(i)->sent = __atomic_add_fetch(&table->sends, 1, __ATOMIC_ACQ_REL);
}

void hostfs_changed_here(struct inode *i)
{
    lock_take(&i->lock);
    host_inode(i)->own_change = true;
    host_inode(i)->good_until = 0;
    lock_release(&i->lock);
}

/* A slot by which i is open now, or 0. */
static u32 open_slot(const struct host_inode *h)
{
    return h->handles[HANDLE_WRITE].slot ? h->handles[HANDLE_WRITE].slot
                                         : h->handles[HANDLE_READ].slot;
}

long hostfs_freshen(struct inode *i, struct dentry *d)
{
    struct host_inode *h = host_inode(i);
    if (hostfs_now() < h->good_until)
        return 0;
    struct rf_msg *m = message_get();
    m->data_length = 0;
    u32 slot = open_slot(h);
    long r = -ENOENT;
    if (slot)
        r = invoke_message_retry(slot, RF_OP_FILE_GETATTR, m, 0, 0, 0, 0);
    if (r == -EBADF || !slot) /* an idle slot may be dropped at any time */
        r = d && !d->unlinked ? hostfs_ask(d, m) : -ENOENT;
    if (r >= 0 && hostfs_same(i, hostfs_attr(m)))
        hostfs_update(i, hostfs_attr(m));
    else if (r != -ERESTARTSYS)
        h->good_until = hostfs_until(i->fs); /* its name is gone; it stays as it was known */
    if (r >= 0 && d && !hostfs_same(i, hostfs_attr(m)))
        d->expires = 0; /* the name is another's */
    message_put(m);
    return r == -ERESTARTSYS ? r : 0;
}

/* ---- the file system ---- */

static long host_statfs(struct filesystem *fs, void *out)
{
    struct rf_msg *m = message_get();
    m->data_length = 0;
    long r = invoke_message_retry(fs->slot, RF_OP_DIR_STATFS, m, 0, 0, 0, 0);
    if (r >= 0) {
        memcpy(out, m->data, m->data_length);
        *(s64 *)out = HOSTFS_MAGIC; /* f_type comes first */
    }
    message_put(m);
    return r;
}

static void host_shrink(struct filesystem *fs)
{
    (void)fs;
    cache_shrink(0);
}

static void host_sync(struct filesystem *fs)
{
    (void)fs;
    hostfs_flush_all();
}

static void init_once(void)
{
    if (table)
        return;
    table = heap_alloc(sizeof(*table));
    if (!table)
        panic("no memory for host directories");
    cache_init();
    hostfs_handles_init();
    hostfs_write_init();
    hostfs_map_init();
}

/* The root: what the host says about the directory, or about its one file. */
static struct inode *root_inode(struct filesystem *fs)
{
    const struct hostfs *h = fs->data;
    struct rf_msg *m = message_get();
    u64 asked = hostfs_sends();
    m->data_length = h->only ? (u32)strlen(h->only) : 0;
    memcpy(m->data, h->only ? h->only : "", m->data_length);
    long r = invoke_message_retry(fs->slot, RF_OP_DIR_LOOKUP, m, 0, 0, 0, 0);
    struct inode *i = NULL;
    if (r >= 0)
        i = hostfs_inode(fs, hostfs_attr(m), asked, m->data + sizeof(struct rf_attr),
                         m->data_length - sizeof(struct rf_attr));
    message_put(m);
    return i;
}

/* The caller may have a message already, so this waits for none: what a program can do is right for
 * the kernel's objects too, only slower. */
bool hostfs_by_program(struct filesystem *fs)
{
    struct hostfs *h = fs->data;
    u8 kind = __atomic_load_n(&h->served_by, __ATOMIC_RELAXED);
    struct rf_msg *m = kind ? NULL : message_try();
    if (!m)
        return kind != RF_KIND_DIR;
    m->caps[0] = h->slot;
    m->cap_count = 1;
    kind = (u8)invoke_message_retry(RF_SLOT_DISCRIM, RF_OP_DISCRIM_CLASSIFY, m, 0, 0, 0, 0);
    message_put(m);
    __atomic_store_n(&h->served_by, kind, __ATOMIC_RELAXED);
    return kind != RF_KIND_DIR;
}

struct filesystem *hostfs_new(u32 slot, u32 rights, const char *name, const struct rf_attr *attr)
{
    init_once();
    struct hostfs *h = heap_alloc(sizeof(*h));
    struct filesystem *fs = h ? filesystem_new("ringfence", "ringfence", HOSTFS_MAGIC) : NULL;
    if (!fs) {
        heap_free(h);
        return NULL;
    }
    bool writable = rights & RF_RIGHT_WRITE;
    *h = (struct hostfs){.slot = slot,
                         .rights = rights,
                         .validity = writable ? VALID_READ_WRITE : VALID_READ_ONLY,
                         .only = name ? heap_copy_string(name) : NULL};
    fs->data = h;
    fs->slot = slot;
    fs->read_only = !writable;
    fs->statfs = host_statfs;
    fs->shrink = host_shrink;
    fs->sync = host_sync;
    struct inode *root = attr ? hostfs_inode(fs, attr, hostfs_sends(), NULL, 0) : root_inode(fs);
    fs->root = root ? dentry_new_root(fs, root) : NULL;
    if (!fs->root) {
        heap_free(h->only);
        heap_free(h);
        heap_free(fs->source);
        heap_free(fs);
        return NULL;
    }
    fs->device = host_inode(root)->device;
    return fs;
}

/* inode_ops.evict */
void hostfs_evict(struct inode *i)
{
    struct host_inode *h = host_inode(i);
    remove_from_table(h);
    hostfs_handles_drop(i);
    hostfs_copy_free(i);
    cache_file_drop(&h->cache);
    heap_free(h->target);
    heap_free(h);
}
