/* SPDX-License-Identifier: Apache-2.0 */
/* New host processes. */
#ifndef LIBOS_PROC_FORK_H
#define LIBOS_PROC_FORK_H

#include "libos/proc/process.h"

/* Forks the calling host process for thread t (and t->process), which takes over the copy of the
 * calling thread's library OS stack. Returns 0 in the parent, or -E…; in the child, current() being
 * t, it calls start(argument), which does not return. */
long host_fork(struct thread *t, void (*start)(void *argument), void *argument);

/* Lets the prepared process fork a host process for t, which has an image to load. Does not fail.
 */
void spawn_from_prepared(struct thread *t);

/* In a vfork child that ended or has gone to a host process of its own (result: its pid): the
 * caller of vfork goes on. `t` may be gone. */
_Noreturn void vfork_resume(struct thread *caller, long result);

struct parking_place;

/* The calling host thread ends, or in a vfork child the caller goes on. The thread must be out of
 * the tree; frees it. `last`: the whole host process ends; else `place`, if not NULL, is where the
 * host thread waits for another thread. */
_Noreturn void host_leave(struct thread *t, bool last, long vfork_result,
                          struct parking_place *place);

#endif
