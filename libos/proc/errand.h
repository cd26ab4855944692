/* SPDX-License-Identifier: Apache-2.0 */
/* Asking another process to do something in its own memory, which nobody else can reach. The asker
 * puts an errand on the cell's list and pokes the threads of the other process; one of them runs it
 * before it sleeps again or goes back to its program. */
#ifndef LIBOS_PROC_ERRAND_H
#define LIBOS_PROC_ERRAND_H

#include "libos/sync/wait.h"

enum errand_state { ERRAND_WAITS, ERRAND_RUNS, ERRAND_DONE };

/* A part of something in the heap segment. */
struct errand {
    /* Set by the asker. Called in the other process, whose current_process may be a vfork child of
     * the one that was asked for, at a point without locks; must not sleep. */
    void (*run)(struct errand *e);
    /* The rest is errand.c's. */
    struct list link; /* the_cell->errands */
    u64 memory;
    enum errand_state state;
    struct waitq done;
};

/* Has process pid run e, and waits for it. False: it did not, and will not: there is no such
 * process, it has no memory of its own yet or any more, or it did not answer within a second. */
bool errand_send(int pid, struct errand *e);
/* Runs what others want of the calling process. Without locks. */
void errands_run(void);

#endif
