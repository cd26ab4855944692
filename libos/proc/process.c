/* SPDX-License-Identifier: Apache-2.0 */
/* The process table: processes, threads, numbers. */
#include "base/string.h"
#include "libos/host/print.h"
#include "libos/entry/patch_hints.h"
#include "libos/fs/fdtable.h"
#include "libos/fs/vfs.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include "libos/proc/futex.h"
#include "libos/proc/pidfd.h"
#include "libos/proc/process.h"
#include "libos/proc/tree.h"
#include "libos/proc/subject.h"

#define ID_LIMIT       4194304
#define ID_AFTER_WRAP  300
#define FIRST_ID       2
#define UNLIMITED      UINT64_MAX
#define CAPABILITY_ALL ((1ull << 41) - 1)

static struct list *bucket(struct list *table, int id)
{
    return &table[(u32)id % TID_HASH];
}

struct process *find_process(int pid)
{
    struct list *head = bucket(the_cell->pids, pid);

    list_for_each(l, head) {
        struct process *p = list_entry(l, struct process, hash);

        if (p->pid == pid)
            return p;
    }
    return NULL;
}

struct thread *find_thread(int tid)
{
    struct list *head = bucket(the_cell->tids, tid);

    list_for_each(l, head) {
        struct thread *t = list_entry(l, struct thread, hash);

        if (t->tid == tid)
            return t;
    }
    return NULL;
}

static bool id_names_group(int id)
{
    list_for_each(l, &the_cell->processes) {
        struct process *p = list_entry(l, struct process, all);

        if (p->pgid == id || (p->session && p->session->sid == id))
            return true;
    }
    return false;
}

int id_take(void)
{
    for (;;) {
        int id = the_cell->next_pid++;

        if (the_cell->next_pid >= ID_LIMIT) {
            the_cell->next_pid = ID_AFTER_WRAP;
            the_cell->pids_wrapped = true;
        }
        if (find_process(id) || find_thread(id))
            continue;
        if (!the_cell->pids_wrapped || !id_names_group(id))
            return id;
    }
}

static void init_limits(struct process *p)
{
    static const struct rlimit_pair defaults[RLIMIT_COUNT] = {
        [0] = {UNLIMITED, UNLIMITED},           /* CPU */
        [1] = {UNLIMITED, UNLIMITED},           /* FSIZE */
        [2] = {UNLIMITED, UNLIMITED},           /* DATA */
        [3] = {8ul << 20, UNLIMITED},           /* STACK */
        [4] = {0, UNLIMITED},                   /* CORE */
        [5] = {UNLIMITED, UNLIMITED},           /* RSS */
        [6] = {RF_MAX_THREADS, RF_MAX_THREADS}, /* NPROC */
        [7] = {1024, 1048576},                  /* NOFILE */
        [8] = {8ul << 20, 8ul << 20},           /* MEMLOCK */
        [9] = {UNLIMITED, UNLIMITED},           /* AS */
        [10] = {UNLIMITED, UNLIMITED},          /* LOCKS */
        [11] = {16384, 16384},                  /* SIGPENDING */
        [12] = {819200, 819200},                /* MSGQUEUE */
        [13] = {0, 0},                          /* NICE */
        [14] = {0, 0},                          /* RTPRIO */
        [15] = {UNLIMITED, UNLIMITED},          /* RTTIME */
    };

    memcpy(p->limits, defaults, sizeof(defaults));
    if (the_window->cell.process_limit)
        p->limits[6].soft = p->limits[6].hard = the_window->cell.process_limit;
}

static void process_init_lists(struct process *p)
{
    list_init(&p->all);
    list_init(&p->hash);
    list_init(&p->children);
    list_init(&p->sibling);
    list_init(&p->threads);
    waitq_init(&p->child_events);
    p->lock = (struct lock){0};
}

