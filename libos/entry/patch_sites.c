/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/entry/patch_sites.h"
#include "base/string.h"
#include "libos/host/host.h"

#define SITES 768u
#define INDEX 1024u /* a power of two, and more than SITES */

static u16 index[INDEX] WRITTEN_BY_FORK; /* place in `sites`, plus 1, by hash; 0: none */
static u32 count WRITTEN_BY_FORK;
static struct site sites[SITES];

struct site *site_find(u64 address, bool add)
{
    u32 i = (u32)(address * 0x9e3779b97f4a7c15ull >> 54) % INDEX;
    for (; index[i]; i = (i + 1) % INDEX) {
        struct site *s = &sites[index[i] - 1];
        if (s->address == address)
            return s;
    }
    if (!add || count == SITES)
        return NULL;
    struct site *s = &sites[count];
    *s = (struct site){.address = address};
    index[i] = (u16)++count;
    return s;
}

void sites_renew(u64 start, u64 end, void (*give_back)(u8 *slot))
{
    for (u32 i = 0; i < count; i++) {
        struct site *s = &sites[i];
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
    if (count)
        memset(index, 0, sizeof(index));
    count = 0;
}
