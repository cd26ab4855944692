/* SPDX-License-Identifier: Apache-2.0 */
/* O_ASYNC, F_SETOWN, F_SETSIG: a signal when a file becomes readable or writable. */
#include "check.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static volatile int count;
static volatile siginfo_t last;

static void note(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    last = *info;
    count++;
}

static void expect(int signal)
{
    struct sigaction a = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART};
    OK(sigaction(signal, &a, NULL));
}

static void turn_on(int fd)
{
    OK(fcntl(fd, F_SETOWN, getpid()));
    OK(fcntl(fd, F_SETFL, OK(fcntl(fd, F_GETFL)) | O_ASYNC));
    CHECK(OK(fcntl(fd, F_GETFL)) & O_ASYNC);
}

static void take_all(int fd)
{
    char text[100];
    CHECK(read(fd, text, sizeof(text)) > 0);
}

CASE(pipe)
{
    int fds[2];
    OK(pipe(fds));
    expect(SIGIO);
    EQ(write(fds[1], "x", 1), 1);
    EQ(count, 0);
    take_all(fds[0]);
    turn_on(fds[0]);
    EQ(fcntl(fds[0], F_GETOWN), getpid());
    EQ(write(fds[1], "x", 1), 1);
    UNTIL(count == 1);
    EQ(last.si_signo, SIGIO);
    take_all(fds[0]);
    JOIN(CHILD(EQ(write(fds[1], "x", 1), 1)));
    UNTIL(count == 2);
    take_all(fds[0]);
    OK(fcntl(fds[0], F_SETFL, 0));
    EQ(fcntl(fds[0], F_GETFL) & O_ASYNC, 0);
    EQ(write(fds[1], "x", 1), 1);
    sleep_ms(10);
    EQ(count, 2);
}

CASE(details)
{
    int pair[2];
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    expect(SIGRTMIN);
    OK(fcntl(pair[0], F_SETSIG, SIGRTMIN));
    turn_on(pair[0]);
    EQ(write(pair[1], "x", 1), 1);
    UNTIL(count >= 1);
    EQ(last.si_signo, SIGRTMIN);
    EQ(last.si_fd, pair[0]);
    EQ(last.si_code, POLL_IN);
    CHECK(last.si_band & 1);
    OK(fcntl(pair[0], F_SETSIG, 0));
    EQ(fcntl(pair[0], F_GETSIG), 0);
}

CASE(end_of_the_other_side)
{
    int fds[2];
    OK(pipe(fds));
    expect(SIGIO);
    turn_on(fds[0]);
    pid_t child = CHILD(sleep_ms(10));
    OK(close(fds[1]));
    EQ(count, 0);
    JOIN(child);
    UNTIL(count == 1);
}

CASE(listener)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "s"};
    int listener = OK(socket(AF_UNIX, SOCK_STREAM, 0)),
        client = OK(socket(AF_UNIX, SOCK_STREAM, 0));
    OK(bind(listener, (void *)&name, sizeof(name)));
    OK(listen(listener, 5));
    expect(SIGIO);
    turn_on(listener);
    OK(connect(client, (void *)&name, sizeof(name)));
    UNTIL(count == 1);
}

CASE(datagram)
{
    int pair[2];
    OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    expect(SIGIO);
    turn_on(pair[0]);
    for (int i = 1; i <= 3; i++) {
        EQ(send(pair[1], "x", 1, 0), 1);
        UNTIL(count == i);
        take_all(pair[0]);
    }
}

CASE(terminal)
{
    int master, slave;
    OK(openpty(&master, &slave, NULL, NULL, NULL));
    expect(SIGIO);
    turn_on(slave);
    EQ(write(master, "line\n", 5), 5);
    UNTIL(count >= 1);
}

/* The writer sleeps in the call that makes the file readable; the reader only reads when told. */
static int reading;

static void read_on(int signal)
{
    char text[4096];
    (void)signal;
    while (read(reading, text, sizeof(text)) > 0)
        ;
}

CASE(while_the_writer_sleeps)
{
    static char many[300000];
    int fds[2];
    OK(pipe(fds));
    reading = fds[0];
    handle(SIGIO, read_on, SA_RESTART);
    turn_on(fds[0]);
    OK(fcntl(fds[0], F_SETFL, O_ASYNC | O_NONBLOCK));
    pid_t child = CHILD(EQ(write(fds[1], many, sizeof(many)), sizeof(many)));
    JOIN(child);
}

CASE(owners)
{
    struct f_owner_ex owner = {F_OWNER_TID, gettid()};
    int fds[2];
    OK(pipe(fds));
    expect(SIGIO);
    turn_on(fds[0]);
    OK(fcntl(fds[0], F_SETOWN_EX, &owner));
    memset(&owner, 0, sizeof(owner));
    OK(fcntl(fds[0], F_GETOWN_EX, &owner));
    EQ(owner.type, F_OWNER_TID);
    EQ(owner.pid, gettid());
    EQ(write(fds[1], "x", 1), 1);
    UNTIL(count == 1);
    take_all(fds[0]);
    /* A group: a child that leads one, and its child. */
    int group = OK(fork());
    if (group == 0) {
        OK(setpgid(0, 0));
        count = 0;
        pid_t member = CHILD(UNTIL(count == 1));
        UNTIL(count == 1);
        JOIN(member);
        _exit(0);
    }
    UNTIL(getpgid(group) == group);
    sleep_ms(30);
    OK(fcntl(fds[0], F_SETOWN, -group));
    EQ(write(fds[1], "x", 1), 1);
    JOIN(group);
    EQ(count, 1);
    take_all(fds[0]);
    OK(fcntl(fds[0], F_SETOWN, 0));
    EQ(write(fds[1], "x", 1), 1);
    sleep_ms(10);
    EQ(count, 1);
}

CASE(ioctl)
{
    int fds[2], on = 1, file = OK(open("f", O_CREAT | O_RDWR, 0600));
    OK(pipe(fds));
    expect(SIGIO);
    OK(fcntl(fds[0], F_SETOWN, getpid()));
    OK(ioctl(fds[0], FIOASYNC, &on));
    EQ(write(fds[1], "x", 1), 1);
    UNTIL(count == 1);
    ERR(ioctl(file, FIOASYNC, &on), ENOTTY);
    OK(fcntl(file, F_SETFL, O_ASYNC));
    EQ(fcntl(file, F_GETFL) & O_ASYNC, 0);
}
