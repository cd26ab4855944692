/* SPDX-License-Identifier: Apache-2.0 */
/* A case of the system-call suite: asserts what Linux promises, and prints what must be the same in
 * a cell as on the host. It starts in an empty directory of its own, as an ordinary user, with
 * standard input at /dev/null. The first thing that is not as it must be ends it with status 1.
 *
 *     CASE(append)
 *     {
 *         int fd = OK(open("f", O_CREAT | O_WRONLY | O_APPEND, 0600));
 *         EQ(write(fd, "ab", 2), 2);
 *         ERR(read(fd, buffer, 1), EBADF);
 *         say("size %ld", (long)file_size("f"));
 *     }
 *
 * What it prints may not depend on numbers that differ from run to run (process ids, addresses,
 * inode numbers, times).
 */
#ifndef TESTS_SYSCALLS_CHECK_H
#define TESTS_SYSCALLS_CHECK_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CASE(name)                                                                                 \
    static void case_##name(void);                                                                 \
    __attribute__((constructor)) static void register_##name(void)                                 \
    {                                                                                              \
        register_case(#name, case_##name);                                                         \
    }                                                                                              \
    static void case_##name(void)

void register_case(const char *name, void (*run)(void));

/* One line of output, written at once. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends the case (or child) as failed. */
_Noreturn void fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ends the case: the host cannot do it. */
_Noreturn void skip(const char *reason);

#define FAIL(...) fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            FAIL("not so: %s", #condition);                                                        \
    } while (0)

#define EQ(a, b)                                                                                   \
    do {                                                                                           \
        long long eq_a = (long long)(a), eq_b = (long long)(b);                                    \
        if (eq_a != eq_b)                                                                          \
            FAIL("%s is %lld (%s), not %s = %lld", #a, eq_a, strerror(errno), #b, eq_b);           \
    } while (0)

#define STR(a, b)                                                                                  \
    do {                                                                                           \
        const char *str_a = (a), *str_b = (b);                                                     \
        if (strcmp(str_a, str_b) != 0)                                                             \
            FAIL("%s is \"%s\", not \"%s\"", #a, str_a, str_b);                                    \
    } while (0)

/* The call must not return -1; its value. */
#define OK(call)                                                                                   \
    ({                                                                                             \
        __typeof__(call) ok_value = (call);                                                        \
        if ((long long)ok_value == -1)                                                             \
            FAIL("%s: %s", #call, strerror(errno));                                                \
        ok_value;                                                                                  \
    })

/* The call must return -1 with this errno. */
#define ERR(call, error)                                                                           \
    do {                                                                                           \
        errno = 0;                                                                                 \
        long long err_value = (long long)(call);                                                   \
        int err_errno = errno;                                                                     \
        if (err_value != -1)                                                                       \
            FAIL("%s is %lld, not an error %s", #call, err_value, #error);                         \
        if (err_errno != (error))                                                                  \
            FAIL("%s: %s, not %s", #call, strerror(err_errno), #error);                            \
    } while (0)

/* The call must return 0; else it returns an error number (pthread_*, posix_*). */
#define ZERO(call)                                                                                 \
    do {                                                                                           \
        int zero_value = (call);                                                                   \
        if (zero_value != 0)                                                                       \
            FAIL("%s: %s", #call, strerror(zero_value));                                           \
    } while (0)

/* The statements run in a child, which ends with status 0 after them. Its process id. */
#define CHILD(...)                                                                                 \
    ({                                                                                             \
        pid_t child_pid = OK(fork());                                                              \
        if (child_pid == 0) {                                                                      \
            __VA_ARGS__;                                                                           \
            _exit(0);                                                                              \
        }                                                                                          \
        child_pid;                                                                                 \
    })

/* Waits for a child, which must end with this status, or by this signal. */
#define JOIN_STATUS(pid, wanted) join(__FILE__, __LINE__, (pid), (wanted) << 8)
#define JOIN_SIGNAL(pid, wanted) join(__FILE__, __LINE__, (pid), (wanted))
#define JOIN(pid)                JOIN_STATUS(pid, 0)
void join(const char *file, int line, pid_t pid, int status);
int wait_status(pid_t pid);

/* Waits, at most five seconds, until the condition holds. */
#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        int until_tries = 0;                                                                       \
        while (!(condition)) {                                                                     \
            if (++until_tries > 5000)                                                              \
                FAIL("never so: %s", #condition);                                                  \
            sleep_ms(1);                                                                           \
        }                                                                                          \
    } while (0)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* An address that is never mapped, and one that cannot be a program's. */
#define BAD_POINTER    ((void *)8)
#define KERNEL_POINTER ((void *)0xffff800000000000)

void sleep_ms(int ms);
long now_ms(void); /* CLOCK_MONOTONIC */

void put_file(const char *path, const char *text); /* creates or truncates, mode 0644 */
/* The whole file as a string, in a buffer that the next call uses again. */
const char *get_file(const char *path);
off_t file_size(const char *path);
/* Memory shared with children, zeroed. */
void *shared_memory(size_t size);
/* Is the process (or thread) asleep, as /proc says? For waiting until somebody blocks. */
bool is_sleeping(pid_t pid);
/* Installs a handler with these flags and an empty mask. */
void handle(int signal, void (*handler)(int), int flags);

#endif
