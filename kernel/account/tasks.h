/* SPDX-License-Identifier: Apache-2.0 */
/* The host processes of cells: which there are, and how many with their threads against the limits.
 *
 * A cell's list is complete but for processes that are just being made: the host tells of a new one
 * only before it exists. Those are found among this process's children when the list is next used.
 */
#ifndef KERNEL_ACCOUNT_TASKS_H
#define KERNEL_ACCOUNT_TASKS_H

#include "kernel/cell.h"

struct process {
    struct list link;     /* of cell->host_processes */
    struct process *next; /* of its number's hash chain */
    struct cell *cell;
    pid_t pid;
    u32 memory;  /* names its memory among the cell's (checkpoint/keys.h) */
    int tracker; /* checkpoint/tracker.h, or -1 */
    u64 tracked; /* number of the cut since when it knows; 0: of none */
    u64 tracked_pages;
    int alarm;      /* the host's timer on its clock, or -1 */
    u64 used_ns;    /* processor time when last seen */
    u64 delayed_ns; /* waited for a processor, when last seen */
    u64 pages;      /* of its own, when last seen */
};

/* With the number of a sink's batch: nothing was tracked before what that batch has of it. */
#define TRACKED_AFRESH (1ul << 63)

/* Takes what the figures are read from: /proc as it is before the kernel confines itself. */
void tasks_init(void);

/* Charges one more thread or process; false when the cell has as many as it may. */
bool tasks_charge(struct cell *cell, bool is_thread);
void tasks_uncharge(struct cell *cell, bool is_thread);

/* A host process of the cell is known to exist. No memory: it is found later. */
void tasks_add(struct cell *cell, pid_t pid);

/* Its memory has that name: who has it by chance gets the process's. */
void tasks_name_memory(struct process *process, u32 memory);

/* What is known of a host process, or NULL. */
struct process *tasks_find(pid_t pid);

/* A host process of the cell ended. */
void tasks_ended(struct cell *cell, pid_t pid);
void tasks_all_ended(struct cell *cell);

/* Brings the lists of all cells up to date. False: one may be incomplete for a moment, since a
 * process was made just now. */
bool tasks_update(void);

/* The same at once, though processes may just be being made. */
void tasks_list(void);

/* Calls `visit` with each host process of the cell. */
void tasks_for_each(struct cell *cell, void (*visit)(struct process *process, void *context),
                    void *context);

/* Opens a file below /proc for reading: a descriptor or -1. */
int tasks_open(const char *path);

/* Reads a file of /proc/PID/ into text (NUL-terminated): bytes, or negative. */
long tasks_read(pid_t pid, const char *name, char *text, size_t size);

#endif
