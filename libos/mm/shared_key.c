/* SPDX-License-Identifier: Apache-2.0 */
/* Names for places in shared memory. */
#include "libos/fs/file.h"
#include "libos/mm/space.h"

bool mm_shared_key(u64 addr, u64 *object, u64 *offset)
{
    struct mapping *m;
    bool shared;

    space_lock();
    m = space_find(addr);
    shared = m && (m->flags & MAPPING_SHARED) && m->file;
    if (shared) {
        *object = m->file->inode ? (u64)m->file->inode : (u64)m->file;
        *offset = m->offset + (addr - m->start);
    }
    space_unlock();
    return shared;
}
