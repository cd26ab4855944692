/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cap/table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
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

struct packed {
    u32 slot;
    struct cap cap;
};

static struct cap *map_slots(void)
{
    void *slots = mmap(NULL, CAP_SLOTS * sizeof(struct cap), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    return slots == MAP_FAILED ? NULL : slots;
}

int table_init(struct cap_table *table, struct bank *bank, u32 reserved)
{
    struct cap *slots = map_slots();

    if (!slots)
        return -ENOMEM;
    *table = (struct cap_table){.slots = slots, .fresh = reserved, .reserved = reserved};
    holding_init(&table->holding, bank);
    return 0;
}

/* Whole chunks in so many slots: each is charged when its last slot is first used. The reserved
 * ones come with the table. */
static u32 chunks(u32 fresh)
{
    return fresh / CAP_CHUNK;
}

void table_finish(struct cap_table *table)
{
    for (u32 i = 0; table->packed && i < table->used; i++)
        cap_drop(&table->packed[i].cap);
    if (!table->slots && !table->packed)
        return;
    free(table->packed);
    table->packed = NULL;
    for (u32 i = 0; table->slots && i < table->fresh; i++) {
        if (table->slots[i].object)
            cap_drop(&table->slots[i]);
    }
    if (table->slots)
        munmap(table->slots, CAP_SLOTS * sizeof(struct cap));
    table->slots = NULL;
    table->used = 0;
    holding_finish(&table->holding);
}

/* It is sorted. */
static struct cap *get_packed(const struct cap_table *table, u64 slot)
{
    u32 low = 0, high = table->used;

    while (low < high) {
        u32 middle = low + (high - low) / 2;

        if (table->packed[middle].slot < slot)
            low = middle + 1;
        else
            high = middle;
    }
    return low < table->used && table->packed[low].slot == slot ? &table->packed[low].cap : NULL;
}

struct cap *table_get(struct cap_table *table, u64 slot)
{
    if (table->packed)
        return get_packed(table, slot);
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

    if (!table->slots)
        return false;
    for (u32 slot = table->free; slot && n; n--)
        slot = table->slots[slot].next;
    if (n > CAP_SLOTS - fresh)
        return false;
    return holding_has_room(&table->holding, RF_RESOURCE_RECORDS,
                            chunks(fresh + n) - chunks(fresh));
}

s64 table_add(struct cap_table *table, struct cap cap)
{
    u32 slot = table->free;

    assert(cap.object);
    if (!table->slots)
        return -ENFILE;
    if (slot) {
        table->free = table->slots[slot].next;
    } else {
        slot = table->fresh;
        if (slot >= CAP_SLOTS ||
            !holding_charge(&table->holding, RF_RESOURCE_RECORDS, chunks(slot + 1) - chunks(slot)))
            return -ENFILE;
        table->fresh++;
    }
    table->slots[slot] = cap;
    table->used++;
    return slot;
}

void table_revoke(struct cap_table *table, u32 slot)
{
    struct cap *at = table_get(table, slot), cap = *at;

    at->object = object_ended();
    object_hold(object_ended());
    cap_drop(&cap);
}

struct cap table_take(struct cap_table *table, u32 slot)
{
    struct cap cap = table->slots[slot];

    assert(cap.object);
    table->slots[slot] = (struct cap){0};
    if (slot >= table->reserved) {
        table->slots[slot].next = table->free;
        table->free = slot;
    }
    table->used--;
    cap.next = 0;
    return cap;
}

void table_drop(struct cap_table *table, u32 slot)
{
    struct cap cap = table_take(table, slot);

    cap_drop(&cap);
}

/* What is freed is found again, so as many slots are used at once as ever before. */
void table_load(struct cap_table *table, u32 fresh)
{
    assert(fresh >= table->reserved && fresh <= CAP_SLOTS);
    bank_charge_used(table->holding.bank, RF_RESOURCE_RECORDS,
                     chunks(fresh) - chunks(table->fresh));
    table->holding.charged[RF_RESOURCE_RECORDS] += chunks(fresh) - chunks(table->fresh);
    table->fresh = fresh;
}

void table_loaded(struct cap_table *table)
{
    for (u32 slot = table->fresh; slot-- > table->reserved;) {
        if (table->slots[slot].object)
            continue;
        table->slots[slot].next = table->free;
        table->free = slot;
    }
}

void table_pack(struct cap_table *table)
{
    u32 count = 0;

    if (!table->slots || !(table->packed = calloc(table->used + 1, sizeof(*table->packed))))
        return;
    for (u32 slot = 0; slot < table->fresh; slot++) {
        if (table->slots[slot].object)
            table->packed[count++] = (struct packed){slot, table->slots[slot]};
    }
    munmap(table->slots, CAP_SLOTS * sizeof(struct cap));
    table->slots = NULL;
}

int table_unpack(struct cap_table *table)
{
    if (!table->packed)
        return 0;
    table->slots = map_slots();
    if (!table->slots)
        return -ENOMEM;
    for (u32 i = 0; i < table->used; i++)
        table->slots[table->packed[i].slot] = table->packed[i].cap;
    free(table->packed);
    table->packed = NULL;
    table->free = 0;
    table_loaded(table);
    return 0;
}
