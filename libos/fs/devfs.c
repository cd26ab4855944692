/* SPDX-License-Identifier: Apache-2.0 */
/* /dev: a RAM file system that begins with the devices that programs expect. */
#include "libos/fs/planting.h"
#include "libos/fs/ramfs.h"

#include <linux/stat.h>

#include "base/string.h"

struct node {
    const char *name;
    u32 mode, major, minor;
    const char *target;
};

static const struct node nodes[] = {
    {"null", S_IFCHR | 0666, 1, 3, NULL},
    {"zero", S_IFCHR | 0666, 1, 5, NULL},
    {"full", S_IFCHR | 0666, 1, 7, NULL},
    {"random", S_IFCHR | 0666, 1, 8, NULL},
    {"urandom", S_IFCHR | 0666, 1, 9, NULL},
    {"tty", S_IFCHR | 0666, 5, 0, NULL},
    {"console", S_IFCHR | 0620, 5, 1, NULL},
    {"ptmx", S_IFCHR | 0666, 5, 2, NULL},
    {"pts", S_IFDIR | 0755, 0, 0, NULL},
    {"shm", S_IFDIR | 01777, 0, 0, NULL},
    {"mqueue", S_IFDIR | 01777, 0, 0, NULL},
    {"fd", S_IFLNK | 0777, 0, 0, "/proc/self/fd"},
    {"stdin", S_IFLNK | 0777, 0, 0, "/proc/self/fd/0"},
    {"stdout", S_IFLNK | 0777, 0, 0, "/proc/self/fd/1"},
    {"stderr", S_IFLNK | 0777, 0, 0, "/proc/self/fd/2"},
};

struct filesystem *devfs_new(void)
{
    struct filesystem *fs = ramfs_new("udev", 0755);
    if (!fs)
        return NULL;
    fs->type = "devtmpfs";
    for (size_t n = 0; n < ARRAY_SIZE(nodes); n++) {
        const struct node *node = &nodes[n];
        struct inode *i = ramfs_inode(fs, node->mode, node->major << 8 | node->minor, node->target);
        if (!plant(fs->root, node->name, strlen(node->name), i))
            return NULL;
    }
    return fs;
}
