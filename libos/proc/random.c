/* SPDX-License-Identifier: Apache-2.0 */
/* getrandom(2) and random bytes for the library OS itself.
 *
 * Bytes of the host are stretched by ChaCha20: each filling of the pool begins with the key of the
 * next one, so that what was given out cannot be computed again from what is there. New bytes of
 * the host come in after every MiB.
 *
 * A pool in the heap segment, shared by the cell: a forked child takes from the same pool and so
 * never gets its parent's bytes. A branched or restarted cell has another generation and drops the
 * pool. */
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/host/host.h"
#include "libos/host/invoke.h"
#include "libos/mm/heap.h"
#include "libos/proc/chacha.h"
#include "libos/proc/process.h"
#include "libos/proc/random.h"

#define POOL_SIZE    1024u
#define RESEED_AFTER 1024u /* fillings */
#define KNOWN_FLAGS  7u    /* GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE */

struct random_pool {
    struct lock lock;
    u32 left;     /* unused bytes at the end */
    u32 fillings; /* left with what the host gave last */
    u64 generation;
    u8 bytes[POOL_SIZE]; /* the first CHACHA_KEY of them are the next filling's key */
};

static struct random_pool *pool(void)
{
    struct random_pool *made;
    void *old = NULL;

    if (the_cell->random)
        return the_cell->random;
    made = heap_alloc(sizeof(*made));
    if (!made)
        panic("no memory for random numbers");
    if (!__atomic_compare_exchange_n(&the_cell->random, &old, made, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        heap_free(made);
        return old;
    }
    return made;
}

/* Takes a key from the host. */
static void seed(struct random_pool *r)
{
    struct rf_msg *m = message_get();
    long n;

    m->data_length = 0;
    n = invoke_message_retry(RF_SLOT_CELL, RF_OP_RANDOM, m, CHACHA_KEY, 0, 0, 0);
    if (n != (long)CHACHA_KEY)
        panic("the host gives no random bytes: %ld", n);
    memcpy(r->bytes, m->data, CHACHA_KEY);
    memset(m->data, 0, CHACHA_KEY);
    message_put(m);
    r->fillings = RESEED_AFTER;
    r->generation = the_window->cell.generation;
}

static void refill(struct random_pool *r)
{
    if (!r->fillings || r->generation != the_window->cell.generation)
        seed(r);
    r->fillings--;
    chacha_stream(r->bytes, r->bytes, POOL_SIZE / CHACHA_BLOCK);
    r->left = POOL_SIZE - CHACHA_KEY;
}

void random_bytes(void *to, size_t n)
{
    struct random_pool *r = pool();
    u8 *out = to;

    lock_take(&r->lock);
    while (n) {
        size_t some;
        u8 *from;

        if (!r->left || r->generation != the_window->cell.generation)
            refill(r);
        some = MIN(n, r->left);
        from = r->bytes + POOL_SIZE - r->left;
        memcpy(out, from, some);
        memset(from, 0, some);
        r->left -= (u32)some;
        out += some;
        n -= some;
    }
    lock_release(&r->lock);
}

SYSCALL3(getrandom, u8 *, buffer, size_t, count, u32, flags)
{
    size_t done = 0;

    if ((flags & ~KNOWN_FLAGS) || (flags & 6) == 6)
        return -EINVAL;
    count = MIN(count, 32ul << 20);
    while (done < count) {
        u8 some[256];
        size_t n = MIN(count - done, sizeof(some)), missed;

        random_bytes(some, n);
        missed = copy_to_user_partly(buffer + done, some, n);
        done += n - missed;
        if (missed)
            return done ? (long)done : -EFAULT;
        if (done < count && signal_pending())
            break;
    }
    return (long)done;
}
