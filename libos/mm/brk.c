/* SPDX-License-Identifier: Apache-2.0 */
/* brk(2). The area is an ordinary mapping, "[heap]", that begins where exec said. */
#include "libos/mm/space.h"
#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/proc/process.h"
#include <linux/resource.h>

static const char heap_name[] = "[heap]";

static void set_brk_end(u64 end)
{
    the_space.brk_end = end;
    current_process->brk_end = end;
}

void mm_set_brk(u64 start)
{
    space_lock();
    the_space.brk_start = current_process->brk_start = start;
    set_brk_end(start);
    space_unlock();
}

/* from and to are page-aligned. 0 or -ENOMEM. */
static long grow(u64 from, u64 to)
{
    struct mapping m = {.start = from,
                        .end = to,
                        .name = heap_name,
                        .prot = PROT_READ | PROT_WRITE,
                        .max_prot = PROT_READ | PROT_WRITE | PROT_EXEC,
                        .flags = the_space.lock_future ? MAPPING_LOCKED : 0};
    if (user_range(from, to - from) < 0 || space_limits(to - from, &m) < 0 || space_reserve() < 0)
        return -ENOMEM;
    long r = source_map(from, to - from, &m, MAP_FIXED_NOREPLACE);
    if (r < 0)
        return -ENOMEM;
    space_add(&m);
    return 0;
}

static long shrink(u64 from, u64 to)
{
    if (space_reserve() < 0 || host_munmap((void *)to, from - to) < 0)
        return -ENOMEM;
    space_forget(to, from);
    return 0;
}

static void move_brk(u64 end)
{
    if (end < the_space.brk_start || end > RF_USER_TOP ||
        end - the_space.brk_start > current_process->limits[RLIMIT_DATA].soft)
        return;
    u64 from = PAGE_ALIGN(the_space.brk_end), to = PAGE_ALIGN(end);
    long r = to > from ? grow(from, to) : to < from ? shrink(from, to) : 0;
    if (r == 0)
        set_brk_end(end);
}

SYSCALL1(brk, u64, end)
{
    space_lock();
    move_brk(end);
    u64 now = the_space.brk_end;
    space_unlock();
    return (long)now;
}
