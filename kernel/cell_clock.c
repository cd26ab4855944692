/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cell_clock.h"

#include <string.h>
#include <time.h>

#include "abi/invoke.h"
#include "kernel/object/common.h"
#include "kernel/world.h"

const u64 *clock_shift(struct domain *domain)
{
    const struct cell *cell = cell_of_domain(domain);

    return cell ? cell->clock_shift : world.first->clock_shift;
}

static u64 host_time(clockid_t clock)
{
    struct timespec now = {0};

    clock_gettime(clock, &now);
    return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
}

void clock_host_now(u64 now[RF_CLOCK_FAMILIES])
{
    now[RF_CLOCK_REAL] = host_time(CLOCK_REALTIME);
    now[RF_CLOCK_MONOTONIC] = host_time(CLOCK_MONOTONIC);
    now[RF_CLOCK_BOOT] = host_time(CLOCK_BOOTTIME);
}

void cell_clock_save(const struct cell *cell, struct cell_clock *saved)
{
    clock_host_now(saved->now);
    for (int i = 0; i < RF_CLOCK_FAMILIES; i++)
        saved->now[i] += cell->clock_shift[i];
}

void cell_clock_restore(struct cell *cell, const struct cell_clock *saved)
{
    u64 now[RF_CLOCK_FAMILIES];

    clock_host_now(now);
    for (int i = 0; i < RF_CLOCK_FAMILIES; i++)
        cell->clock_shift[i] = i == RF_CLOCK_REAL ? 0 : saved->now[i] - now[i];
    if (cell->window)
        cell_clock_begin(cell);
}

void cell_clock_advance(struct cell *cell, u64 ns)
{
    cell->clock_shift[RF_CLOCK_MONOTONIC] += ns;
    cell->clock_shift[RF_CLOCK_BOOT] += ns;
    cell_clock_begin(cell);
}

/* The cell may have written anything there, which concerns itself alone. Where the host's functions
 * are is the library OS's to find. */
void cell_clock_begin(struct cell *cell)
{
    const struct cap *cap = table_get(&cell->domain.caps, RF_SLOT_CLOCK);
    const struct rf_clock *clock = cap ? clock_relation(cap) : NULL;
    struct rf_clock_page *page = &cell->window->cell.clock;
    bool shifted = cell->clock_shift[RF_CLOCK_MONOTONIC] || cell->clock_shift[RF_CLOCK_BOOT];

    page->sequence = (page->sequence | 1) + 1;
    page->state = clock ? 0 : RF_CLOCK_SERVED;
    if (clock && !shifted && clock_is_plain(clock))
        page->state = RF_CLOCK_PLAIN;
    if (clock)
        page->clock = *clock;
    memcpy(page->shift, cell->clock_shift, sizeof(page->shift));
    page->host_clock_gettime = 0;
}
