/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX sockets. */
#include "check.h"

#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static socklen_t address_of(struct sockaddr_un *address, const char *path, bool abstract)
{
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path + abstract, path);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
}

static int bound(int type, const char *path, bool abstract)
{
    struct sockaddr_un address;
    int fd = OK(socket(AF_UNIX, type, 0));
    socklen_t length = address_of(&address, path, abstract);
    OK(bind(fd, (struct sockaddr *)&address, length));
    return fd;
}

static int connect_to(int fd, const char *path, bool abstract)
{
    struct sockaddr_un address;
    socklen_t length = address_of(&address, path, abstract);
    return connect(fd, (struct sockaddr *)&address, length);
}

CASE(stream)
{
    char text[20] = {0};
    struct sockaddr_un address;
    socklen_t length = sizeof(address);
    int server = bound(SOCK_STREAM, "sock", false);
    struct stat st;
    OK(stat("sock", &st));
    CHECK(S_ISSOCK(st.st_mode));
    OK(listen(server, 5));
    int client = OK(socket(AF_UNIX, SOCK_STREAM, 0));
    OK(connect_to(client, "sock", false));
    int conn = OK(accept(server, (struct sockaddr *)&address, &length));
    EQ(address.sun_family, AF_UNIX);
    EQ(length, 2); /* the client has no name */
    EQ(write(client, "hello", 5), 5);
    EQ(read(conn, text, 20), 5);
    STR(text, "hello");
    EQ(send(conn, "world", 5, 0), 5);
    EQ(recv(client, text, 3, 0), 3);
    EQ(recv(client, text, 20, MSG_PEEK), 2);
    EQ(recv(client, text, 20, 0), 2);
    ERR(recv(client, text, 20, MSG_DONTWAIT), EAGAIN);
    length = sizeof(address);
    OK(getsockname(conn, (struct sockaddr *)&address, &length));
    STR(address.sun_path, "sock");
    length = sizeof(address);
    OK(getpeername(client, (struct sockaddr *)&address, &length));
    STR(address.sun_path, "sock");
    OK(close(client));
    EQ(read(conn, text, 20), 0);
    signal(SIGPIPE, SIG_IGN);
    ERR(write(conn, "x", 1), EPIPE);
    ERR(open("sock", O_RDWR), ENXIO);
}

CASE(connection_errors)
{
    int fd = OK(socket(AF_UNIX, SOCK_STREAM, 0));
    ERR(connect_to(fd, "none", false), ENOENT);
    put_file("f", "");
    ERR(connect_to(fd, "f", false), ECONNREFUSED);
    bound(SOCK_STREAM, "sock", false);
    ERR(connect_to(fd, "sock", false), ECONNREFUSED); /* it does not listen */
    struct sockaddr_un address;
    socklen_t length = address_of(&address, "sock", false);
    ERR(bind(fd, (struct sockaddr *)&address, length), EADDRINUSE);
    length = address_of(&address, "no/sock", false);
    ERR(bind(fd, (struct sockaddr *)&address, length), ENOENT);
    ERR(accept(fd, NULL, NULL), EINVAL);
    ERR(listen(0, 1), ENOTSOCK);
    ERR(accept(999, NULL, NULL), EBADF);
    char c = 0;
    ERR(send(fd, &c, 1, MSG_NOSIGNAL), ENOTCONN);
    ERR(recv(fd, &c, 1, 0), EINVAL);
    ERR(getpeername(fd, (struct sockaddr *)&address, &length), ENOTCONN);
    int dgram = bound(SOCK_DGRAM, "dgram", false);
    ERR(listen(dgram, 1), EOPNOTSUPP);
    ERR(connect_to(fd, "dgram", false), EPROTOTYPE);
    ERR(socket(AF_UNIX, 77, 0), EINVAL);
    ERR(socket(AF_UNIX, SOCK_STREAM, 99), EPROTONOSUPPORT);
    ERR(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
    ERR(socketpair(AF_UNIX, SOCK_STREAM, 0, BAD_POINTER), EFAULT);
}

CASE(abstract)
{
    struct sockaddr_un address;
    socklen_t length = sizeof(address);
    int server = bound(SOCK_STREAM, "ringfence-test-name", true);
    OK(listen(server, 1));
    int client = OK(socket(AF_UNIX, SOCK_STREAM, 0));
    OK(connect_to(client, "ringfence-test-name", true));
    OK(getsockname(server, (struct sockaddr *)&address, &length));
    EQ(address.sun_path[0], 0);
    EQ(length, 2 + 1 + 19);
    OK(close(server));
    ERR(connect_to(OK(socket(AF_UNIX, SOCK_STREAM, 0)), "ringfence-test-name", true), ECONNREFUSED);
    /* autobind */
    int fd = OK(socket(AF_UNIX, SOCK_STREAM, 0));
    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    OK(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)));
    length = sizeof(address);
    OK(getsockname(fd, (struct sockaddr *)&address, &length));
    EQ(length, 8);
}

