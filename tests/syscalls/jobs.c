/* SPDX-License-Identifier: Apache-2.0 */
/* Job control: a session with a pseudo-terminal as its controlling terminal. */
#include "check.h"

#include <sys/ioctl.h>
#include <termios.h>

static volatile sig_atomic_t got[65];

static void note(int signal)
{
    got[signal]++;
}

static int master;

/* In a child: a new session whose controlling terminal is on descriptor 0. */
static void new_session(void)
{
    OK(setsid());
    int slave = OK(open(ptsname(master), O_RDWR));
    EQ(dup2(slave, 0), 0);
    OK(close(slave));
}

static void make_terminal(void)
{
    master = OK(posix_openpt(O_RDWR | O_NOCTTY));
    OK(unlockpt(master));
}

CASE(controlling_terminal)
{
    make_terminal();
    JOIN(CHILD({
        ERR(open("/dev/tty", O_RDWR), ENXIO);
        new_session();
        int tty = OK(open("/dev/tty", O_RDWR));
        EQ(write(tty, "x", 1), 1);
        EQ(tcgetsid(0), getpid());
        EQ(tcgetpgrp(0), getpgrp());
        signal(SIGHUP, SIG_IGN); /* a leader that gives it up hangs up its session */
        OK(ioctl(0, TIOCNOTTY));
        ERR(tcgetpgrp(0), ENOTTY);
        ERR(open("/dev/tty", O_RDWR), ENXIO);
    }));
}

CASE(tiocsctty)
{
    make_terminal();
    JOIN(CHILD({
        OK(setsid());
        int slave = OK(open(ptsname(master), O_RDWR | O_NOCTTY));
        ERR(open("/dev/tty", O_RDWR), ENXIO);
        OK(ioctl(slave, TIOCSCTTY, 0));
        OK(close(OK(open("/dev/tty", O_RDWR))));
        JOIN(CHILD(OK(setsid()); ERR(ioctl(slave, TIOCSCTTY, 0), EPERM)));
    }));
}

static void keys(const char *key, int signal)
{
    make_terminal();
    int *ready = shared_memory(4096);
    pid_t child = CHILD({
        new_session();
        handle(signal, note, 0);
        *ready = 1;
        UNTIL(got[signal] == 1);
    });
    UNTIL(*(volatile int *)ready);
    EQ(write(master, key, 1), 1);
    JOIN(child);
}

CASE(interrupt_key)
{
    keys("\003", SIGINT);
}

CASE(quit_key)
{
    keys("\034", SIGQUIT);
}

CASE(suspend_key)
{
    keys("\032", SIGTSTP);
}

CASE(window_change)
{
    make_terminal();
    int *ready = shared_memory(4096);
    pid_t child = CHILD({
        new_session();
        handle(SIGWINCH, note, 0);
        *ready = 1;
        UNTIL(got[SIGWINCH] == 1);
        struct winsize w;
        OK(ioctl(0, TIOCGWINSZ, &w));
        EQ(w.ws_col, 77);
    });
    UNTIL(*(volatile int *)ready);
    struct winsize w = {11, 77, 0, 0};
    OK(ioctl(master, TIOCSWINSZ, &w));
    JOIN(child);
}

CASE(foreground)
{
    /* Keys reach the foreground group only. */
    make_terminal();
    JOIN(CHILD({
        new_session();
        signal(SIGTTOU, SIG_IGN);
        handle(SIGINT, note, 0);
        int *ready = shared_memory(4096);
        pid_t job = CHILD({
            OK(setpgid(0, 0));
            *ready = 1;
            UNTIL(got[SIGINT] == 1);
        });
        UNTIL(*(volatile int *)ready);
        OK(tcsetpgrp(0, job));
        EQ(tcgetpgrp(0), job);
        EQ(write(master, "\003", 1), 1);
        JOIN(job);
        EQ(got[SIGINT], 0);
        OK(tcsetpgrp(0, getpgrp()));
        ERR(tcsetpgrp(0, 999999), ESRCH);
        ERR(tcsetpgrp(0, -1), EINVAL);
    }));
}

CASE(background_read_stops)
{
    make_terminal();
    JOIN(CHILD({
        new_session();
        char c;
        int status;
        pid_t job = CHILD(OK(setpgid(0, 0)); EQ(read(0, &c, 1), 1));
        EQ(waitpid(job, &status, WUNTRACED), job);
        CHECK(WIFSTOPPED(status));
        EQ(WSTOPSIG(status), SIGTTIN);
        /* In the foreground it goes on. */
        OK(tcsetpgrp(0, job));
        OK(kill(-job, SIGCONT));
        EQ(write(master, "y\n", 2), 2);
        JOIN(job);
    }));
}

