/* SPDX-License-Identifier: Apache-2.0 */
/* The library OS's beginning in a cell's first host process, the prepared one. */
#include "libos/entry/entry.h"
#include "libos/fs/vfs.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/host/vdso.h"
#include "libos/mm/heap.h"
#include "libos/mm/mm.h"
#include "libos/proc/exec.h"
#include "libos/proc/process.h"
#include "libos/proc/stop.h"

#define CELL_MAGIC        0x6c6c6563u
#define HOST_SIGNAL_STACK (48ul << 10)

void thread_become(struct thread *t)
{
    host_set_gs((u64)t);
    host_signal_stack_set((void *)t->libos_stack, HOST_SIGNAL_STACK);
}

/* The block: the host signal stack, then the library OS stack, which grows down towards it. */
long thread_stack_make(struct thread *t)
{
    void *block = arena_map(THREAD_BLOCK_SIZE);
    if (block == NULL)
        return -ENOMEM;
    t->libos_stack = (u64)block;
    t->stack_top = (u64)block + THREAD_BLOCK_SIZE;
    return 0;
}

void thread_stack_free(struct thread *t)
{
    arena_unmap((void *)t->libos_stack, THREAD_BLOCK_SIZE);
    t->libos_stack = t->stack_top = 0;
}

/* What the kernel's code left behind in this address space. */
static void unmap_range(u64 start, u64 end)
{
    if (vdso_left.start > start && vdso_left.start < end) {
        host_munmap((void *)start, vdso_left.start - start);
        start = vdso_left.end;
    }
    if (start < end)
        host_munmap((void *)start, end - start);
}

static void cell_init(void)
{
    struct cell *c = the_cell;
    c->magic = CELL_MAGIC;
    list_init(&c->processes);
    list_init(&c->errands);
    for (u32 i = 0; i < TID_HASH; i++)
        list_init(&c->tids[i]);
    c->next_pid = 1;
    for (u32 i = 0; i < RF_MAX_THREADS / 64; i++)
        c->thread_index_free[i] = ~0ull;
    c->thread_index_free[0] &= ~1ull; /* the prepared process's */
    for (u32 i = 0; i < RF_MSG_BUFFERS / 64; i++)
        c->message_free[i] = ~0ull;
    waitq_init(&c->message_waiters);
    c->trace = the_boot->trace != 0;
    dispatch_slowly = c->trace;
}

/* The prepared process's own thread: it sleeps and takes locks like any other, but is in no
 * process. */
static struct thread *prepared_thread(void)
{
    struct thread *t = heap_alloc(sizeof(*t));
    if (t == NULL || thread_stack_make(t))
        panic("no memory to start with");
    t->self = t;
    t->entry = (void (*)(void))libos_entry;
    t->index = 0;
    t->wake_word = &the_window->wake[0];
    list_init(&t->siblings);
    list_init(&t->hash);
    return t;
}

_Noreturn void libos_start(void);
_Noreturn void libos_start(void)
{
    assert_that(the_boot->magic == RF_BOOT_MAGIC && the_window->cell.magic == RF_CELL_MAGIC);
    host_init();
    host_munmap((void *)RF_START_STUB, PAGE_SIZE);
    vdso_move();
    unmap_range(0, RF_LIBOS_BASE);
    unmap_range(RF_LIBOS_END, RF_USER_TOP);
    if (the_window->stop.processes)
        restore_processes();
    cell_init();
    heap_init();
    mm_init();
    thread_become(prepared_thread());
    host_handlers_install();
    __atomic_store_n(&the_window->stop.ready, 1, __ATOMIC_RELEASE);
    vdso_init();
    clock_begin();
    the_cell->started = host_now();
    filesystems_init();
    prepared_process_main();
}
