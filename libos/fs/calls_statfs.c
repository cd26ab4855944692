/* SPDX-License-Identifier: Apache-2.0 */
/* statfs(2), and mount(2) and its kin, which a cell may not: its view is made of what it was
 * granted. */
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/fs/dentry.h"
#include "libos/fs/fdtable.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include <asm/statfs.h>
#include <linux/fcntl.h>

#define FLAG_READ_ONLY 1
#define FLAG_VALID     0x20
#define FLAG_RELATIME  0x1000

/* Files in memory have what the cell's memory has left. */
static void memory_figures(struct statfs *s)
{
    const struct rf_cell_page *cell = &the_window->cell;
    u64 all = cell->memory_limit ? cell->memory_limit : the_boot->host_memory;
    u64 used = MIN(all, heap_used());
    s->f_blocks = (long)(all / PAGE_SIZE);
    s->f_bfree = s->f_bavail = (long)((all - used) / PAGE_SIZE);
    s->f_files = s->f_blocks;
    s->f_ffree = s->f_bfree;
}

static long figures(struct filesystem *fs, struct statfs *s)
{
    memset(s, 0, sizeof(*s));
    s->f_type = fs->magic;
    s->f_bsize = s->f_frsize = PAGE_SIZE;
    s->f_namelen = NAME_MAX_BYTES;
    s->f_fsid.val[0] = (int)fs->device;
    s->f_flags = FLAG_VALID | FLAG_RELATIME | (fs->read_only ? FLAG_READ_ONLY : 0);
    if (fs->statfs)
        return fs->statfs(fs, s);
    memory_figures(s);
    return 0;
}

SYSCALL2(statfs, const char *, path, struct statfs *, user)
{
    struct dentry *d;
    struct statfs s;
    long r = path_walk_at(AT_FDCWD, path, WALK_FOLLOW, &d);
    if (r)
        return r;
    r = figures(d->inode->fs, &s);
    namespace_unlock();
    dentry_put(d);
    return r ? r : put_user(user, s);
}

SYSCALL2(fstatfs, int, fd, struct statfs *, user)
{
    struct statfs s;
    struct file *f = fd_get_path(fd);
    if (!f)
        return -EBADF;
    long r = f->inode ? figures(f->inode->fs, &s) : figures(the_namespace->spare, &s);
    file_put(f);
    return r ? r : put_user(user, s);
}

#define NOT_PERMITTED(name)                                                                        \
    SYSCALL0(name)                                                                                 \
    {                                                                                              \
        return -EPERM;                                                                             \
    }

NOT_PERMITTED(mount)
NOT_PERMITTED(umount2)
NOT_PERMITTED(pivot_root)
NOT_PERMITTED(open_tree)
NOT_PERMITTED(move_mount)
NOT_PERMITTED(fsopen)
NOT_PERMITTED(fsconfig)
NOT_PERMITTED(fsmount)
NOT_PERMITTED(fspick)
NOT_PERMITTED(mount_setattr)
NOT_PERMITTED(swapon)
NOT_PERMITTED(swapoff)
NOT_PERMITTED(open_by_handle_at)

/* File handles are not given out; programs fall back to paths. */
SYSCALL0(name_to_handle_at)
{
    return -EOPNOTSUPP;
}
