/* SPDX-License-Identifier: Apache-2.0 */
/* memfd_create(2): a RAM file without a name. */
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/fs/dentry.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/ramfs.h"
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/stat.h>

#define NAME_MOST        249 /* what Linux allows of the program's part */
#define MFD_NOEXEC_SEAL_ 8u
#define MFD_EXEC_        16u
#define MFD_KNOWN        (MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL_ | MFD_EXEC_)
#define SEAL_EXEC        0x20u
#define LARGE_FILE       0100000u

static struct inode *memfd_inode(u32 flags)
{
    bool no_exec = flags & MFD_NOEXEC_SEAL_;
    struct inode *i = ramfs_inode(the_namespace->spare, S_IFREG | (no_exec ? 0666 : 0777), 0, NULL);
    struct ram_file *data = i ? ram_file_data(i) : NULL;
    if (!data) {
        inode_put(i);
        return NULL;
    }
    i->links = 0;
    i->uid = current_process->fsuid;
    i->gid = current_process->fsgid;
    data->is_memfd = true;
    data->seals = no_exec ? SEAL_EXEC : flags & MFD_ALLOW_SEALING ? 0 : F_SEAL_SEAL;
    return i;
}

/* The file shows as /memfd:NAME (deleted). Takes over the reference to i. */
static struct file *memfd_file(const char *name, size_t length, struct inode *i)
{
    struct dentry *d = dentry_new(the_namespace->spare->root, name, length, 0);
    if (!d) {
        inode_put(i);
        return NULL;
    }
    d->inode = i;
    d->unlinked = true;
    struct file *f = file_new(&ram_file_ops, O_RDWR | LARGE_FILE, d, i);
    dentry_put(d);
    return f;
}

SYSCALL2(memfd_create, const char *, user_name, u32, flags)
{
    static const char prefix[] = "memfd:";
    char name[sizeof(prefix) + NAME_MOST + 1];
    const u32 both = MFD_NOEXEC_SEAL_ | MFD_EXEC_;
    if ((flags & ~MFD_KNOWN) || (flags & both) == both)
        return -EINVAL;
    memcpy(name, prefix, sizeof(prefix) - 1);
    long n = copy_string_from_user(name + sizeof(prefix) - 1, user_name, NAME_MOST + 1);
    if (n < 0)
        return n == -ENAMETOOLONG ? -EINVAL : n;
    struct inode *i = memfd_inode(flags);
    struct file *f = i ? memfd_file(name, sizeof(prefix) - 1 + (size_t)n, i) : NULL;
    return f ? fd_install(f, 0, flags & MFD_CLOEXEC) : -ENOMEM;
}
