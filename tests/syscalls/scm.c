/* SPDX-License-Identifier: Apache-2.0 */
/* Messages with control data: descriptor passing, credentials; sendmmsg. */
#include "check.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

union control {
    struct cmsghdr header;
    char bytes[256];
};

static ssize_t send_fds(int socket, const char *text, const int *fds, size_t count)
{
    union control control = {0};
    struct iovec part = {(char *)text, strlen(text)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes};
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
    return sendmsg(socket, &message, 0);
}

/* Number of descriptors received. */
static int receive_fds(int socket, int *fds, size_t room, int flags, int *message_flags)
{
    char text[64];
    union control control = {0};
    struct iovec part = {text, sizeof(text)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes};
    message.msg_controllen = CMSG_LEN(sizeof(int) * room);
    CHECK(OK(recvmsg(socket, &message, flags)) > 0);
    if (message_flags)
        *message_flags = message.msg_flags;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (!header)
        return 0;
    EQ(header->cmsg_level, SOL_SOCKET);
    EQ(header->cmsg_type, SCM_RIGHTS);
    size_t bytes = header->cmsg_len - CMSG_LEN(0);
    memcpy(fds, CMSG_DATA(header), bytes);
    return (int)(bytes / sizeof(int));
}

CASE(pass_descriptor)
{
    int pair[2], got[4];
    char c;
    put_file("f", "abc");
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    int fd = OK(open("f", O_RDONLY));
    EQ(send_fds(pair[0], "x", &fd, 1), 1);
    OK(close(fd)); /* it lives in the message */
    EQ(receive_fds(pair[1], got, 4, 0, NULL), 1);
    EQ(read(got[0], &c, 1), 1);
    EQ(c, 'a');
    EQ(fcntl(got[0], F_GETFD), 0);
}

CASE(pass_to_process)
{
    int pair[2], fds[2];
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pid_t child = CHILD({
        int got[4];
        EQ(receive_fds(pair[1], got, 4, MSG_CMSG_CLOEXEC, NULL), 2);
        EQ(fcntl(got[0], F_GETFD), FD_CLOEXEC);
        char c;
        EQ(read(got[0], &c, 1), 1);
        EQ(write(got[1], &c, 1), 1);
    });
    int back[2];
    OK(pipe(fds));
    OK(pipe(back));
    int both[2] = {fds[0], back[1]};
    EQ(send_fds(pair[0], "xy", both, 2), 2);
    EQ(write(fds[1], "!", 1), 1);
    char c = 0;
    EQ(read(back[0], &c, 1), 1);
    EQ(c, '!');
    JOIN(child);
}

CASE(truncated)
{
    int pair[2], got[4], flags;
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    int three[3] = {0, 1, 2};
    EQ(send_fds(pair[0], "x", three, 3), 1);
    EQ(receive_fds(pair[1], got, 1, 0, &flags), 1);
    EQ(flags & MSG_CTRUNC, MSG_CTRUNC);
    int bad = 999;
    ERR(send_fds(pair[0], "x", &bad, 1), EBADF);
}

CASE(unread_are_closed)
{
    /* A pipe's only writer, in a message that nobody reads. */
    int pair[2], fds[2];
    char c;
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    OK(pipe(fds));
    EQ(send_fds(pair[0], "x", &fds[1], 1), 1);
    OK(close(fds[1]));
    OK(close(pair[0]));
    OK(close(pair[1]));
    EQ(read(fds[0], &c, 1), 0);
}

CASE(bytes_stop_at_descriptors)
{
    int pair[2], got[4];
    char text[20];
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    EQ(write(pair[0], "plain", 5), 5);
    int fd = 0;
    EQ(send_fds(pair[0], "with", &fd, 1), 4);
    /* One receive does not go past the message that carries them. */
    EQ(read(pair[1], text, 5), 5);
    EQ(receive_fds(pair[1], got, 4, 0, NULL), 1);
}

