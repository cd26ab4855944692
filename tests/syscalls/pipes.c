/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes. */
#include "check.h"

#include <poll.h>

static volatile sig_atomic_t signals;

static void count(int signal)
{
    (void)signal;
    signals++;
}

CASE(bytes)
{
    int fds[2];
    char text[20] = {0};
    OK(pipe(fds));
    EQ(write(fds[1], "one", 3), 3);
    EQ(write(fds[1], "two", 3), 3);
    EQ(read(fds[0], text, 4), 4);
    STR(text, "onet");
    EQ(read(fds[0], text, 20), 2);
    OK(close(fds[1]));
    EQ(read(fds[0], text, 20), 0);
    ERR(write(fds[0], "x", 1), EBADF);
    ERR(pipe(BAD_POINTER), EFAULT);
}

CASE(wrong_end)
{
    int fds[2];
    char c;
    OK(pipe(fds));
    ERR(read(fds[1], &c, 1), EBADF);
    ERR(write(fds[0], &c, 1), EBADF);
    EQ(write(fds[1], &c, 0), 0);
}

CASE(broken)
{
    int fds[2];
    OK(pipe(fds));
    OK(close(fds[0]));
    JOIN_SIGNAL(CHILD(write(fds[1], "x", 1)), SIGPIPE);
    handle(SIGPIPE, count, 0);
    ERR(write(fds[1], "x", 1), EPIPE);
    EQ(signals, 1);
    signal(SIGPIPE, SIG_IGN);
    ERR(write(fds[1], "x", 1), EPIPE);
}

CASE(reader_waits)
{
    int fds[2];
    char text[20] = {0};
    OK(pipe(fds));
    pid_t child = CHILD(EQ(read(fds[0], text, 20), 5); STR(text, "hello"));
    UNTIL(is_sleeping(child));
    EQ(write(fds[1], "hello", 5), 5);
    JOIN(child);
    child = CHILD(OK(close(fds[1])); EQ(read(fds[0], text, 20), 0));
    UNTIL(is_sleeping(child));
    OK(close(fds[1]));
    JOIN(child);
}

CASE(writer_waits)
{
    int fds[2];
    static char text[200000], back[200000];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 31 >> 4);
    OK(pipe(fds));
    pid_t child = CHILD(OK(close(fds[0])); EQ(write(fds[1], text, sizeof(text)), sizeof(text)));
    OK(close(fds[1]));
    UNTIL(is_sleeping(child));
    size_t got = 0;
    ssize_t n;
    while ((n = OK(read(fds[0], back + got,
                        7777 < sizeof(back) - got ? 7777 : sizeof(back) - got))) > 0)
        got += (size_t)n;
    EQ(got, sizeof(text));
    EQ(memcmp(text, back, got), 0);
    JOIN(child);
}

CASE(nonblocking)
{
    int fds[2];
    static char block[4096];
    OK(pipe2(fds, O_NONBLOCK));
    ERR(read(fds[0], block, 1), EAGAIN);
    int total = 0;
    ssize_t n;
    while ((n = write(fds[1], block, sizeof(block))) > 0)
        total += (int)n;
    EQ(errno, EAGAIN);
    EQ(total, 65536);
    /* At most PIPE_BUF is all or nothing. */
    EQ(read(fds[0], block, 100), 100);
    ERR(write(fds[1], block, 4096), EAGAIN);
    EQ(read(fds[0], block, 4096), 4096);
    EQ(write(fds[1], block, 4096), 4096);
}

CASE(atomic_writes)
{
    /* Four writers of records of 512 bytes; none is torn. */
    int fds[2];
    pid_t writers[4];
    char record[512];
    OK(pipe(fds));
    for (int w = 0; w < 4; w++)
        writers[w] = CHILD({
            memset(record, 'a' + w, sizeof(record));
            for (int i = 0; i < 200; i++)
                EQ(write(fds[1], record, sizeof(record)), sizeof(record));
        });
    OK(close(fds[1]));
    int count_of[4] = {0};
    for (;;) {
        size_t got = 0;
        ssize_t n;
        while (got < sizeof(record) &&
               (n = OK(read(fds[0], record + got, sizeof(record) - got))) > 0)
            got += (size_t)n;
        if (got == 0)
            break;
        EQ(got, sizeof(record));
        for (size_t i = 1; i < sizeof(record); i++)
            EQ(record[i], record[0]);
        count_of[record[0] - 'a']++;
    }
    for (int w = 0; w < 4; w++) {
        JOIN(writers[w]);
        EQ(count_of[w], 200);
    }
}

CASE(interrupted)
{
    int fds[2];
    char c;
    OK(pipe(fds));
    handle(SIGALRM, count, 0);
    alarm(1);
    ERR(read(fds[0], &c, 1), EINTR);
    EQ(signals, 1);
}

