/* SPDX-License-Identifier: Apache-2.0 */
/* Named pipes. */
#include "check.h"

#include <poll.h>

CASE(meeting)
{
    char text[10] = {0};
    OK(mkfifo("p", 0600));
    ERR(mkfifo("p", 0600), EEXIST);
    pid_t child = CHILD({
        int fd = OK(open("p", O_WRONLY));
        EQ(write(fd, "hello", 5), 5);
    });
    UNTIL(is_sleeping(child));
    int fd = OK(open("p", O_RDONLY));
    EQ(read(fd, text, 9), 5);
    STR(text, "hello");
    JOIN(child);
    EQ(read(fd, text, 9), 0);
    /* A new writer makes it live again. */
    int w = OK(open("p", O_WRONLY));
    EQ(write(w, "x", 1), 1);
    EQ(read(fd, text, 9), 1);
}

CASE(reader_first)
{
    OK(mkfifo("p", 0600));
    pid_t child = CHILD({
        char c;
        int fd = OK(open("p", O_RDONLY));
        EQ(read(fd, &c, 1), 1);
        EQ(read(fd, &c, 1), 0);
    });
    UNTIL(is_sleeping(child));
    int fd = OK(open("p", O_WRONLY));
    EQ(write(fd, "x", 1), 1);
    OK(close(fd));
    JOIN(child);
}

CASE(nonblocking)
{
    char c;
    OK(mkfifo("p", 0600));
    ERR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
    int r = OK(open("p", O_RDONLY | O_NONBLOCK));
    EQ(read(r, &c, 1), 0); /* no writer yet */
    int w = OK(open("p", O_WRONLY | O_NONBLOCK));
    ERR(read(r, &c, 1), EAGAIN);
    EQ(write(w, "x", 1), 1);
    EQ(read(r, &c, 1), 1);
    OK(close(w));
    EQ(read(r, &c, 1), 0);
    int both = OK(open("p", O_RDWR | O_NONBLOCK));
    ERR(read(both, &c, 1), EAGAIN);
    OK(close(both));
    w = OK(open("p", O_WRONLY));
    OK(close(r));
    signal(SIGPIPE, SIG_IGN);
    ERR(write(w, "x", 1), EPIPE);
}

static void nothing(int signal)
{
    (void)signal;
}

CASE(open_interrupted)
{
    OK(mkfifo("p", 0600));
    handle(SIGUSR1, nothing, 0);
    pid_t child = CHILD(ERR(open("p", O_RDONLY), EINTR));
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGUSR1));
    JOIN(child);
}

CASE(unlinked)
{
    char c;
    OK(mkfifo("p", 0600));
    int fd = OK(open("p", O_RDWR));
    OK(unlink("p"));
    EQ(write(fd, "x", 1), 1);
    EQ(read(fd, &c, 1), 1);
    ERR(lseek(fd, 0, SEEK_SET), ESPIPE);
}

CASE(data_stays_while_open)
{
    char text[10] = {0};
    OK(mkfifo("p", 0600));
    int keep = OK(open("p", O_RDWR));
    JOIN(CHILD(int fd = OK(open("p", O_WRONLY)); EQ(write(fd, "left", 4), 4)));
    JOIN(CHILD(int fd = OK(open("p", O_RDONLY)); EQ(read(fd, text, 2), 2); STR(text, "le")));
    EQ(read(keep, text, 9), 2);
    EQ(memcmp(text, "ft", 2), 0);
}
