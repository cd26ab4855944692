/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of processes and what they mean to their relatives. */
#ifndef LIBOS_PROC_EXIT_H
#define LIBOS_PROC_EXIT_H

#include "libos/proc/process.h"

/* These want the_cell->lock held. */
/* Takes a zombie out of the tree, counts its times for its parent, and frees it. */
void reap(struct process *zombie);
/* Gives p's children to the next subreaper or to init; zombies among them go. */
void orphan_children(struct process *p);

/* SIGCHLD (or another signal) to p's parent for an end, stop or continuation: code is CLD_*. */
void tell_parent_of(struct process *p, int signo, int code, int status);

/* Fills p's times and peak memory, of the calling host process or another. */
void process_times(struct process *p, u64 *user_ns, u64 *system_ns, u64 *peak);

/* Ends the process of a thread for which no host process could be made. Called in another process.
 */
void end_unstarted(struct thread *t, int wait_status);

/* Robust futexes and the word that pthread_join watches (proc/robust.c). */
void robust_list_exit(struct thread *t);

#endif
