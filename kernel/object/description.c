/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object/description.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CHAINS 1024u

static struct description *chains[CHAINS];

static struct description **chain_of(const struct description *like)
{
    u64 hash = (like->inode ^ like->mount << 40 ^ like->device << 20) * 0x9e3779b97f4a7c15u;

    return &chains[(hash >> 32) % CHAINS];
}

/* What the descriptor is open on. The mount matters too: it may forbid to execute. */
static bool identify(int fd, struct description *like)
{
    struct statx x;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &x) < 0 ||
        !(x.stx_mask & STATX_MNT_ID))
        return false;
    like->device = makedev(x.stx_dev_major, x.stx_dev_minor);
    like->inode = x.stx_ino;
    like->mount = x.stx_mnt_id;
    return true;
}

static bool is_same(const struct description *a, const struct description *b)
{
    return a->inode == b->inode && a->device == b->device && a->mount == b->mount;
}

/* Whether what was opened once reads the same as what is opened now. */
static bool can_be_shared(int fd, u64 device)
{
    static u64 known_good;
    struct statfs fs;

    if (device == known_good && device)
        return true;
    if (fstatfs(fd, &fs) < 0)
        return false;
    switch ((u32)fs.f_type) {
    case FUSE_SUPER_MAGIC:
    case V9FS_MAGIC:
    case NFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
    case SYSFS_MAGIC: return false;
    default: known_good = device; return true;
    }
}

static struct description *find(const struct description *like)
{
    struct description *at = *chain_of(like);

    while (at && !is_same(at, like))
        at = at->next;
    return at;
}

static struct description *make(const struct description *like, int fd)
{
    struct description *made = malloc(sizeof(*made)), **chain = chain_of(like);

    if (!made)
        return NULL;
    *made = *like;
    made->fd = fd;
    made->users = 1;
    made->next = *chain;
    list_init(&made->dirs);
    *chain = made;
    return made;
}

struct description *description_share(int fd)
{
    struct description like, *same;

    if (!identify(fd, &like))
        return NULL;
    same = find(&like);
    if (same) {
        close(fd);
        same->users++;
        return same;
    }
    return can_be_shared(fd, like.device) ? make(&like, fd) : NULL;
}

void description_drop(struct description *description)
{
    struct description **at = chain_of(description);

    if (--description->users)
        return;
    while (*at != description)
        at = &(*at)->next;
    *at = description->next;
    close(description->fd);
    free(description);
}
