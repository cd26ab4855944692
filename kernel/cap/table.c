/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cap/table.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/object/bank.h"

struct cap cap_copy(const struct cap *cap, u32 rights)
{
    struct cap copy = *cap;

    object_hold(cap->object);
    /* Weakness is a restriction: no copy is without it. */
    copy.rights = cap->rights & (u8)(rights | RF_RIGHT_WEAK);
    copy.next = 0;
    return copy;
}

void cap_drop(struct cap *cap)
{
    struct object *object = cap->object;

    *cap = (struct cap){0};
    object_release(object);
}

int table_init(struct cap_table *table, struct bank *bank, u32 reserved)
{
    void *slots = mmap(NULL, CAP_SLOTS * sizeof(struct cap), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (slots == MAP_FAILED)
        return -ENOMEM;
    if (bank)
        object_hold(&bank->object);
    *table = (struct cap_table){.slots = slots, .bank = bank, .fresh = reserved};
    return 0;
}

/* Chunks that are charged for so many slots. The reserved ones come with the table. */
static u32 chunks(u32 fresh)
{
    return fresh / CAP_CHUNK;
}

void table_finish(struct cap_table *table)
{
    if (!table->slots)
        return;
    for (u32 i = 0; i < table->fresh; i++) {
        if (table->slots[i].object)
            cap_drop(&table->slots[i]);
    }
    munmap(table->slots, CAP_SLOTS * sizeof(struct cap));
    table->slots = NULL;
    table->used = 0;
    if (!table->bank)
        return;
    if (!table->bank->object.dead)
        bank_uncharge(table->bank, RF_RESOURCE_RECORDS, chunks(table->fresh));
    object_release(&table->bank->object);
    table->bank = NULL;
}

struct cap *table_get(struct cap_table *table, u64 slot)
{
    if (slot >= CAP_SLOTS || !table->slots || !table->slots[slot].object)
        return NULL;
    return &table->slots[slot];
}

void table_put(struct cap_table *table, u32 slot, struct cap cap)
{
    assert(slot < table->fresh && !table->slots[slot].object && cap.object);
    table->slots[slot] = cap;
    table->used++;
}

/* Freed slots are counted by what is used of those that were ever used. */
bool table_has_room(const struct cap_table *table, u32 n)
{
    u32 fresh = table->fresh;

    for (u32 slot = table->free; slot && n; n--)
        slot = table->slots[slot].next;
    if (n > CAP_SLOTS - fresh)
        return false;
    return !table->bank || chunks(fresh + n) == chunks(fresh) ||
           bank_has_room(table->bank, RF_RESOURCE_RECORDS, chunks(fresh + n) - chunks(fresh));
}

s64 table_add(struct cap_table *table, struct cap cap)
{
    u32 slot = table->free;

    assert(cap.object);
    if (slot) {
        table->free = table->slots[slot].next;
    } else {
        slot = table->fresh;
        if (slot >= CAP_SLOTS || (table->bank && chunks(slot + 1) != chunks(slot) &&
                                  !bank_charge(table->bank, RF_RESOURCE_RECORDS, 1)))
            return -ENFILE;
        table->fresh++;
    }
    table->slots[slot] = cap;
    table->used++;
    return slot;
}

void table_drop(struct cap_table *table, u32 slot)
{
    struct cap cap = table->slots[slot];

    table->slots[slot] = (struct cap){.next = table->free};
    table->free = slot;
    table->used--;
    cap_drop(&cap);
}
