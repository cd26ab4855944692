/* SPDX-License-Identifier: Apache-2.0 */
/* Opening character devices by number: who serves which is in the tables of vfs.h. */
#include "libos/fs/file.h"
#include "libos/fs/vfs.h"

/* The Linux ABI's dev_t: 12 bits of major, 20 bits of minor. */
static u32 device_major(u64 rdev)
{
    return (u32)(rdev >> 8) & 0xfff;
}

static u32 device_minor(u64 rdev)
{
    return (u32)(rdev & 0xff) | ((u32)(rdev >> 12) & 0xfff00);
}

static const struct device *find_in(const struct device *table, u64 rdev)
{
    for (; table->major; table++)
        if (table->major == device_major(rdev) && device_minor(rdev) >= table->first_minor &&
            device_minor(rdev) <= table->last_minor)
            return table;
    return NULL;
}

long device_open(struct inode *i, struct dentry *d, struct file *f)
{
    const struct device *device = find_in(memory_devices, i->rdev);
    (void)d;
    if ((i->mode & 0170000) == 0060000) /* there are no block devices */
        return -ENXIO;
    if (device == NULL)
        device = find_in(terminal_devices, i->rdev);
    return device ? device->open(i, f) : -ENXIO;
}
