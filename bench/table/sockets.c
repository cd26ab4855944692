/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: sockets, local and on the loopback. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "bench/table/table.h"

#define BLOCK 65536l

static int pair[2], listener;
static struct sockaddr_in address;
static char buffer[BLOCK];

static void open_pair(void)
{
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static void run_self(long count)
{
    char byte = 0;

    while (count--) {
        MUST(send(pair[0], &byte, 1, 0));
        MUST(recv(pair[1], &byte, 1, 0));
    }
}

static void echo(void)
{
    char byte;

    close(pair[0]);
    while (read(pair[1], &byte, 1) == 1) {
        if (write(pair[1], &byte, 1) != 1)
            break;
    }
}

static void start_unix_echo(void)
{
    open_pair();
    start_child(echo);
}

static void listen_loopback(void)
{
    socklen_t length = sizeof address;

    address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = socket(AF_INET, SOCK_STREAM, 0);
    MUST(listener);
    MUST(bind(listener, (struct sockaddr *)&address, length));
    MUST(getsockname(listener, (struct sockaddr *)&address, &length));
    MUST(listen(listener, 16));
}

static int connect_loopback(void)
{
    int client = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    MUST(client);
    MUST(connect(client, (struct sockaddr *)&address, sizeof address));
    MUST(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one));
    return client;
}

static void open_tcp_pair(void)
{
    listen_loopback();
    pair[0] = connect_loopback();
    pair[1] = accept(listener, 0, 0);
    MUST(pair[1]);
}

static void start_tcp_echo(void)
{
    open_tcp_pair();
    start_child(echo);
}

static void run_round_trip(long count)
{
    char byte = 0;

    while (count--) {
        MUST(write(pair[0], &byte, 1));
        if (read(pair[0], &byte, 1) != 1)
            die("read");
    }
}

static void drain(void)
{
    close(pair[0]);
    while (read(pair[1], buffer, BLOCK) > 0)
        continue;
}

static void start_tcp_drain(void)
{
    open_tcp_pair();
    start_child(drain);
}

static void run_bandwidth(long count)
{
    while (count--) {
        if (write(pair[0], buffer, BLOCK) != BLOCK)
            die("write");
    }
}

static void run_connect(long count)
{
    while (count--) {
        int client = connect_loopback(), server = accept(listener, 0, 0);
        struct linger at_once = {.l_onoff = 1};

        MUST(server);
        /* No TIME_WAIT, or the host runs out of ports. */
        MUST(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
        close(client);
        close(server);
    }
}

static void open_udp(void)
{
    socklen_t length = sizeof address;

    address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    pair[0] = socket(AF_INET, SOCK_DGRAM, 0);
    pair[1] = socket(AF_INET, SOCK_DGRAM, 0);
    MUST(bind(pair[1], (struct sockaddr *)&address, length));
    MUST(getsockname(pair[1], (struct sockaddr *)&address, &length));
    MUST(connect(pair[0], (struct sockaddr *)&address, length));
}

const struct row socket_rows[] = {
    {"AF_UNIX send+recv in one process", open_pair, run_self},
    {"AF_UNIX round trip between processes", start_unix_echo, run_round_trip},
    {"TCP loopback round trip", start_tcp_echo, run_round_trip},
    {"TCP loopback 64 KiB", start_tcp_drain, run_bandwidth},
    {"TCP connect+accept+close", listen_loopback, run_connect},
    {"UDP send+recv in one process", open_udp, run_self},
    {0, 0, 0},
};
