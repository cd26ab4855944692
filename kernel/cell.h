/* SPDX-License-Identifier: Apache-2.0 */
/* A cell as the kernel holds it: its place in the tree, its host processes, what it may use. */
#ifndef KERNEL_CELL_H
#define KERNEL_CELL_H

#include <sys/types.h>

#include "abi/layout.h"
#include "base/list.h"
#include "kernel/account/activity.h"
#include "kernel/account/limits.h"
#include "kernel/domain.h"
#include "kernel/event.h"

#define SPAWN_TOKENS  64
#define TABLE_RESERVE RF_SLOT_LIMIT
#define CELL_DEPTH    64 /* cells that may lie above each other: the end of one walks all below */

enum { STOP_PAUSED = 1, STOP_METER = 2, STOP_THROTTLE = 4 };

struct thread_timer {
    struct timer timer;
    struct cell *cell;
    u32 index; /* wake word */
    pid_t pid, tid;
};

/* checkpoint/hibernate.h */
enum sleep_phase {
    SLEEP_NONE,
    SLEEP_WANTED, /* it is to sleep from the next cut on */
    SLEEP_STANDS, /* it stands still until that cut is durable */
    SLEEP_ENDS,   /* its processes are being ended */
    SLEEP_DEEP,   /* it has neither processes nor memory: no window, no heap segment */
    SLEEP_WAKES,  /* it has its window, and is about to have processes */
};

struct sleep {
    u32 phase;
    bool wanted;     /* SLEEP_ENDS: something happened for it */
    bool clock_lost; /* it slept through a restart: its clocks are to be set */
    u64 wakes_at;    /* host time of when it wakes by itself; UINT64_MAX: never */
    u64 since_age;   /* world_age() at the cut */
    u64 woke_ns;     /* when it woke last, or could not sleep; 0: never */
    struct timer timer;
};

struct cell {
    struct object object; /* capabilities to it: interfaces cell and cell_self */
    struct domain domain;
    char name[RF_CELL_NAME];
    u32 number;
    struct cell *parent; /* NULL: the first cell of the world, which has no program; a reference */
    struct list below, sibling;
    struct list all;      /* of the world's cells, in order of their numbers */
    struct meter *meter;  /* what it runs on; a reference */
    struct list metered;  /* of meter->cells */
    struct bank *bank;    /* what it is charged to; a reference */
    struct object *maker; /* the constructor that yielded it; a reference. NULL: none */
    struct image *image;  /* its library OS; NULL: that of new cells */
    u64 clock_shift[RF_CLOCK_FAMILIES]; /* base time less the host's: cell_clock.h */

    struct rf_window *window; /* NULL: the first cell, one that is over or sleeps deep */
    int window_fd, heap_fd;
    pid_t leader; /* first process; number of the cell's host session and process group; 0: not
                     started */
    pid_t helper; /* gave us the listener and is about to end: no task of the cell's; 0: none */
    struct event start; /* the socket by which the first process says how far it got */
    struct event listener;
    struct limits limits;

    struct list prepared; /* callers of PREPARED */
    u32 tokens[SPAWN_TOKENS];
    u32 token_count;
    u64 signals;       /* bit n-1: signal n, not yet handed to the cell */
    u64 signals_ns;    /* since when there are some */
    bool job_control;  /* somebody would continue us if we stopped */
    bool main_stopped; /* the library OS said STOPPED: it is told when we go on */
    u32 timers_used;   /* those from here on were never set, and their memory never touched */
    struct thread_timer *timers;    /* RF_MAX_THREADS, by thread index */
    u64 armed[RF_MAX_THREADS / 64]; /* threads to be woken by the next console event */
    bool any_armed;
    struct list execs;    /* struct pending: callers of CELL_EXEC */
    struct list waiters;  /* struct pending: callers of CELL_WAIT */
    struct list requests; /* struct pending: callers of operations on its processes */
    u64 last_request;
    struct list programs; /* struct program.sibling: its processes that somebody has */
    struct keeper keeper; /* event 0: its end; 1: a fault that no other keeper hears of */

    u32 tasks;                  /* host threads and processes; an upper bound until recounted */
    u32 processes;              /* host processes that exist */
    struct list host_processes; /* struct process: those that are known */
    u32 last_memory;            /* number of a process's memory */
    struct activity activity;
    u64 started_ns, ended_ns;                    /* 0: not yet */
    u64 cpu_used_ns, cpu_missing_ns, peak_bytes; /* of ended host processes */
    u64 live_ns;               /* processor time of those that live, when last seen */
    unsigned __int128 byte_ns; /* memory times time until since_ns */
    u64 since_ns;
    u64 system_calls;  /* served in it; when it is over */
    u64 spooled_pages; /* that it has in common with other branches; fewer, as it writes them */
    u64 pages_charged; /* to the bank, as memory was seen last */

