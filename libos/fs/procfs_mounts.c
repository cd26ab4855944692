/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/mounts and mountinfo. */
#include "libos/fs/procfs.h"

#include "base/string.h"

struct printing {
    struct text *text;
    bool info;
};

/* Where fs is mounted, from the calling process's root; "" when it cannot be told. */
static const char *mount_point(struct filesystem *fs, char *path, size_t size)
{
    long n = dentry_path(fs->root, path, size);
    return n < 0 ? "" : path;
}

/* The mount that fs lies on: 1 more than its parent's number, as mountinfo shows it. */
static u64 parent_device(const struct filesystem *fs)
{
    const struct dentry *covers = fs->root->covers;
    return covers ? covers->fs->device : fs->device;
}

static void print_one(void *data, struct filesystem *fs)
{
    const struct printing *p = data;
    char path[PATH_MAX_BYTES];
    const char *at = mount_point(fs, path, sizeof(path));
    const char *rights = fs->read_only ? "ro" : "rw";
    if (p->info)
        text_add(p->text, "%lu %lu %lu:%lu / %s %s,relatime - %s %s %s\n", fs->device,
                 parent_device(fs), fs->device >> 8 & 0xfff, fs->device & 0xff, at, rights,
                 fs->type, fs->type, rights);
    else
        text_add(p->text, "%s %s %s %s,relatime 0 0\n", fs->type, at, fs->type, rights);
}

static long print_all(struct text *t, bool info)
{
    struct printing p = {.text = t, .info = info};
    namespace_lock();
    filesystems_each(print_one, &p);
    namespace_unlock();
    return 0;
}

long proc_print_mounts(struct text *t, u64 key)
{
    (void)key;
    return print_all(t, false);
}

long proc_print_mountinfo(struct text *t, u64 key)
{
    (void)key;
    return print_all(t, true);
}
