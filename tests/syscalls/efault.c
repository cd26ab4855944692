/* SPDX-License-Identifier: Apache-2.0 */
/* Bad pointers: each of these calls must answer EFAULT, whatever the pointer. */
#include "check.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

static int fds[2], pair[2], file, ep;

/* Calls with one bad pointer P in an otherwise good call. */
#define CALLS(X)                                                                                   \
    X(SYS_read, fds[0], P, 1)                                                                      \
    X(SYS_write, fds[1], P, 1)                                                                     \
    X(SYS_pread64, file, P, 1, 0)                                                                  \
    X(SYS_pwrite64, file, P, 1, 0)                                                                 \
    X(SYS_readv, file, P, 1)                                                                       \
    X(SYS_writev, file, P, 1)                                                                      \
    X(SYS_open, P, 0)                                                                              \
    X(SYS_openat, AT_FDCWD, P, 0)                                                                  \
    X(SYS_stat, P, &buffer)                                                                        \
    X(SYS_stat, "file", P)                                                                         \
    X(SYS_lstat, "file", P)                                                                        \
    X(SYS_fstat, file, P)                                                                          \
    X(SYS_access, P, 0)                                                                            \
    X(SYS_chdir, P)                                                                                \
    X(SYS_mkdir, P, 0700)                                                                          \
    X(SYS_rmdir, P)                                                                                \
    X(SYS_unlink, P)                                                                               \
    X(SYS_rename, P, "x")                                                                          \
    X(SYS_rename, "file", P)                                                                       \
    X(SYS_link, P, "x")                                                                            \
    X(SYS_link, "file", P)                                                                         \
    X(SYS_symlink, P, "x")                                                                         \
    X(SYS_symlink, "file", P)                                                                      \
    X(SYS_readlink, "link", P, 10)                                                                 \
    X(SYS_chmod, P, 0600)                                                                          \
    X(SYS_chown, P, -1, -1)                                                                        \
    X(SYS_truncate, P, 0)                                                                          \
    X(SYS_utimensat, AT_FDCWD, "file", P, 0)                                                       \
    X(SYS_getcwd, P, 4096)                                                                         \
    X(SYS_pipe, P)                                                                                 \
    X(SYS_pipe2, P, 0)                                                                             \
    X(SYS_poll, P, 1, 0)                                                                           \
    X(SYS_select, 1, P, 0, 0, 0)                                                                   \
    X(SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fds[0], P)                                                 \
    X(SYS_rt_sigaction, SIGUSR1, P, 0, 8)                                                          \
    X(SYS_rt_sigaction, SIGUSR1, 0, P, 8)                                                          \
    X(SYS_rt_sigprocmask, SIG_BLOCK, P, 0, 8)                                                      \
    X(SYS_rt_sigpending, P, 8)                                                                     \
    X(SYS_rt_sigsuspend, P, 8)                                                                     \
    X(SYS_sigaltstack, P, 0)                                                                       \
    X(SYS_nanosleep, P, 0)                                                                         \
    X(SYS_clock_gettime, CLOCK_REALTIME, P)                                                        \
    X(SYS_gettimeofday, P, 0)                                                                      \
    X(SYS_setitimer, ITIMER_REAL, P, 0)                                                            \
    X(SYS_getitimer, ITIMER_REAL, P)                                                               \
    X(SYS_timer_create, CLOCK_REALTIME, 0, P)                                                      \
    X(SYS_uname, P)                                                                                \
    X(SYS_sysinfo, P)                                                                              \
    X(SYS_times, P)                                                                                \
    X(SYS_getrlimit, RLIMIT_CORE, P)                                                               \
    X(SYS_setrlimit, RLIMIT_CORE, P)                                                               \
    X(SYS_getrusage, RUSAGE_SELF, P)                                                               \
    X(SYS_getresuid, P, &buffer, &buffer)                                                          \
    X(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, P)                                                  \
    X(SYS_sendmsg, pair[0], P, 0)                                                                  \
    X(SYS_recvmsg, pair[0], P, MSG_DONTWAIT)                                                       \
    X(SYS_sendto, pair[0], P, 1, 0, 0, 0)                                                          \
    X(SYS_bind, pair[0], P, 16)                                                                    \
    X(SYS_connect, pair[0], P, 16)                                                                 \
    X(SYS_getsockname, pair[0], P, &length)                                                        \
    X(SYS_getsockopt, pair[0], SOL_SOCKET, SO_TYPE, P, &length)                                    \
    X(SYS_getsockopt, pair[0], SOL_SOCKET, SO_TYPE, &buffer, P)                                    \
    X(SYS_setsockopt, pair[0], SOL_SOCKET, SO_KEEPALIVE, P, 4)                                     \
    X(SYS_futex, P, 0 /* FUTEX_WAIT */, 0, 0, 0, 0)                                                \
    X(SYS_futex, P, 1 /* FUTEX_WAKE */, 1, 0, 0, 0)                                                \
    X(SYS_execve, P, 0, 0)                                                                         \
    X(SYS_execve, "/bin/true", P, 0)                                                               \
    X(SYS_getdents64, dir, P, 1000)                                                                \
    X(SYS_getrandom, P, 10, 0)                                                                     \
    X(SYS_mincore, page, 4096, P)                                                                  \
    X(SYS_fcntl, file, F_SETLK, P)                                                                 \
    X(SYS_fcntl, file, F_GETLK, P)                                                                 \
    X(SYS_statfs, ".", P)                                                                          \
    X(SYS_sched_getaffinity, 0, 128, P)                                                            \
    X(SYS_sched_getparam, 0, P) /* EINVAL for NULL only */                                         \
    X(SYS_ioctl, fds[0], 0x541b /* FIONREAD */, P)                                                 \
    X(SYS_sendfile, pair[0], file, P, 1)

