/* SPDX-License-Identifier: Apache-2.0 */
/* See textfs.h. */
#include "libos/fs/textfs.h"

#include <stdarg.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "base/string.h"
#include "libos/host/print.h"
#include "libos/mm/heap.h"

/* inode.data */
struct text_node {
    const struct text_entry *entry;
    u64 key;
};

/* file.data. The lock is held while text is made, and ranks before all others. */
struct text_file {
    struct lock lock;
    struct text text;
};

static struct text *text_of(struct file *f)
{
    return &((struct text_file *)f->data)->text;
}

static void lock_text(struct file *f)
{
    lock_take(&((struct text_file *)f->data)->lock);
}

static void unlock_text(struct file *f)
{
    lock_release(&((struct text_file *)f->data)->lock);
}

static struct text_node *node_of(const struct inode *i)
{
    return i->data;
}

/* ---- text ---- */

static bool make_room(struct text *t, size_t n)
{
    if (t->length + n <= t->room)
        return true;
    size_t room = MAX(t->room * 2, MAX(t->length + n, 512));
    char *data = heap_alloc(room);
    if (!data) {
        t->failed = true;
        return false;
    }
    memcpy(data, t->data ? t->data : "", t->length);
    heap_free(t->data);
    t->data = data;
    t->room = room;
    return true;
}

void text_add_bytes(struct text *t, const void *bytes, size_t n)
{
    if (make_room(t, n)) {
        memcpy(t->data + t->length, bytes, n);
        t->length += n;
    }
}

void text_add(struct text *t, const char *format, ...)
{
    char piece[1024];
    va_list args;
    va_start(args, format);
    int n = format_args(piece, sizeof(piece), format, args);
    va_end(args);
    text_add_bytes(t, piece, MIN((size_t)n, sizeof(piece) - 1));
}

void text_free(struct text *t)
{
    heap_free(t->data);
    *t = (struct text){0};
}

long text_number(const char *s, size_t length)
{
    if (length == 0 || length > 9 || (s[0] == '0' && length > 1))
        return -1;
    long n = 0;
    for (size_t at = 0; at < length; at++) {
        if (s[at] < '0' || s[at] > '9')
            return -1;
        n = n * 10 + (s[at] - '0');
    }
    return n;
}

/* ---- files ---- */

static long print_again(struct file *f)
{
    struct text *t = text_of(f);
    const struct text_node *n = node_of(f->inode);
    t->length = 0;
    long r = n->entry->print(t, n->key);
    return r < 0 ? r : t->failed ? -ENOMEM : 0;
}

/* As Linux does: the text is made when it is read from its start, and stays while it is read on. */
static long text_read(struct file *f, struct io *io, u64 *position)
{
    struct text *t = text_of(f);
    if (!node_of(f->inode)->entry->print)
        return -EINVAL;
    lock_text(f);
    long r = *position == 0 || !t->data ? print_again(f) : 0;
    if (r == 0 && *position < t->length)
        r = io_put(io, t->data + *position, t->length - *position);
    if (r > 0)
        *position += (u64)r;
    unlock_text(f);
    return r;
}

static long text_write(struct file *f, struct io *io, u64 *position)
{
    char buffer[256];
    const struct text_node *n = node_of(f->inode);
    if (!n->entry->store)
        return -EIO;
    if (io->left >= sizeof(buffer))
        return -EINVAL;
    long length = io_take(io, buffer, io->left);
    if (length < 0)
        return length;
    buffer[length] = '\0';
    long r = n->entry->store(n->key, buffer, (size_t)length);
    if (r < 0)
        return r;
    *position += (u64)length;
    return length;
}

static void text_release(struct file *f)
{
    text_free(text_of(f));
    heap_free(f->data);
}

static const struct file_ops text_file_ops = {
    .name = "text",
    .read = text_read,
    .write = text_write,
    .seek = seek_without_size,
    .release = text_release,
};

static long open_text(struct inode *i, struct dentry *d, struct file *f)
{
    (void)i;
    (void)d;
    f->data = heap_alloc(sizeof(struct text_file));
    if (!f->data)
        return -ENOMEM;
    f->ops = &text_file_ops;
    f->flags &= ~(u32)O_TRUNC;
    return 0;
}

/* ---- directories ---- */

/* The Linux ABI's linux_dirent64. */
struct record {
    u64 inode;
    s64 next;
    u16 length;
    u8 type;
    char name[];
};

struct listing {
    struct text *records;
    s64 count;
};

void listing_add(struct listing *l, const char *name, u32 type)
{
    u8 space[sizeof(struct record) + 256] = {0};
    struct record *r = (struct record *)space;
    size_t n = MIN(strlen(name), NAME_MAX_BYTES);
    size_t length = ALIGN_UP(offsetof(struct record, name) + n + 1, 8);
    r->inode = (u64)++l->count;
    r->next = l->count;
    r->length = (u16)length;
    r->type = (u8)((type & S_IFMT) >> 12);
    memcpy(r->name, name, n);
    text_add_bytes(l->records, space, length);
}

static long list_again(struct file *f)
{
    struct text *t = text_of(f);
    const struct text_node *n = node_of(f->inode);
    struct listing l = {.records = t};
    t->length = 0;
    listing_add(&l, ".", S_IFDIR);
    listing_add(&l, "..", S_IFDIR);
    for (const struct text_entry *e = n->entry->children; e && e->name; e++)
        listing_add(&l, e->name, e->mode);
    if (n->entry->list)
        n->entry->list(n->key, &l);
    return t->failed ? -ENOMEM : 0;
}

