/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a thread is not reported to the kernel, so the count only ever is too high. It is put
 * right from /proc when it reaches the limit, before anything is refused. */
#include "kernel/account/tasks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/checkpoint/keys.h"
#include "kernel/object/bank.h"
#include "kernel/signals.h"
#include "kernel/world.h"

#define CHILDREN_TEXT (1u << 20)

static int proc_fd = -1;

void tasks_init(void)
{
    proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int tasks_open(const char *path)
{
    return openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
}

static long read_whole(const char *path, char *text, size_t size)
{
    int fd = tasks_open(path);
    size_t length = 0;

    if (fd < 0)
        return -1;
    while (length < size - 1) {
        ssize_t n = read(fd, text + length, size - 1 - length);

        if (n <= 0)
            break;
        length += (size_t)n;
    }
    close(fd);
    text[length] = 0;
    return (long)length;
}

long tasks_read(pid_t pid, const char *name, char *text, size_t size)
{
    char path[64];

    snprintf(path, sizeof(path), "%d/%s", pid, name);
    return read_whole(path, text, size);
}

/* The numbers of this process's children, as text; NULL when the host does not tell. */
static char *children(void)
{
    static char text[CHILDREN_TEXT];
    char path[64];

    snprintf(path, sizeof(path), "self/task/%d/children", getpid());
    return read_whole(path, text, sizeof(text)) < 0 ? NULL : text;
}

/* The number at *next, which moves on; 0: there are no more. */
static pid_t next_child(char **next)
{
    char *end;
    long pid = strtol(*next, &end, 10);

    if (end == *next)
        return 0;
    *next = end;
    return (pid_t)pid;
}

#define BUCKETS   4096
#define SETTLE_NS 20000000u /* a new process is among the children by then */

static struct process *buckets[BUCKETS];
static u64 made_ns, listed_ns; /* the last process was about to be made; the children were listed */

static struct process **bucket_of(pid_t pid)
{
    return &buckets[(u32)pid % BUCKETS];
}

struct process *tasks_find(pid_t pid)
{
    struct process *process = *bucket_of(pid);

    while (process && process->pid != pid)
        process = process->next;
    return process;
}

static struct process *with_memory(const struct cell *cell, u32 memory)
{
    list_for_each(node, &cell->host_processes) {
        struct process *process = list_entry(node, struct process, link);

        if (process->memory == memory)
            return process;
    }
    return NULL;
}

/* The next number: one that was another's a moment ago would have more pages look changed. */
static u32 free_memory(struct cell *cell)
{
    do {
        cell->last_memory++;
        if (cell->last_memory < MEMORY_PROCESS || cell->last_memory >= MEMORY_MOST)
            cell->last_memory = MEMORY_PROCESS;
    } while (with_memory(cell, cell->last_memory));
    return cell->last_memory;
}

void tasks_name_memory(struct process *process, u32 memory)
{
    struct process *other = with_memory(process->cell, memory);

    if (other)
        other->memory = process->memory;
    process->memory = memory;
    process->cell->last_memory = MAX(process->cell->last_memory, memory);
}

void tasks_add(struct cell *cell, pid_t pid)
{
    struct process *process = tasks_find(pid) ? NULL : calloc(1, sizeof(*process));

    if (!process)
        return;
    process->cell = cell;
    process->pid = pid;
    process->memory = free_memory(cell);
    process->tracker = -1;
    process->alarm = -1;
    process->next = *bucket_of(pid);
    *bucket_of(pid) = process;
    list_add_tail(&cell->host_processes, &process->link);
}

static void forget(struct process *process)
{
    struct process **at = bucket_of(process->pid);

    while (*at != process)
        at = &(*at)->next;
    *at = process->next;
    list_del(&process->link);
    if (process->alarm >= 0)
        syscall(SYS_timer_delete, process->alarm);
    if (process->tracker >= 0)
        close(process->tracker);
    free(process);
}

void tasks_list(void)
{
    u64 now = now_ns();
    char *next = children();
    pid_t pid;

    if (!next)
        return;
    while ((pid = next_child(&next))) {
        struct cell *cell = tasks_find(pid) ? NULL : world_cell_of_session(getsid(pid));

        if (cell)
            tasks_add(cell, pid);
    }
    listed_ns = now;
}

bool tasks_update(void)
{
    if (listed_ns < made_ns + SETTLE_NS)
        tasks_list();
    return now_ns() >= made_ns + SETTLE_NS;
}

void tasks_for_each(struct cell *cell, void (*visit)(struct process *process, void *context),
                    void *context)
{
    tasks_update();
    list_for_each_safe(node, &cell->host_processes)
        visit(list_entry(node, struct process, link), context);
}

struct count {
    u32 processes, tasks;
};

static void count_one(struct process *process, void *context)
{
    struct count *count = context;
    char text[1024], *field;
    unsigned long threads = 1;

    if (tasks_read(process->pid, "stat", text, sizeof(text)) > 0 && (field = strrchr(text, ')'))) {
        for (int i = 0; i < 18 && field; i++) /* from the end of field 2 to field 20 */
            field = strchr(field + 1, ' ');
        if (field)
            threads = strtoul(field + 1, NULL, 10);
    }
    count->processes++;
    count->tasks += (u32)threads;
}

/* The bank counts them too, but for the prepared process, which is not the user's. */
static void uncharge(struct cell *cell, u32 n)
{
    if (!cell->object.dead)
        bank_uncharge(cell->object.bank, RF_RESOURCE_TASKS, n);
}

static void recount(struct cell *cell)
{
    struct count count = {0};

    signals_reap(); /* what has ended has a number until then */
    tasks_for_each(cell, count_one, &count);
    if (!count.tasks || count.tasks > cell->tasks)
        return;
    uncharge(cell, cell->tasks - count.tasks);
    cell->tasks = count.tasks;
    cell->processes = count.processes;
}

static bool has_room(const struct cell *cell)
{
    u32 limit =
        cell->limits.config.process_limit ? cell->limits.config.process_limit : RF_MAX_THREADS - 1;

    return cell->tasks < limit + 1 && bank_has_room(cell->object.bank, RF_RESOURCE_TASKS, 1);
}

bool tasks_charge(struct cell *cell, bool is_thread)
{
    if (!has_room(cell))
        recount(cell);
    if (!has_room(cell) || !bank_allows(cell->object.bank, RF_RESOURCE_TASKS, 1))
        return false;
    bank_charge_used(cell->object.bank, RF_RESOURCE_TASKS, 1);
    cell->tasks++;
    cell->processes += !is_thread;
    if (!is_thread)
        made_ns = now_ns();
    return true;
}

void tasks_uncharge(struct cell *cell, bool is_thread)
{
    if (cell->tasks > 1) {
        cell->tasks--;
        uncharge(cell, 1);
    }
    if (!is_thread && cell->processes)
        cell->processes--;
}

void tasks_ended(struct cell *cell, pid_t pid)
{
    struct process *process = tasks_find(pid);

    if (process)
        forget(process);
    if (pid == cell->helper)
        cell->helper = 0;
    else
        tasks_uncharge(cell, false);
}

void tasks_all_ended(struct cell *cell)
{
    if (cell->tasks > 1)
        uncharge(cell, cell->tasks - 1);
    cell->tasks = cell->processes = 0;
    list_for_each_safe(node, &cell->host_processes)
        forget(list_entry(node, struct process, link));
}
