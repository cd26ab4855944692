/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of slot 0: between the program's descriptors and names, and capabilities. */
#include "base/string.h"
#include "libos/caps/caps.h"
#include "libos/fs/dentry.h"
#include "libos/fs/fdtable.h"
#include "libos/host/host.h"

#include <linux/fcntl.h>

static long slot_of(int fd, u32 rights)
{
    struct file *f = fd_get_path(fd);
    if (!f)
        return -EBADF;
    long r = f->ops->capability ? f->ops->capability(f, rights) : -EOPNOTSUPP;
    file_put(f);
    return r;
}

static long mount_at_path(const char *path, struct filesystem *fs)
{
    struct dentry *at;
    namespace_lock();
    long r = path_walk_from_locked(AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY, &at, NULL);
    if (r == 0) {
        mount_at(fs, at);
        dentry_put(at);
    }
    namespace_unlock();
    return r;
}

/* The place is looked for first, since a file system that was made cannot be unmade. */
static long find_place(const char *path)
{
    struct dentry *at;
    long r = path_walk_from(AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY, &at, NULL);
    if (r == 0) {
        dentry_put(at);
        namespace_unlock();
    }
    return r;
}

static long mount(u32 slot, u32 rights, const struct rf_msg *m)
{
    char path[PATH_MAX_BYTES];
    if (m->data_length >= sizeof(path) || memchr(m->data, '\0', m->data_length))
        return m->data_length >= sizeof(path) ? -ENAMETOOLONG : -EINVAL;
    memcpy(path, m->data, m->data_length);
    path[m->data_length] = '\0';
    long r = find_place(path);
    if (r < 0)
        return r;
    struct filesystem *fs = hostfs_new(slot, rights, NULL, NULL);
    return fs ? mount_at_path(path, fs) : -ENODEV;
}

/* The word is the program's business: the host looks whether it is there. */
long word_operation(u32 op, const struct rf_invocation *v)
{
    u32 *word = (u32 *)v->w[0];
    if (v->w[0] % sizeof(u32))
        return -EINVAL;
    if (op == RF_LOCAL_WAKE)
        return host_futex_wake(word, (int)v->w[1]);
    return wait_on_word(word, (u32)v->w[1], v->w[2] ? v->w[2] : UINT64_MAX);
}

long local_operation(u32 op, const struct rf_invocation *v, const struct rf_msg *m)
{
    switch (op) {
    case RF_LOCAL_SLOT_OF: return slot_of((int)v->w[0], (u32)v->w[1]);
    case RF_LOCAL_MOUNT: return mount((u32)v->w[0], (u32)v->w[1], m);
    default: return -EINVAL;
    }
}
