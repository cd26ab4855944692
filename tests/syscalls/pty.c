/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudo-terminals: line discipline, settings, size, hang-up. */
#include "check.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static int master, slave;

static void open_pair(void)
{
    master = OK(posix_openpt(O_RDWR | O_NOCTTY));
    OK(grantpt(master));
    OK(unlockpt(master));
    slave = OK(open(ptsname(master), O_RDWR | O_NOCTTY));
}

static void set_mode(tcflag_t set, tcflag_t clear)
{
    struct termios t;
    OK(tcgetattr(slave, &t));
    t.c_lflag = (t.c_lflag | set) & ~clear;
    OK(tcsetattr(slave, TCSANOW, &t));
}

/* What can be read without waiting, as text with control characters shown. */
static const char *pending(int fd)
{
    static char shown[1024];
    char text[256];
    struct pollfd p = {fd, POLLIN, 0};
    size_t length = 0;
    while (poll(&p, 1, 20) == 1 && (p.revents & POLLIN)) {
        ssize_t n = OK(read(fd, text, sizeof(text)));
        for (ssize_t i = 0; i < n; i++)
            length += (size_t)snprintf(shown + length, sizeof(shown) - length,
                                       text[i] >= 32 && text[i] < 127 ? "%c" : "\\x%02x",
                                       (unsigned char)text[i]);
        if (n == 0)
            break;
    }
    shown[length] = 0;
    return shown;
}

static void type(const char *text)
{
    EQ(write(master, text, strlen(text)), strlen(text));
}

CASE(canonical)
{
    char text[64];
    open_pair();
    type("hel");
    STR(pending(slave), "");
    type("lo\nnext");
    EQ(read(slave, text, sizeof(text)), 6);
    EQ(memcmp(text, "hello\n", 6), 0);
    STR(pending(master), "hello\\x0d\\x0anext");
    type("\n");
    STR(pending(slave), "next\\x0a");
    /* A short read leaves the rest of the line. */
    type("abcdef\n");
    EQ(read(slave, text, 3), 3);
    EQ(read(slave, text, sizeof(text)), 4);
}

CASE(editing)
{
    open_pair();
    type("abx\177c\n");
    STR(pending(slave), "abc\\x0a");
    say("erase: %s", pending(master));
    type("one two\027three\n");
    STR(pending(slave), "one three\\x0a");
    say("word: %s", pending(master));
    type("gone\025kept\n");
    STR(pending(slave), "kept\\x0a");
    say("kill: %s", pending(master));
    type("a\026\003b\n"); /* ^V quotes ^C */
    STR(pending(slave), "a\\x03b\\x0a");
    say("quote: %s", pending(master));
    type("x\022y\n"); /* ^R shows the line again */
    STR(pending(slave), "xy\\x0a");
    say("reprint: %s", pending(master));
}

CASE(end_of_file)
{
    char c;
    open_pair();
    type("\004");
    EQ(read(slave, &c, 1), 0);
    type("ab\004");
    STR(pending(slave), "ab");
}

CASE(raw)
{
    open_pair();
    struct termios t;
    OK(tcgetattr(slave, &t));
    cfmakeraw(&t);
    OK(tcsetattr(slave, TCSAFLUSH, &t));
    type("a\177\003\r");
    STR(pending(slave), "a\\x7f\\x03\\x0d");
    STR(pending(master), "");
    EQ(write(slave, "x\ny", 3), 3);
    STR(pending(master), "x\\x0ay");
    /* VMIN and VTIME */
    char text[10];
    t.c_cc[VMIN] = 0;
    t.c_cc[VTIME] = 1;
    OK(tcsetattr(slave, TCSANOW, &t));
    long begun = now_ms();
    EQ(read(slave, text, 10), 0);
    CHECK(now_ms() - begun >= 80);
    t.c_cc[VTIME] = 0;
    OK(tcsetattr(slave, TCSANOW, &t));
    EQ(read(slave, text, 10), 0);
    t.c_cc[VMIN] = 3;
    OK(tcsetattr(slave, TCSANOW, &t));
    pid_t child = CHILD(EQ(read(slave, text, 10), 3));
    type("ab");
    UNTIL(is_sleeping(child));
    type("c");
    JOIN(child);
}

CASE(output_processing)
{
    open_pair();
    struct termios t;
    OK(tcgetattr(slave, &t));
    EQ(write(slave, "a\nb\tc", 5), 5);
    STR(pending(master), "a\\x0d\\x0ab\\x09c");
    t.c_oflag &= ~(tcflag_t)OPOST;
    OK(tcsetattr(slave, TCSADRAIN, &t));
    EQ(write(slave, "a\n", 2), 2);
    STR(pending(master), "a\\x0a");
}

CASE(input_mapping)
{
    open_pair();
    type("x\r");
    STR(pending(slave), "x\\x0a"); /* ICRNL */
    struct termios t;
    OK(tcgetattr(slave, &t));
    t.c_iflag = INLCR;
    OK(tcsetattr(slave, TCSANOW, &t));
    set_mode(0, ICANON | ECHO);
    type("y\n");
    STR(pending(slave), "y\\x0d");
}

