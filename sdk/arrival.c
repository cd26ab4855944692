/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "sdk/ringfence.h"

struct rf_arrival rf_arrival(void)
{
    const struct rf_window *window = (const struct rf_window *)RF_WINDOW_BASE;

    if (!rf_in_cell())
        return (struct rf_arrival){0};
    return (struct rf_arrival){
        .generation = __atomic_load_n(&window->cell.generation, __ATOMIC_ACQUIRE),
        .came = __atomic_load_n(&window->cell.came, __ATOMIC_RELAXED),
        .branch = __atomic_load_n(&window->cell.branch, __ATOMIC_RELAXED),
    };
}

/* Asked for once, then waited for by its number: a wait may be interrupted, and begun again. */
s64 rf_checkpoint(void)
{
    struct rf_arrival before = rf_arrival(), now;
    s64 number, result;

    do
        number = rf_call(RF_SLOT_WORLD, RF_OP_WORLD_CHECKPOINT, 0, 0, 0, 0);
    while (number == -EINTR);
    if (number < 0)
        return number;
    do {
        result = rf_call(RF_SLOT_WORLD, RF_OP_WORLD_CHECKPOINT, 1, (u64)number, 0, 0);
        now = rf_arrival();
        if (now.generation != before.generation && now.came != RF_CAME_RESUMED)
            return 0;
    } while (result == -EINTR);
    return result;
}
