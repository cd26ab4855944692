/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is shared with other cells: mapping it, sleeping on it. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sdk/channel.h"

static s64 host_wait(u32 *word, u32 value, u64 deadline_ns)
{
    struct timespec until = {.tv_sec = (time_t)(deadline_ns / 1000000000u),
                             .tv_nsec = (long)(deadline_ns % 1000000000u)};
    long r = syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, deadline_ns ? &until : NULL, NULL,
                     FUTEX_BITSET_MATCH_ANY);

    return r < 0 ? -errno : 0;
}

s64 rf_word_wait(u32 *word, u32 value, u64 deadline_ns)
{
    if (rf_in_cell())
        return rf_call(RF_SLOT_NONE, RF_LOCAL_WAIT, (u64)(uintptr_t)word, value, deadline_ns, 0);
    return host_wait(word, value, deadline_ns);
}

void rf_word_wake(u32 *word, u32 count)
{
    if (rf_in_cell())
        rf_call(RF_SLOT_NONE, RF_LOCAL_WAKE, (u64)(uintptr_t)word, count, 0, 0);
    else
        syscall(SYS_futex, word, FUTEX_WAKE, (int)MIN(count, (u32)INT_MAX), NULL, NULL, 0);
}

void *rf_map(u32 segment, size_t length, u32 rights)
{
    int protection = PROT_READ | (rights & RF_RIGHT_WRITE ? PROT_WRITE : 0);
    s64 fd = rf_call(segment, RF_OP_SEGMENT_MAP, rights, 0, 0, 0);
    void *at;

    if (fd < 0) {
        errno = (int)-fd;
        return NULL;
    }
    at = mmap(NULL, length, protection, MAP_SHARED, (int)fd, 0);
    close((int)fd);
    return at == MAP_FAILED ? NULL : at;
}