CASE(datagrams)
{
    char text[20];
    struct sockaddr_un address;
    socklen_t length;
    int a = bound(SOCK_DGRAM, "a", false), b = bound(SOCK_DGRAM, "b", false);
    length = address_of(&address, "b", false);
    EQ(sendto(a, "first", 5, 0, (struct sockaddr *)&address, length), 5);
    EQ(sendto(a, "", 0, 0, (struct sockaddr *)&address, length), 0);
    EQ(sendto(a, "third one", 9, 0, (struct sockaddr *)&address, length), 9);
    length = sizeof(address);
    EQ(recvfrom(b, text, 20, 0, (struct sockaddr *)&address, &length), 5);
    STR(address.sun_path, "a");
    EQ(recv(b, text, 20, 0), 0);
    EQ(recv(b, text, 4, MSG_TRUNC), 9); /* the rest of it is lost */
    ERR(recv(b, text, 4, MSG_DONTWAIT), EAGAIN);
    OK(connect_to(a, "b", false));
    EQ(send(a, "x", 1, 0), 1);
    EQ(recv(b, text, 20, 0), 1);
    OK(close(b));
    ERR(send(a, "x", 1, 0), ECONNREFUSED);
    ERR(connect_to(a, "b", false), ECONNREFUSED);
}

