/* SPDX-License-Identifier: Apache-2.0 */
/* The cell's standard input, output and error. */
#include "libos/tty/console.h"
#include "abi/boot.h"
#include "libos/fs/fdtable.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include "libos/tty/session.h"

#define STREAMS        3
#define CONSOLE_SIGNAL 64 /* see consoles_ready */

static const u32 slots[STREAMS] = {RF_SLOT_STDIN, RF_SLOT_STDOUT, RF_SLOT_STDERR};

/* the_cell->ttys */
struct consoles {
    struct console streams[STREAMS];
};

static long console_init(struct console *c, u32 slot)
{
    struct rf_msg *m = message_get();
    long r = invoke_message_retry(slot, RF_OP_CONSOLE_INFO, m, 0, 0, 0, 0);
    c->slot = slot;
    c->is_tty = m->words[1] != 0;
    c->rights = (u32)m->words[3];
    waitq_init(&c->queue);
    message_put(m);
    return r;
}

long console_give(struct process *p, struct fdtable *files)
{
    struct consoles *all = heap_alloc(sizeof(*all));
    (void)p;
    if (!all)
        return -ENOMEM;
    the_cell->ttys = all;
    for (int i = 0; i < STREAMS; i++) {
        if (console_init(&all->streams[i], slots[i]) < 0)
            continue; /* closed when ringfence was started: closed in the cell */
        struct file *f = console_file_new(&all->streams[i]);
        if (!f)
            return -ENOMEM;
        long r = fdtable_set(files, i, f, false);
        if (r < 0)
            return r;
    }
    return 0;
}

void consoles_ready(void)
{
    struct consoles *all = the_cell->ttys;
    for (int i = 0; i < STREAMS; i++)
        waitq_wake(&all->streams[i].queue, ~0u);
}

bool console_signal(int signo)
{
    if (signo != CONSOLE_SIGNAL)
        return false;
    consoles_ready();
    return true;
}
