/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings of a RAM file that was cut. Host files need nothing: the host does the same by itself.
 *
 * Only a process itself can change its mappings. Others that may have mapped the file are kicked,
 * and look through their lists before they run program code again. */
#include "libos/fs/file.h"
#include "libos/fs/ramfs.h"
#include "libos/fs/vfs.h"
#include "libos/mm/source.h"
#include "libos/mm/space.h"
#include "libos/proc/process.h"
#include "libos/proc/tree.h"

static u32 seen; /* the_cell->files_shrunk as of the last look */

/* Takes what lies behind the end of the file out of m. */
static void cut_mapping(const struct mapping *m)
{
    u64 file_end = PAGE_ALIGN(m->file->inode->size);
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

/* Cuts the mappings of i, or of all RAM files if that is NULL. How many there are. */
static u32 cut_mappings(const struct inode *i)
{
    u32 count = 0;
    space_lock();
    struct maplist *l = &the_space.list;
    const struct mapping *m;
    for (struct spot s = maplist_first(); (m = maplist_at(l, s)); s = maplist_next(l, s)) {
        if (!m->file || !m->file->inode || (i && m->file->inode != i) ||
            !is_ram_file(m->file->inode))
            continue;
        cut_mapping(m);
        count++;
    }
    space_unlock();
    return count;
}

static void kick_others(void)
{
    u64 own = current_process->memory;
    lock_take(&the_cell->lock);
    list_for_each(l, &the_cell->processes) {
        struct process *p = list_entry(l, struct process, all);
        if (p->memory == own)
            continue;
        list_for_each(k, &p->threads)
            thread_poke(list_entry(k, struct thread, siblings));
    }
    lock_release(&the_cell->lock);
}

void mm_file_shrunk(const struct inode *i)
{
    if (!is_ram_file(i) || !__atomic_load_n(&i->map_count, __ATOMIC_ACQUIRE))
        return;
    if (cut_mappings(i) >= __atomic_load_n(&i->map_count, __ATOMIC_ACQUIRE))
        return;
    __atomic_add_fetch(&the_cell->files_shrunk, 1, __ATOMIC_SEQ_CST);
    kick_others();
}

void mm_look_at_shrunk(void)
{
    u32 now = __atomic_load_n(&the_cell->files_shrunk, __ATOMIC_SEQ_CST);
    if (likely(__atomic_load_n(&seen, __ATOMIC_RELAXED) == now))
        return;
    cut_mappings(NULL);
    __atomic_store_n(&seen, now, __ATOMIC_RELEASE);
}
