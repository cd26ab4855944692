/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of many names at once, for programs that list a directory and then ask about each name
 * in it: ls -l, find, git status. From the second question on, one invocation brings the attributes
 * of a few hundred names. */
#include "libos/fs/hostfs.h"

#include <linux/stat.h>

#include "base/string.h"
#include "libos/fs/dentry.h"
#include "libos/sync/patience.h"

#define LISTED_FOR      1000000000ull
#define LOOKUPS_TO_WAIT 2u

void hostfs_listed(struct inode *dir)
{
    struct host_inode *h = host_inode(dir);
    h->listed_until = hostfs_now() + clock_span_of_host(LISTED_FOR);
    h->batch_cookie = 0;
    h->batch_lookups = 0;
    h->batch_end = false;
}

static bool worth_it(struct inode *dir)
{
    struct host_inode *h = host_inode(dir);
    return hostfs_now() < h->listed_until && !h->batch_end && ++h->batch_lookups >= LOOKUPS_TO_WAIT;
}

/* Gives the name d, known or new, what the entry says. */
static void settle(struct dentry *d, const struct rf_entry *e, u64 asked)
{
    if (d->inode && !hostfs_same(d->inode, &e->attr))
        return; /* asked about by itself, it will be seen to be another */
    if (d->inode)
        hostfs_update_late(d->inode, &e->attr, asked);
    else
        d->inode = hostfs_inode(d->fs, &e->attr, asked, NULL, 0);
    if (d->inode)
        d->expires = hostfs_until(d->fs);
}

static void take_entry(struct dentry *asked, const struct rf_entry *e, u64 sends)
{
    struct dentry *dir = asked->parent;
    if (S_ISLNK(e->attr.mode) || e->name_length > NAME_MAX_BYTES)
        return; /* a link's target is not told */
    u32 hash = name_hash(e->name, e->name_length);
    bool is_asked = asked->name_hash == hash && asked->name_length == e->name_length &&
                    memcmp(asked->name, e->name, e->name_length) == 0;
    struct dentry *d = is_asked ? asked : dentry_find(dir, e->name, e->name_length, hash);
    if (d) {
        if (is_asked || d->inode)
            settle(d, e, sends);
        return;
    }
    d = dentry_new(dir, e->name, e->name_length, hash);
    if (!d)
        return;
    settle(d, e, sends);
    if (d->inode)
        dentry_hash(d);
    dentry_put(d); /* the tree keeps it for a while */
}

static void take_entries(struct dentry *asked, const struct rf_msg *m, u64 sends)
{
    for (u32 at = 0; at + sizeof(struct rf_entry) <= m->data_length;) {
        const struct rf_entry *e = (const struct rf_entry *)(m->data + at);
        take_entry(asked, e, sends);
        at = (u32)ALIGN_UP(at + offsetof(struct rf_entry, name) + e->name_length, 8);
    }
}

/* Fetches the next of the directory's names. */
static long ask_many(struct dentry *dir, struct rf_msg *m)
{
    struct host_inode *h = host_inode(dir->inode);
    long r = lock_take_patiently(&dir->fs->names_lock);
    if (r)
        return r;
    m->data_length = 0;
    r = hostfs_add_path(m, dir);
    if (r >= 0)
        r = invoke_message_retry(dir->fs->slot, RF_OP_DIR_ATTRS, m, h->batch_cookie, 0, 0, 0);
    h->batch_end = r < 0 || m->words[1];
    h->batch_cookie = m->words[0];
    lock_release(&dir->fs->names_lock);
    return r;
}

bool hostfs_batch(struct dentry *d)
{
    const struct hostfs *grant = d->fs->data;
    if (grant->only || !worth_it(d->parent->inode))
        return false;
    u64 before = d->expires, sends = hostfs_sends();
    struct rf_msg *m = message_get();
    bool locked = namespace_is_mine();
    if (ask_many(d->parent, m) > 0 && (locked || namespace_lock_patiently() == 0)) {
        take_entries(d, m, sends);
        if (!locked)
            namespace_unlock();
    }
    message_put(m);
    return d->inode && d->expires != before;
}
