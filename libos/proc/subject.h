/* SPDX-License-Identifier: Apache-2.0 */
/* A process that somebody has a capability to (abi/interface/process.h): standing still, faults
 * that a keeper hears of, the space that it shows. The prepared process serves what is asked; what
 * only the process itself can do is an errand. */
#ifndef LIBOS_PROC_SUBJECT_H
#define LIBOS_PROC_SUBJECT_H

#include "abi/objects.h"
#include "libos/proc/process.h"

/* In the heap; made at the first request, ends with the process. Guarded by the process's lock, but
 * for `shown`, which errands use, of which one runs at a time. */
struct subject {
    bool still;            /* every thread waits at its next safe point */
    struct rf_fault fault; /* signal 0: none */
    u32 start;             /* enum rf_process_start: how it was let go from the fault */
    u32 shown_count;
    struct rf_space_mapping *shown; /* heap: what is mapped of the space */
};

static inline bool subject_still(const struct process *p)
{
    return unlikely(p->subject) && __atomic_load_n(&p->subject->still, __ATOMIC_ACQUIRE);
}

/* The process's subject, made if need be. the_cell->lock held. NULL: no memory. */
struct subject *subject_of(struct process *p);

/* All threads stand still from now on, or go on. The process's lock held, and the_cell->lock. */
void subject_set_still(struct process *p, bool still);

/* The calling thread, with these registers, waits until its process may go on. */
void subject_wait(struct regs *r);

/* The program faulted, and is about to get the signal. True: a keeper had it forgotten. */
bool subject_fault(struct regs *r, int signo, const struct siginfo *info);

/* A thread's registers as others see them, and back: 0 or -EINVAL. */
void subject_registers(const struct thread *t, const struct regs *r, struct rf_registers *out);
long subject_set_registers(struct thread *t, struct regs *r, const struct rf_registers *from);

/* The process ends: its number may be another's soon. */
void subject_end(const struct process *p);
void subject_free(struct process *p);

/* In the prepared process: serves what PREPARED announced. */
void subject_requests_serve(void);

/* mm/shown.c: makes the calling process's memory show these mappings of process pid's space. */
void mm_show(struct subject *s, int pid, const struct rf_space_mapping *now, u32 count);

#endif
