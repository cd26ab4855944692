/* SPDX-License-Identifier: Apache-2.0 */
/* poll(2) and ppoll(2). */
#include <linux/resource.h>
#include "libos/entry/syscall.h"
#include "libos/fs/pollset.h"
#include "libos/host/host.h"
#include "libos/mm/heap.h"
#include "libos/proc/process.h"
#include "libos/time/clock.h"

#define FEW 16 /* descriptors for which the stack will do */

/* The Linux ABI's struct pollfd. */
struct pollfd {
    int fd;
    s16 events, revents;
};

static void borrow_all(const struct pollfd *fds, struct poll_target *targets, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        targets[i] = (struct poll_target){.events = (u16)fds[i].events};
        if (fds[i].fd >= 0)
            targets[i].ref = fd_borrow(fds[i].fd);
    }
}

/* Fills in revents, gives the files back, and counts the descriptors that have something to say. */
static long settle_all(struct pollfd *fds, struct poll_target *targets, u32 count)
{
    long said = 0;
    for (u32 i = 0; i < count; i++) {
        bool bad = fds[i].fd >= 0 && !targets[i].ref.file;
        fds[i].revents = (s16)(bad ? POLLNVAL : targets[i].found);
        said += fds[i].revents != 0;
        if (targets[i].ref.file)
            fd_release(targets[i].ref);
    }
    return said;
}

static bool any_bad(const struct pollfd *fds, const struct poll_target *targets, u32 count)
{
    for (u32 i = 0; i < count; i++)
        if (fds[i].fd >= 0 && !targets[i].ref.file)
            return true;
    return false;
}

static long poll_array(struct pollfd *fds, struct poll_target *targets, u32 count, u64 deadline)
{
    borrow_all(fds, targets, count);
    if (any_bad(fds, targets, count))
        deadline = AT_ONCE;
    long r = poll_targets(targets, count, deadline);
    long said = settle_all(fds, targets, count);
    return r < 0 ? r : said;
}

static long copy_revents_out(struct pollfd *user, const struct pollfd *fds, u32 count)
{
    for (u32 i = 0; i < count; i++)
        if (put_user(&user[i].revents, fds[i].revents))
            return -EFAULT;
    return 0;
}

static long poll_user(struct pollfd *user, u32 count, u64 deadline)
{
    struct pollfd few[FEW], *fds = few;
    struct poll_target few_targets[FEW], *targets = few_targets;
    void *memory = NULL;
    if (count > current_process->limits[RLIMIT_NOFILE].soft)
        return -EINVAL;
    if (count > FEW) {
        memory = heap_alloc(count * (sizeof(*fds) + sizeof(*targets)));
        if (!memory)
            return -ENOMEM;
        targets = memory;
        fds = (struct pollfd *)(targets + count);
    }
    long r = copy_from_user(fds, user, count * sizeof(*fds));
    if (!r)
        r = poll_array(fds, targets, count, deadline);
    if (r >= 0 && copy_revents_out(user, fds, count))
        r = -EFAULT;
    heap_free(memory);
    return r;
}

SYSCALL3(poll, struct pollfd *, fds, u32, count, int, milliseconds)
{
    u64 deadline = FOREVER;
    if (milliseconds == 0)
        deadline = AT_ONCE;
    else if (milliseconds > 0)
        deadline = host_now() + (u64)milliseconds * 1000000;
    return poll_user(fds, count, deadline);
}

SYSCALL5(ppoll, struct pollfd *, fds, u32, count, struct timespec_abi *, timeout, const void *,
         mask, size_t, mask_size)
{
    u64 deadline;
    long r = deadline_from_user(timeout, &deadline);
    if (!r)
        r = mask_for_call_from_user(mask, mask_size);
    if (r)
        return r;
    r = poll_user(fds, count, deadline);
    poll_write_remaining(timeout, deadline);
    return r;
}
