/* SPDX-License-Identifier: Apache-2.0 */
/* What a fault of the program means. The host's word holds, but for pages past the end of a RAM
 * file, which are mapped when the file has grown, and for what is the library OS's. */
#include "libos/mm/space.h"
#include "libos/fs/file.h"
#include "libos/fs/vfs.h"
#include "libos/host/host.h"
#include "libos/mm/source.h"
#include "libos/proc/process.h"
#include <asm/signal.h>
#include "base/string.h"

/* si_code values of the Linux ABI */
#define CODE_SEGV_MAPERR 1
#define CODE_BUS_ADRERR  2

/* A copy to or from the program that faults may hold the lock that would be needed: waiting for
 * ever would be waiting for itself. */
#define PATIENCE 100

static bool take_space(bool inside)
{
    if (!inside) {
        space_lock();
        return true;
    }
    for (int i = 0; i < PATIENCE; i++) {
        if (lock_try(&the_space.lock))
            return true;
        host_yield();
    }
    return false;
}

static bool file_is_free(const struct file *f)
{
    for (int i = 0; i < PATIENCE; i++) {
        if (!f->inode || __atomic_load_n(&f->inode->lock.state, __ATOMIC_RELAXED) == 0)
            return true;
        host_yield();
    }
    return false;
}

/* The page at addr was past the end of its file. If it no longer is: maps it and all that follows
 * in the mapping. */
static bool mend_beyond(u64 addr, bool inside)
{
    struct mapping *m = space_find(addr);
    struct map_source s;
    if (!m || !m->file || !m->file->ops->map || (inside && !file_is_free(m->file)))
        return false;
    u64 distance = (addr & PAGE_MASK) - m->start;
    if (source_ask(m, distance, m->end - m->start - distance, &s) < 0)
        return false;
    if (s.kind != MAP_SOURCE_HEAP) {
        source_drop(&s);
        return false;
    }
    size_t length = MIN(s.length, m->end - m->start - distance);
    return source_map_piece(m->start + distance, length, m, &s, MAP_FIXED) >= 0;
}

static void describe(struct siginfo *info, int signo, int code, u64 addr)
{
    memset(info, 0, sizeof(*info));
    info->signo = signo;
    info->code = code;
    memcpy(info->rest, &addr, sizeof(addr));
}

static bool is_libos(u64 addr)
{
    return addr >= RF_LIBOS_BASE && addr < RF_LIBOS_END;
}

bool mm_fault(u64 addr, bool inside, int host_signo, int host_code, struct siginfo *info)
{
    if (host_signo == SIGBUS && host_code == CODE_BUS_ADRERR && take_space(inside)) {
        bool mended = mend_beyond(addr, inside);
        space_unlock();
        if (mended)
            return true;
    }
    bool ours = host_signo == SIGSEGV && is_libos(addr);
    describe(info, host_signo, ours ? CODE_SEGV_MAPERR : host_code, addr);
    return false;
}
