/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/ipc/mq_notice.h"

#include "base/string.h"
#include "libos/entry/errno.h"
#include "libos/entry/user.h"
#include "libos/net/netlink.h"
#include "libos/proc/process.h"

#define SI_MESGQ (-3)

/* The cookie's last byte says what happened. */
#define COOKIE_MESSAGE 1
#define COOKIE_REMOVED 2

long mq_notice_make(struct mq_notice *n, const struct notify_event *e)
{
    *n = (struct mq_notice){
        .pid = current_process->pid, .kind = e->kind, .signo = e->signo, .value = e->value};
    switch (e->kind) {
    case SIGEV_NONE: return 0;
    case SIGEV_SIGNAL: return e->signo < 0 || e->signo > SIGNAL_COUNT ? -EINVAL : 0;
    case SIGEV_THREAD:
        if (copy_from_user(n->cookie, (const void *)e->value, MQ_COOKIE_SIZE))
            return -EFAULT;
        return netlink_of(e->signo, &n->socket);
    default: return -EINVAL;
    }
}

static void send_cookie(struct mq_notice *n, u8 what)
{
    n->cookie[MQ_COOKIE_SIZE - 1] = what;
    netlink_deliver(n->socket, n->cookie, MQ_COOKIE_SIZE);
}

static void send_signal(const struct mq_notice *n)
{
    struct siginfo info = {.signo = n->signo, .code = SI_MESGQ};
    const struct process *me = current_process;
    memcpy(info.rest, &(u32[2]){(u32)me->pid, me->uid}, 8);
    memcpy(info.rest + 8, &n->value, 8);
    lock_take(&the_cell->lock);
    struct process *p = find_process(n->pid);
    if (p)
        send_signal_to_process(p, n->signo, &info);
    lock_release(&the_cell->lock);
}

static void forget(struct mq_notice *n)
{
    socket_put(n->socket);
    *n = (struct mq_notice){0};
}

void mq_notice_send(struct mq_notice *n)
{
    if (n->kind == SIGEV_THREAD)
        send_cookie(n, COOKIE_MESSAGE);
    else if (n->kind == SIGEV_SIGNAL && n->signo)
        send_signal(n);
    forget(n);
}

void mq_notice_end(struct mq_notice *n)
{
    if (n->kind == SIGEV_THREAD)
        send_cookie(n, COOKIE_REMOVED);
    forget(n);
}
