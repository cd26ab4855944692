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

#include "libos/host/host.h"

#define KEPT_MOST 24u

struct kept {
    u64 serial; /* of the host inode; 0: unused */
    int fd;
    u32 used; /* value of `clock_hand` at the last use */
};

static struct kept kept[KEPT_MOST];
static u32 clock_hand;

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
    long slot = hostfs_slot(i, d, rights & RF_RIGHT_WRITE ? HANDLE_WRITE : HANDLE_READ), r = slot;
    if (slot > 0) {
        do {
            r = invoke((u32)slot, RF_OP_FILE_MAP, rights, 0, 0, 0);
        } while (r == -EINTR);
    }
    return r;
}

/* A descriptor for reading, which stays ours. i->lock held. */
static long read_descriptor(struct inode *i, struct dentry *d)
{
    struct host_inode *h = host_inode(i);
    struct kept *k = find_kept(h->serial);
    if (k) {
        k->used = ++clock_hand;
        return k->fd;
    }
    long fd = grant(i, d, RF_RIGHT_READ | RF_RIGHT_EXEC);
    if (fd >= 0)
        keep(h->serial, (int)fd);
    return fd;
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
    bool write = shared && file_writable(f);
    lock_take(&i->lock);
    long fd = hostfs_flush(i);
    if (fd == 0)
        fd = write ? write_descriptor(i, f->dentry) : read_descriptor(i, f->dentry);
    lock_release(&i->lock);
    if (fd < 0)
        return fd;
    out->kind = MAP_SOURCE_DESCRIPTOR;
    out->fd = (int)fd;
    out->keep = !write;
    out->fd_offset = offset;
    out->length = length;
    return 0;
}
