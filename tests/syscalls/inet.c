/* SPDX-License-Identifier: Apache-2.0 */
/* AF_INET and AF_INET6 on the loopback. */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t loopback(union address *a, int family, int port)
{
    memset(a, 0, sizeof(*a));
    a->any.sa_family = (sa_family_t)family;
    if (family == AF_INET) {
        a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        a->v4.sin_port = htons((uint16_t)port);
        return sizeof(a->v4);
    }
    a->v6.sin6_addr = in6addr_loopback;
    a->v6.sin6_port = htons((uint16_t)port);
    return sizeof(a->v6);
}

static int port_of(int fd)
{
    union address a;
    socklen_t length = sizeof(a);
    OK(getsockname(fd, &a.any, &length));
    return ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
}

/* A socket bound to a free port. */
static int bound(int family, int type)
{
    union address a;
    int fd = OK(socket(family, type, 0));
    socklen_t length = loopback(&a, family, 0);
    OK(bind(fd, &a.any, length));
    CHECK(port_of(fd) != 0);
    return fd;
}

static int connect_port(int fd, int family, int port)
{
    union address a;
    socklen_t length = loopback(&a, family, port);
    return connect(fd, &a.any, length);
}

/* A connected pair over TCP. */
static void tcp_pair(int family, int pair[2])
{
    int server = bound(family, SOCK_STREAM);
    OK(listen(server, 1));
    pair[0] = OK(socket(family, SOCK_STREAM, 0));
    OK(connect_port(pair[0], family, port_of(server)));
    pair[1] = OK(accept(server, NULL, NULL));
    OK(close(server));
}

static void tcp(int family)
{
    char text[20] = {0};
    union address a;
    socklen_t length = sizeof(a);
    int server = bound(family, SOCK_STREAM);
    OK(listen(server, 5));
    int client = OK(socket(family, SOCK_STREAM, 0));
    OK(connect_port(client, family, port_of(server)));
    int conn = OK(accept(server, &a.any, &length));
    EQ(a.any.sa_family, family);
    EQ(ntohs(a.v4.sin_port), port_of(client));
    length = sizeof(a);
    OK(getpeername(client, &a.any, &length));
    EQ(ntohs(a.v4.sin_port), port_of(server));
    EQ(write(client, "hello", 5), 5);
    EQ(read(conn, text, 20), 5);
    STR(text, "hello");
    EQ(send(conn, "world!", 6, 0), 6);
    EQ(recv(client, text, 20, MSG_PEEK), 6);
    EQ(recv(client, text, 20, 0), 6);
    STR(text, "world!");
    OK(shutdown(client, SHUT_WR));
    EQ(read(conn, text, 20), 0);
    EQ(write(conn, "x", 1), 1);
    EQ(read(client, text, 20), 1);
    OK(close(conn));
    EQ(read(client, text, 20), 0);
}

CASE(tcp4)
{
    tcp(AF_INET);
}

CASE(tcp6)
{
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    union address a;
    socklen_t length = loopback(&a, AF_INET6, 0);
    if (fd == -1 || bind(fd, &a.any, length) == -1)
        skip("the host has no IPv6 loopback");
    tcp(AF_INET6);
}

CASE(refused)
{
    int server = bound(AF_INET, SOCK_STREAM);
    int port = port_of(server);
    int fd = OK(socket(AF_INET, SOCK_STREAM, 0));
    ERR(connect_port(fd, AF_INET, port), ECONNREFUSED); /* bound, but does not listen */
    OK(close(server));
    ERR(connect_port(fd, AF_INET, port), ECONNREFUSED);
    int on = 1;
    OK(ioctl(fd, FIONBIO, &on));
    int result = connect_port(fd, AF_INET, port);
    if (result == -1 && errno == EINPROGRESS) {
        struct pollfd p = {fd, POLLOUT, 0};
        EQ(poll(&p, 1, 5000), 1);
        int error;
        socklen_t length = sizeof(error);
        OK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
        EQ(error, ECONNREFUSED);
    } else {
        EQ(errno, ECONNREFUSED);
    }
}

