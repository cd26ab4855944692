/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/entry/patch_sites.h"
#include "base/string.h"

#define SITES 768u
#define INDEX 1024u /* a power of two, and more than SITES */

static struct {
    u16 index[INDEX]; /* place in `sites`, plus 1; 0: none */
    u32 count;
    struct site sites[SITES];
} table __attribute__((aligned(PAGE_SIZE)));

struct site *site_find(u64 address, bool add)
{
    u32 i = (u32)(address * 0x9e3779b97f4a7c15ull >> 54) % INDEX;
    for (; table.index[i]; i = (i + 1) % INDEX) {
        struct site *s = &table.sites[table.index[i] - 1];
        if (s->address == address)
            return s;
    }
    if (!add || table.count == SITES)
        return NULL;
    struct site *s = &table.sites[table.count];
    *s = (struct site){.address = address};
    table.index[i] = (u16)++table.count;
    return s;
}

void sites_renew(u64 start, u64 end, void (*give_back)(u8 *slot))
{
    for (u32 i = 0; i < table.count; i++) {
        struct site *s = &table.sites[i];
        if (s->address < start || s->address >= end)
            continue;
        if (s->slot)
            give_back(s->slot);
        s->slot = NULL;
        s->back = 0;
        s->traps = 0;
    }
}

/* Only what was written: the rest would be copied for nothing after a fork. */
void sites_clear(void)
{
    if (table.count)
        memset(table.index, 0, sizeof(table.index));
    table.count = 0;
}
