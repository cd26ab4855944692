/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/entry/text_sites.h"
#include "base/string.h"
#include "libos/entry/user.h"
#include "libos/fs/file.h"
#include "libos/fs/vfs.h"
#include "libos/mm/heap.h"
#include "libos/mm/mm.h"

#define ROOM 120

/* Hangs on a struct inode. */
struct text_sites {
    struct lock lock;
    u32 count;
    struct text_site sites[ROOM];
};
_Static_assert(sizeof(struct text_sites) <= PAGE_SIZE, "a page of the heap");

static struct text_site *find(struct text_sites *t, u64 offset)
{
    for (u32 i = 0; i < t->count; i++) {
        if (t->sites[i].place == offset)
            return &t->sites[i];
    }
    return NULL;
}

static struct text_site *add(struct text_sites *t, u64 offset, u64 address, u32 call)
{
    struct text_site *s = &t->sites[t->count];

    if (t->count == ROOM ||
        copy_from_user(s->code, (const void *)(address - TEXT_SITE_BEFORE), sizeof(s->code)))
        return NULL;
    s->place = offset;
    s->call = call;
    s->traps = 0;
    t->count++;
    return s;
}

/* NULL: no memory. */
static struct text_sites *sites_of(struct inode *i)
{
    struct text_sites *seen = NULL, *t = __atomic_load_n(&i->text_sites, __ATOMIC_ACQUIRE);

    if (t)
        return t;
    t = heap_alloc(sizeof(*t));
    if (t && !__atomic_compare_exchange_n(&i->text_sites, &seen, t, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE)) {
        heap_free(t);
        t = seen;
    }
    return t;
}

void text_sites_note(u64 address, u32 call, u32 traps)
{
    struct mm_text text;
    struct text_sites *t;
    struct text_site *s;

    if (!mm_text_find(address, &text))
        return;
    t = sites_of(text.file->inode);
    if (t) {
        u64 offset = text.offset + (address - text.start);

        lock_take(&t->lock);
        s = find(t, offset);
        if (!s)
            s = add(t, offset, address, call);
        if (s && s->call == call && s->traps < traps)
            s->traps = traps;
        lock_release(&t->lock);
    }
    mm_text_drop(&text);
}

/* Those of [from, to), offsets in the file, with `address` where `from` is mapped. */
static u32 copy_known(struct text_sites *t, u64 from, u64 to, u64 address,
                      struct text_site found[TEXT_SITES_AT_ONCE])
{
    u32 n = 0;

    lock_take(&t->lock);
    for (u32 i = 0; i < t->count && n < TEXT_SITES_AT_ONCE; i++) {
        const struct text_site *s = &t->sites[i];

        if (s->place < from + TEXT_SITE_BEFORE || s->place + TEXT_SITE_BEFORE > to)
            continue;
        found[n] = *s;
        found[n++].place = address + (s->place - from);
    }
    lock_release(&t->lock);
    return n;
}

static bool same_code(const struct text_site *s)
{
    u8 code[sizeof(s->code)];

    return copy_from_user(code, (const void *)(s->place - TEXT_SITE_BEFORE), sizeof(code)) == 0 &&
           memcmp(code, s->code, sizeof(code)) == 0;
}

u32 text_sites_known(u64 start, u64 end, struct text_site found[TEXT_SITES_AT_ONCE])
{
    struct mm_text text;
    struct text_sites *t;
    u32 n = 0, kept = 0;

    if (!mm_text_find(start, &text))
        return 0;
    t = __atomic_load_n(&text.file->inode->text_sites, __ATOMIC_ACQUIRE);
    if (t && end <= text.end) {
        u64 offset = text.offset + (start - text.start);

        n = copy_known(t, offset, offset + (end - start), start, found);
    }
    mm_text_drop(&text);
    for (u32 i = 0; i < n; i++) {
        if (same_code(&found[i]))
            found[kept++] = found[i];
    }
    return kept;
}
