/* SPDX-License-Identifier: Apache-2.0 */
/* Standing still for a cut. It happens in the host's signal handler, so the host has saved all
 * registers of the interrupted code on the stack, and what the thread is, is in memory. */
#include <asm/prctl.h>
#include <asm/unistd.h>
#include <linux/fcntl.h>
#include <linux/userfaultfd.h>

#include "libos/entry/entry.h"
#include "libos/host/clock.h"
#include "libos/host/host.h"
#include "libos/proc/exec.h"
#include "libos/proc/parking.h"
#include "libos/proc/process.h"
#include "libos/proc/stacks.h"
#include "libos/proc/stop.h"
#include "libos/time/clock.h"

void stop_call(u64 *rsp, void (*stand)(void *), void *argument);

#define LONG_AGO      1
#define TRACKER_FLAGS (UFFD_USER_MODE_ONLY | O_CLOEXEC | O_NONBLOCK)

struct standing {
    struct rf_stopped *record;
    u32 epoch;
};

static bool goes_on(u32 epoch)
{
    return (s32)(__atomic_load_n(&the_window->stop.let_go, __ATOMIC_ACQUIRE) - epoch) >= 0;
}

static void wait_to_go_on(u32 epoch)
{
    u32 *word = &the_window->stop.let_go;

    while (!goes_on(epoch)) {
        u32 seen = __atomic_load_n(word, __ATOMIC_ACQUIRE);

        if (!goes_on(epoch))
            host_futex_wait(word, seen, FOREVER);
    }
}

/* From here on the kernel may take what is in memory. */
static void stand(void *argument)
{
    struct standing *standing = argument;
    struct rf_stop *stop = &the_window->stop;

    __atomic_store_n(&standing->record->epoch, standing->epoch, __ATOMIC_RELEASE);
    __atomic_fetch_add(&stop->arrived, 1, __ATOMIC_RELEASE);
    host_futex_wake(&stop->arrived, 1);
    wait_to_go_on(standing->epoch);
}

static u64 fs_base(void)
{
    u64 base = 0;

    host_call(__NR_arch_prctl, ARCH_GET_FS, (long)&base, 0, 0, 0, 0);
    return base;
}

/* The word of the stack that the host thread was made for: found by where it is, since what it
 * serves may be another thread, or none. A child of vfork is on a spare one of its caller's. */
static u64 gone_word(const void *here)
{
    const struct thread *t = current();
    u32 slot = stack_slot_at((u64)here);

    if (slot && t->vfork_caller && slot == t->stack_slot) {
        while (t->vfork_caller)
            t = t->vfork_caller;
        slot = t->stack_slot;
    }
    return slot ? (u64)stack_busy_word(slot) : 0;
}

/* One that waits in an invocation is the kernel's to wake; one that is parked needs no waking. */
static u64 wakes_at(u32 tid)
{
    const struct thread *t = current();

    if (!t->process || t->host_tid != tid)
        return FOREVER;
    return __atomic_load_n(&t->sleeping, __ATOMIC_RELAXED) ? deadline_of_host(t->wakes_at) : 0;
}

/* The host knows this thread and its process by other numbers now, and its processor clock began
 * anew. */
static void take_new_numbers(u32 old_tid, u64 used)
{
    struct thread *t = current();
    u32 tid = (u32)host_call(__NR_gettid, 0, 0, 0, 0, 0, 0);

    patch_restored();
    parking_renumber(old_tid, tid);
    if (!t->process || t->host_tid != old_tid) /* it was being made: see host_number */
        return;
    __atomic_store_n(&t->host_tid, tid, __ATOMIC_SEQ_CST);
    t->processor_time_before -= used;
    t->process->host_pid = (u32)host_call(__NR_getpid, 0, 0, 0, 0, 0, 0);
    if (t->process->alarm_time)
        t->process->alarm_time =
            LONG_AGO; /* who looks at the timers next has the kernel set one again */
}

