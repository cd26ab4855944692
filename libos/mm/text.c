/* SPDX-License-Identifier: Apache-2.0 */
/* What program text is mapped from. */
#include "libos/fs/file.h"
#include "libos/mm/space.h"

bool mm_text_find(u64 addr, struct mm_text *out)
{
    space_lock();
    const struct mapping *m = space_find(addr);
    bool good = m && m->file && m->file->inode && !(m->flags & MAPPING_SHARED) &&
                (m->prot & PROT_EXEC) && !(m->prot & PROT_WRITE);
    if (good) {
        *out = (struct mm_text){m->start, m->end, m->offset, m->file};
        file_get(m->file);
    }
    space_unlock();
    return good;
}

void mm_text_drop(struct mm_text *t)
{
    file_put(t->file);
}
