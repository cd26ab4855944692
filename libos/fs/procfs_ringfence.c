/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/ringfence: how the cell came to be where it is, and checkpoints that its programs ask for.
 */
#include "libos/fs/procfs.h"

#include <linux/stat.h>

#include "libos/host/invoke.h"
#include "libos/proc/signal.h"

static long print_generation(struct text *t, u64 key)
{
    (void)key;
    text_add(t, "%lu\n", the_window->cell.generation);
    return 0;
}

static long print_came(struct text *t, u64 key)
{
    static const char *const names[] = {"started", "resumed", "restarted", "branched", "thawed"};
    u32 came = the_window->cell.came;

    (void)key;
    text_add(t, "%s\n", came < ARRAY_SIZE(names) ? names[came] : "?");
    return 0;
}

static long print_branch(struct text *t, u64 key)
{
    (void)key;
    text_add(t, "%u\n", the_window->cell.branch);
    return 0;
}

/* Who was not granted the world may not know of it. */
static long denied(long r)
{
    return r == -EBADF || r == -ESTALE ? -EACCES : r;
}

static long print_checkpoint(struct text *t, u64 key)
{
    struct rf_msg *m = message_get();
    long r = invoke_message_retry(RF_SLOT_WORLD, RF_OP_WORLD_STAT, m, 0, 0, 0, 0);
    u64 generation = ((const struct rf_world_stat *)m->data)->generation;

    (void)key;
    message_put(m);
    if (r == 0)
        text_add(t, "%lu\n", generation);
    return denied(r);
}

static bool went_on(u64 before)
{
    return the_window->cell.generation != before && the_window->cell.came != RF_CAME_RESUMED;
}

/* Until it is durable. What goes on from it, or was branched off meanwhile, need not wait. */
static long wait_for(u64 wanted)
{
    struct rf_msg *m = message_lend();
    u64 before = the_window->cell.generation;
    const u64 w[4] = {1, wanted};
    long r = -EINTR;

    if (!m)
        return -EINTR;
    do {
        r = invoke_waiting(RF_SLOT_WORLD, RF_OP_WORLD_CHECKPOINT, m, w);
    } while (r == -EINTR && !went_on(before) && !signal_pending());
    message_return(m);
    return went_on(before) ? 0 : MIN(r, 0);
}

static long store_checkpoint(u64 key, const char *text, size_t n)
{
    long r;

    (void)key;
    if (text[0] != '1' || (n > 1 && text[1] != '\n') || n > 2)
        return -EINVAL;
    r = invoke_surely(RF_SLOT_WORLD, RF_OP_WORLD_CHECKPOINT, 0, 0, 0, 0);
    return r > 0 ? wait_for((u64)r) : denied(r);
}

const struct text_entry proc_ringfence_entries[] = {
    TEXT_FILE("generation", print_generation),
    TEXT_FILE("came", print_came),
    TEXT_FILE("branch", print_branch),
    {.name = "checkpoint",
     .mode = S_IFREG | 0666, /* who may, the capability says */
     .print = print_checkpoint,
     .store = store_checkpoint},
    {.name = NULL},
};
