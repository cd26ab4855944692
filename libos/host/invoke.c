/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/host/invoke.h"
#include "libos/host/host.h"
#include "libos/entry/errno.h"
#include "libos/proc/process.h"

_Static_assert(RF_MSG_BUFFERS % 64 == 0, "whole words of the free map");

static long invoke_raw(u32 slot, u32 op, u32 buffer, u64 w0, u64 w1, u64 w2, u64 w3)
{
    long r = host_call(RF_NR_INVOKE, (long)(slot | (u64)op << 32), (long)buffer, (long)w0, (long)w1,
                       (long)w2, (long)w3);
    if (unlikely(r == -ENOSYS)) /* nobody listens: the kernel is gone */
        host_exit_process();
    return r;
}

static u32 message_index(const struct rf_msg *m)
{
    return (u32)(((const u8 *)m - the_window->messages) / RF_MSG_STRIDE);
}

long invoke(u32 slot, u32 op, u64 w0, u64 w1, u64 w2, u64 w3)
{
    return invoke_raw(slot, op, RF_MSG_NONE, w0, w1, w2, w3);
}

long invoke_message(u32 slot, u32 op, struct rf_msg *m, u64 w0, u64 w1, u64 w2, u64 w3)
{
    return invoke_raw(slot, op, message_index(m), w0, w1, w2, w3);
}

long invoke_message_retry(u32 slot, u32 op, struct rf_msg *m, u64 w0, u64 w1, u64 w2, u64 w3)
{
    u32 length = m->data_length;
    long r;
    while ((r = invoke_message(slot, op, m, w0, w1, w2, w3)) == -EINTR)
        m->data_length = length;
    return r;
}

/* The lowest free buffer, so that few are ever touched. */
static struct rf_msg *message_try(void)
{
    for (u32 word = 0; word < RF_MSG_BUFFERS / 64; word++) {
        u64 *map = &the_cell->message_free[word];
        u64 seen = __atomic_load_n(map, __ATOMIC_RELAXED);
        while (seen) {
            u32 bit = (u32)__builtin_ctzll(seen);
            if (__atomic_compare_exchange_n(map, &seen, seen & ~(1ull << bit), false,
                                            __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
                return (struct rf_msg *)(the_window->messages + (word * 64 + bit) * RF_MSG_STRIDE);
        }
    }
    return NULL;
}

/* All buffers taken is rare and short: their holders do not sleep but in the invocation itself. */
struct rf_msg *message_get(void)
{
    struct rf_msg *m;
    while ((m = message_try()) == NULL)
        host_yield();
    m->data_length = 0;
    m->cap_count = 0;
    return m;
}

void message_put(struct rf_msg *m)
{
    u32 i = message_index(m);
    __atomic_or_fetch(&the_cell->message_free[i / 64], 1ull << i % 64, __ATOMIC_RELEASE);
}
