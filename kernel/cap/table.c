/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cap/table.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

int table_init(struct cap_table *table, u32 reserved)
{
    void *slots = mmap(NULL, CAP_SLOTS * sizeof(struct cap), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (slots == MAP_FAILED)
        return -ENOMEM;
    *table = (struct cap_table){.slots = slots, .fresh = reserved};
    return 0;
}

struct cap *table_get(struct cap_table *table, u64 slot)
{
    if (slot >= CAP_SLOTS || table->slots[slot].kind == RF_KIND_NONE)
        return NULL;
    return &table->slots[slot];
}

void table_put(struct cap_table *table, u32 slot, const struct cap *cap)
{
    table->slots[slot] = *cap;
}

s64 table_add(struct cap_table *table, const struct cap *cap)
{
    u32 slot = table->free;

    if (slot)
        table->free = table->slots[slot].index;
    else if (table->fresh < CAP_SLOTS)
        slot = table->fresh++;
    else
        return -ENFILE;
    table->slots[slot] = *cap;
    return slot;
}

void table_drop(struct cap_table *table, u32 slot)
{
    struct cap *cap = &table->slots[slot];

    if (cap->kind == RF_KIND_FILE)
        close(cap->fd);
    *cap = (struct cap){.kind = RF_KIND_NONE, .index = table->free};
    table->free = slot;
}
