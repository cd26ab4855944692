/* SPDX-License-Identifier: Apache-2.0 */
/* Library OS stacks of threads, in private memory. A stack stays in use until the host's thread is
 * gone, which the host tells by clearing a word, and is then used again: mapping one costs more
 * than a thread. */
#ifndef LIBOS_PROC_STACKS_H
#define LIBOS_PROC_STACKS_H

#include "libos/proc/process.h"

/* Takes a slot with a stack. 0: none to be had. stack_use makes it t's. */
u32 stack_take(void);
void stack_use(struct thread *t, u32 slot);
/* The slot in whose block the address lies; 0: none. */
u32 stack_slot_at(u64 address);
/* Gives back a slot on which no host thread ran. */
void stack_give_back(u32 slot);
/* The words that the host sets to its thread's number at the start, and clears at the end. */
u32 *stack_host_tid(u32 slot);
u32 *stack_busy_word(u32 slot);

/* Held over a host fork, so that the child finds the slots whole, and released in the child too. */
void stacks_lock(void);
void stacks_unlock(void);
/* In a forked child, where only t's stacks are in use. */
void stacks_fork_child(struct thread *t);

#endif
