/* SPDX-License-Identifier: Apache-2.0 */
/* Making, linking and freeing the members of the process tree. Used within proc/ and by
 * entry/start.c. */
#ifndef LIBOS_PROC_TREE_H
#define LIBOS_PROC_TREE_H

#include "libos/proc/process.h"

/* Once per cell, in the prepared process, after heap_init: empties the tables and makes `init`. */
void processes_init(void);

/* A new process that is a copy of `from` as fork(2) makes one, without threads, files, paths and
 * place in the tree. NULL: no memory. Undone by process_free. */
struct process *process_copy(struct process *from);
void process_free(struct process *p); /* not linked, no threads; gives back what is still there */

/* A new thread of p that is a copy of `from` (NULL: the calling thread), with a wake word, not
 * linked, without a tid. NULL: no memory or too many threads. Undone by thread_free. */
struct thread *thread_copy(struct process *p, struct thread *from);
void thread_free(struct thread *t);

/* These want the_cell->lock held. */
int id_take(void); /* an unused process or thread number */
void process_link(struct process *p,
                  struct process *parent); /* p->pid, p->pgid, p->session are set */
void process_unlink(struct process *p);    /* out of the tree: nobody finds it */
void thread_link(struct thread *t);        /* t->tid is set */
void thread_unlink(struct thread *t);
void session_put(struct session *s);
/* Asks a thread to look at its state: sets attention, wakes it, interrupts program code. */
void thread_poke(struct thread *t);
/* Whether one more task fits the cell's limits and the user's RLIMIT_NPROC. */
bool task_allowed(void);

/* True if process group pgid has no member whose parent is in another group of the same session;
 * members named `ignored` do not count. */
bool group_orphaned(int pgid, const struct process *ignored);
bool group_has_stopped(int pgid);

#endif
