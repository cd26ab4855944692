/* SPDX-License-Identifier: Apache-2.0 */
/* The host's own round trip that an invocation is made of: notification COUNT. A child calls a
 * system call that seccomp reports to its parent, which waits with epoll and answers. Prints
 * nanoseconds for each. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NR            0x5246
#define SET_FLAGS     SECCOMP_IOW(4, __u64)
#define SYNC_WAKE_UP  1ul
#define WAIT_KILLABLE (1ul << 5)

static double now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void child(int fd, long count)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NR, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, filter};
    double began;
    int listener;

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                            SECCOMP_FILTER_FLAG_NEW_LISTENER | WAIT_KILLABLE, &program);
    if (listener < 0 || write(fd, &listener, sizeof(listener)) != sizeof(listener))
        _exit(1);
    for (int i = 0; i < 1000; i++)
        syscall(NR);
    began = now_ns();
    for (long i = 0; i < count; i++)
        syscall(NR);
    printf("%.1f\n", (now_ns() - began) / (double)count);
    fflush(stdout);
    _exit(0);
}

int main(int argc, char **argv)
{
    struct epoll_event event = {.events = EPOLLIN};
    int ends[2], remote, listener, epoll = epoll_create1(0);
    pid_t pid;

    if (argc < 2 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
        return 2;
    pid = fork();
    if (pid == 0)
        child(ends[1], strtol(argv[1], NULL, 10));
    if (read(ends[0], &remote, sizeof(remote)) != sizeof(remote))
        return 1;
    listener = (int)syscall(SYS_pidfd_getfd, (int)syscall(SYS_pidfd_open, pid, 0), remote, 0);
    ioctl(listener, SET_FLAGS, SYNC_WAKE_UP);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        struct seccomp_notif request;
        struct seccomp_notif_resp response;

        if (epoll_wait(epoll, &event, 1, -1) < 1 || !(event.events & EPOLLIN))
            break;
        memset(&request, 0, sizeof(request));
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0)
            continue;
        response = (struct seccomp_notif_resp){.id = request.id, .val = 1};
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
    }
    waitpid(pid, NULL, 0);
    return 0;
}
