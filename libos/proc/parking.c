/* SPDX-License-Identifier: Apache-2.0 */
/* All of this is private memory of the process. The lock guards who gets which place; `call` is
 * between one host thread and one creator, and lets the creator see whether the host must be asked
 * to wake the other. */
#include "libos/entry/errno.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/proc/exec.h"
#include "libos/proc/parking.h"
#include "libos/proc/sigframe.h"
#include "libos/proc/stacks.h"
#include "libos/time/clock.h"

enum place_state {
    FREE,    /* until an ending thread offers itself */
    OFFERED, /* until a creator takes it, or its time is over */
    TAKEN,   /* until the host thread has seen what it was told */
};

enum call { NOTHING, SLEEPS, START, LEAVE };

struct parking_place {
    u32 state; /* enum place_state */
    u32 call;  /* enum call: the host thread sleeps on it */
    u32 slot;  /* proc/stacks.h */
    u32 host_tid;
    struct thread *next;
    struct regs regs;
    struct vector_area vectors;
};

static struct parking_place places[PARKING_PLACES];
static struct lock lock WRITTEN_BY_FORK;

static bool may_park(void)
{
    return !the_window->cell.process_limit && the_cell->thread_count < RF_MAX_THREADS / 2 &&
           __atomic_load_n(&the_cell->parked, __ATOMIC_RELAXED) < PARKED_MOST;
}

struct parking_place *parking_offer(struct thread *t)
{
    struct parking_place *found = NULL;

    if (!t->stack_slot || !may_park())
        return NULL;
    lock_take(&lock);
    for (u32 i = 0; i < PARKING_PLACES && !found; i++) {
        if (__atomic_load_n(&places[i].state, __ATOMIC_ACQUIRE) == FREE)
            found = &places[i];
    }
    if (found) {
        __atomic_fetch_add(&the_cell->parked, 1, __ATOMIC_RELAXED);
        found->slot = t->stack_slot;
        found->host_tid = t->host_tid;
        __atomic_store_n(&found->state, OFFERED, __ATOMIC_RELEASE);
    }
    lock_release(&lock);
    return found;
}

/* Lock held. False: the place holds nobody to be had. */
static bool take(struct parking_place *place)
{
    if (place->state != OFFERED)
        return false;
    place->state = TAKEN;
    __atomic_fetch_sub(&the_cell->parked, 1, __ATOMIC_RELAXED);
    return true;
}

struct parking_place *parking_take(struct thread *t)
{
    struct parking_place *found = NULL;

    lock_take(&lock);
    for (u32 i = 0; i < PARKING_PLACES && !found; i++) {
        if (take(&places[i]))
            found = &places[i];
    }
    lock_release(&lock);
    if (found)
        stack_use(t, found->slot);
    return found;
}

static void tell(struct parking_place *place, u32 call)
{
    if (__atomic_exchange_n(&place->call, call, __ATOMIC_ACQ_REL) == SLEEPS)
        host_futex_wake(&place->call, 1);
}

void parking_start(struct parking_place *place, struct thread *t, const struct regs *regs)
{
    place->next = t;
    place->regs = *regs;
    vector_state_save(&place->vectors);
    tell(place, START);
}

void parking_give_back(struct parking_place *place)
{
    tell(place, LEAVE);
}

/* The place may be another's from here on. */
static void set_free(struct parking_place *place)
{
    place->call = NOTHING;
    __atomic_store_n(&place->state, FREE, __ATOMIC_RELEASE);
}

/* Nobody came in time: false if somebody is about to. */
static bool give_up(struct parking_place *place)
{
    bool mine;

    lock_take(&lock);
    mine = take(place);
    lock_release(&lock);
    return mine;
}

/* What the creator wants. */
static u32 wait_for_call(struct parking_place *place)
{
    u64 deadline = host_now() + clock_span_of_host(PARKING_NS);
    u32 call = NOTHING;

    __atomic_compare_exchange_n(&place->call, &call, SLEEPS, false, __ATOMIC_ACQ_REL,
                                __ATOMIC_ACQUIRE);
    while ((call = __atomic_load_n(&place->call, __ATOMIC_ACQUIRE)) == SLEEPS) {
        if (host_futex_wait(&place->call, SLEEPS, deadline) != -ETIMEDOUT)
            continue;
        if (give_up(place))
            return LEAVE;
        deadline = FOREVER;
    }
    return call;
}

/* A function of its own, so that nothing of the old current() is kept. The thread's frame lies
 * above this function's: both are on the same stack. */
static __attribute__((noinline)) _Noreturn void begin(struct parking_place *place)
{
    struct thread *t = place->next;
    u32 host_tid = place->host_tid;

    host_set_gs((u64)t);
    t->processor_time_before = host_thread_processor_time();
    t->regs = (struct regs *)(t->stack_top - sizeof(struct regs));
    *t->regs = place->regs;
    vector_state_load(&place->vectors);
    set_free(place);
    host_set_fs(t->fs_base);
    __atomic_store_n(&t->host_tid, host_tid, __ATOMIC_SEQ_CST);
    return_to_program(t, t->regs);
}

_Noreturn void parking_wait(struct parking_place *place)
{
    if (wait_for_call(place) == START)
        begin(place);
    set_free(place);
    host_exit_thread();
}

/* Its own host thread calls this, so nobody else writes the number. */
void parking_renumber(u32 old_tid, u32 tid)
{
    for (u32 i = 0; i < PARKING_PLACES; i++) {
        if (places[i].host_tid == old_tid &&
            __atomic_load_n(&places[i].state, __ATOMIC_ACQUIRE) != FREE)
            places[i].host_tid = tid;
    }
}

bool parking_is_empty(void)
{
    for (u32 i = 0; i < PARKING_PLACES; i++) {
        if (__atomic_load_n(&places[i].state, __ATOMIC_ACQUIRE) != FREE)
            return false;
    }
    return true;
}

/* Without the lock if it can: taking it would copy the page that it is on. */
void parking_process_end(void)
{
    if (parking_is_empty())
        return;
    lock_take(&lock);
    for (u32 i = 0; i < PARKING_PLACES; i++)
        take(&places[i]);
    lock_release(&lock);
}

void parking_fork_begin(void)
{
    lock_take(&lock);
}

void parking_fork_end(void)
{
    lock_release(&lock);
}

void parking_fork_child(void)
{
    for (u32 i = 0; i < PARKING_PLACES; i++) {
        if (places[i].state != FREE) /* writing what is there would copy the page */
            set_free(&places[i]);
    }
}
