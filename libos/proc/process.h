/* SPDX-License-Identifier: Apache-2.0 */
/* The process table. All of it lies in the heap segment.
 *
 * A struct process is a Unix process; it has one or more struct thread, all in one host process. A
 * process between its end and its parent's wait is a zombie: no threads, no files, only its status.
 * `init` (pid 1) has no threads: it adopts orphans, which then are reaped at once.
 *
 * the_cell->lock (rank "process tree") guards the tree: parents, children, groups, sessions, states
 * and thread lists. A process's own lock guards its signals. Other fields are changed by the
 * process's own threads only.
 */
#ifndef LIBOS_PROC_PROCESS_H
#define LIBOS_PROC_PROCESS_H

#include "abi/layout.h"
#include "base/list.h"
#include "libos/entry/regs.h"
#include "libos/sync/lock.h"
#include "libos/sync/wait.h"
#include "libos/proc/signal.h"

struct fdtable;
struct fs_context;
struct tty;
struct exec_image;
struct patch_hints;
struct pidfd_state;
struct subject;
struct rights;

#define COMM_SIZE    16
#define RLIMIT_COUNT 16
#define GROUPS_MAX   32

struct rlimit_pair {
    u64 soft, hard;
};

struct session {
    int sid;
    u32 references;       /* processes in it */
    struct tty *terminal; /* controlling terminal, or NULL */
};

enum process_state { PROCESS_RUNS, PROCESS_STOPPED, PROCESS_ZOMBIE };

struct process {
    struct list all;  /* the_cell->processes */
    struct list hash; /* the_cell->pids */
    int pid, pgid;
    u32 host_pid;
    u64 memory; /* names its private memory: another one after fork and exec, the same with vfork;
                   0: none yet */
    enum process_state state;
    struct process *parent;
    struct list children; /* linked by sibling */
    struct list sibling;
    struct session *session;
    struct list threads; /* of struct thread, linked by siblings */
    u32 thread_count;    /* living */

    struct lock lock; /* rank process: signals, timers */
    struct signal_state signals;
    struct waitq child_events; /* a child ended, stopped or went on: wait4; also vfork's end */

    struct fdtable *files;    /* fs/fdtable.h; NULL in a zombie */
    struct fs_context *paths; /* fs/path.h: root, working directory, umask */

    u32 uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
    u32 group_count;
    u32 groups[GROUPS_MAX];
    struct rlimit_pair limits[RLIMIT_COUNT];

    char comm[COMM_SIZE];
    char *executable;        /* heap string: absolute path in the cell */
    char *command_line;      /* heap: the argument strings of the last exec, each with its NUL */
    u32 command_line_length; /* for /proc/PID/cmdline, which other processes read */
    u64 arguments_start, arguments_end, environment_start, environment_end; /* in its memory */
    u64 auxiliary_start;               /* of the auxiliary vector, in its memory */
    u64 start_time;                    /* host_now() when it was made */
    int exit_signal;                   /* sent to the parent at the end; 0: none */
    int status;                        /* wait status once zombie; of the last stop before that */
    bool news_stopped, news_continued; /* to be reported to the parent once */
    bool told_continued;               /* SIGCHLD for news_continued was sent */
    bool exiting;  /* exit_group has begun: every thread ends at its next safe point */
    bool executed; /* has called execve since it was forked (setpgid's rule) */
    bool subreaper, no_new_privs, dumpable;
    int parent_death_signal;
    int nice;
    u64 children_user_ns, children_system_ns, children_peak_memory; /* of children waited for */
    u64 user_ns, system_ns, peak_memory;                            /* filled in at its end */
    void *timers;                 /* time/: POSIX and interval timers; made on demand */
    struct process *vfork_parent; /* not NULL: runs in that process's memory until exec or exit */
    int stop_later;               /* the stop signal that came meanwhile; see process_stop */
    u64 map_bytes, brk_start, brk_end, stack_start; /* for /proc */
    struct thread *exec_thread; /* runs execve and waits for the other threads to end */
    u64 alarm_time;             /* time/timers.c: when the kernel wakes a thread; 0: never */
    u32 alarm_thread;           /* that thread's index */
    u32 alarm_version;          /* clock_version() then: with another, there is no alarm */
    struct patch_hints *hints;  /* entry/patch_hints.h; shared with its family of forks */
    struct pidfd_state *pidfd;  /* proc/pidfd.c; made on demand */
    struct subject *subject;    /* proc/subject.h; made on demand */
    u32 personality;
    u32 request; /* the token of EXEC_TAKE that started it: its end is told. 0: none did */
    bool keep_capabilities;
    u64 capabilities_effective, capabilities_permitted, capabilities_inheritable;
    u64 capabilities_bounding;
};

struct thread {
    /* entry.S knows these offsets. */
    struct thread *self; /*  0 */
    void (*entry)(void); /*  8: where patched call sites jump */
    u64 user_rsp;        /* 16: scratch of the entry path */
    u64 stack_top;       /* 24: of the library OS stack (private memory) */
    u32 attention;       /* 32: not 0: the way out must look at signals and the like */
    u32 user_mode;       /* 36: 1 while program code runs (a hint) */
    struct regs *regs;   /* 40: the program's registers during a call (private memory) */
    u64 system_calls;    /* 48: served, for --stats */

