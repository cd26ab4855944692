/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/fcntl.h>
#include "libos/fs/anonymous.h"
#include "libos/fs/fdtable.h"
#include "libos/mm/heap.h"

long anonymous_getattr(struct file *f __attribute__((unused)), struct rf_attr *out)
{
    *out = (struct rf_attr){
        .device = 14, .inode = 1, .mode = 0600, .links = 1, .block_size = PAGE_SIZE};
    return 0;
}

long anonymous_install(const struct file_ops *ops, void *data, u32 flags)
{
    struct file *f = file_new(ops, flags & ~(u32)O_CLOEXEC, NULL, NULL);
    if (!f) {
        heap_free(data);
        return -ENFILE;
    }
    f->data = data;
    return fd_install(f, 0, flags & O_CLOEXEC);
}
