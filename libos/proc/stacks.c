/* SPDX-License-Identifier: Apache-2.0 */
/* Library OS stacks of threads. */
#include "libos/host/host.h"
#include "libos/proc/exec.h"
#include "libos/proc/parking.h"
#include "libos/proc/stacks.h"

struct stack_slot {
    u64 base, top;
    u32 busy;     /* cleared by the host when the thread is gone */
    u32 host_tid; /* written by the host before the thread starts */
};

/* Slot 0 is not used: it means none. */
static struct stack_slot slots[RF_MAX_THREADS];
static u32 slot_count = 1;
static struct lock slots_lock WRITTEN_BY_FORK;

static u32 free_slot(void)
{
    for (u32 i = 1; i < slot_count; i++) {
        if (__atomic_load_n(&slots[i].busy, __ATOMIC_ACQUIRE) == 0)
            return i;
    }
    return 0;
}

static u32 new_slot(void)
{
    struct thread block = {0};

    if (slot_count == RF_MAX_THREADS || thread_stack_make(&block))
        return 0;
    slots[slot_count].base = block.libos_stack;
    slots[slot_count].top = block.stack_top;
    return slot_count++;
}

u32 stack_take(void)
{
    u32 slot;

    lock_take(&slots_lock);
    slot = free_slot();
    if (!slot)
        slot = new_slot();
    if (slot)
        slots[slot].busy = 1;
    lock_release(&slots_lock);
    return slot;
}

void stack_use(struct thread *t, u32 slot)
{
    t->stack_slot = slot;
    t->libos_stack = slots[slot].base;
    t->stack_top = slots[slot].top;
}

void stack_give_back(u32 slot)
{
    if (slot)
        __atomic_store_n(&slots[slot].busy, 0, __ATOMIC_RELEASE);
}

u32 stack_slot_at(u64 address)
{
    for (u32 i = 1; i < slot_count; i++) {
        if (address >= slots[i].base && address < slots[i].top)
            return i;
    }
    return 0;
}

u32 *stack_host_tid(u32 slot)
{
    return &slots[slot].host_tid;
}

u32 *stack_busy_word(u32 slot)
{
    return &slots[slot].busy;
}

void stacks_lock(void)
{
    parking_fork_begin();
    lock_take(&slots_lock);
}

void stacks_unlock(void)
{
    lock_release(&slots_lock);
    parking_fork_end();
}

void stacks_fork_child(struct thread *t)
{
    for (u32 i = 1; i < slot_count; i++) {
        bool busy = i == t->stack_slot || i == t->spare_slot;

        if (slots[i].busy != busy) /* writing what is there would copy the page */
            slots[i].busy = busy;
    }
    parking_fork_child();
}
