/* SPDX-License-Identifier: Apache-2.0 */
/* The text of /proc/self/maps. */
#include "libos/mm/space.h"
#include "base/string.h"
#include "libos/fs/file.h"
#include "libos/fs/vfs.h"
#include "libos/host/invoke.h"
#include "libos/host/print.h"

#define NAME_COLUMN 73
#define LINE_MAX    (PATH_MAX_BYTES + 128)

/* Where the last read ended, so that the next need not count from the start. */
static struct {
    u64 position;
    u64 addr;
} resume;

static size_t put_name(char *line, const struct mapping *m)
{
    const struct file *f = m->file;
    if (!f) {
        if (!m->name)
            return 0;
        return (size_t)format_text(line, LINE_MAX, "%s", m->name);
    }
    if (!f->dentry)
        return (size_t)format_text(line, LINE_MAX, "%s", f->ops->name);
    namespace_lock();
    long n = dentry_path(f->dentry, line, PATH_MAX_BYTES);
    namespace_unlock();
    return n < 0 ? 0 : (size_t)n;
}

/* Formats one line; its length. */
static size_t put_line(char *line, const struct mapping *m)
{
    const struct inode *i = m->file ? m->file->inode : NULL;
    u64 device = i ? i->fs->device : 0;
    int n = format_text(line, LINE_MAX, "%08lx-%08lx %c%c%c%c %08lx %02x:%02x %lu ", m->start,
                        m->end, m->prot & PROT_READ ? 'r' : '-', m->prot & PROT_WRITE ? 'w' : '-',
                        m->prot & PROT_EXEC ? 'x' : '-', m->flags & MAPPING_SHARED ? 's' : 'p',
                        m->offset, (u32)(device >> 8) & 0xfff,
                        (u32)((device & 0xff) | ((device >> 12) & 0xfff00)), i ? i->number : 0);
    size_t length = (size_t)n;
    char *name = line + MAX(length, (size_t)NAME_COLUMN);
    size_t name_length = put_name(name, m);
    if (name_length) {
        memset(line + length, ' ', (size_t)(name - (line + length)));
        length = (size_t)(name - line) + name_length;
    }
    line[length] = '\n';
    return length + 1;
}

/* Copies what of a line lies at or behind the wanted position. */
static size_t put_part(char *to, size_t room, const char *line, size_t length, u64 at, u64 wanted)
{
    size_t skip = wanted > at ? wanted - at : 0;
    size_t n = MIN(room, length - skip);
    memcpy(to, line + skip, n);
    return n;
}

long mm_print_maps(char *buffer, size_t size, u64 *position)
{
    static char line[LINE_MAX + NAME_COLUMN]; /* guarded by the space's lock */
    size_t filled = 0;
    const struct mapping *m;
    space_lock();
    bool goes_on = *position == resume.position && *position > 0;
    u64 at = goes_on ? resume.position : 0; /* position of the next line */
    struct spot s = maplist_find(&the_space.list, goes_on ? resume.addr : 0);
    for (; filled < size && (m = maplist_at(&the_space.list, s));
         s = maplist_next(&the_space.list, s)) {
        size_t length = put_line(line, m);
        u64 wanted = *position + filled;
        if (at + length > wanted) {
            size_t n = put_part(buffer + filled, size - filled, line, length, at, wanted);
            filled += n;
            if (at + length > wanted + n)
                break;
            resume.position = at + length;
            resume.addr = m->end;
        }
        at += length;
    }
    *position += filled;
    space_unlock();
    return (long)filled;
}
