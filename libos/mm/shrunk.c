/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings of a RAM file that was cut. Host files need nothing: the host does the same by itself.
 */
#include "libos/fs/file.h"
#include "libos/fs/vfs.h"
#include "libos/mm/source.h"
#include "libos/mm/space.h"

/* Takes what lies behind the end of the file out of m. */
static void cut_mapping(const struct mapping *m, u64 file_end)
{
    u64 distance = file_end > m->offset ? file_end - m->offset : 0;
    u64 length = m->end - m->start;
    struct map_source s;
    if (distance >= length || source_ask(m, distance, length - distance, &s) < 0)
        return;
    if (s.kind == MAP_SOURCE_BEYOND)
        source_map_piece(m->start + distance, length - distance, m, &s, MAP_FIXED);
    else
        source_drop(&s);
}

void mm_file_shrunk(const struct inode *i)
{
    if (!__atomic_load_n(&i->map_count, __ATOMIC_ACQUIRE))
        return;
    space_lock();
    struct maplist *l = &the_space.list;
    const struct mapping *m;
    for (struct spot s = maplist_first(); (m = maplist_at(l, s)); s = maplist_next(l, s))
        if (m->file && m->file->inode == i && m->file->ops->map)
            cut_mapping(m, PAGE_ALIGN(i->size));
    space_unlock();
}
