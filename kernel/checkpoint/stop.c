/* SPDX-License-Identifier: Apache-2.0 */
/* Threads are found by the host's lists of them, kicked, and seen to stand still by what they write
 * into the window. What is being made meanwhile is found by looking again until nothing is new: who
 * makes a task stands still only once it is made. */
#include "kernel/checkpoint/stop.h"

#include <dirent.h>
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/objects.h"
#include "kernel/account/tasks.h"
#include "kernel/checkpoint/tracker.h"

#define WAIT_NS 1000000 /* for one more that stands still, before they are looked for again */

static struct rf_stop *stop_of(const struct cell *cell)
{
    return &cell->window->stop;
}

static u32 load(const u32 *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

/* Read once: the cell writes it. */
static u32 count_of(const struct rf_stop *stop)
{
    u32 count = load(&stop->count);

    return MIN(count, RF_STOPPED_MOST);
}

/* What the record of a thread that stands still says; NULL: it does not. */
static const struct rf_stopped *record_of(const struct cell *cell, pid_t tid)
{
    const struct rf_stop *stop = stop_of(cell);
    u32 count = count_of(stop);

    for (u32 i = 0; i < count; i++) {
        const struct rf_stopped *thread = &stop->threads[i];

        if (load(&thread->epoch) == cell->stop_epoch && load(&thread->tid) == (u32)tid)
            return thread;
    }
    return NULL;
}

static bool is_dead(pid_t pid, pid_t tid)
{
    char name[48], text[512], *state;

    snprintf(name, sizeof(name), "task/%d/stat", tid);
    if (tasks_read(pid, name, text, sizeof(text)) <= 0 || !(state = strrchr(text, ')')))
        return true;
    return state[1] && (state[2] == 'Z' || state[2] == 'X');
}

/* Calls visit with each host thread of a process until it says no. */
static bool each_thread(pid_t pid, bool (*visit)(void *argument, pid_t pid, pid_t tid),
                        void *argument)
{
    char path[48];
    struct dirent *entry;
    bool good = true;
    DIR *dir;
    int fd;

    snprintf(path, sizeof(path), "%d/task", pid);
    fd = tasks_open(path);
    dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return true; /* it has ended */
    }
    while (good && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.')
            good = visit(argument, pid, atoi(entry->d_name));
    }
    closedir(dir);
    return good;
}

struct look {
    struct cell *cell;
    u32 moving;
};

static bool look_at(void *argument, pid_t pid, pid_t tid)
{
    struct look *look = argument;

    if (record_of(look->cell, tid) || is_dead(pid, tid))
        return true;
    look->moving++;
    syscall(SYS_tgkill, pid, tid, RF_KICK_SIGNAL);
    return true;
}

/* Kicks all that move: how many did. */
static u32 look_at_all(struct cell *cell)
{
    struct look look = {cell, 0};

    list_for_each_safe(node, &cell->host_processes)
        each_thread(list_entry(node, struct process, link)->pid, look_at, &look);
    return look.moving;
}

/* A stopped process does nothing before it handles the kick. */
static void let_stopped_handle(const struct cell *cell)
{
    if (cell->stops)
        kill(-cell->leader, SIGCONT);
}

static void wait_for_one(struct cell *cell, u32 seen)
{
    struct timespec time = {0, WAIT_NS};

    syscall(SYS_futex, &stop_of(cell)->arrived, FUTEX_WAIT, seen, &time, NULL, 0);
}

int stop_begin(struct cell *cell, u64 deadline_ns)
{
    struct rf_stop *stop;
    u32 moving, arrived;

    if (!cell->window || !cell->leader || cell->over || cell->ending || cell->listener.fd < 0)
        return -ESRCH;
    stop = stop_of(cell);
    if (!load(&stop->ready)) /* a kick would end it */
        return -EAGAIN;
    cell->stop_epoch = load(&stop->let_go) + 1;
    __atomic_store_n(&stop->count, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&stop->track, tracker_is_used(), __ATOMIC_RELEASE);
    __atomic_store_n(&stop->asked, cell->stop_epoch, __ATOMIC_RELEASE);
    cell->standing = true;
    do {
        arrived = load(&stop->arrived);
        domain_detach(&cell->domain);
        tasks_list();
        moving = look_at_all(cell);
        let_stopped_handle(cell);
        if (!moving)
            return 0;
        wait_for_one(cell, arrived);
    } while (now_ns() < deadline_ns);
    stop_end(cell);
    return -EAGAIN;
}

void stop_end(struct cell *cell)
{
    struct rf_stop *stop;

    if (!cell->standing || !cell->window)
        return;
    stop = stop_of(cell);
    cell->standing = false;
    if (cell->stops)
        kill(-cell->leader, SIGSTOP);
    __atomic_store_n(&stop->asked, cell->stop_epoch, __ATOMIC_RELEASE);
    __atomic_store_n(&stop->let_go, cell->stop_epoch, __ATOMIC_RELEASE);
    syscall(SYS_futex, &stop->let_go, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

struct listing {
    const struct cell *cell;
    struct rf_stopped *threads;
    u32 count, most;
};

/* The process's own comes first: the host makes it with the process. */
static bool list_one(void *argument, pid_t pid, pid_t tid)
{
    struct listing *listing = argument;
    const struct rf_stopped *record = record_of(listing->cell, tid);
    u32 at = listing->count;

    if (!record)
        return true;
    listing->count++;
    if (at >= listing->most)
        return true;
    listing->threads[at] = *record;
    listing->threads[at].tid = (u32)tid;
    if (pid == tid && at) {
        struct rf_stopped own = listing->threads[at];

        listing->threads[at] = listing->threads[0];
        listing->threads[0] = own;
    }
    return true;
}

u32 stop_threads(const struct cell *cell, pid_t pid, struct rf_stopped *threads, u32 most)
{
    struct listing listing = {cell, threads, 0, most};

    each_thread(pid, list_one, &listing);
    return listing.count;
}

int stop_tracker(const struct cell *cell, pid_t pid, bool take)
{
    struct rf_stop *stop = stop_of(cell);
    u32 count = count_of(stop);

    for (u32 i = 0; i < count; i++) {
        if (load(&stop->threads[i].epoch) != cell->stop_epoch ||
            load(&stop->trackers[i].pid) != (u32)pid)
            continue;
        if (take)
            __atomic_store_n(&stop->trackers[i].pid, 0, __ATOMIC_RELEASE);
        return (int)load(&stop->trackers[i].descriptor);
    }
    return -1;
}

u64 stop_first_deadline(const struct cell *cell)
{
    const struct rf_stop *stop = stop_of(cell);
    u32 count = count_of(stop);
    u64 first = UINT64_MAX;

    for (u32 i = 0; i < count; i++) {
        u64 deadline = __atomic_load_n(&stop->threads[i].deadline, __ATOMIC_RELAXED);

        if (deadline)
            first = MIN(first, deadline);
    }
    return first;
}