static long text_readdir(struct file *f, void *buffer, size_t size)
{
    struct text *t = text_of(f);
    long r = f->position == 0 || !t->data ? list_again(f) : 0;
    if (r < 0)
        return r;
    size_t done = 0;
    for (size_t at = 0; at < t->length;) {
        const struct record *e = (const struct record *)(t->data + at);
        at += e->length;
        if ((u64)e->next <= f->position)
            continue;
        if (done + e->length > size)
            return done ? (long)done : -EINVAL;
        memcpy((u8 *)buffer + done, e, e->length);
        done += e->length;
        f->position = (u64)e->next;
    }
    return (long)done;
}

static const struct file_ops text_dir_ops = {
    .name = "directory",
    .readdir = text_readdir,
    .seek = seek_without_size,
    .release = text_release,
};

static long open_text_dir(struct inode *i, struct dentry *d, struct file *f)
{
    long r = open_text(i, d, f);
    if (r == 0)
        f->ops = &text_dir_ops;
    return r;
}

/* ---- inodes ---- */

static const struct inode_ops node_ops;
static const struct inode_ops dir_ops, link_ops, magic_ops;

/* Numbers that stay the same while an object is looked up again and again. */
static u64 number_of(const struct text_entry *e, u64 key)
{
    u64 mixed = ((u64)e ^ key * 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull;
    return (mixed >> 33) + 2;
}

static struct inode *make_inode(struct filesystem *fs, const struct text_entry *e, u64 key)
{
    const struct inode_ops *ops = S_ISDIR(e->mode)    ? &dir_ops
                                  : !S_ISLNK(e->mode) ? &node_ops
                                  : e->follow         ? &magic_ops
                                                      : &link_ops;
    struct text_node *n = heap_alloc(sizeof(*n));
    struct inode *i = n ? inode_new(fs, ops, e->mode) : NULL;
    if (!i) {
        heap_free(n);
        return NULL;
    }
    *n = (struct text_node){.entry = e, .key = key};
    i->data = n;
    i->number = number_of(e, key);
    if (e->owner)
        e->owner(key, &i->uid, &i->gid);
    return i;
}

static const struct text_entry *in_table(const struct text_entry *table, const char *name,
                                         size_t length)
{
    for (const struct text_entry *e = table; e && e->name; e++) {
        if (strlen(e->name) == length && memcmp(e->name, name, length) == 0)
            return e;
    }
    return NULL;
}

static const struct text_entry *find_entry(const struct inode *dir, const struct dentry *d,
                                           u64 *key)
{
    const struct text_node *n = node_of(dir);
    const struct text_entry *e = in_table(n->entry->children, d->name, d->name_length);
    *key = n->key;
    if (!e && n->entry->find)
        e = n->entry->find(n->key, d->name, d->name_length, key);
    return e;
}

static long text_lookup(struct inode *dir, struct dentry *d)
{
    u64 key;
    const struct text_entry *e = find_entry(dir, d, &key);
    if (!e)
        return -ENOENT; /* not a negative name: nothing can be made here */
    d->inode = make_inode(dir->fs, e, key);
    return d->inode ? 0 : -ENOMEM;
}

/* Names that come and go are looked up again; all else stays. */
static bool text_revalidate(struct dentry *d)
{
    const struct inode *dir = d->parent->inode;
    if (!node_of(dir)->entry->find)
        return true;
    u64 key;
    const struct text_entry *e = find_entry(dir, d, &key);
    if (!d->inode || !e)
        return !d->inode && !e;
    struct text_node *n = node_of(d->inode);
    if (n->entry != e || n->key != key)
        return false;
    if (e->owner)
        e->owner(key, &d->inode->uid, &d->inode->gid);
    return true;
}

static long text_readlink(struct inode *i, struct dentry *d, char *buffer, size_t size)
{
    (void)d;
    const struct text_node *n = node_of(i);
    return n->entry->readlink(n->key, buffer, size);
}

static struct dentry *text_follow(struct inode *i)
{
    const struct text_node *n = node_of(i);
    return n->entry->follow(n->key);
}

/* Truncating and chmod are taken without effect, as the shell's > needs. */
static long text_setattr(struct inode *i, struct dentry *d, const struct rf_setattr *s)
{
    (void)i;
    (void)d;
    return s->which & (RF_SETATTR_UID | RF_SETATTR_GID | RF_SETATTR_MODE) ? -EPERM : 0;
}

static void text_evict(struct inode *i)
{
    heap_free(i->data);
}

static const struct inode_ops dir_ops = {.lookup = text_lookup,
                                         .revalidate = text_revalidate,
                                         .open = open_text_dir,
                                         .setattr = text_setattr,
                                         .evict = text_evict};
static const struct inode_ops node_ops = {
    .open = open_text, .setattr = text_setattr, .evict = text_evict};
static const struct inode_ops link_ops = {.readlink = text_readlink, .evict = text_evict};
static const struct inode_ops magic_ops = {
    .readlink = text_readlink, .follow = text_follow, .evict = text_evict};

struct filesystem *textfs_new(const char *type, u32 magic, const struct text_entry *root)
{
    struct filesystem *fs = filesystem_new(type, type, magic);
    struct inode *i = fs ? make_inode(fs, root, 0) : NULL;
    if (!i)
        return NULL;
    fs->root = dentry_new_root(fs, i);
    return fs->root ? fs : NULL;
}
