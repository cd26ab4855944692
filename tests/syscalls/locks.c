/* SPDX-License-Identifier: Apache-2.0 */
/* File locks: POSIX, open file description, flock. */
#include "check.h"

#include <sys/file.h>

static int lock(int fd, int command, int type, off_t start, off_t length)
{
    struct flock l = {
        .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return fcntl(fd, command, &l);
}

CASE(posix)
{
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    OK(lock(fd, F_SETLK, F_WRLCK, 10, 10));
    JOIN(CHILD({
        struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
        EQ(lock(fd, F_SETLK, F_WRLCK, 15, 1) == -1 && (errno == EAGAIN || errno == EACCES), 1);
        EQ(lock(fd, F_SETLK, F_RDLCK, 19, 1), -1);
        OK(lock(fd, F_SETLK, F_WRLCK, 20, 1));
        OK(lock(fd, F_SETLK, F_WRLCK, 0, 10));
        OK(fcntl(fd, F_GETLK, &l));
        EQ(l.l_type, F_WRLCK);
        EQ(l.l_start, 10);
        EQ(l.l_len, 10);
        EQ(l.l_pid, getppid());
    }));
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    OK(fcntl(fd, F_GETLK, &l));
    EQ(l.l_type, F_UNLCK);
}

CASE(posix_splitting)
{
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    OK(lock(fd, F_SETLK, F_WRLCK, 0, 30));
    OK(lock(fd, F_SETLK, F_UNLCK, 10, 10));
    OK(lock(fd, F_SETLK, F_RDLCK, 25, 5));
    JOIN(CHILD({
        for (int at = 0; at < 30; at += 5) {
            struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
            OK(fcntl(fd, F_GETLK, &l));
            say("%d: %s %d+%d", at,
                l.l_type == F_UNLCK   ? "free"
                : l.l_type == F_RDLCK ? "read"
                                      : "write",
                l.l_type == F_UNLCK ? 0 : (int)l.l_start, l.l_type == F_UNLCK ? 0 : (int)l.l_len);
        }
        OK(lock(fd, F_SETLK, F_RDLCK, 25, 5));
    }));
}

CASE(posix_close_releases)
{
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
    JOIN(CHILD(EQ(lock(fd, F_SETLK, F_WRLCK, 0, 0), -1)));
    /* Any descriptor of the file that this process closes. */
    OK(close(OK(open("f", O_RDONLY))));
    JOIN(CHILD(OK(lock(fd, F_SETLK, F_WRLCK, 0, 0))));
    /* And a process that ends. */
    OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
}

CASE(posix_waits)
{
    int *stage = shared_memory(4096);
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
    pid_t child = CHILD({
        OK(lock(fd, F_SETLKW, F_WRLCK, 0, 0));
        EQ(*stage, 1);
    });
    UNTIL(is_sleeping(child));
    *stage = 1;
    OK(lock(fd, F_SETLK, F_UNLCK, 0, 0));
    JOIN(child);
}

static void nothing(int signal)
{
    (void)signal;
}

CASE(posix_interrupted)
{
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
    handle(SIGUSR1, nothing, 0);
    pid_t child = CHILD(ERR(lock(fd, F_SETLKW, F_WRLCK, 0, 0), EINTR));
    UNTIL(is_sleeping(child));
    OK(kill(child, SIGUSR1));
    JOIN(child);
}

CASE(posix_deadlock)
{
    int *stage = shared_memory(4096);
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    OK(lock(fd, F_SETLK, F_WRLCK, 0, 1));
    pid_t child = CHILD({
        OK(lock(fd, F_SETLK, F_WRLCK, 1, 1));
        *stage = 1;
        OK(lock(fd, F_SETLKW, F_WRLCK, 0, 1));
    });
    UNTIL(*(volatile int *)stage == 1 && is_sleeping(child));
    ERR(lock(fd, F_SETLKW, F_WRLCK, 1, 1), EDEADLK);
    OK(lock(fd, F_SETLK, F_UNLCK, 0, 1));
    JOIN(child);
}

CASE(posix_errors)
{
    int r = OK(open("f", O_CREAT | O_RDONLY, 0600)), w = OK(open("f", O_WRONLY));
    ERR(lock(r, F_SETLK, F_WRLCK, 0, 0), EBADF);
    ERR(lock(w, F_SETLK, F_RDLCK, 0, 0), EBADF);
    OK(lock(r, F_SETLK, F_RDLCK, 0, 0));
    ERR(lock(w, F_SETLK, 99, 0, 0), EINVAL);
    ERR(lock(w, F_SETLK, F_WRLCK, -1, 0), EINVAL);
    ERR(fcntl(w, F_SETLK, BAD_POINTER), EFAULT);
    ERR(lock(999, F_SETLK, F_RDLCK, 0, 0), EBADF);
    OK(lockf(w, F_LOCK, 10));
    JOIN(CHILD(ERR(lockf(w, F_TEST, 10), EACCES)));
}

CASE(open_file_description)
{
    int a = OK(open("f", O_CREAT | O_RDWR, 0600)), b = OK(open("f", O_RDWR));
    OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
    ERR(lock(b, F_OFD_SETLK, F_WRLCK, 5, 10), EAGAIN);
    OK(lock(b, F_OFD_SETLK, F_WRLCK, 10, 10));
    /* A fork shares it. */
    JOIN(CHILD(OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
               ERR(lock(a, F_SETLK, F_WRLCK, 0, 10), EAGAIN)));
    ERR(lock(b, F_OFD_SETLK, F_WRLCK, 5, 1), EAGAIN);
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    OK(fcntl(b, F_OFD_GETLK, &l));
    EQ(l.l_type, F_WRLCK);
    EQ(l.l_pid, -1);
    int c = OK(dup(a));
    OK(close(a));
    ERR(lock(b, F_OFD_SETLK, F_WRLCK, 5, 1), EAGAIN);
    OK(close(c));
    OK(lock(b, F_OFD_SETLK, F_WRLCK, 5, 1));
}

CASE(flock)
{
    int a = OK(open("f", O_CREAT | O_RDWR, 0600)), b = OK(open("f", O_RDONLY));
    OK(flock(a, LOCK_EX));
    ERR(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    ERR(flock(b, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    OK(flock(a, LOCK_SH));
    OK(flock(b, LOCK_SH | LOCK_NB));
    ERR(flock(a, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    OK(flock(b, LOCK_UN));
    OK(flock(a, LOCK_EX | LOCK_NB));
    pid_t child = CHILD(OK(close(a)); OK(flock(b, LOCK_EX)));
    UNTIL(is_sleeping(child));
    OK(close(a));
    JOIN(child);
    ERR(flock(b, 0), EINVAL);
    ERR(flock(999, LOCK_EX), EBADF);
}
