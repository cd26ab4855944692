/* SPDX-License-Identifier: Apache-2.0 */
/* Making host processes again. Everything here runs before the library OS's own memory is what it
 * was: it uses its stack, at RF_RESTORE_BASE, and constants alone. */
#include <asm/unistd.h>
#include <linux/mman.h>
#include <linux/sched.h>

#include "abi/restore.h"
#include "libos/entry/entry.h"
#include "libos/host/host.h"
#include "libos/host/vdso.h"
#include "libos/proc/stop.h"

#define FORK_FLAGS CLONE_PARENT
#define THREAD_FLAGS                                                                               \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |            \
     CLONE_SETTLS)
#define SIG_BLOCK_ 0

long restore_clone(const struct rf_stopped *thread, u64 flags);
_Noreturn void restore_become(const struct rf_stopped *thread, void *scratch, size_t length);

/* The kernel ends a cell whose processes end before they are whole. */
static void require(bool good)
{
    if (!good)
        host_exit_process();
}

static long ask(u32 op, u64 w0)
{
    long r;

    do {
        r = invoke(RF_SLOT_CELL, op, w0, 0, 0, 0);
    } while (r == -EINTR);
    return r;
}

static void map_one(const struct rf_restore_map *map, u32 index)
{
    bool anonymous = map->source == RF_RESTORE_ANONYMOUS,
         granted = map->source == RF_RESTORE_DESCRIPTOR;
    int flags = (int)map->flags | MAP_FIXED | MAP_NORESERVE | (anonymous ? MAP_ANONYMOUS : 0);
    long fd = anonymous ? -1 : RF_FD_HEAP;

    if (granted)
        fd = ask(RF_OP_RESTORE_MAP, index);
    require(anonymous || fd >= 0);
    require(host_mmap((void *)map->start, map->end - map->start, (int)map->prot, flags, (int)fd,
                      map->offset) == (long)map->start);
    if (granted)
        host_close((int)fd);
}

/* They stand still until the kernel lets the whole cell go. */
static _Noreturn void become_threads(struct rf_restore *script)
{
    const struct rf_stopped *threads = rf_restore_threads(script);
    for (u32 i = 1; i < script->thread_count; i++) {
        u64 flags = THREAD_FLAGS | (threads[i].gone_word ? CLONE_CHILD_CLEARTID : 0);
        long r;

        do {
            r = restore_clone(&threads[i], flags);
        } while (r == -EINTR);
        require(r > 0);
    }
    restore_become(&threads[0], (void *)RF_RESTORE_BASE, RF_RESTORE_SIZE);
}

static _Noreturn void become_process(u32 index)
{
    struct rf_restore *script = (struct rf_restore *)RF_RESTORE_BASE;

    require(ask(RF_OP_RESTORE_BEGIN, index) == 0);
    for (u32 i = 0; i < script->map_count; i++)
        map_one(&rf_restore_maps(script)[i], i);
    require(ask(RF_OP_RESTORE_FILL, 0) == 0);
    become_threads(script);
}

/* One process for each that there was, all forked from this one, which is the first of them. */
static __attribute__((used)) _Noreturn void restore_all(void)
{
    u64 kick =
        1ul << (RF_KICK_SIGNAL - 1); /* until a thread is what it was, and has its own mask */
    u32 count = the_window->stop.processes;

    host_call(__NR_rt_sigprocmask, SIG_BLOCK_, (long)&kick, 0, sizeof(kick), 0, 0);
    host_handlers_install();
    vdso_init();
    for (u32 i = 1; i < count; i++) {
        long r;

        do {
            r = host_call(__NR_clone, FORK_FLAGS, 0, 0, 0, 0, 0);
        } while (r == -EINTR);
        require(r >= 0);
        if (r == 0)
            become_process(i);
    }
    become_process(0);
}

_Noreturn void restore_processes(void)
{
    long r = host_mmap((void *)RF_RESTORE_BASE, RF_RESTORE_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);

    require(r == (long)RF_RESTORE_BASE);
    __asm__ volatile("mov %0, %%rsp\n\txor %%ebp, %%ebp\n\tcall restore_all"
                     :
                     : "r"(RF_RESTORE_BASE + RF_RESTORE_SIZE)
                     : "memory");
    __builtin_unreachable();
}
