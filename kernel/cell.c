/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cell.h"

#include <errno.h>
#include <linux/futex.h>
#include <limits.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/objects.h"
#include "kernel/object/call.h"

void cell_end(struct cell *cell, int wait_status, int own_status)
{
    if (cell->ending)
        return;
    cell->ending = true;
    cell->wait_status = wait_status;
    cell->own_status = own_status;
    cell->window->cell.ending = 1;
    if (cell->leader > 1)
        kill(-cell->leader, SIGKILL);
}

void cell_wake(struct cell *cell, u32 thread_index)
{
    u32 *word;

    if (thread_index >= RF_MAX_THREADS)
        return;
    word = &cell->window->wake[thread_index];
    __atomic_add_fetch(word, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/* Session numbers stay reserved while a member lives, and jailed code cannot leave its session. */
bool cell_has_process(const struct cell *cell, u64 pid)
{
    return pid > 1 && pid <= INT_MAX && getsid((pid_t)pid) == cell->leader;
}

/* A caller whose answer waits is told -EINTR. Where the host knows WAIT_KILLABLE_RECV it would
 * sleep on until then; elsewhere the signal has already ended its wait, and the answer goes
 * nowhere. */
int cell_kick(struct cell *cell, u64 pid, u64 tid)
{
    if (!cell_has_process(cell, pid) || tid == 0 || tid > INT_MAX)
        return -ESRCH;
    if (syscall(SYS_tgkill, (pid_t)pid, (pid_t)tid, RF_KICK_SIGNAL) < 0)
        return -errno;
    list_for_each(node, &cell->pending) {
        struct pending *pending = list_entry(node, struct pending, all);

        if (pending->tid == tid) {
            pending_answer(pending, -EINTR);
            break;
        }
    }
    return 0;
}