CASE(nonblocking_connect)
{
    int server = bound(AF_INET, SOCK_STREAM);
    OK(listen(server, 1));
    int fd = OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    if (connect_port(fd, AF_INET, port_of(server)) == -1)
        EQ(errno, EINPROGRESS);
    struct pollfd p = {fd, POLLOUT, 0};
    EQ(poll(&p, 1, 5000), 1);
    EQ(p.revents, POLLOUT);
    int error = -1;
    socklen_t length = sizeof(error);
    OK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    EQ(error, 0);
    /* The first call after the connection came about may tell of it with 0. */
    connect_port(fd, AF_INET, port_of(server));
    ERR(connect_port(fd, AF_INET, port_of(server)), EISCONN);
    char c;
    ERR(read(fd, &c, 1), EAGAIN);
    OK(fcntl(server, F_SETFL, O_NONBLOCK));
    OK(accept(server, NULL, NULL));
    ERR(accept(server, NULL, NULL), EAGAIN);
}

CASE(errors)
{
    union address a;
    char c = 0;
    int fd = OK(socket(AF_INET, SOCK_STREAM, 0));
    ERR(recv(fd, &c, 1, 0), ENOTCONN);
    ERR(send(fd, &c, 1, MSG_NOSIGNAL), EPIPE);
    ERR(shutdown(fd, SHUT_RDWR), ENOTCONN);
    socklen_t length = sizeof(a);
    ERR(getpeername(fd, &a.any, &length), ENOTCONN);
    ERR(accept(fd, NULL, NULL), EINVAL);
    int server = bound(AF_INET, SOCK_STREAM);
    OK(listen(server, 1));
    length = loopback(&a, AF_INET, port_of(server));
    ERR(bind(fd, &a.any, length), EADDRINUSE);
    ERR(bind(fd, &a.any, 3), EINVAL);
    a.v4.sin_addr.s_addr = htonl(0x01020304);
    a.v4.sin_port = 0;
    ERR(bind(fd, &a.any, length), EADDRNOTAVAIL);
    a.any.sa_family = AF_INET6;
    ERR(bind(fd, &a.any, length), EAFNOSUPPORT);
    length = loopback(&a, AF_INET, 0);
    ERR(bind(server, &a.any, length), EINVAL);
    ERR(bind(fd, BAD_POINTER, sizeof(a.v4)), EFAULT);
    ERR(connect_port(server, AF_INET, 1), EISCONN);
    ERR(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
    ERR(socket(AF_INET, 99, 0), EINVAL);
    ERR(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
}

CASE(options)
{
    int pair[2], value, on = 1;
    socklen_t length = sizeof(value);
    tcp_pair(AF_INET, pair);
    OK(setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
    OK(getsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &value, &length));
    EQ(value, 1);
    OK(setsockopt(pair[0], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
    OK(getsockopt(pair[0], SOL_SOCKET, SO_KEEPALIVE, &value, &length));
    EQ(value, 1);
    OK(setsockopt(pair[0], SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
    OK(getsockopt(pair[0], SOL_SOCKET, SO_REUSEADDR, &value, &length));
    EQ(value, 1);
    OK(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &value, &length));
    EQ(value, SOCK_STREAM);
    OK(getsockopt(pair[0], SOL_SOCKET, SO_PROTOCOL, &value, &length));
    EQ(value, IPPROTO_TCP);
    OK(getsockopt(pair[0], SOL_SOCKET, SO_RCVBUF, &value, &length));
    CHECK(value > 4096);
    struct linger linger = {1, 5}, got = {0, 0};
    OK(setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
    length = sizeof(got);
    OK(getsockopt(pair[0], SOL_SOCKET, SO_LINGER, &got, &length));
    EQ(got.l_onoff, 1);
    EQ(got.l_linger, 5);
    length = sizeof(value);
    ERR(getsockopt(pair[0], SOL_SOCKET, 9999, &value, &length), ENOPROTOOPT);
    ERR(setsockopt(pair[0], SOL_SOCKET, SO_KEEPALIVE, &on, 1), EINVAL);
    ERR(setsockopt(pair[0], SOL_SOCKET, SO_KEEPALIVE, BAD_POINTER, 4), EFAULT);
}

CASE(stream_data)
{
    int pair[2];
    size_t size = 2000000;
    char *out = malloc(size), *in = malloc(size);
    for (size_t i = 0; i < size; i++)
        out[i] = (char)(i * 13 >> 2);
    tcp_pair(AF_INET, pair);
    pid_t child = CHILD({
        OK(close(pair[1]));
        size_t sent = 0;
        while (sent < size)
            sent += (size_t)OK(write(pair[0], out + sent, size - sent));
    });
    OK(close(pair[0]));
    size_t got = 0;
    ssize_t n;
    while ((n = OK(read(pair[1], in + got, size - got))) > 0)
        got += (size_t)n;
    EQ(got, size);
    EQ(memcmp(in, out, size), 0);
    JOIN(child);
}

CASE(reset)
{
    int pair[2];
    char c;
    tcp_pair(AF_INET, pair);
    EQ(write(pair[0], "unread", 6), 6);
    sleep_ms(10);
    OK(close(pair[1])); /* with data not read: a reset */
    sleep_ms(10);
    ERR(read(pair[0], &c, 1), ECONNRESET);
    signal(SIGPIPE, SIG_IGN);
    ERR(write(pair[0], "x", 1), EPIPE);
}

CASE(broken_pipe)
{
    int pair[2];
    tcp_pair(AF_INET, pair);
    OK(shutdown(pair[0], SHUT_WR));
    JOIN_SIGNAL(CHILD(write(pair[0], "x", 1)), SIGPIPE);
    ERR(send(pair[0], "x", 1, MSG_NOSIGNAL), EPIPE);
}

CASE(udp)
{
    char text[20];
    union address a;
    socklen_t length;
    int s = bound(AF_INET, SOCK_DGRAM), c = bound(AF_INET, SOCK_DGRAM);
    length = loopback(&a, AF_INET, port_of(s));
    EQ(sendto(c, "hello", 5, 0, &a.any, length), 5);
    EQ(sendto(c, "", 0, 0, &a.any, length), 0);
    EQ(sendto(c, "0123456789", 10, 0, &a.any, length), 10);
    length = sizeof(a);
    EQ(recvfrom(s, text, 20, 0, &a.any, &length), 5);
    EQ(ntohs(a.v4.sin_port), port_of(c));
    EQ(length, sizeof(a.v4));
    EQ(recv(s, text, 20, 0), 0);
    EQ(recv(s, text, 4, MSG_TRUNC), 10);
    ERR(recv(s, text, 4, MSG_DONTWAIT), EAGAIN);
    ERR(send(c, "x", 1, 0), EDESTADDRREQ);
    OK(connect_port(c, AF_INET, port_of(s)));
    EQ(send(c, "x", 1, 0), 1);
    EQ(recv(s, text, 20, 0), 1);
    struct pollfd p = {s, POLLIN | POLLOUT, 0};
    EQ(poll(&p, 1, 0), 1);
    EQ(p.revents, POLLOUT);
    ERR(listen(s, 1), EOPNOTSUPP);
}

CASE(udp_connected_filters)
{
    char text[20];
    union address a;
    int s = bound(AF_INET, SOCK_DGRAM), friend_ = bound(AF_INET, SOCK_DGRAM),
        other = bound(AF_INET, SOCK_DGRAM);
    OK(connect_port(s, AF_INET, port_of(friend_)));
    socklen_t length = loopback(&a, AF_INET, port_of(s));
    EQ(sendto(other, "no", 2, 0, &a.any, length), 2);
    EQ(sendto(friend_, "yes", 3, 0, &a.any, length), 3);
    EQ(recv(s, text, 20, 0), 3);
    ERR(recv(s, text, 20, MSG_DONTWAIT), EAGAIN);
    a.any.sa_family = AF_UNSPEC; /* dissolves */
    OK(connect(s, &a.any, length));
    length = sizeof(a);
    ERR(getpeername(s, &a.any, &length), ENOTCONN);
}

CASE(any_address)
{
    union address a;
    int server = OK(socket(AF_INET, SOCK_STREAM, 0)), on = 1;
    OK(setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
    socklen_t length = loopback(&a, AF_INET, 0);
    a.v4.sin_addr.s_addr = INADDR_ANY;
    OK(bind(server, &a.any, length));
    OK(listen(server, 1));
    int client = OK(socket(AF_INET, SOCK_STREAM, 0));
    OK(connect_port(client, AF_INET, port_of(server)));
    int conn = OK(accept(server, NULL, NULL));
    length = sizeof(a);
    OK(getsockname(conn, &a.any, &length));
    EQ(ntohl(a.v4.sin_addr.s_addr), INADDR_LOOPBACK);
}

CASE(listen_without_bind)
{
    int server = OK(socket(AF_INET, SOCK_STREAM, 0));
    OK(listen(server, 1));
    CHECK(port_of(server) != 0);
}

CASE(epoll_server)
{
    struct epoll_event e[8];
    int server = bound(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
    int port = port_of(server);
    OK(listen(server, 16));
    pid_t clients[4];
    for (int i = 0; i < 4; i++)
        clients[i] = CHILD({
            char text[64];
            char back[64];
            int fd = OK(socket(AF_INET, SOCK_STREAM, 0));
            OK(connect_port(fd, AF_INET, port));
            for (int j = 0; j < 50; j++) {
                int n = snprintf(text, sizeof(text), "client %d message %d", i, j);
                EQ(write(fd, text, (size_t)n), n);
                EQ(recv(fd, back, (size_t)n, MSG_WAITALL), n);
                EQ(memcmp(text, back, (size_t)n), 0);
            }
        });
    int ep = OK(epoll_create1(0));
    struct epoll_event event = {.events = EPOLLIN, .data.fd = server};
    OK(epoll_ctl(ep, EPOLL_CTL_ADD, server, &event));
    for (int open_count = 0, ended = 0; ended < 4;) {
        int n = OK(epoll_wait(ep, e, 8, 5000));
        CHECK(n > 0);
        for (int i = 0; i < n; i++) {
            char text[256];
            if (e[i].data.fd == server) {
                int conn = OK(accept4(server, NULL, NULL, SOCK_NONBLOCK));
                event.data.fd = conn;
                OK(epoll_ctl(ep, EPOLL_CTL_ADD, conn, &event));
                open_count++;
                continue;
            }
            ssize_t length = OK(read(e[i].data.fd, text, sizeof(text)));
            if (length == 0) {
                OK(close(e[i].data.fd));
                ended++;
            } else {
                EQ(write(e[i].data.fd, text, (size_t)length), length);
            }
        }
        CHECK(open_count <= 4);
    }
    for (int i = 0; i < 4; i++)
        JOIN(clients[i]);
}

CASE(accept_waits)
{
    int server = bound(AF_INET, SOCK_STREAM);
    OK(listen(server, 1));
    pid_t child = CHILD(OK(accept(server, NULL, NULL)));
    UNTIL(is_sleeping(child));
    OK(connect_port(OK(socket(AF_INET, SOCK_STREAM, 0)), AF_INET, port_of(server)));
    JOIN(child);
}

CASE(shutdown_wakes_reader)
{
    int pair[2];
    char c;
    tcp_pair(AF_INET, pair);
    pid_t child = CHILD(EQ(read(pair[0], &c, 1), 0));
    UNTIL(is_sleeping(child));
    OK(shutdown(pair[0], SHUT_RD));
    JOIN(child);
}

CASE(v6_takes_v4)
{
    union address a;
    int server = socket(AF_INET6, SOCK_STREAM, 0);
    socklen_t length = loopback(&a, AF_INET6, 0);
    a.v6.sin6_addr = in6addr_any;
    if (server == -1 || bind(server, &a.any, length) == -1)
        skip("the host has no IPv6");
    OK(listen(server, 1));
    int client = OK(socket(AF_INET, SOCK_STREAM, 0));
    OK(connect_port(client, AF_INET, port_of(server)));
    length = sizeof(a);
    OK(accept(server, &a.any, &length));
    CHECK(IN6_IS_ADDR_V4MAPPED(&a.v6.sin6_addr));
}
