/* SPDX-License-Identifier: Apache-2.0 */
/* A cell as the kernel holds it: its host processes, what it was granted, who waits. */
#ifndef KERNEL_CELL_H
#define KERNEL_CELL_H

#include <sys/types.h>

#include "abi/layout.h"
#include "base/list.h"
#include "kernel/cap/table.h"
#include "kernel/config.h"
#include "kernel/event.h"

#define MAX_GRANTS   MAX_MOUNTS
#define CONSOLES     4 /* stdin, stdout, stderr, trace */
#define SPAWN_TOKENS 64
#define MAX_PENDING  RF_MAX_THREADS

/* A directory of the host that the cell may use. */
struct grant {
    int fd; /* O_PATH */
    const char *host;
    u32 rights;        /* RF_RIGHT_* */
    const char **only; /* NULL, or the only names in it that the cell may use */
    u32 only_count;
};

/* A stream of the host. `fd` is inherited and shared with other processes of the host, so its
 * O_NONBLOCK is never touched: `event.fd` is a description of our own where one could be had. */
struct console {
    struct event event; /* fd is a description of our own, or the inherited one */
    int fd;             /* the inherited descriptor */
    u32 rights;
    bool is_tty, is_regular, is_socket, own_description;
    struct list readers, writers; /* struct pending */
    u8 *unread;                   /* bytes read for a caller that was gone when they came */
    u32 unread_length;
    u16 armed[RF_MAX_THREADS]; /* poll(2) events that thread waits for */
    u32 armed_count;
    bool parked;       /* a terminal whose input is not ours for now: see console_park */
    struct timer park; /* when to look again */
    struct cell *cell;
};

/* An invocation whose answer waits. On one list of what it waits for. */
struct pending {
    struct list link;
    struct list all; /* cell->pending, or cell->free_pending */
    struct timer timer;
    struct cell *cell;
    u64 id; /* of the notification */
    u32 tid, op, slot, msg;
    u64 w[4];
};

struct thread_timer {
    struct timer timer;
    struct cell *cell;
    u32 index; /* wake word */
    pid_t pid, tid;
};

struct cell {
    const struct run_config *config;
    struct rf_window *window;
    int heap_fd;
    pid_t leader; /* first process; number of the cell's host session and process group */
    struct event listener;
    struct cap_table caps;
    struct grant grants[MAX_GRANTS];
    u32 grant_count;
    struct console consoles[CONSOLES];

    struct pending
        *pending_memory; /* MAX_PENDING, of which those from pending_fresh on are untouched */
    u32 pending_fresh;
    struct list pending, free_pending;
    struct list prepared; /* callers of PREPARED */
    struct list sleepers, lockers;
    u32 tokens[SPAWN_TOKENS];
    u32 token_count;
    u64 signals;                 /* bit n-1: ringfence got signal n, not yet handed to the cell */
    u64 signals_ns;              /* since when there are some */
    bool job_control;            /* somebody would continue us if we stopped */
    bool main_stopped;           /* the library OS said STOPPED: it is told when we go on */
    struct thread_timer *timers; /* RF_MAX_THREADS, by thread index */

    u32 tasks;     /* host threads and processes; an upper bound until recounted */
    u32 processes; /* host processes that exist */
    u64 invocations;
    u64 cpu_used_ns, cpu_missing_ns, peak_bytes; /* of ended host processes */

    bool ending;
    int wait_status; /* of the main program, as of waitpid(2); valid when ending */
    int own_status;  /* exit status of ringfence that overrides it, or -1 */
};

/* Ends the cell: kills what runs in it. Only the first call counts. */
void cell_end(struct cell *cell, int wait_status, int own_status);

/* Wakes the thread with that index if it is one. */
void cell_wake(struct cell *cell, u32 thread_index);

/* Interrupts a host thread of the cell: 0, -ESRCH: not one of this cell. */
int cell_kick(struct cell *cell, u64 pid, u64 tid);

/* Whether that host process belongs to the cell. */
bool cell_has_process(const struct cell *cell, u64 pid);

#endif
