/* SPDX-License-Identifier: Apache-2.0 */
/* mq_notify(2): who is told once that a message came to an empty message queue. The queue's lock
 * guards it. */
#ifndef LIBOS_IPC_MQ_NOTICE_H
#define LIBOS_IPC_MQ_NOTICE_H

#include "base/types.h"

struct socket;

/* Of <asm/siginfo.h>, which has another struct siginfo. */
#define SIGEV_SIGNAL 0
#define SIGEV_NONE   1
#define SIGEV_THREAD 2

#define MQ_COOKIE_SIZE 32

struct mq_notice {
    int pid;  /* 0: nobody */
    int kind; /* SIGEV_* */
    int signo;
    u64 value;
    struct socket *socket; /* SIGEV_THREAD: where the cookie is sent; a reference */
    u8 cookie[MQ_COOKIE_SIZE];
};

/* The Linux ABI's struct sigevent, as far as mq_notify(2) uses it. For SIGEV_THREAD, which C
 * libraries make with a helper thread, `value` is the address of a cookie and `signo` a netlink
 * socket that the thread reads. */
struct notify_event {
    u64 value;
    s32 signo, kind;
};

/* Makes a notice for the calling process of what it asks for. 0, -EINVAL, -EFAULT, -EBADF. */
long mq_notice_make(struct mq_notice *n, const struct notify_event *e);
/* Tells whom it is for, and ends it. */
void mq_notice_send(struct mq_notice *n);
/* Ends it untold. */
void mq_notice_end(struct mq_notice *n);

#endif