/* The process's userfaultfd: who has made one that the kernel took, and its descriptor while it is
 * open. Each process makes one in its life; again after a restore, which gives it another number or
 * another count. */
static struct {
    u64 made_by;
    u32 open; /* the descriptor and OPEN, or NONE, or CLOSING */
} tracker;
enum { NONE, CLOSING, OPEN };

static u32 own_number(void)
{
    return (u32)host_call(__NR_getpid, 0, 0, 0, 0, 0, 0);
}

static bool may_make_tracker(void)
{
    u64 self = (u64)times_restored() << 32 | own_number();

    return __atomic_load_n(&the_window->stop.track, __ATOMIC_RELAXED) &&
           __atomic_load_n(&tracker.made_by, __ATOMIC_RELAXED) != self &&
           __atomic_exchange_n(&tracker.made_by, self, __ATOMIC_RELAXED) != self;
}

/* The kernel takes it while the thread stands still. */
static void show_tracker(u32 at)
{
    long made = may_make_tracker() ? host_call(__NR_userfaultfd, TRACKER_FLAGS, 0, 0, 0, 0, 0) : -1;

    if (made >= 0) {
        __atomic_store_n(&tracker.open, (u32)made + OPEN, __ATOMIC_RELEASE);
        the_window->stop.trackers[at].descriptor = (u32)made;
        the_window->stop.trackers[at].pid = own_number();
    } else if (the_window->stop.trackers[at].pid) { /* else the page stays untouched */
        the_window->stop.trackers[at].pid = 0;
    }
}

/* Before anything else happens in the process: a fork would have it too. */
static void close_tracker(u32 at)
{
    u32 open = __atomic_load_n(&tracker.open, __ATOMIC_ACQUIRE);
    u32 shown_by = __atomic_load_n(&the_window->stop.trackers[at].pid, __ATOMIC_ACQUIRE);

    if (shown_by && shown_by == own_number()) /* nobody wanted it: the next time, again */
        __atomic_store_n(&tracker.made_by, 0, __ATOMIC_RELAXED);
    if (likely(open == NONE))
        return;
    open = __atomic_exchange_n(&tracker.open, CLOSING, __ATOMIC_ACQUIRE);
    if (open >= OPEN) {
        host_close((int)(open - OPEN));
        __atomic_store_n(&tracker.open, NONE, __ATOMIC_RELEASE);
        return;
    }
    if (open == NONE)
        __atomic_store_n(&tracker.open, NONE, __ATOMIC_RELEASE);
    while (__atomic_load_n(&tracker.open, __ATOMIC_ACQUIRE) == CLOSING)
        host_yield();
}

static __attribute__((noinline)) void stop_here(u32 epoch)
{
    struct rf_stop *stop = &the_window->stop;
    u32 at = __atomic_fetch_add(&stop->count, 1, __ATOMIC_RELAXED), restored = times_restored();
    u32 tid = (u32)host_call(__NR_gettid, 0, 0, 0, 0, 0, 0);
    u64 used = host_thread_processor_time();
    struct standing standing;

    if (at >= RF_STOPPED_MOST)
        return;
    standing = (struct standing){&stop->threads[at], epoch};
    standing.record->gs = (u64)current();
    standing.record->fs = fs_base();
    standing.record->gone_word = gone_word(&standing);
    standing.record->deadline = wakes_at(tid);
    standing.record->tid = tid;
    show_tracker(at);
    stop_call(&standing.record->rsp, stand, &standing);
    if (restored == times_restored()) {
        close_tracker(at);
        return;
    }
    __atomic_store_n(&tracker.open, NONE, __ATOMIC_RELEASE);
    wait_to_go_on(epoch);
    take_new_numbers(tid, used);
}

void stop_if_asked(void)
{
    u32 asked = __atomic_load_n(&the_window->stop.asked, __ATOMIC_ACQUIRE);

    if (unlikely(!goes_on(asked)))
        stop_here(asked);
}
