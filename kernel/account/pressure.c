/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/account/pressure.h"

#include <signal.h>

#include "kernel/checkpoint/hibernate.h"
#include "kernel/report.h"
#include "kernel/world.h"

static u64 bound;
static struct timer timer;
static u64 over_ns; /* since when it is exceeded and nothing is done about it; 0: it is not */

/* The awake cells. */
struct view {
    u64 held, going;     /* bytes; of those that are on their way to sleep or to their end */
    struct cell *oldest; /* may go now, and has done nothing for longest */
    struct cell *grown;  /* grew last */
    bool later;          /* one is idle, but not for long enough */
};

void pressure_set_bound(u64 bytes)
{
    bound = bytes;
}

u64 pressure_bound(void)
{
    return bound;
}

static bool is_going(const struct cell *cell)
{
    return cell->ending || (cell->sleep.phase != SLEEP_NONE && cell->sleep.phase != SLEEP_WAKES);
}

static bool may_sleep(const struct cell *cell)
{
    return list_empty(&cell->activity.link) && !cell->limits.config.stays_awake && !cell->restore &&
           cell->sleep.phase == SLEEP_NONE;
}

static void look_at(struct view *view, struct cell *cell, u64 now)
{
    u64 bytes = cell->pages_charged * PAGE_SIZE, since = MAX(cell->started_ns, cell->sleep.woke_ns);
    u64 awake_ns = view->held > bound ? REST_NS : AWAKE_NS;

    if (!may_sleep(cell))
        return;
    if (!bytes || now - cell->activity.busy_ns < REST_NS || now - since < awake_ns)
        view->later = true;
    else if (!view->oldest || cell->activity.busy_ns < view->oldest->activity.busy_ns)
        view->oldest = cell;
}

static struct view look(u64 now)
{
    struct view view = {0};

    list_for_each(node, &world.awake) {
        struct cell *cell = list_entry(node, struct cell, awake);

        view.held += cell->pages_charged * PAGE_SIZE;
        view.going += is_going(cell) ? cell->pages_charged * PAGE_SIZE : 0;
        if (!is_going(cell) && cell->activity.grew_ns &&
            (!view.grown || cell->activity.grew_ns > view.grown->activity.grew_ns))
            view.grown = cell;
    }
    list_for_each(node, &world.awake)
        look_at(&view, list_entry(node, struct cell, awake), now);
    return view;
}

static void end_for_memory(struct cell *cell)
{
    report_of(cell,
              "the cell was ended: with others it needs more memory than the world's limit of %lu "
              "MiB (--mem), and none of them is idle",
              bound >> 20);
    cell_end(cell, SIGKILL, -1);
}

static void again(struct timer *expired)
{
    (void)expired;
    pressure_look();
}

void pressure_look(void)
{
    u64 now = now_ns();
    struct view view;

    if (!bound)
        return;
    view = look(now);
    if (view.held <= bound - bound / 8) {
        over_ns = 0;
        return;
    }
    while (view.oldest && view.held - view.going > bound - bound / 4 &&
           hibernate_want(view.oldest) == 0)
        view = look(now);
    if (view.held <= bound || view.going || view.oldest || view.later)
        over_ns = 0;
    else if (!over_ns)
        over_ns = now;
    if (over_ns && view.grown && (now - over_ns > OVER_NS || view.held > bound + bound / 4))
        end_for_memory(view.grown);
    timer.expired = again;
    timer_set(&timer, now + REST_NS);
}
