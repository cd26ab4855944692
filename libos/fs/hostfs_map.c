/* SPDX-License-Identifier: Apache-2.0 */
/* Mapping host files: straight from the host's page cache, by a descriptor that the kernel grants.
 *
 * Descriptors for reading are kept for a while: the loader maps a library in four or five pieces,
 * and every program maps the same libraries. The list of kept ones is private to a process, like
 * the descriptors, and like them it is copied by fork; so what the prepared process holds, every
 * program starts with. It is read and changed only under the process's mapping lock, which the
 * caller of `map` holds. */
#include "libos/fs/hostfs.h"

#include <linux/mman.h>

#include "libos/fs/hostfs_cell.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/sync/patience.h"

#define KEPT_MOST 24u

struct kept {
    u64 serial; /* of the host inode; 0: unused */
    int fd;
    u32 used; /* value of `clock_hand` at the last use, once all are in use */
};

static struct kept kept[KEPT_MOST];
static u32 clock_hand;

/* Files that processes keep asking descriptors of. The prepared process gets one of each for
 * itself. In the heap segment; each entry holds a reference to its inode. The lock is a leaf. */
#define POPULAR_MOST     16u
#define POPULAR_REQUESTS 2u

struct popular {
    struct lock lock;
    u32 count, next;
    struct inode *inodes[POPULAR_MOST];
};

static struct popular *popular;

void hostfs_map_init(void)
{
    popular = heap_alloc(sizeof(*popular));
    if (!popular)
        panic("no memory for host directories");
}

/* Only files of read-only grants: others may be deleted, and then nothing should hold them. */
static void note_request(struct inode *i)
{
    struct inode *old = NULL;
    if (!i->fs->read_only || ++host_inode(i)->map_requests != POPULAR_REQUESTS)
        return;
    lock_take(&popular->lock);
    struct inode **place = &popular->inodes[popular->next];
    popular->next = (popular->next + 1) % POPULAR_MOST;
    popular->count++;
    old = *place;
    inode_get(i);
    *place = i;
    lock_release(&popular->lock);
    inode_put(old);
}

static struct kept *find_kept(u64 serial)
{
    for (u32 n = 0; n < KEPT_MOST; n++) {
        if (kept[n].serial == serial)
            return &kept[n];
    }
    return NULL;
}

static void keep(u64 serial, int fd)
{
    struct kept *k = &kept[0];
    for (u32 n = 0; n < KEPT_MOST && k->serial; n++) {
        if (!kept[n].serial || kept[n].used < k->used)
            k = &kept[n];
    }
    if (k->serial)
        host_close(k->fd);
    *k = (struct kept){.serial = serial, .fd = fd, .used = ++clock_hand};
}

static long grant(struct inode *i, struct dentry *d, u32 rights)
{
    long slot = hostfs_slot(i, d, rights & RF_RIGHT_WRITE ? HANDLE_WRITE : HANDLE_READ);
    return slot > 0 ? invoke_retry((u32)slot, RF_OP_FILE_MAP, rights, 0, 0, 0) : slot;
}

/* What came along when the file was opened is not needed twice. Of programs the start is: by
 * execve. */
static void drop_content(struct inode *i)
{
    struct host_inode *h = host_inode(i);
    if (!(i->mode & 0111) && !cache_dirty(&h->cache))
        cache_file_drop(&h->cache);
}

/* A descriptor for reading. *stays: it stays ours. Such ones are the files of read-only grants, and
 * of others what looks like a program or a library: a deleted file should not be held. i->lock
 * held. */
static long read_descriptor(struct inode *i, struct dentry *d, bool *stays)
{
    *stays = true;
    struct host_inode *h = host_inode(i);
    struct kept *k = find_kept(h->serial);
    if (k) {
        if (kept[KEPT_MOST - 1].serial) /* or each new process would copy the page for nothing */
            k->used = ++clock_hand;
        return k->fd;
    }
    *stays = i->fs->read_only || (i->mode & 0111);
    long fd = grant(i, d, RF_RIGHT_READ | RF_RIGHT_EXEC);
    drop_content(i);
    if (fd >= 0 && *stays)
        keep(h->serial, (int)fd);
    note_request(i);
    return fd;
}

/* The n-th popular inode, with a reference, or NULL. */
static struct inode *popular_inode(u32 n)
{
    lock_take(&popular->lock);
    struct inode *i = popular->inodes[n];
    if (i)
        inode_get(i);
    lock_release(&popular->lock);
    return i;
}

void hostfs_keep_popular(void)
{
    static u32 seen;
    if (!popular || seen == popular->count)
        return;
    seen = popular->count;
    for (u32 n = 0; n < POPULAR_MOST; n++) {
        struct inode *i = popular_inode(n);
        if (!i)
            break;
        bool stays;
        lock_take(&i->lock);
        read_descriptor(i, NULL, &stays);
        lock_release(&i->lock);
        inode_put(i);
    }
}

/* A descriptor through which the file is written without our knowing: it is not cached from now on.
 */
static long write_descriptor(struct inode *i, struct dentry *d)
{
    struct host_inode *h = host_inode(i);
    long fd = grant(i, d, RF_RIGHT_READ | RF_RIGHT_WRITE);
    if (fd >= 0) {
        cache_file_drop(&h->cache);
        h->written_through = true;
        h->own_change = true;
    }
    return fd;
}

long hostfs_map(struct file *f, u64 offset, size_t length, int prot, bool shared,
                struct map_source *out)
{
    (void)prot; /* a shared mapping of a file that is open for writing may become writable later */
    struct inode *i = f->inode;
    bool write = shared && file_writable(f), stays = false;
    long fd = lock_take_patiently(&i->lock);
    if (fd)
        return fd;
    fd = hostfs_flush(i);
    if (fd == 0)
        fd = write ? write_descriptor(i, f->dentry) : read_descriptor(i, f->dentry, &stays);
    bool copied = !write && fd < 0 && hostfs_by_program(i->fs);
    if (copied)
        fd = hostfs_map_copy(i, offset, length, out);
    lock_release(&i->lock);
    if (fd < 0 || copied)
        return fd;
    out->kind = MAP_SOURCE_DESCRIPTOR;
    out->fd = (int)fd;
    out->keep = stays;
    out->fd_offset = offset;
    out->length = length;
    return 0;
}