    struct process *process;
    struct list siblings; /* process->threads */
    struct list hash;     /* the_cell->tids */
    int tid;
    u32 index; /* of its wake word in the window */
    u32 host_tid;
    u32 sleeping; /* sync/wait.c */
    u32 looking;  /* sync/wait.c: waits without sleeping */
    u64 wakes_at; /* the deadline of its sleep, while `sleeping` */
    u32 *wake_word;
    struct waiter waiter; /* for wait_on */
    u64 libos_stack;      /* base of the private block with stack and host signal stack */

    struct thread_signals signals;
    u32 *clear_tid;          /* user address: CLONE_CHILD_CLEARTID */
    void *robust_list;       /* user address */
    u64 fs_base;             /* as the program set it */
    struct regs *still_regs; /* proc/subject.c: where they are while it stands still (private
                                memory), or NULL */
    char comm[COMM_SIZE];
    bool ending; /* must end at its next safe point */
    u64 affinity;
    u64 start_time;
    u64 processor_time_before; /* of its host thread, when that was another thread's */
    u64 timer_slack;
    void *futex;  /* proc/futex.c: what it waits for */
    bool copying; /* fs/io.c touches program memory: faults are not mended, locks may be held */
    struct thread *vfork_caller; /* whose host thread this one borrows, which waits meanwhile */
    u64 restarted_call, restarted_deadline; /* time/sleep.c: a sleep that begins again */
    struct exec_image *image;               /* what a fresh host process is to load for it */
    u32 stack_slot, spare_slot; /* proc/stacks.c: of its own stack, and of one for vfork; 0: none */
    u32 policy;                 /* SCHED_* */
    int priority;
    u32 holds_wakes, held_wakes; /* sync/wait.c: wakes_hold, and what was put off */
    u32 *held_words[8];
    u32 spin_worth, spin_skipped,
        spin_interval;           /* sync/wait.c: whether looking before sleeping pays */
    struct rights *ended_rights; /* net/rights.c: waiting to be freed */
    bool frees_rights;
    void *poll_block; /* fs/pollset.c: waiters of its poll calls; heap memory, freed with the thread
                       */
};
_Static_assert(offsetof(struct thread, entry) == 8, "entry.S and patched sites use it");
_Static_assert(offsetof(struct thread, user_rsp) == 16, "entry.S");
_Static_assert(offsetof(struct thread, stack_top) == 24, "entry.S");
_Static_assert(offsetof(struct thread, attention) == 32, "entry.S");
_Static_assert(offsetof(struct thread, user_mode) == 36, "entry.S");
_Static_assert(offsetof(struct thread, regs) == 40, "entry.S");
_Static_assert(offsetof(struct thread, system_calls) == 48, "entry.S");

#define TID_HASH 256

/* The root of what the processes of a cell share, at the start of the heap segment. What is used
 * all the time comes first. */
struct cell {
    u32 magic;
    struct lock lock; /* the process tree, threads, ids */
    struct list processes;
    struct process *init;
    struct process *main_process; /* whose end ends the cell */
    u64 last_memory;              /* struct process.memory */
    int next_pid;
    bool pids_wrapped;
    bool trace;
    u32 process_count, thread_count;
    u32 files_shrunk;         /* mm/shrunk.c: how often a RAM file was cut that others had mapped */
    u32 parked;               /* proc/parking.h: host threads asleep */
    struct lock message_lock; /* host/invoke.c: buffers lent to programs, and who waits for one */
    struct waitq message_waiters;
    u32 messages_lent;
    u64 message_free[RF_MSG_BUFFERS / 64]; /* bit set: free */
    char hostname[65], domainname[65];
    u64 started;             /* host_now() */
    struct lock errand_lock; /* proc/errand.c */
    struct list errands;
    struct lock epoll_lock;   /* fs/epoll.c */
    struct lock inotify_lock; /* fs/inotify.c */
    /* Each owned by its folder. */
    void *heap, *filesystems, *net, *ttys, *futexes, *ipc, *tracing, *times, *random;
    u64 thread_index_free[RF_MAX_THREADS / 64]; /* bit set: free */
    struct list tids[TID_HASH];                 /* of struct thread, by tid */
    struct list pids[TID_HASH];                 /* of struct process, by pid */
    struct thread *threads[RF_MAX_THREADS];     /* by index */
};
#define the_cell ((struct cell *)RF_HEAP_BASE)

/* The calling thread and its process. */
static inline struct thread *current(void)
{
    struct thread *t;
    __asm__("mov %%gs:0, %0" : "=r"(t)); /* not volatile: it is constant within a call */
    return t;
}
#define current_process (current()->process)

/* A name for private memory that nobody has had. */
static inline u64 memory_name(void)
{
    return __atomic_add_fetch(&the_cell->last_memory, 1, __ATOMIC_RELAXED);
}

/* Finders: call with the_cell->lock held; the result is good while it is held. NULL: none. */
struct process *find_process(int pid); /* zombies too */
struct thread *find_thread(int tid);

/* Ends the calling process (all threads) with a wait status as of waitpid(2). Safe points only. */
_Noreturn void exit_process(int wait_status);
/* Ends the calling thread, and the process with `code` if it is the last. */
_Noreturn void exit_thread(int code);

/* The way out of a call, or of a kick, that saw current()->attention: signals, stops, ends. `regs`
 * are the program's; a result of -ERESTART… in rax is settled here. */
void handle_attention(struct regs *regs);

#endif
