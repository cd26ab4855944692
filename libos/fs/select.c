/* SPDX-License-Identifier: Apache-2.0 */
/* select(2) and pselect6(2). */
#include <linux/resource.h>
#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/fs/pollset.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include "libos/time/clock.h"

#define SET_BITS 64
#define FEW      1024 /* descriptor numbers for which the stack will do */
#define MOST     (1 << 20)

#define READ_EVENTS  (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLERR)
#define WRITE_EVENTS (POLLOUT | POLLWRNORM | POLLWRBAND | POLLERR)
#define OTHER_EVENTS POLLPRI

static const u32 set_events[3] = {READ_EVENTS, WRITE_EVENTS, OTHER_EVENTS};

/* The three sets of a call: descriptors to read, to write, and with exceptions. */
struct sets {
    int limit; /* descriptors are below it */
    u64 *user[3];
    u64 *words[3];
};

static u32 word_count(const struct sets *s)
{
    return ((u32)s->limit + SET_BITS - 1) / SET_BITS;
}

static long copy_in(struct sets *s)
{
    for (int i = 0; i < 3; i++)
        if (s->user[i] && copy_from_user(s->words[i], s->user[i], word_count(s) * sizeof(u64)))
            return -EFAULT;
    return 0;
}

static long copy_out(const struct sets *s)
{
    for (int i = 0; i < 3; i++)
        if (s->user[i] && copy_to_user(s->user[i], s->words[i], word_count(s) * sizeof(u64)))
            return -EFAULT;
    return 0;
}

static bool has(const struct sets *s, int set, int fd)
{
    return s->words[set][fd / SET_BITS] >> (fd % SET_BITS) & 1;
}

/* What is asked of fd in any of the sets. */
static u32 events_of(const struct sets *s, int fd)
{
    u32 events = 0;
    for (int i = 0; i < 3; i++)
        if (has(s, i, fd))
            events |= set_events[i];
    return events;
}

/* The first descriptor from fd on that is in a set; s->limit: none. */
static int next_in(const struct sets *s, int fd)
{
    for (; fd < s->limit; fd = (fd / SET_BITS + 1) * SET_BITS) {
        u32 w = (u32)fd / SET_BITS;
        u64 bits = (s->words[0][w] | s->words[1][w] | s->words[2][w]) & (~0ull << (fd % SET_BITS));
        if (bits)
            return MIN(s->limit, (int)(w * SET_BITS) + __builtin_ctzll(bits));
    }
    return s->limit;
}

static u32 count_in(const struct sets *s)
{
    u32 count = 0;
    for (int fd = next_in(s, 0); fd < s->limit; fd = next_in(s, fd + 1))
        count++;
    return count;
}

/* Fills targets, in order of descriptors. -EBADF if one is not open; what is filled must be
 * released. */
static long borrow_all(const struct sets *s, struct poll_target *targets)
{
    long r = 0;
    for (int fd = next_in(s, 0); fd < s->limit; fd = next_in(s, fd + 1), targets++) {
        *targets = (struct poll_target){.ref = fd_borrow(fd), .events = events_of(s, fd)};
        if (!targets->ref.file)
            r = -EBADF;
    }
    return r;
}

/* Leaves in the sets the descriptors that are ready; how many bits that are. */
static long keep_ready(struct sets *s, const struct poll_target *targets)
{
    long bits = 0;
    int next;
    for (int fd = next_in(s, 0); fd < s->limit; fd = next, targets++) {
        next = next_in(s, fd + 1);
        for (int i = 0; i < 3; i++) {
            if (!has(s, i, fd))
                continue;
            if (targets->found & set_events[i])
                bits++;
            else
                s->words[i][fd / SET_BITS] &= ~(1ull << (fd % SET_BITS));
        }
    }
    return bits;
}

static long select_targets(struct sets *s, struct poll_target *targets, u32 count, u64 deadline)
{
    long r = borrow_all(s, targets);
    if (!r)
        r = poll_targets(targets, count, deadline);
    if (r >= 0)
        r = keep_ready(s, targets);
    for (u32 i = 0; i < count; i++)
        if (targets[i].ref.file)
            fd_release(targets[i].ref);
    return r;
}

static long select_sets(struct sets *s, u64 deadline)
{
    struct poll_target few[16], *targets = few;
    u32 count = count_in(s);
    if (count > ARRAY_SIZE(few)) {
        targets = heap_alloc(count * sizeof(*targets));
        if (!targets)
            return -ENOMEM;
    }
    long r = select_targets(s, targets, count, deadline);
    if (targets != few)
        heap_free(targets);
    return r;
}

static long select_user(int limit, u64 *in, u64 *out, u64 *other, u64 deadline)
{
    u64 few[3 * FEW / SET_BITS] = {0}, *words = few;
    if (limit < 0)
        return -EINVAL;
    struct sets s = {.limit = MIN(limit, MOST), .user = {in, out, other}};
    if (limit > FEW) {
        words = heap_alloc(3 * word_count(&s) * sizeof(u64));
        if (!words)
            return -ENOMEM;
    }
    for (u32 i = 0; i < 3; i++)
        s.words[i] = words + i * word_count(&s);
    long r = copy_in(&s);
    if (!r)
        r = select_sets(&s, deadline);
    if (r >= 0 && copy_out(&s))
        r = -EFAULT;
    if (words != few)
        heap_free(words);
    return r;
}

/* The Linux ABI's struct timeval. */
struct timeval_abi {
    s64 seconds, microseconds;
};

static long deadline_from_timeval(const struct timeval_abi *user, u64 *deadline)
{
    struct timeval_abi t;
    *deadline = FOREVER;
    if (!user)
        return 0;
    if (get_user(t, user))
        return -EFAULT;
    t.seconds += t.microseconds / 1000000;
    t.microseconds %= 1000000;
    struct timespec_abi ts = {t.seconds, t.microseconds * 1000};
    if (!timespec_valid(&ts))
        return -EINVAL;
    u64 ns = timespec_ns(&ts), now = host_now();
    *deadline = ns == 0 ? AT_ONCE : ns < FOREVER - now ? now + ns : FOREVER;
    return 0;
}

static void write_remaining_timeval(struct timeval_abi *user, u64 deadline)
{
    if (!user)
        return;
    u64 now = host_now();
    u64 left = deadline > now ? (deadline - now) / 1000 : 0;
    struct timeval_abi t = {(s64)(left / 1000000), (s64)(left % 1000000)};
    (void)!copy_to_user(user, &t, sizeof(t));
}

SYSCALL5(select, int, limit, u64 *, in, u64 *, out, u64 *, other, struct timeval_abi *, timeout)
{
    u64 deadline;
    long r = deadline_from_timeval(timeout, &deadline);
    if (r)
        return r;
    r = select_user(limit, in, out, other, deadline);
    write_remaining_timeval(timeout, deadline);
    return r;
}

/* What the sixth argument of pselect6 points to. */
struct mask_argument {
    const void *mask;
    size_t size;
};

SYSCALL6(pselect6, int, limit, u64 *, in, u64 *, out, u64 *, other, struct timespec_abi *, timeout,
         const struct mask_argument *, user_mask)
{
    struct mask_argument m = {0};
    u64 deadline;
    if (user_mask && get_user(m, user_mask))
        return -EFAULT;
    long r = deadline_from_user(timeout, &deadline);
    if (!r)
        r = mask_for_call_from_user(m.mask, m.size);
    if (r)
        return r;
    r = select_user(limit, in, out, other, deadline);
    poll_write_remaining(timeout, deadline);
    return r;
}
