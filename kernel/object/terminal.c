/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal that the user sits at. While a cell has it, it is in raw mode, the line discipline
 * is the library OS's; it is put back whenever this process stops, ends or crashes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "kernel/object/console.h"
#include "kernel/report.h"

static int tty_fd = -1;
static bool may_stop; /* somebody in another group of the session waits for this one */
static struct termios cooked, raw;
static u32 mode; /* RF_CONSOLE_* */
static u8 keys[5];
static volatile sig_atomic_t is_raw;

void consoles_restore(void)
{
    int saved = errno;

    if (is_raw) {
        is_raw = 0;
        tcsetattr(tty_fd, TCSADRAIN, &cooked);
    }
    errno = saved;
}

/* Raw, but for what the cell wants the host to do. */
static void fill_raw(void)
{
    static const u8 places[] = {VINTR, VQUIT, VSUSP, VSTART, VSTOP};

    raw = cooked;
    cfmakeraw(&raw);
    for (u32 i = 0; mode && i < ARRAY_SIZE(places); i++)
        raw.c_cc[places[i]] = keys[i];
    raw.c_lflag |= (mode & RF_CONSOLE_SIGNALS ? ISIG : 0);
    raw.c_lflag = (raw.c_lflag & ~(tcflag_t)NOFLSH) | (mode & RF_CONSOLE_NO_FLUSH ? NOFLSH : 0);
    raw.c_iflag |= (mode & RF_CONSOLE_FLOW ? IXON : 0) | (mode & RF_CONSOLE_RETURN ? ICRNL : 0);
    raw.c_iflag = (raw.c_iflag & ~(tcflag_t)IXANY) | (mode & RF_CONSOLE_FLOW_ANY ? IXANY : 0);
}

/* Only in the foreground: elsewhere the host would stop us for trying, and rightly. */
static void make_raw(void)
{
    if (tty_fd < 0 || is_raw || tcgetpgrp(tty_fd) != getpgrp())
        return;
    if (tcgetattr(tty_fd, &cooked) < 0)
        return;
    fill_raw();
    is_raw = 1;
    tcsetattr(tty_fd, TCSADRAIN, &raw);
}

void consoles_foreground(void)
{
    make_raw();
}

int consoles_mode(u32 flags, u64 characters)
{
    if (tty_fd < 0)
        return -EPERM;
    mode = flags;
    for (u32 i = 0; i < ARRAY_SIZE(keys); i++)
        keys[i] = (u8)(characters >> (8 * i));
    fill_raw();
    if (is_raw && tcgetpgrp(tty_fd) == getpgrp())
        tcsetattr(tty_fd, TCSANOW, &raw);
    return 0;
}

int consoles_terminal(void)
{
    return tty_fd;
}

void consoles_restore_after_death(void)
{
    const tcflag_t changes = IXON | IXANY | ICRNL; /* by consoles_mode */
    struct termios now;

    if (tty_fd >= 0 && tcgetattr(tty_fd, &now) == 0 &&
        (now.c_lflag & (ICANON | ECHO | IEXTEN)) == 0 &&
        (now.c_iflag & ~changes) == (raw.c_iflag & ~changes) && now.c_oflag == raw.c_oflag)
        tcsetattr(tty_fd, TCSANOW, &cooked);
}

static void crashed(int number)
{
    consoles_restore();
    signal(number, SIG_DFL);
    raise(number);
}

static bool is_same_terminal(int a, int b)
{
    struct stat sa, sb;

    return isatty(a) && isatty(b) && fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
           sa.st_rdev == sb.st_rdev;
}

bool consoles_start(const struct console *input, const struct console *output)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS};

    if (!is_same_terminal(input->fd, output->fd))
        return false;
    tty_fd = input->fd;
    tcgetattr(tty_fd, &cooked);
    raw = cooked;
    cfmakeraw(&raw);
    for (u32 i = 0; i < ARRAY_SIZE(fatal); i++)
        signal(fatal[i], crashed);
    signal(SIGTTOU, SIG_IGN); /* putting it back must not stop us in the background */
    atexit(consoles_restore);
    report_prepare(consoles_restore);
    may_stop = getpgid(getppid()) != getpgrp() && getsid(getppid()) == getsid(0);
    make_raw();
    return true;
}

static pid_t parent_of(pid_t pid)
{
    char path[32], text[512];
    pid_t parent = 0;

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    if (n > 0) {
        text[n] = 0;
        char *after_name = strrchr(text, ')');
        if (after_name && sscanf(after_name, ") %*c %d", &parent) != 1)
            parent = 0;
    }
    return parent;
}

/* As POSIX tells that a process group is not orphaned: the first ancestor outside of our group is
 * in our session. */
bool consoles_job_control(void)
{
    pid_t ancestor = getppid();

    while (ancestor > 1 && getpgid(ancestor) == getpgrp())
        ancestor = parent_of(ancestor);
    return ancestor > 1 && getsid(ancestor) == getsid(0);
}

bool consoles_may_stop(void)
{
    return may_stop;
}

void consoles_suspend(struct cell *cell)
{
    (void)cell;
    consoles_restore();
}

void consoles_resume(struct cell *cell)
{
    make_raw();
    consoles_resized(cell);
}

bool consoles_resized(struct cell *cell)
{
    if (tty_fd < 0)
        return false;
    __atomic_add_fetch(&cell->window->cell.console_events, 1, __ATOMIC_RELEASE);
    return true;
}