void processes_init(void)
{
    struct process *init;

    list_init(&the_cell->processes);
    for (int i = 0; i < TID_HASH; i++) {
        list_init(&the_cell->tids[i]);
        list_init(&the_cell->pids[i]);
    }
    memset(the_cell->thread_index_free, 0xff, sizeof(the_cell->thread_index_free));
    the_cell->thread_index_free[0] &= ~1ull; /* the prepared process */
    the_cell->next_pid = FIRST_ID;
    format_text(the_cell->hostname, sizeof(the_cell->hostname), "%s",
                boot_string(the_boot->hostname));
    futexes_init();

    init = heap_alloc(sizeof(*init));
    if (!init)
        panic("no memory for the process table");
    process_init_lists(init);
    init->pid = init->pgid = 1;
    init->session = heap_alloc_first(sizeof(*init->session));
    if (!init->session)
        panic("no memory for the process table");
    init->session->sid = 1;
    init->uid = init->euid = init->suid = init->fsuid = the_boot->uid;
    init->gid = init->egid = init->sgid = init->fsgid = the_boot->gid;
    if (init->uid == 0)
        init->capabilities_effective = init->capabilities_permitted = CAPABILITY_ALL;
    init->capabilities_bounding = CAPABILITY_ALL;
    init->dumpable = true;
    init->start_time = the_cell->started;
    memcpy(init->comm, "init", 5);
    init->executable = heap_copy_string("/sbin/init");
    init_limits(init);
    signals_init_process(init, NULL);
    the_cell->init = init;
    process_link(init, NULL);
}

struct process *process_copy(struct process *from)
{
    struct process *p = heap_alloc_first(sizeof(*p));

    if (!p)
        return NULL;
    *p = *from;
    process_init_lists(p);
    signals_init_process(p, from);
    p->host_pid = 0;
    p->memory = 0;
    p->state = PROCESS_RUNS;
    p->parent = NULL;
    p->thread_count = 0;
    p->files = NULL;
    p->paths = NULL;
    p->executable = from->executable ? heap_copy_string(from->executable) : NULL;
    p->command_line =
        from->command_line ? heap_copy_bytes(from->command_line, from->command_line_length) : NULL;
    p->start_time = host_now();
    p->status = 0;
    p->news_stopped = p->news_continued = p->exiting = p->executed = p->subreaper = false;
    p->parent_death_signal = 0;
    p->children_user_ns = p->children_system_ns = p->children_peak_memory = 0;
    p->user_ns = p->system_ns = p->peak_memory = 0;
    p->timers = NULL;
    p->alarm_time = 0;
    p->vfork_parent = NULL;
    p->exec_thread = NULL;
    p->pidfd = NULL;
    p->subject = NULL;
    p->hints = NULL;
    p->request = 0;
    if ((from->executable && !p->executable) || (from->command_line && !p->command_line)) {
        process_free(p);
        return NULL;
    }
    return p;
}

void process_free(struct process *p)
{
    pidfd_process_gone(p);
    subject_free(p);
    patch_hints_leave(p);
    signals_destroy_process(p);
    if (p->files)
        fdtable_put(p->files);
    if (p->paths)
        fs_context_put(p->paths);
    heap_free(p->executable);
    heap_free(p->command_line);
    heap_free(p);
}

void process_link(struct process *p, struct process *parent)
{
    p->parent = parent;
    p->session->references++;
    list_add_tail(&the_cell->processes, &p->all);
    list_add(bucket(the_cell->pids, p->pid), &p->hash);
    if (parent)
        list_add_tail(&parent->children, &p->sibling);
    the_cell->process_count++;
}

void session_put(struct session *s)
{
    if (--s->references == 0)
        heap_free(s);
}

void process_unlink(struct process *p)
{
    list_del(&p->all);
    list_del(&p->hash);
    list_del(&p->sibling);
    the_cell->process_count--;
    session_put(p->session);
    p->session = NULL;
}

/* An unused thread index, taken; 0: all are in use. */
static u32 index_take(void)
{
    u32 index = 0;

    lock_take(&the_cell->lock);
    for (u32 i = 0; i < ARRAY_SIZE(the_cell->thread_index_free); i++) {
        u64 word = the_cell->thread_index_free[i];

        if (word) {
            index = i * 64 + (u32)__builtin_ctzll(word);
            the_cell->thread_index_free[i] &= word - 1;
            break;
        }
    }
    lock_release(&the_cell->lock);
    return index;
}

