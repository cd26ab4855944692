/* SPDX-License-Identifier: Apache-2.0 */
/* wait4 and waitid. */
#include <linux/resource.h>
#include <linux/wait.h>

#include "base/string.h"
#include "libos/entry/syscall.h"
#include "libos/fs/file.h"
#include "libos/proc/exit.h"
#include "libos/proc/pidfd.h"
#include "libos/proc/process.h"

#define SIGCHLD_         17
#define CLD_EXITED_      1
#define CLD_KILLED_      2
#define CLD_DUMPED_      3
#define CLD_STOPPED_     5
#define CLD_CONTINUED_   6
#define STATUS_CONTINUED 0xffff
#define CORE_FLAG        0x80

struct wait_request {
    int which; /* P_* */
    int id;
    u32 options;
};

struct wait_result {
    int pid;
    u32 uid;
    int status; /* as of wait4 */
    u64 user_ns, system_ns, peak_memory;
};

static bool matches(const struct wait_request *w, const struct process *child)
{
    bool is_clone = child->exit_signal != SIGCHLD_;

    if (w->which == P_PID && child->pid != w->id)
        return false;
    if (w->which == P_PGID && child->pgid != w->id)
        return false;
    return (w->options & __WALL) || is_clone == ((w->options & __WCLONE) != 0);
}

static void fill_result(struct process *child, int status, struct wait_result *out)
{
    *out = (struct wait_result){
        .pid = child->pid,
        .uid = child->uid,
        .status = status,
        .user_ns = child->user_ns + child->children_user_ns,
        .system_ns = child->system_ns + child->children_system_ns,
        .peak_memory = MAX(child->peak_memory, child->children_peak_memory),
    };
}

/* True if child has something to report, which is taken unless WNOWAIT. May free child. */
static bool take_news(const struct wait_request *w, struct process *child, struct wait_result *out)
{
    bool keep = (w->options & WNOWAIT) != 0;

    if (child->state == PROCESS_ZOMBIE) {
        if (!(w->options & WEXITED))
            return false;
        fill_result(child, child->status, out);
        if (!keep)
            reap(child);
        return true;
    }
    if (child->news_stopped && (w->options & WSTOPPED) && child->state == PROCESS_STOPPED) {
        fill_result(child, child->status, out);
        child->news_stopped = keep;
        return true;
    }
    if (child->news_continued && (w->options & WCONTINUED)) {
        fill_result(child, STATUS_CONTINUED, out);
        child->news_continued = keep;
        return true;
    }
    return false;
}

/* 1: news; 0: none yet; -ECHILD. */
static long look(const struct wait_request *w, struct wait_result *out)
{
    bool any = false;

    list_for_each_safe(l, &current_process->children) {
        struct process *child = list_entry(l, struct process, sibling);

        if (!matches(w, child))
            continue;
        any = true;
        if (take_news(w, child, out))
            return 1;
    }
    return any ? 0 : -ECHILD;
}

static long wait_for_child(const struct wait_request *w, struct wait_result *out)
{
    bool interrupted = false;
    long r;

    lock_take(&the_cell->lock);
    for (;;) {
        r = look(w, out);
        if (r != 0 || (w->options & WNOHANG))
            break;
        if (interrupted) {
            r = -ERESTARTSYS;
            break;
        }
        /* What comes with a signal is seen first: the signal may be that of the child's end. */
        interrupted = wait_on(&current_process->child_events, &the_cell->lock, FOREVER) < 0;
    }
    lock_release(&the_cell->lock);
    return r;
}

static void put_time(struct __kernel_old_timeval *to, u64 ns)
{
    to->tv_sec = (s64)(ns / 1000000000);
    to->tv_usec = (s64)(ns % 1000000000 / 1000);
}

static long put_usage(struct rusage *user, const struct wait_result *w)
{
    struct rusage r;

    memset(&r, 0, sizeof(r));
    put_time(&r.ru_utime, w->user_ns);
    put_time(&r.ru_stime, w->system_ns);
    r.ru_maxrss = (s64)(w->peak_memory / 1024);
    return copy_to_user(user, &r, sizeof(r));
}

SYSCALL4(wait4, int, pid, int *, status, u32, options, struct rusage *, usage)
{
    struct wait_request w = {.options = options | WEXITED};
    struct wait_result result;
    long r;

    if (options & ~(u32)(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    w.which = pid == -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
    w.id = pid > 0 ? pid : pid == 0 ? current_process->pgid : -pid;
    r = wait_for_child(&w, &result);
    if (r <= 0)
        return r;
    if (status && put_user(status, result.status))
        return -EFAULT;
    if (usage && put_usage(usage, &result))
        return -EFAULT;
    return result.pid;
}

static int child_code(int status, int *value)
{
    if (status == STATUS_CONTINUED) {
        *value = 18;
        return CLD_CONTINUED_;
    }
    if ((status & 0xff) == 0x7f) {
        *value = status >> 8 & 0xff;
        return CLD_STOPPED_;
    }
    if (status & 0x7f) {
        *value = status & 0x7f;
        return status & CORE_FLAG ? CLD_DUMPED_ : CLD_KILLED_;
    }
    *value = status >> 8 & 0xff;
    return CLD_EXITED_;
}

static long put_info(struct siginfo *user, const struct wait_result *w, bool found)
{
    struct siginfo info = {0};

    if (found) {
        int value;

        info.signo = SIGCHLD_;
        info.code = child_code(w->status, &value);
        memcpy(info.rest, &w->pid, sizeof(w->pid));
        memcpy(info.rest + 4, &w->uid, sizeof(w->uid));
        memcpy(info.rest + 8, &value, sizeof(value));
    }
    /* Linux leaves the rest of the structure alone. */
    return copy_to_user(user, &info, 16 + 12);
}

static long waitid_target(int which, int id, struct wait_request *w)
{
    w->which = which;
    w->id = id;
    switch (which) {
    case P_ALL: return 0;
    case P_PID: return id > 0 ? 0 : -EINVAL;
    case P_PGID:
        if (id < 0)
            return -EINVAL;
        if (id == 0)
            w->id = current_process->pgid;
        return 0;
    case P_PIDFD: {
        long pid = pidfd_pid(id, &w->options);

        if (pid < 0)
            return pid;
        w->which = P_PID;
        w->id = (int)pid;
        return 0;
    }
    default: return -EINVAL;
    }
}

SYSCALL5(waitid, int, which, int, id, struct siginfo *, user, u32, options, struct rusage *, usage)
{
    struct wait_request w = {.options = options};
    struct wait_result result = {0};
    long r;

    if ((options & ~(u32)(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD |
                          __WCLONE | __WALL)) ||
        !(options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    r = waitid_target(which, id, &w);
    if (r)
        return r;
    r = wait_for_child(&w, &result);
    if (r < 0)
        return r;
    if (r == 0 && w.options != options)
        return -EAGAIN;
    if (r > 0 && usage && put_usage(usage, &result))
        return -EFAULT;
    return user && put_info(user, &result, r > 0) ? -EFAULT : 0;
}