CASE(credentials)
{
    int pair[2], on = 1;
    OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    OK(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
    pid_t child = CHILD(EQ(send(pair[0], "x", 1, 0), 1));
    char text[10];
    union control control = {0};
    struct iovec part = {text, sizeof(text)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes};
    message.msg_controllen = sizeof(control);
    EQ(recvmsg(pair[1], &message, 0), 1);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    CHECK(header);
    EQ(header->cmsg_type, SCM_CREDENTIALS);
    struct ucred cred;
    memcpy(&cred, CMSG_DATA(header), sizeof(cred));
    EQ(cred.pid, child);
    EQ(cred.uid, getuid());
    EQ(cred.gid, getgid());
    JOIN(child);
}

CASE(scatter)
{
    int pair[2];
    char a[3] = {0}, b[10] = {0};
    OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    struct iovec out[] = {{"ab", 2}, {"cdef", 4}}, in[] = {{a, 2}, {b, 3}};
    struct msghdr message = {.msg_iov = out, .msg_iovlen = 2};
    EQ(sendmsg(pair[0], &message, 0), 6);
    message = (struct msghdr){.msg_iov = in, .msg_iovlen = 2};
    EQ(recvmsg(pair[1], &message, 0), 5);
    STR(a, "ab");
    STR(b, "cde");
    EQ(message.msg_flags, MSG_TRUNC);
    ERR(sendmsg(pair[0], BAD_POINTER, 0), EFAULT);
    message.msg_iovlen = 2000;
    ERR(sendmsg(pair[0], &message, 0), EMSGSIZE);
}

CASE(many_messages)
{
    int pair[2];
    char text[3][10];
    OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    struct iovec parts[3] = {{"a", 1}, {"bc", 2}, {"def", 3}};
    struct mmsghdr messages[3] = {0};
    for (int i = 0; i < 3; i++) {
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    EQ(sendmmsg(pair[0], messages, 3, 0), 3);
    for (int i = 0; i < 3; i++) {
        EQ(messages[i].msg_len, i + 1);
        parts[i] = (struct iovec){text[i], 10};
    }
    EQ(recvmmsg(pair[1], messages, 3, MSG_DONTWAIT, NULL), 3);
    EQ(memcmp(text[2], "def", 3), 0);
    ERR(recvmmsg(pair[1], messages, 3, MSG_DONTWAIT, NULL), EAGAIN);
}

CASE(socket_itself_passed)
{
    int pair[2], inner[2], got[2];
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, inner));
    EQ(send_fds(pair[0], "x", &inner[1], 1), 1);
    OK(close(inner[1]));
    EQ(receive_fds(pair[1], got, 2, 0, NULL), 1);
    EQ(write(inner[0], "hello", 5), 5);
    char text[10];
    EQ(read(got[0], text, 10), 5);
}

static void send_or_fail(int socket, const int *fds, size_t count)
{
    EQ(send_fds(socket, "x", fds, count), 1);
}

static void end_of_pipe_comes(int fd)
{
    char c;
    alarm(10);
    EQ(read(fd, &c, 1), 0);
    alarm(0);
}

/* Sockets that lie in each other's queues when their last descriptor is closed come to an end, and
 * with them what lies there too. */
static void make_circles(int type, int lost)
{
    for (int i = 0; i < 700; i++) {
        int a[2], b[2];
        OK(socketpair(AF_UNIX, type, 0, a));
        OK(socketpair(AF_UNIX, type, 0, b));
        send_or_fail(a[0], (int[]){b[1], lost}, i ? 1 : 2);
        send_or_fail(b[0], &a[1], 1);
        for (int k = 0; k < 2; k++) {
            OK(close(a[k]));
            OK(close(b[k]));
        }
    }
}

/* The host lets an ordinary user have no more descriptors in queues than he may have open, and
 * counts those of lost circles until its collector has run. */
static void allow_many_in_queues(void)
{
    struct rlimit limit;
    OK(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    OK(setrlimit(RLIMIT_NOFILE, &limit));
}

CASE(circles_are_collected)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    int live[2], carried[2], got[4];
    allow_many_in_queues();
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, live));
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, carried));
    send_or_fail(carried[0], &live[0], 1);
    send_or_fail(live[0], &carried[1], 1);
    OK(close(carried[1])); /* only in the queue of live[1] now */
    OK(close(live[0]));
    for (size_t i = 0; i < COUNT(types); i++) {
        int ends[2];
        OK(pipe(ends));
        make_circles(types[i], ends[1]);
        OK(close(ends[1]));
        end_of_pipe_comes(ends[0]);
        OK(close(ends[0]));
    }
    /* What could be reached is as it was. */
    EQ(receive_fds(live[1], got, 4, 0, NULL), 1);
    int inner = got[0];
    EQ(receive_fds(inner, got, 4, 0, NULL), 1);
    EQ(write(got[0], "y", 1), 1);
    char c;
    EQ(read(live[1], &c, 1), 1);
    EQ(c, 'y');
}

/* A long chain of sockets, each in the queue of the next. */
CASE(long_chain_ends)
{
    int ends[2], last[2];
    OK(pipe(ends));
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, last));
    send_or_fail(last[0], &ends[1], 1);
    OK(close(ends[1]));
    for (int i = 0; i < 500; i++) {
        int next[2];
        OK(socketpair(AF_UNIX, SOCK_STREAM, 0, next));
        if (send_fds(next[0], "x", last, 2) < 0) { /* Linux bounds the depth, or the number */
            EQ(errno, ETOOMANYREFS);
            OK(close(next[0]));
            OK(close(next[1]));
            break;
        }
        OK(close(last[0]));
        OK(close(last[1]));
        memcpy(last, next, sizeof(last));
    }
    OK(close(last[0]));
    OK(close(last[1]));
    end_of_pipe_comes(ends[0]);
}