static void index_give_back(u32 index)
{
    lock_take(&the_cell->lock);
    the_cell->threads[index] = NULL;
    the_cell->thread_index_free[index / 64] |= 1ull << (index % 64);
    lock_release(&the_cell->lock);
}

struct thread *thread_copy(struct process *p, struct thread *from)
{
    struct thread *t = heap_alloc_first(sizeof(*t));
    u32 index;

    if (!t)
        return NULL;
    index = index_take();
    if (!index) {
        heap_free(t);
        return NULL;
    }
    t->self = t;
    t->entry = from->entry;
    t->process = p;
    t->index = index;
    t->wake_word = &the_window->wake[index];
    t->waiter.thread = t;
    list_init(&t->siblings);
    list_init(&t->hash);
    list_init(&t->waiter.link);
    t->fs_base = from->fs_base;
    t->affinity = from->affinity;
    t->timer_slack = from->timer_slack;
    t->policy = from->policy;
    t->priority = from->priority;
    t->start_time = host_now();
    memcpy(t->comm, from->comm, sizeof(t->comm));
    signals_init_thread(t, from);
    the_cell->threads[index] = t;
    return t;
}

void thread_free(struct thread *t)
{
    signals_destroy_thread(t);
    heap_free(t->poll_block);
    heap_free(t->futex);
    __atomic_fetch_add(&the_window->cell.stat_system_calls, t->system_calls, __ATOMIC_RELAXED);
    index_give_back(t->index);
    heap_free(t);
}

void thread_link(struct thread *t)
{
    lock_take(&t->process->lock);
    list_add_tail(&t->process->threads, &t->siblings);
    lock_release(&t->process->lock);
    list_add(bucket(the_cell->tids, t->tid), &t->hash);
    t->process->thread_count++;
    the_cell->thread_count++;
}

void thread_unlink(struct thread *t)
{
    lock_take(&t->process->lock);
    list_del(&t->siblings);
    lock_release(&t->process->lock);
    list_del(&t->hash);
    t->process->thread_count--;
    the_cell->thread_count--;
}

void thread_poke(struct thread *t)
{
    __atomic_or_fetch(&t->attention, 1, __ATOMIC_SEQ_CST);
    /* A thread that slept looks at attention now. Whether another runs program code cannot be known
     * (its store of user_mode may still be under way), so it is kicked. */
    bool slept = thread_wake(t);
    if (!slept && t != current() && t->host_tid && !__atomic_load_n(&t->looking, __ATOMIC_SEQ_CST))
        invoke_surely(RF_SLOT_CELL, RF_OP_KICK, t->process->host_pid, t->host_tid, 0, 0);
}

bool task_allowed(void)
{
    u32 limit = the_window->cell.process_limit ? the_window->cell.process_limit : RF_MAX_THREADS;
    u64 own = current_process->limits[6].soft;

    return the_cell->thread_count < MIN((u64)limit, own);
}

/* Whether somebody cares for p's group when it stops. For the main program that is whoever runs the
 * cell: the kernel process stops with it (STOPPED). */
static bool ties_group(const struct process *p)
{
    if (p == the_cell->main_process)
        return the_boot->job_control;
    return p->parent && p->parent != the_cell->init && p->parent->pgid != p->pgid &&
           p->parent->session == p->session;
}

bool group_orphaned(int pgid, const struct process *ignored)
{
    list_for_each(l, &the_cell->processes) {
        struct process *p = list_entry(l, struct process, all);

        if (p->pgid == pgid && p != ignored && p->state != PROCESS_ZOMBIE && ties_group(p))
            return false;
    }
    return true;
}

bool group_has_stopped(int pgid)
{
    list_for_each(l, &the_cell->processes) {
        struct process *p = list_entry(l, struct process, all);

        if (p->pgid == pgid && p->state == PROCESS_STOPPED)
            return true;
    }
    return false;
}
