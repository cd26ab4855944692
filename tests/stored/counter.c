/* SPDX-License-Identifier: Apache-2.0 */
/* Counts, a line for each number. Without a C library, and run from a copy in the cell's memory: so
 * that a stored world with it needs no file of the host. */
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>

#define COPY "/tmp/counter"

void start(long *stack);

static long call(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

static void copy_self(const char *path)
{
    static char bytes[65536];
    long from = call(SYS_open, (long)path, O_RDONLY, 0);
    long to = call(SYS_open, (long)COPY, O_CREAT | O_WRONLY, 0755);
    long length = call(SYS_read, from, (long)bytes, sizeof(bytes));

    call(SYS_write, to, (long)bytes, length);
    call(SYS_close, from, 0, 0);
    call(SYS_close, to, 0, 0);
}

static void say(unsigned long number)
{
    char text[24], *at = text + sizeof(text);

    *--at = '\n';
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    call(SYS_write, 1, (long)at, text + sizeof(text) - at);
}

__attribute__((used)) void start(long *stack)
{
    char *const again[] = {COPY, "again", NULL}, *const none[] = {NULL};
    const struct timespec pause = {.tv_nsec = 20000000};

    if (stack[0] == 1) {
        copy_self((const char *)stack[1]);
        call(SYS_execve, (long)COPY, (long)again, (long)none);
    }
    for (unsigned long number = 1;; number++) {
        say(number);
        call(SYS_nanosleep, (long)&pause, 0, 0);
    }
}

__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call start\n");
