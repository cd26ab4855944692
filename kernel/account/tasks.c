/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a thread is not reported to the kernel, so the count only ever is too high. It is put
 * right from /proc when it reaches the limit, before anything is refused. */
#include "kernel/account/tasks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/signals.h"

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

bool tasks_for_each(struct cell *cell, void (*visit)(struct cell *cell, pid_t pid, void *context),
                    void *context)
{
    static char text[RF_MAX_THREADS * 8 + 4096];
    char path[64], *next = text;

    snprintf(path, sizeof(path), "self/task/%d/children", getpid());
    if (read_whole(path, text, sizeof(text)) < 0)
        return false;
    for (;;) {
        char *end;
        long pid = strtol(next, &end, 10);

        if (end == next)
            return true;
        next = end;
        if (cell_has_process(cell, (u64)pid))
            visit(cell, (pid_t)pid, context);
    }
}

struct count {
    u32 processes, tasks;
};

static void count_one(struct cell *cell, pid_t pid, void *context)
{
    struct count *count = context;
    char text[1024], *field;
    unsigned long threads = 1;

    (void)cell;
    if (tasks_read(pid, "stat", text, sizeof(text)) > 0 && (field = strrchr(text, ')'))) {
        for (int i = 0; i < 18 && field; i++) /* from the end of field 2 to field 20 */
            field = strchr(field + 1, ' ');
        if (field)
            threads = strtoul(field + 1, NULL, 10);
    }
    count->processes++;
    count->tasks += (u32)threads;
}

static void recount(struct cell *cell)
{
    struct count count = {0};

    signals_reap(); /* what has ended has a number until then */
    if (tasks_for_each(cell, count_one, &count)) {
        cell->tasks = count.tasks;
        cell->processes = count.processes;
    }
}

bool tasks_charge(struct cell *cell, bool is_thread)
{
    u32 limit =
        cell->limits.config.process_limit ? cell->limits.config.process_limit : RF_MAX_THREADS - 1;

    limit++; /* the prepared process is not the user's */

    if (cell->tasks >= limit)
        recount(cell);
    if (cell->tasks >= limit)
        return false;
    cell->tasks++;
    cell->processes += !is_thread;
    return true;
}

void tasks_uncharge(struct cell *cell, bool is_thread)
{
    if (cell->tasks)
        cell->tasks--;
    if (!is_thread && cell->processes)
        cell->processes--;
}

void tasks_ended(struct cell *cell)
{
    tasks_uncharge(cell, false);
}
