/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/objects.h"
#include "kernel/account/limits.h"
#include "kernel/account/stats.h"
#include "kernel/account/tasks.h"
#include "kernel/cell.h"
#include "kernel/checkpoint/hibernate.h"
#include "kernel/checkpoint/restore.h"
#include "kernel/object/call.h"
#include "kernel/object/console.h"
#include "kernel/report.h"
#include "kernel/world.h"

static struct event signal_event = {.fd = -1}, child_event = {.fd = -1};
static struct timer rest_timer;

/* Handed on to the cell, unless ringfence was started with them ignored. */
static const u8 forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};

/* What has ended waits that long for the next look. Each look lets us run, between the ending
 * process and whoever waits for it, and a shell script ends thousands of processes a second. */
#define REST_NS 4000000u

/* A library OS that has not asked for its signals for that long is stuck, or is none. */
#define PATIENCE_NS 1000000000u

void signals_forward(struct cell *cell, u32 signal)
{
    u64 now = now_ns();

    if (!list_empty(&cell->prepared)) {
        struct pending *pending = list_first(&cell->prepared, struct pending, link);

        if (pending_answer(pending, RF_PREPARED_SIGNAL | signal))
            return;
    }
    if (!cell->signals)
        cell->signals_ns = now;
    cell->signals |= 1ul << (signal - 1);
    hibernate_wake(cell);
    if (signal != SIGWINCH && signal != RF_PREPARED_CONSOLE && signal != RF_PREPARED_REQUEST &&
        now - cell->signals_ns > PATIENCE_NS) {
        report_of(cell, "the library OS does not answer: the cell is ended by signal %u", signal);
        cell_end(cell, (int)signal, -1);
    }
}

static bool is_falling_asleep(const struct cell *cell)
{
    return cell->sleep.phase == SLEEP_ENDS;
}

/* The library OS ends processes itself, whatever signal their program died of. One that the host
 * killed may have held locks of the cell, so the cell goes with it. */
static void end_for_death(struct cell *cell, int status)
{
    if (cell->ending || is_falling_asleep(cell) || !WIFSIGNALED(status) || limits_killed(cell))
        return;
    report_of(cell, "the cell was ended: one of its host processes died of signal %d",
              WTERMSIG(status));
    cell_end(cell, status, STATUS_OWN_FAILURE);
}

/* No process of its session is left. */
static bool is_empty(const struct cell *cell)
{
    siginfo_t info;

    return waitid(P_PGID, (id_t)cell->leader, &info, WEXITED | WNOHANG | WNOWAIT) < 0 &&
           errno == ECHILD;
}

static void over(struct cell *cell)
{
    if (!cell->ending)
        report_of(cell, "the cell ended without a word from its library OS");
    cell_end(cell, 0, STATUS_OWN_FAILURE);
    cell_over(cell);
    object_release(&cell->object); /* it was held for its processes */
}

static void gone(struct cell *cell)
{
    if (is_falling_asleep(cell))
        hibernate_gone(cell);
    else
        over(cell);
}

/* One that ended. Its session is known until it is reaped. */
static void reap_one(pid_t pid)
{
    const struct process *process = tasks_find(pid);
    struct cell *cell = process ? process->cell : world_cell_of_session(getsid(pid));
    int status;

    if (stats_reap(cell, pid, &status) < 0 || !cell)
        return;
    tasks_ended(cell, pid);
    activity_wake(cell);
    restore_process_ended(cell, pid);
    end_for_death(cell, status);
    if (!cell->processes || pid == cell->leader || cell->ending || is_falling_asleep(cell)) {
        if (is_empty(cell))
            gone(cell);
    }
}

/* All that ended since the last look. The starter's end is not ours to see before it is dismissed.
 */
void signals_reap(void)
{
    siginfo_t info = {0};

    while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid) {
        reap_one(info.si_pid);
        info.si_pid = 0;
    }
}

static bool any_ending(void)
{
    list_for_each(node, &world.awake) {
        const struct cell *cell = list_entry(node, struct cell, awake);

        if (cell->ending && !cell->over)
            return true;
    }
    return false;
}

