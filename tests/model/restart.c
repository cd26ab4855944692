/* SPDX-License-Identifier: Apache-2.0 */
/* The test's domains are not kept, but cells are: for the instant of the cut a cell holds what is
 * in a domain's table. */
#include "tests/model/restart.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/cell.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/world.h"
#include "tests/unit/memory_store.h"

#define SLOT_SELF 15u /* so that the cell is there until it is looked for */

static struct {
    struct memory_store store;
    bool made;
    struct thing things[THINGS];
    struct domain_model domains[DOMAINS];
} cut;

static struct cell *make_cell(u32 i)
{
    char name[16];
    struct cell *cell;

    snprintf(name, sizeof(name), "table-%u", i);
    if (cell_make(world.first, world.bank, world.meter, name, &cell))
        abort();
    return cell;
}

static void put(struct cell *cell, u32 slot, struct cap cap)
{
    object_hold(cap.object);
    table_put(&cell->domain.caps, slot, cap);
}

static struct cap cap_of(struct object *object)
{
    return (struct cap){.object = object, .kind = (u8)object->class->kind, .rights = RF_RIGHT_ALL};
}

void restart_cut(struct fake_domain *const kernel[DOMAINS], struct object *const kept[KEPT])
{
    struct cell *cells[DOMAINS + 1];

    for (u32 i = 0; i <= DOMAINS; i++) {
        cells[i] = make_cell(i);
        put(cells[i], SLOT_SELF, cap_of(&cells[i]->object));
    }
    for (u32 d = 0; d < DOMAINS; d++) {
        for (u32 slot = RESERVED; slot < domains[d].fresh; slot++) {
            const struct cap *cap = table_get(&kernel[d]->domain.caps, slot);

            if (cap)
                put(cells[d], slot, *cap);
        }
    }
    for (u32 i = 0; i < KEPT; i++)
        put(cells[DOMAINS], RESERVED + i, cap_of(kept[i]));
    if (cut.made)
        memory_store_finish(&cut.store);
    memory_store_init(&cut.store);
    cut.made = true;
    if (objects_save(&cut.store.sink))
        abort();
    memory_store_sort(&cut.store);
    memcpy(cut.things, things, sizeof(things));
    memcpy(cut.domains, domains, sizeof(domains));
    for (u32 i = 0; i <= DOMAINS; i++) {
        object_destroy(&cells[i]->object);
        object_release(&cells[i]->object);
    }
}

static void end_all(struct fake_domain *kernel[DOMAINS], struct object *kept[KEPT])
{
    for (u32 d = 0; d < DOMAINS; d++)
        fake_free(kernel[d]);
    for (u32 i = 0; i < KEPT; i++)
        object_release(kept[i]);
    while (!list_empty(&world.bank->below))
        object_destroy(&list_first(&world.bank->below, struct bank, sibling)->object);
}

static struct cell *find(u32 i)
{
    char name[16];
    struct cell *cell;

    snprintf(name, sizeof(name), "table-%u", i);
    cell = world_find(world.first, name);
    if (!cell)
        abort();
    return cell;
}

/* The domain's table as the cell's is; free slots are found in another order than before. */
static struct fake_domain *take_domain(u32 d, struct bank *bank)
{
    struct fake_domain *fake = fake_domain(bank);
    struct cap_table *from = &find(d)->domain.caps, *to = &fake->domain.caps;

    table_load(to, domains[d].fresh);
    for (u32 slot = RESERVED; slot < domains[d].fresh; slot++) {
        if (table_get(from, slot))
            table_put(to, slot, table_take(from, slot));
    }
    table_loaded(to);
    domains[d].free_count = 0;
    for (u32 slot = domains[d].fresh; slot-- > RESERVED;) {
        if (!domains[d].slots[slot].thing)
            domains[d].free[domains[d].free_count++] = slot;
    }
    return fake;
}

void restart_crash(struct fake_domain *kernel[DOMAINS], struct object *kept[KEPT])
{
    char why[128] = "";

    assert(cut.made);
    end_all(kernel, kept);
    memcpy(things, cut.things, sizeof(things));
    memcpy(domains, cut.domains, sizeof(domains));
    if (objects_load(&cut.store.source, why)) {
        printf("no restart: %s\n", why);
        abort();
    }
    for (u32 i = 0; i < KEPT; i++) {
        kept[i] = table_get(&find(DOMAINS)->domain.caps, RESERVED + i)->object;
        object_hold(kept[i]);
    }
    for (u32 d = 0; d < DOMAINS; d++)
        kernel[d] = take_domain(d, container_of(kept[d], struct bank, object));
    for (u32 i = 0; i <= DOMAINS; i++)
        object_destroy(&find(i)->object);
}

void restart_finish(void)
{
    if (cut.made)
        memory_store_finish(&cut.store);
}
