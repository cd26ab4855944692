/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of a cut: where they go, and their way there. */
#include <errno.h>
#include <stdlib.h>

#include "kernel/store/cut.h"

#define TURN_PAGES 256u /* so many go to one volume before the next has its turn */

static bool is_used(const struct entry *entry, u64 volume)
{
    for (u32 i = 0; i < STORE_COPIES_MAX; i++) {
        if (entry->place[i] && entry->place[i] >> PLACE_VOLUME_SHIFT == volume)
            return true;
    }
    return false;
}

/* A place for one more copy, on a volume that has none if there is one with room. 0: no room. */
static u64 find_place(struct store *store, const struct entry *entry)
{
    u32 count = store->volume_count, turn = store->turn++ / TURN_PAGES;

    for (u32 again = 0; again < 2; again++) {
        for (u32 i = 0; i < count; i++) {
            u64 number = (turn + i) % count, page;

            if (is_used(entry, number) != again)
                continue;
            page = volume_take(&store->volumes[number]);
            if (page)
                return number << PLACE_VOLUME_SHIFT | page;
        }
    }
    return 0;
}

static int place_copy(struct store_cut *cut, struct write *write)
{
    struct entry *entry = &cut->ops[write->op].entry;

    entry->place[write->copy] = 0;
    write->place = entry->place[write->copy] = find_place(cut->store, entry);
    return write->place ? 0 : -ENOSPC;
}

int cut_place(struct store_cut *cut, u32 op, u32 copies)
{
    for (u32 i = 0; i < copies; i++) {
        struct write *write = &cut->writes[cut->write_count];
        int error;

        *write = (struct write){.op = op, .copy = i};
        error = place_copy(cut, write);
        if (error)
            return error;
        if (++cut->write_count == WRITES_MAX)
            error = cut_write(cut);
        if (error)
            return error;
    }
    return 0;
}

static int by_place(const void *a, const void *b)
{
    u64 x = ((const struct write *)a)->place, y = ((const struct write *)b)->place;

    return x < y ? -1 : x > y;
}

/* Writes from number `first` on while the places are consecutive; how many. */
static s64 write_run(struct store_cut *cut, u32 first)
{
    struct iovec pages[WRITES_MAX];
    u64 place = cut->writes[first].place;
    u32 n = 0;
    int error;

    while (first + n < cut->write_count && cut->writes[first + n].place == place + n) {
        pages[n].iov_base = (void *)(uintptr_t)cut->ops[cut->writes[first + n].op].page;
        pages[n++].iov_len = PAGE_SIZE;
    }
    error =
        volume_write(volume_to_write(cut->store, place), place & PLACE_PAGE_MASK, pages, (int)n);
    cut->bytes += error ? 0 : n * PAGE_SIZE;
    return error ? error : (s64)n;
}

/* The disk of that volume is full: what was to go there from `first` on goes elsewhere. */
static int replace_writes(struct store_cut *cut, u32 first)
{
    u64 number = cut->writes[first].place >> PLACE_VOLUME_SHIFT;
    struct volume *volume = &cut->store->volumes[number];

    volume->room = volume->room == ROOM_GROW ? ROOM_WITHIN : ROOM_NONE;
    for (u32 i = first; i < cut->write_count; i++) {
        if (cut->writes[i].place >> PLACE_VOLUME_SHIFT == number)
            volume_drop(volume, cut->writes[i].place & PLACE_PAGE_MASK);
    }
    for (u32 i = first; i < cut->write_count; i++) {
        if (cut->writes[i].place >> PLACE_VOLUME_SHIFT == number &&
            place_copy(cut, &cut->writes[i]) < 0)
            return -ENOSPC;
    }
    qsort(cut->writes + first, cut->write_count - first, sizeof(cut->writes[0]), by_place);
    return 0;
}

int cut_write(struct store_cut *cut)
{
    u32 done = 0;
    int error = 0;

    qsort(cut->writes, cut->write_count, sizeof(cut->writes[0]), by_place);
    while (done < cut->write_count && !error) {
        s64 n = write_run(cut, done);

        if (n == -ENOSPC)
            error = replace_writes(cut, done);
        else if (n < 0)
            error = (int)n;
        else
            done += (u32)n;
    }
    cut->write_count = 0;
    return error;
}