CASE(restarted)
{
    int fds[2];
    char c;
    OK(pipe(fds));
    handle(SIGUSR1, count, SA_RESTART);
    pid_t child = CHILD({
        EQ(read(fds[0], &c, 1), 1);
        EQ(signals, 1);
    });
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGUSR1));
    sleep_ms(50);
    EQ(waitpid(child, NULL, WNOHANG), 0);
    EQ(write(fds[1], "x", 1), 1);
    JOIN(child);
}

CASE(partial_write_interrupted)
{
    int fds[2];
    static char text[100000];
    OK(pipe(fds));
    handle(SIGUSR1, count, 0);
    pid_t child = CHILD({
        ssize_t n = write(fds[1], text, sizeof(text));
        EQ(n, 65536);
        EQ(signals, 1);
    });
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGUSR1));
    JOIN(child);
}

CASE(ping_pong)
{
    int to[2], from[2];
    int n = 0;
    OK(pipe(to));
    OK(pipe(from));
    pid_t child = CHILD({
        OK(close(to[1]));
        while (read(to[0], &n, sizeof(n)) == sizeof(n)) {
            n++;
            EQ(write(from[1], &n, sizeof(n)), sizeof(n));
        }
    });
    for (int i = 0; i < 1000; i++) {
        EQ(write(to[1], &n, sizeof(n)), sizeof(n));
        EQ(read(from[0], &n, sizeof(n)), sizeof(n));
    }
    EQ(n, 1000);
    OK(close(to[1]));
    JOIN(child);
}

CASE(chain)
{
    /* A pipeline of processes: each adds its letter. */
    int in[2], out[2];
    OK(pipe(in));
    EQ(write(in[1], ">", 1), 1);
    OK(close(in[1]));
    for (int i = 0; i < 8; i++) {
        OK(pipe(out));
        CHILD({
            char text[50];
            ssize_t n = OK(read(in[0], text, sizeof(text)));
            text[n++] = (char)('a' + i);
            EQ(write(out[1], text, (size_t)n), n);
        });
        OK(close(in[0]));
        OK(close(out[1]));
        in[0] = out[0];
    }
    char text[50] = {0};
    EQ(read(in[0], text, sizeof(text)), 9);
    STR(text, ">abcdefgh");
    for (int i = 0; i < 8; i++)
        OK(wait(NULL));
    ERR(wait(NULL), ECHILD);
}

CASE(poll_states)
{
    int fds[2];
    char c;
    OK(pipe(fds));
    struct pollfd p[2] = {{fds[0], POLLIN, 0}, {fds[1], POLLOUT, 0}};
    EQ(poll(p, 2, 0), 1);
    EQ(p[0].revents, 0);
    EQ(p[1].revents, POLLOUT);
    EQ(write(fds[1], "x", 1), 1);
    EQ(poll(p, 1, 0), 1);
    EQ(p[0].revents, POLLIN);
    OK(close(fds[1]));
    EQ(poll(p, 1, 0), 1);
    EQ(p[0].revents, POLLIN | POLLHUP);
    EQ(read(fds[0], &c, 1), 1);
    EQ(poll(p, 1, 0), 1);
    EQ(p[0].revents, POLLHUP);
    OK(pipe(fds));
    OK(close(fds[0]));
    p[0] = (struct pollfd){fds[1], POLLOUT, 0};
    EQ(poll(p, 1, 0), 1);
    EQ(p[0].revents, POLLOUT | POLLERR);
}

CASE(reopen_through_proc)
{
    int fds[2];
    char path[64];
    char c;
    OK(pipe(fds));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[1]);
    int again = OK(open(path, O_WRONLY));
    OK(close(fds[1]));
    EQ(write(again, "x", 1), 1);
    EQ(read(fds[0], &c, 1), 1);
}

CASE(packets)
{
    int p[2];
    char text[10] = {0};
    OK(pipe2(p, O_DIRECT));
    EQ(write(p[1], "first", 5), 5);
    EQ(write(p[1], "second", 6), 6);
    EQ(read(p[0], text, 3), 3); /* the rest of the packet is dropped */
    STR(text, "fir");
    EQ(read(p[0], text, 9), 6);
    STR(text, "second");
}

/* The first packet meets a reader that sleeps already; a pipe of one page holds one packet. */
CASE(packet_meets_reader)
{
    int p[2];
    OK(pipe2(p, O_DIRECT));
    EQ(fcntl(p[1], F_SETPIPE_SZ, 4096), 4096);
    pid_t child = CHILD({
        char c;
        for (int i = 0; i < 3; i++)
            EQ(read(p[0], &c, 1), 1);
    });
    UNTIL(is_sleeping(child));
    for (int i = 0; i < 3; i++)
        EQ(write(p[1], "x", 1), 1);
    JOIN(child);
}