static void rested(struct timer *timer)
{
    (void)timer;
    event_watch(&child_event, EPOLLIN);
}

static void children_ended(struct event *event, u32 events)
{
    struct signalfd_siginfo info;

    (void)events;
    if (read(event->fd, &info, sizeof(info)) != sizeof(info))
        return;
    signals_reap();
    if (!any_ending() && timer_set(&rest_timer, now_ns() + REST_NS) == 0)
        event_watch(event, 0);
}

void signals_hurry(void)
{
    timer_cancel(&rest_timer);
    if (signal_event.interest)
        event_watch(&child_event, EPOLLIN);
}

/* The host does not stop a process that no shell could continue. */
static void stop_self(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    kill(getpid(), SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGCONT);
    sigtimedwait(&set, NULL, &(struct timespec){0}); /* it has done what it was sent for */
}

/* ^Z, or kill -TSTP: the cell stops first, then we do. */
void signals_suspend(struct cell *cell)
{
    cell_halt(cell);
    consoles_suspend(cell);
    stop_self();
    consoles_resume(cell);
    kill(-cell->leader, SIGCONT);
    if (cell->main_stopped)
        signals_forward(cell, SIGCONT);
    cell->main_stopped = false;
    signals_forward(cell, SIGWINCH); /* if the size is another now */
}

/* What PREPARED calls a key that the host turned into a signal; 0: it is none. */
static u32 key_of(u32 signal, int code)
{
    if (code != SI_KERNEL || consoles_terminal() < 0)
        return 0;
    switch (signal) {
    case SIGINT: return RF_PREPARED_INTERRUPT;
    case SIGQUIT: return RF_PREPARED_QUIT;
    case SIGTSTP: return RF_PREPARED_SUSPEND;
    default: return 0;
    }
}

/* Of a throw-away world: its cell gets what we get. */
static void serve_alone(struct cell *cell, u32 signal, int code)
{
    u32 key = key_of(signal, code);

    if (key) {
        signals_forward(cell, key);
    } else if (signal == SIGWINCH) {
        if (consoles_resized(cell))
            signals_forward(cell, SIGWINCH);
    } else if (signal == SIGTSTP) {
        signals_suspend(cell);
    } else {
        if (signal == SIGCONT)
            consoles_resume(cell);
        signals_forward(cell, signal);
    }
}

static void serve(u32 signal, int code, u32 value)
{
    if (signal == (u32)ALARM_SIGNAL)
        activity_alarm(value);
    else if (world.only)
        serve_alone(world.only, signal, code);
    else if (signal == SIGTERM || signal == SIGINT)
        world_leave(NULL);
}

static void signals_ready(struct event *event, u32 events)
{
    struct signalfd_siginfo info;

    (void)events;
    while (read(event->fd, &info, sizeof(info)) == sizeof(info))
        serve(info.ssi_signo, info.ssi_code, (u32)info.ssi_int);
}

int signals_init(void)
{
    struct sigaction action;
    sigset_t set, children;

    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGCONT);
    sigaddset(&set, ALARM_SIGNAL);
    for (u32 i = 0; i < ARRAY_SIZE(forwarded); i++) {
        if (sigaction(forwarded[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&set, forwarded[i]);
    }
    action = (struct sigaction){.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
    sigaction(SIGCHLD, &action, NULL); /* ignored, children would vanish unseen */
    signal(SIGPIPE, SIG_IGN);          /* EPIPE says as much */
    sigprocmask(SIG_SETMASK, &set, NULL);
    sigprocmask(SIG_BLOCK, &children, NULL);
    signal_event.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    child_event.fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    signal_event.ready = signals_ready;
    child_event.ready = children_ended;
    rest_timer.expired = rested;
    return signal_event.fd < 0 || child_event.fd < 0 ? -errno : 0;
}

int signals_start(void)
{
    int error = event_watch(&signal_event, EPOLLIN);

    return error ? error : event_watch(&child_event, EPOLLIN);
}
