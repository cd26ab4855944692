/* SPDX-License-Identifier: Apache-2.0 */
/* The ranges of a space that the process shows. Each is a mapping of a file of its own, which asks
 * the kernel for the segment whenever it is mapped. What the program put in place of it since is
 * left alone. */
#include "base/string.h"
#include "libos/fs/file.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include "libos/mm/space.h"
#include "libos/proc/subject.h"

#include <linux/fcntl.h>

struct range {
    int pid;
    u64 address;
};

static long range_map(struct file *f, u64 offset, size_t length, int prot __attribute__((unused)),
                      bool shared __attribute__((unused)), struct map_source *out)
{
    const struct range *range = f->data;
    long fd = invoke_surely(RF_SLOT_CELL, RF_OP_SHOWN_OPEN, (u64)range->pid, range->address, 0, 0);
    if (fd < 0)
        return fd;
    *out = (struct map_source){
        .kind = MAP_SOURCE_DESCRIPTOR, .fd = (int)fd, .fd_offset = offset, .length = length};
    return 0;
}

static void range_release(struct file *f)
{
    heap_free(f->data);
}

static const struct file_ops range_ops = {
    .name = "[space]",
    .map = range_map,
    .release = range_release,
};

static struct file *range_file(int pid, const struct rf_space_mapping *m)
{
    struct range *range = heap_alloc(sizeof(*range));
    if (!range)
        return NULL;
    *range = (struct range){pid, m->address};
    struct file *f =
        file_new(&range_ops, m->rights & RF_RIGHT_WRITE ? O_RDWR : O_RDONLY, NULL, NULL);
    if (f)
        f->data = range;
    else
        heap_free(range);
    return f;
}

static bool is_ours(const struct rf_space_mapping *m)
{
    space_lock();
    const struct mapping *found = space_find(m->address);
    bool ours = found && found->file && found->file->ops == &range_ops &&
                found->start <= m->address && found->end >= m->address + m->length;
    space_unlock();
    return ours;
}

/* The one at the same place, or NULL. */
static const struct rf_space_mapping *same_place(const struct rf_space_mapping *list, u32 count,
                                                 const struct rf_space_mapping *m)
{
    for (u32 i = 0; i < count; i++) {
        if (list[i].address == m->address && list[i].length == m->length)
            return &list[i];
    }
    return NULL;
}

/* True if the process shows it then. What replaces another range does so without a gap. */
static bool show_one(int pid, const struct rf_space_mapping *m, const struct rf_space_mapping *old)
{
    bool in_place = old && is_ours(old);
    if (in_place && old->serial == m->serial && old->rights == m->rights)
        return true;
    struct file *f = range_file(pid, m);
    if (!f)
        return false;
    int prot = PROT_READ | (m->rights & RF_RIGHT_WRITE ? PROT_WRITE : 0);
    int place = in_place ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    long r = mm_map(m->address, m->length, prot, MAP_SHARED | place, f, m->offset, NULL);
    file_put(f);
    return r >= 0;
}

void mm_show(struct subject *s, int pid, const struct rf_space_mapping *now, u32 count)
{
    struct rf_space_mapping *shown = count ? heap_alloc(count * sizeof(*shown)) : NULL;
    u32 shown_count = 0;
    if (count && !shown)
        return;
    for (u32 i = 0; i < s->shown_count; i++) {
        if (!same_place(now, count, &s->shown[i]) && is_ours(&s->shown[i]))
            mm_unmap(s->shown[i].address, s->shown[i].length);
    }
    for (u32 i = 0; i < count; i++) {
        if (show_one(pid, &now[i], same_place(s->shown, s->shown_count, &now[i])))
            shown[shown_count++] = now[i];
    }
    heap_free(s->shown);
    s->shown = shown;
    s->shown_count = shown_count;
}
