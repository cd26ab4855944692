/* SPDX-License-Identifier: Apache-2.0 */
/* Host threads of ended threads, kept asleep for a moment so that the next thread of the process
 * need not be made by the host: that costs a message to the kernel, and more than the thread's own
 * work often does.
 *
 * A process parks at most PARKING_PLACES of them, for PARKING_NS, and a cell at most PARKED_MOST.
 * The program sees nothing of them. The kernel counts them as tasks, so there are none in a cell
 * whose number of tasks the user has limited. */
#ifndef LIBOS_PROC_PARKING_H
#define LIBOS_PROC_PARKING_H

#include "libos/proc/process.h"

#define PARKING_PLACES 4u
#define PARKED_MOST    64u
#define PARKING_NS     1000000000ull

struct parking_place;

/* Offers the calling host thread, whose thread t is about to end, to whoever starts a thread next.
 * NULL: no place is free. From here on the host thread must reach parking_wait or end its process.
 */
struct parking_place *parking_offer(struct thread *t);
/* Sleeps until a thread is started in this place, and becomes it; or ends the host thread.
 * current() is nobody. */
_Noreturn void parking_wait(struct parking_place *place);

/* Takes a host thread, with its stacks, for t. NULL: none is there. One of the next two follows. */
struct parking_place *parking_take(struct thread *t);
/* t, which is in the tree, begins on it with these registers and the caller's vector state. */
void parking_start(struct parking_place *place, struct thread *t, const struct regs *regs);
/* Starting failed: the host thread ends. */
void parking_give_back(struct parking_place *place);

/* A parked host thread has another number now. */
void parking_renumber(u32 old_tid, u32 tid);

/* The process is about to end, and the parked threads with it. */
void parking_process_end(void);

/* Held over a host fork by the calling thread, and released in the child too, which calls
 * parking_fork_child before: it has no parked threads. */
void parking_fork_begin(void);
void parking_fork_end(void);
void parking_fork_child(void);
/* Whether no thread is parked, or about to leave: then none will take a lock. For a process with
 * one thread. */
bool parking_is_empty(void);

#endif