CASE(background_read_ignored)
{
    make_terminal();
    JOIN(CHILD({
        new_session();
        JOIN(CHILD({
            char c;
            OK(setpgid(0, 0));
            signal(SIGTTIN, SIG_IGN);
            ERR(read(0, &c, 1), EIO);
        }));
    }));
}

CASE(background_write_stops)
{
    make_terminal();
    JOIN(CHILD({
        new_session();
        int status;
        /* Writing is allowed unless TOSTOP; changing settings is not. */
        JOIN(CHILD(OK(setpgid(0, 0)); EQ(write(0, "x", 1), 1)));
        struct termios t;
        OK(tcgetattr(0, &t));
        t.c_lflag |= TOSTOP;
        OK(tcsetattr(0, TCSANOW, &t));
        pid_t job = CHILD(OK(setpgid(0, 0)); EQ(write(0, "x", 1), 1));
        EQ(waitpid(job, &status, WUNTRACED), job);
        EQ(WSTOPSIG(status), SIGTTOU);
        OK(kill(job, SIGKILL));
        JOIN_SIGNAL(job, SIGKILL);
        job = CHILD(OK(setpgid(0, 0)); OK(tcsetattr(0, TCSANOW, &t)));
        EQ(waitpid(job, &status, WUNTRACED), job);
        EQ(WSTOPSIG(status), SIGTTOU);
        OK(kill(job, SIGKILL));
        JOIN_SIGNAL(job, SIGKILL);
    }));
}

CASE(hang_up_of_session)
{
    /* The master goes: the leader gets SIGHUP. */
    make_terminal();
    int *ready = shared_memory(4096);
    pid_t child = CHILD({
        new_session();
        OK(close(master));
        handle(SIGHUP, note, 0);
        *ready = 1;
        UNTIL(got[SIGHUP] == 1);
        ERR(write(0, "x", 1), EIO);
    });
    UNTIL(*(volatile int *)ready);
    OK(close(master));
    JOIN(child);
}

CASE(leader_ends)
{
    /* The foreground group gets SIGHUP when the session's leader ends. */
    make_terminal();
    int *done = shared_memory(4096);
    JOIN(CHILD({
        new_session();
        int *ready = shared_memory(4096);
        signal(SIGTTOU, SIG_IGN);
        pid_t job = CHILD({
            OK(setpgid(0, 0));
            handle(SIGHUP, note, 0);
            *ready = 1;
            UNTIL(got[SIGHUP] == 1);
            *done = 1;
        });
        UNTIL(*(volatile int *)ready);
        OK(tcsetpgrp(0, job));
    }));
    UNTIL(*(volatile int *)done);
}

CASE(suspended_shell_job)
{
    /* As a shell does it: stop with the key, tell, continue in the background, kill. */
    make_terminal();
    JOIN(CHILD({
        new_session();
        int status;
        signal(SIGTTOU, SIG_IGN);
        signal(SIGTSTP, SIG_IGN);
        pid_t job = CHILD({
            OK(setpgid(0, 0));
            OK(tcsetpgrp(0, getpid()));
            signal(SIGTSTP, SIG_DFL);
            for (;;)
                pause();
        });
        UNTIL(tcgetpgrp(0) == job && is_sleeping(job));
        EQ(write(master, "\032", 1), 1);
        EQ(waitpid(job, &status, WUNTRACED), job);
        EQ(WSTOPSIG(status), SIGTSTP);
        OK(tcsetpgrp(0, getpgrp()));
        OK(kill(-job, SIGCONT));
        EQ(waitpid(job, &status, WCONTINUED), job);
        OK(kill(-job, SIGTERM));
        JOIN_SIGNAL(job, SIGTERM);
    }));
}

CASE(interactive_shell)
{
    make_terminal();
    pid_t child = CHILD({
        new_session();
        EQ(dup2(0, 1), 1);
        EQ(dup2(0, 2), 2);
        OK(close(master));
        struct termios t;
        OK(tcgetattr(0, &t));
        t.c_lflag &= ~(tcflag_t)ECHO;
        OK(tcsetattr(0, TCSANOW, &t));
        char *environment[] = {"PATH=/usr/bin:/bin", "PS1=", NULL};
        execle("/bin/sh", "sh", "-i", NULL, environment);
    });
    const char *commands = "echo one; (exit 3); echo $?; tty | cut -c 1-9; exit 5\n";
    EQ(write(master, commands, strlen(commands)), strlen(commands));
    char text[4096];
    size_t length = 0;
    ssize_t n;
    while ((n = read(master, text + length, sizeof(text) - 1 - length)) > 0)
        length += (size_t)n;
    EQ(errno, EIO);
    text[length] = 0;
    CHECK(strstr(text, "one\r\n3\r\n/dev/pts/\r\n"));
    JOIN_STATUS(child, 5);
}