CASE(no_echo)
{
    open_pair();
    pending(master);
    set_mode(0, ECHO);
    type("secret\n");
    STR(pending(master), "");
    STR(pending(slave), "secret\\x0a");
    set_mode(ECHONL, 0);
    type("s\n");
    STR(pending(master), "\\x0d\\x0a");
}

CASE(settings)
{
    struct termios t;
    open_pair();
    OK(tcgetattr(slave, &t));
    say("iflag %o oflag %o cflag %o lflag %o", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
    say("intr %d quit %d erase %d kill %d eof %d susp %d", t.c_cc[VINTR], t.c_cc[VQUIT],
        t.c_cc[VERASE], t.c_cc[VKILL], t.c_cc[VEOF], t.c_cc[VSUSP]);
    say("min %d time %d speed %d", t.c_cc[VMIN], t.c_cc[VTIME], cfgetospeed(&t) == B38400);
    t.c_cc[VINTR] = 'q';
    OK(tcsetattr(slave, TCSANOW, &t));
    OK(tcgetattr(master, &t)); /* the master sees the slave's */
    EQ(t.c_cc[VINTR], 'q');
    EQ(isatty(slave), 1);
    EQ(isatty(master), 1);
    int fds[2];
    OK(pipe(fds));
    EQ(isatty(fds[0]), 0);
    EQ(errno, ENOTTY);
    ERR(ioctl(slave, TCGETS, BAD_POINTER), EFAULT);
}

CASE(window_size)
{
    struct winsize w = {1, 1, 1, 1};
    open_pair();
    OK(ioctl(slave, TIOCGWINSZ, &w));
    EQ(w.ws_row, 0);
    w = (struct winsize){25, 80, 0, 0};
    OK(ioctl(master, TIOCSWINSZ, &w));
    w.ws_row = 0;
    OK(ioctl(slave, TIOCGWINSZ, &w));
    EQ(w.ws_row, 25);
    EQ(w.ws_col, 80);
}

CASE(names)
{
    struct stat st;
    char name[64];
    open_pair();
    ZERO(ttyname_r(slave, name, sizeof(name)));
    STR(name, ptsname(master));
    CHECK(strncmp(name, "/dev/pts/", 9) == 0);
    OK(stat(name, &st));
    CHECK(S_ISCHR(st.st_mode));
    EQ(st.st_uid, getuid());
    unsigned number;
    OK(ioctl(master, TIOCGPTN, &number));
    EQ(number, atoi(name + 9));
    int second = OK(posix_openpt(O_RDWR | O_NOCTTY));
    ERR(open(ptsname(second), O_RDWR | O_NOCTTY), EIO); /* locked */
    CHECK(strcmp(ptsname(second), name) != 0);
}

CASE(hang_up)
{
    char c;
    open_pair();
    type("left\n");
    OK(close(slave));
    struct pollfd p = {master, POLLIN, 0};
    pending(master);
    EQ(poll(&p, 1, 100), 1);
    EQ(p.revents & POLLHUP, POLLHUP);
    ERR(read(master, &c, 1), EIO);
    slave = OK(open(ptsname(master), O_RDWR | O_NOCTTY));
    EQ(write(slave, "x", 1), 1);
    EQ(read(master, &c, 1), 1);
    OK(close(master));
    EQ(read(slave, &c, 1), 0);
    ERR(write(slave, "x", 1), EIO);
    p.fd = slave;
    EQ(poll(&p, 1, 100), 1);
    EQ(p.revents & POLLHUP, POLLHUP);
}

CASE(flush_and_counts)
{
    int n;
    open_pair();
    type("abc\n");
    UNTIL(ioctl(slave, FIONREAD, &n) == 0 && n == 4);
    OK(tcflush(slave, TCIFLUSH));
    OK(ioctl(slave, FIONREAD, &n));
    EQ(n, 0);
    OK(tcdrain(slave));
    EQ(write(slave, "xyz", 3), 3);
    STR(pending(master), "abc\\x0d\\x0axyz");
}

CASE(poll_states)
{
    open_pair();
    struct pollfd p[2] = {{master, POLLIN | POLLOUT, 0}, {slave, POLLIN | POLLOUT, 0}};
    EQ(poll(p, 2, 0), 2);
    EQ(p[0].revents, POLLOUT);
    EQ(p[1].revents, POLLOUT);
    type("x"); /* no line yet */
    pending(master);
    EQ(poll(&p[1], 1, 20), 1);
    EQ(p[1].revents, POLLOUT);
    type("\n");
    p[1].events = POLLIN;
    EQ(poll(&p[1], 1, 1000), 1);
    EQ(p[1].revents, POLLIN);
}

CASE(reader_waits)
{
    char text[10];
    open_pair();
    pid_t child = CHILD(EQ(read(slave, text, 10), 2));
    UNTIL(is_sleeping(child));
    type("a\n");
    JOIN(child);
}
