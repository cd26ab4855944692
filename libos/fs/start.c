/* SPDX-License-Identifier: Apache-2.0 */
/* The view of a new cell, built from the boot record. */
#include "base/string.h"
#include "libos/fs/dentry.h"
#include "libos/fs/planting.h"
#include "libos/fs/ramfs.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include <linux/stat.h>

#define FIRST_HASH_SIZE 256u
#define FIRST_DEVICE    20u /* device numbers below look like nobody's */
#define FIRST_COOKIE    2u  /* 0 and 1 are "." and ".." */

static struct namespace *namespace_new(void)
{
    struct namespace *ns = heap_alloc(sizeof(*ns));
    assert_that(ns);
    ns->hash_size = FIRST_HASH_SIZE;
    ns->hash = heap_alloc(FIRST_HASH_SIZE * sizeof(*ns->hash));
    ns->walk_text[0] = heap_alloc(WALK_TEXT);
    ns->walk_text[1] = heap_alloc(WALK_TEXT);
    assert_that(ns->hash && ns->walk_text[0] && ns->walk_text[1]);
    for (u32 n = 0; n < FIRST_HASH_SIZE; n++)
        list_init(&ns->hash[n]);
    list_init(&ns->unused);
    list_init(&ns->filesystems);
    list_init(&ns->lock_waits);
    list_init(&ns->async_due);
    ns->next_device = FIRST_DEVICE;
    ns->next_cookie = FIRST_COOKIE;
    return ns;
}

static void make_root(struct namespace *ns)
{
    ns->spare = ramfs_new("tmpfs", 0755);
    assert_that(ns->spare);
    ns->root = ns->spare->root;
    list_add_tail(&ns->filesystems, &ns->spare->all);
}

static void must_mount(struct filesystem *fs, const char *path)
{
    if (!fs || mount_filesystem(fs, path))
        panic("cannot mount at %s", path);
}

static void mount_text(const struct rf_boot_mount *m, const char *path)
{
    struct inode *i = ramfs_inode(the_namespace->spare, S_IFREG | (m->mode & 07777), 0, NULL);
    if (!i || ram_file_fill(i, boot_string(m->text), m->text_length) || !place_object(path, i))
        panic("cannot make %s", path);
}

/* A link is not put over something that is there. */
static void mount_symlink(const struct rf_boot_mount *m, const char *path)
{
    if (place_find(path))
        return;
    struct inode *i = ramfs_inode(the_namespace->spare, S_IFLNK | 0777, 0, boot_string(m->text));
    if (!place_object(path, i))
        panic("cannot make the link %s", path);
}

static void give_to_user(struct inode *i)
{
    i->uid = the_boot->uid;
    i->gid = the_boot->gid;
}

static void mount_ram(const struct rf_boot_mount *m, const char *path)
{
    struct filesystem *fs = ramfs_new("tmpfs", m->mode & 07777);
    must_mount(fs, path);
    give_to_user(fs->root->inode);
}

static void mount_host(const struct rf_boot_mount *m, const char *path)
{
    const char *name = m->kind == RF_MOUNT_FILE ? boot_string(m->name) : NULL;
    const void *attr = m->attr ? boot_string(m->attr) : NULL;
    must_mount(hostfs_new(m->slot, m->rights, name, attr), path);
}

static void mount_one(const struct rf_boot_mount *m)
{
    const char *path = boot_string(m->path);
    switch (m->kind) {
    case RF_MOUNT_DIR:
    case RF_MOUNT_FILE: mount_host(m, path); break;
    case RF_MOUNT_RAM: mount_ram(m, path); break;
    case RF_MOUNT_TEXT: mount_text(m, path); break;
    case RF_MOUNT_SYMLINK: mount_symlink(m, path); break;
    default: panic("mount of kind %u", m->kind);
    }
}

static bool is_mounted(const char *path)
{
    struct dentry *d = place_find(path);
    return d && d->covers;
}

static void mount_unless_there(struct filesystem *(*make)(void), const char *path)
{
    if (!is_mounted(path))
        must_mount(make(), path);
}

/* A directory that programs expect and may write to: RAM, unless a mount or a host directory is
 * there. */
static void make_usual(const char *path, u32 mode)
{
    if (place_find(path))
        return;
    struct dentry *d = place_make_directory(path);
    if (!d)
        return;
    d->inode->mode = S_IFDIR | mode;
    give_to_user(d->inode);
}

void filesystems_init(void)
{
    struct namespace *ns = the_cell->filesystems = namespace_new();
    make_root(ns);
    const struct rf_boot *boot = the_boot;
    const struct rf_boot_mount *mounts = (const void *)boot_string(boot->mounts);
    for (u32 n = 0; n < boot->mount_count; n++)
        mount_one(&mounts[n]);
    mount_unless_there(procfs_new, "/proc");
    mount_unless_there(sysfs_new, "/sys");
    mount_unless_there(devfs_new, "/dev");
    make_usual("/tmp", 01777);
    make_usual("/root", 0700);
    make_usual("/home", 0755);
    make_usual("/var", 0755);
    make_usual("/var/tmp", 01777);
    make_usual("/run", 0755);
}