CASE(seqpacket)
{
    char text[20];
    int pair[2];
    OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
    EQ(send(pair[0], "one", 3, 0), 3);
    EQ(send(pair[0], "second", 6, 0), 6);
    EQ(recv(pair[1], text, 20, 0), 3);
    EQ(recv(pair[1], text, 2, 0), 2);
    ERR(recv(pair[1], text, 20, MSG_DONTWAIT), EAGAIN);
    OK(close(pair[0]));
    EQ(recv(pair[1], text, 20, 0), 0);
    int server = bound(SOCK_SEQPACKET, "sock", false);
    OK(listen(server, 1));
    int client = OK(socket(AF_UNIX, SOCK_SEQPACKET, 0));
    OK(connect_to(client, "sock", false));
    int conn = OK(accept4(server, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
    EQ(fcntl(conn, F_GETFD), FD_CLOEXEC);
    ERR(recv(conn, text, 1, 0), EAGAIN);
}

CASE(pair)
{
    char text[20] = {0};
    int pair[2];
    OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
    EQ(write(pair[0], "ab", 2), 2);
    EQ(write(pair[1], "cd", 2), 2);
    EQ(read(pair[0], text, 20), 2);
    STR(text, "cd");
    EQ(read(pair[1], text, 20), 2);
    STR(text, "ab");
    OK(shutdown(pair[0], SHUT_WR));
    EQ(read(pair[1], text, 20), 0);
    EQ(write(pair[1], "still", 5), 5);
    EQ(read(pair[0], text, 20), 5);
    signal(SIGPIPE, SIG_IGN);
    ERR(write(pair[0], "x", 1), EPIPE);
    OK(shutdown(pair[0], SHUT_RD));
    EQ(read(pair[0], text, 20), 0);
    ERR(socketpair(AF_INET, SOCK_STREAM, 0, pair), EOPNOTSUPP);
}

CASE(options)
{
    int pair[2], value = 0;
    socklen_t length = sizeof(value);
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    OK(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &value, &length));
    EQ(value, SOCK_STREAM);
    OK(getsockopt(pair[0], SOL_SOCKET, SO_DOMAIN, &value, &length));
    EQ(value, AF_UNIX);
    OK(getsockopt(pair[0], SOL_SOCKET, SO_ERROR, &value, &length));
    EQ(value, 0);
    OK(getsockopt(pair[0], SOL_SOCKET, SO_ACCEPTCONN, &value, &length));
    EQ(value, 0);
    struct ucred cred;
    length = sizeof(cred);
    OK(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &cred, &length));
    EQ(cred.pid, getpid());
    EQ(cred.uid, getuid());
    EQ(cred.gid, getgid());
    struct timeval t = {0, 50000};
    OK(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
    char c;
    long begun = now_ms();
    ERR(read(pair[0], &c, 1), EAGAIN);
    CHECK(now_ms() - begun >= 45);
    ERR(setsockopt(pair[0], SOL_SOCKET, 9999, &value, sizeof(value)), ENOPROTOOPT);
    ERR(getsockopt(0, SOL_SOCKET, SO_TYPE, &value, &length), ENOTSOCK);
    int n;
    EQ(write(pair[1], "abc", 3), 3);
    OK(ioctl(pair[0], FIONREAD, &n));
    EQ(n, 3);
}

CASE(stream_full)
{
    int pair[2];
    static char block[65536];
    OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
    long total = 0;
    ssize_t n;
    while ((n = write(pair[0], block, sizeof(block))) > 0)
        total += n;
    EQ(errno, EAGAIN);
    CHECK(total >= 65536);
    struct pollfd p = {pair[0], POLLOUT, 0};
    EQ(poll(&p, 1, 0), 0);
    while ((n = read(pair[1], block, sizeof(block))) > 0)
        total -= n;
    EQ(total, 0);
    EQ(poll(&p, 1, 0), 1);
}

CASE(poll_states)
{
    int pair[2];
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    struct pollfd p = {pair[0], POLLIN | POLLOUT | POLLRDHUP, 0};
    EQ(poll(&p, 1, 0), 1);
    EQ(p.revents, POLLOUT);
    OK(shutdown(pair[1], SHUT_WR));
    EQ(poll(&p, 1, 0), 1);
    EQ(p.revents, POLLIN | POLLOUT | POLLRDHUP);
    OK(close(pair[1]));
    EQ(poll(&p, 1, 0), 1);
    EQ(p.revents, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
    int server = bound(SOCK_STREAM, "sock", false);
    OK(listen(server, 1));
    p = (struct pollfd){server, POLLIN, 0};
    EQ(poll(&p, 1, 0), 0);
    OK(connect_to(OK(socket(AF_UNIX, SOCK_STREAM, 0)), "sock", false));
    EQ(poll(&p, 1, 0), 1);
    EQ(p.revents, POLLIN);
}

CASE(accept_waits)
{
    int server = bound(SOCK_STREAM, "sock", false);
    OK(listen(server, 1));
    pid_t child = CHILD({
        char c;
        int conn = OK(accept(server, NULL, NULL));
        EQ(read(conn, &c, 1), 1);
        EQ(write(conn, "y", 1), 1);
    });
    UNTIL(is_sleeping(child));
    int client = OK(socket(AF_UNIX, SOCK_STREAM, 0));
    OK(connect_to(client, "sock", false));
    EQ(write(client, "x", 1), 1);
    char c;
    EQ(read(client, &c, 1), 1);
    JOIN(child);
}

CASE(waitall)
{
    int pair[2];
    char text[20] = {0};
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pid_t child = CHILD({
        EQ(write(pair[1], "abc", 3), 3);
        sleep_ms(30);
        EQ(write(pair[1], "def", 3), 3);
    });
    EQ(recv(pair[0], text, 6, MSG_WAITALL), 6);
    STR(text, "abcdef");
    JOIN(child);
}

CASE(echo_server)
{
    int server = bound(SOCK_STREAM, "sock", false);
    OK(listen(server, 10));
    pid_t clients[5];
    for (int i = 0; i < 5; i++)
        clients[i] = CHILD({
            char text[10] = {(char)('a' + i)};
            int fd = OK(socket(AF_UNIX, SOCK_STREAM, 0));
            OK(connect_to(fd, "sock", false));
            for (int j = 0; j < 100; j++) {
                EQ(send(fd, text, 1, 0), 1);
                EQ(recv(fd, text + 1, 1, 0), 1);
                EQ(text[1], text[0]);
            }
        });
    for (int served = 0; served < 5; served++) {
        char c;
        int conn = OK(accept(server, NULL, NULL));
        while (OK(read(conn, &c, 1)) == 1)
            EQ(write(conn, &c, 1), 1);
        OK(close(conn));
    }
    for (int i = 0; i < 5; i++)
        JOIN(clients[i]);
}