static void all(void *P)
{
    long buffer[64], result;
    socklen_t length = sizeof(buffer);
    int dir = OK(open(".", O_RDONLY));
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OK(pipe(fds));
    EQ(write(fds[1], "data", 4), 4);
    OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    put_file("file", "data");
    file = OK(open("file", O_RDWR));
    OK(symlink("file", "link"));
    ep = OK(epoll_create1(0));
#define X(number, ...)                                                                             \
    errno = 0;                                                                                     \
    result = syscall(number, __VA_ARGS__);                                                         \
    if (result != -1 || errno != EFAULT)                                                           \
        say("%s(%s): %s", #number, #__VA_ARGS__, result == -1 ? strerror(errno) : "success");
    CALLS(X)
    /* Who is in no further groups has nothing copied. */
    if (getgroups(0, NULL) > 0) {
        X(SYS_getgroups, 100, P)
    }
#undef X
}

CASE(low)
{
    all((void *)8);
}

CASE(kernel)
{
    all((void *)0xffff888000000000);
}

CASE(non_canonical)
{
    all((void *)0x0123456789abcdef);
}

CASE(no_access)
{
    all(mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

CASE(unmapped)
{
    char *p = (char *)0x7000000000;
    ERR(msync(p, 4096, MS_ASYNC), ENOMEM);
    all(p);
}

CASE(string_runs_off)
{
    /* A path that runs into an unmapped page, and one that ends just before it. */
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OK(munmap(p + 4096, 4096));
    memset(p, '/', 4096);
    ERR(open(p + 4090, O_RDONLY), EFAULT);
    ERR(chdir(p + 4095), EFAULT);
    p[4095] = 0;
    OK(close(OK(open(p + 4090, O_RDONLY))));
    OK(access(p + 4094, F_OK));
}

CASE(structure_runs_off)
{
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    OK(munmap(p + 4096, 4096));
    ERR(syscall(SYS_stat, "/", p + 4096 - 100), EFAULT);
    OK(syscall(SYS_stat, "/", p + 4096 - sizeof(struct stat)));
    ERR(syscall(SYS_uname, p + 4000), EFAULT);
    OK(pipe(fds));
    EQ(write(fds[1], "0123456789", 10), 10);
    ERR(read(fds[0], p + 4096, 5), EFAULT);
    int file_fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    EQ(write(file_fd, "0123456789", 10), 10);
    /* A file is read as far as the buffer goes. */
    EQ(pread(file_fd, p + 4093, 10, 0), 3);
    EQ(memcmp(p + 4093, "012", 3), 0);
    memset(p, 'x', 4096);
    EQ(pwrite(file_fd, p + 4093, 10, 0), 3);
    STR(get_file("f"), "xxx3456789");
}