    u32 stops;      /* STOP_*: why it does not run */
    u32 stop_epoch; /* checkpoint/stop.h: of the last time that its threads were told to stand still
                     */
    bool standing;  /* they do, or are to */
    struct restore *restore; /* its processes are being made again; NULL: they are not */
    u32 branch;              /* number among the branches of one image; 0: it is none */
    struct origin *origin;   /* checkpoint/branch.h: the image that it goes on from; NULL: none */
    struct sleep sleep;
    struct list awake; /* on world.awake, unless it sleeps deep, is over, or was not started */
    bool end_at_cut,
        end_released; /* checkpoint/hold.h: a cut has that it is over; it may be told */
    bool ending;
    bool over;          /* no host process is left */
    struct object *log; /* over: the viewer of what was its standard output, a reference, or NULL */
    struct list ended;  /* on world.ended */
    int wait_status;    /* of the main program, as of waitpid(2); valid when ending */
    int own_status;     /* exit status of ringfence that overrides it, or -1 */
    char reason[160];   /* what was said of its end */
};

/* A new cell below `parent` (NULL: the first), with one reference, the caller's. 0 and *cell;
 * -ENOSPC: a limit of the bank; -ENOMEM, -ENFILE: the host has no more. */
int cell_make(struct cell *parent, struct bank *bank, struct meter *meter, const char *name,
              struct cell **cell);

extern const struct object_class cell_class;

/* The memory that the cell and the kernel share, and the table of its timers: empty. 0; -ENOMEM,
 * -ENFILE and the like: the host has no more. And gives it all back: harmless when it was done. */
int cell_memory_make(struct cell *cell);
void cell_memory_drop(struct cell *cell);

/* What is kept of a cell but its memory and its processes: object/cell_kept.c. One that had begun
 * and not ended is loaded as one that has no processes yet. */
void cell_save(const struct object *object, struct record *to);
struct object *cell_load(struct record *from, struct bank *bank);
void cell_link(struct object *object, struct record *from);

struct call;

/* As CELL_CREATE for a cell below `parent`, with one reference, the caller's: the bank and the
 * meter are the capabilities that came from `first` on. 0 or a negative errno. */
int cell_create(const struct call *call, struct cell *parent, u32 first, struct cell **cell);

/* Fills the slots that every cell has: itself, a clock, its bank and meter, discrim. */
void cell_put_own(struct cell *cell);

/* Starts it. 0; -EBUSY: it was started; -EINVAL: it has no boot record; another negative errno: the
 * host has no more processes or descriptors. The kernel holds it until its processes have ended. */
int cell_start(struct cell *cell);

/* What cell_start does on the host, for a cell that is made again as well. 0 or a negative errno.
 */
int cell_start_processes(struct cell *cell);

/* Ends the cell and all below: kills what runs in it. Only the first call counts. */
void cell_end(struct cell *cell, int wait_status, int own_status);

/* Stops its processes, until SIGCONT. */
void cell_halt(struct cell *cell);

/* Of its standard output, or when it is over of what that was: borrowed; NULL: that is no viewer's
 * console. */
struct object *cell_viewer(struct cell *cell);

/* It stands still while there is a reason to. */
void cell_stop(struct cell *cell, u32 reason);
void cell_continue(struct cell *cell, u32 reason);

/* Its meter, or what the meter's terms are, has changed: on its page, and for its processes. */
void cell_told_terms(struct cell *cell);

/* What is known of it now, as seen from `above`. */
void cell_fill_stat(const struct cell *cell, const struct cell *above, struct rf_cell_stat *stat);

/* Tells those who wait for its end. */
void cell_answer_waiters(struct cell *cell);

/* The last host process is gone. */
void cell_over(struct cell *cell);

/* Wakes the thread with that index if it is one. */
void cell_wake(struct cell *cell, u32 thread_index);

/* Wakes the threads that wait for console events. */
void cell_console_event(struct cell *cell);

/* Interrupts a host thread of the cell: 0, -ESRCH: not one of this cell. */
int cell_kick(struct cell *cell, u64 pid, u64 tid);

/* Whether that host process belongs to the cell. */
bool cell_has_process(const struct cell *cell, u64 pid);

/* Whether `cell` is `above` or below it. */
bool cell_is_below(const struct cell *cell, const struct cell *above);

/* Whether a cut has its processes: it has begun, and not ended. */
static inline bool cell_goes_on(const struct cell *cell)
{
    return cell->parent && cell->started_ns && !cell->over && !cell->ending;
}

static inline struct cell *cell_of(const struct cap *cap)
{
    return container_of(cap->object, struct cell, object);
}

/* The cell of a domain that is one's, or NULL. */
struct cell *cell_of_domain(struct domain *domain);

#endif
