/* SPDX-License-Identifier: Apache-2.0 */
/* Standing still for a cut, and going on; docs/design/cut.md. */
#ifndef LIBOS_PROC_STOP_H
#define LIBOS_PROC_STOP_H

#include "libos/host/invoke.h"

/* In the handler of a kick: returns when the cell goes on. The calling host thread may be another
 * one then, in another process of the host. */
void stop_if_asked(void);

/* How often the cell has gone on in other host processes. */
static inline u32 times_restored(void)
{
    return __atomic_load_n(&the_window->stop.restored, __ATOMIC_ACQUIRE);
}

/* proc/restore.c: what a cell's first process does when there is something to restore. */
_Noreturn void restore_processes(void);

#endif
