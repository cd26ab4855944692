/* SPDX-License-Identifier: Apache-2.0 */
/* What forked children learn about call sites, for their parent. */
#include "base/string.h"
#include "libos/entry/entry.h"
#include "libos/entry/patch_hints.h"
#include "libos/entry/user.h"
#include "libos/mm/heap.h"

#define WORTH_PATCHING 3u /* traps */

static u32 changes_seen; /* private: of this process's table */

static struct patch_hint *find_hint(struct patch_hints *h, u64 address)
{
    for (u32 i = 0; i < h->count; i++) {
        if (h->hints[i].address == address)
            return &h->hints[i];
    }
    return NULL;
}

static void add_hint(struct patch_hints *h, u64 address, u32 call)
{
    struct patch_hint *hint = &h->hints[h->count];

    if (h->count == PATCH_HINTS ||
        copy_from_user(hint->code, (const void *)(address - HINT_BEFORE), HINT_BYTES))
        return;
    hint->address = address;
    hint->call = call;
    hint->traps = 1;
    h->count++;
}

/* Runs in a signal handler over program code, so no lock is held by this thread. */
void patch_hints_note(u64 address, u32 call)
{
    struct patch_hints *h = current_process->hints;
    struct patch_hint *hint;

    if (!h || h->references < 2)
        return;
    lock_take(&h->lock);
    hint = find_hint(h, address);
    if (!hint)
        add_hint(h, address, call);
    else if (hint->call == call && ++hint->traps == WORTH_PATCHING)
        h->changes++;
    lock_release(&h->lock);
}

static void learn(struct patch_hints *h)
{
    changes_seen = h->changes;
    for (u32 i = 0; i < h->count; i++) {
        const struct patch_hint *hint = &h->hints[i];
        u8 code[HINT_BYTES];

        if (hint->traps >= WORTH_PATCHING &&
            copy_from_user(code, (const void *)(hint->address - HINT_BEFORE), HINT_BYTES) == 0 &&
            memcmp(code, hint->code, HINT_BYTES) == 0)
            patch_known_site(hint->address, hint->call);
    }
}

static struct patch_hints *new_hints(void)
{
    struct patch_hints *h = heap_alloc(sizeof(*h));

    if (h)
        h->references = 1;
    changes_seen = 0;
    return h;
}

void patch_hints_fork(struct process *p)
{
    struct process *parent = current_process;
    struct patch_hints *h = parent->hints;

    if (!h)
        h = parent->hints = new_hints();
    p->hints = h;
    if (!h)
        return;
    lock_take(&h->lock);
    h->references++;
    if (h->changes != changes_seen && parent->thread_count == 1)
        learn(h);
    lock_release(&h->lock);
}

void patch_hints_leave(struct process *p)
{
    struct patch_hints *h = p->hints;
    bool last;

    p->hints = NULL;
    if (!h)
        return;
    lock_take(&h->lock);
    last = --h->references == 0;
    lock_release(&h->lock);
    if (last)
        heap_free(h);
}
