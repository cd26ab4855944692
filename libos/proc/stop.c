/* SPDX-License-Identifier: Apache-2.0 */
/* Standing still for a cut. It happens in the host's signal handler, so the host has saved all
 * registers of the interrupted code on the stack, and what the thread is, is in memory. */
#include <asm/prctl.h>
#include <asm/unistd.h>

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

#define LONG_AGO 1

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
    stop_call(&standing.record->rsp, stand, &standing);
    if (restored == times_restored())
        return;
    wait_to_go_on(epoch);
    take_new_numbers(tid, used);
}

void stop_if_asked(void)
{
    u32 asked = __atomic_load_n(&the_window->stop.asked, __ATOMIC_ACQUIRE);

    if (unlikely(!goes_on(asked)))
        stop_here(asked);
}
