/* SPDX-License-Identifier: Apache-2.0 */
/* Files in memory. */
#include "check.h"

#include <setjmp.h>
#include <sys/mman.h>

#define PAGE 4096ul

static sigjmp_buf jump;

static void caught(int signal)
{
    siglongjmp(jump, signal);
}

static int touch(volatile char *p)
{
    handle(SIGBUS, caught, 0);
    handle(SIGSEGV, caught, 0);
    int signal = sigsetjmp(jump, 1);
    if (signal == 0)
        (void)*p;
    return signal;
}

static int make(const char *name, size_t size)
{
    int fd = OK(open(name, O_CREAT | O_RDWR | O_TRUNC, 0600));
    char *text = malloc(size);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + i % 26);
    EQ(write(fd, text, size), size);
    free(text);
    return fd;
}

CASE(private_read)
{
    int fd = make("f", 10000);
    char *p = mmap(NULL, 10000, PROT_READ, MAP_PRIVATE, fd, 0);
    CHECK(p != MAP_FAILED);
    OK(close(fd));
    for (int i = 0; i < 10000; i++)
        EQ(p[i], 'a' + i % 26);
    for (int i = 10000; i < 12288; i++)
        EQ(p[i], 0); /* the rest of the last page */
    OK(unlink("f"));
    EQ(p[9999], 'a' + 9999 % 26);
}

CASE(private_write)
{
    int fd = make("f", 5000);
    char *p = mmap(NULL, 5000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    CHECK(p != MAP_FAILED);
    memset(p, 'X', 100);
    char c;
    EQ(pread(fd, &c, 1, 0), 1);
    EQ(c, 'a');
    JOIN(CHILD(EQ(p[0], 'X'); p[0] = 'Y'));
    EQ(p[0], 'X');
    /* Also of a file opened read-only. */
    int r = OK(open("f", O_RDONLY));
    p = mmap(NULL, 5000, PROT_READ | PROT_WRITE, MAP_PRIVATE, r, 0);
    CHECK(p != MAP_FAILED);
    p[0] = 'Z';
}

CASE(shared_write)
{
    int fd = make("f", 10000);
    char *p = mmap(NULL, 10000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    memcpy(p + 5000, "SHARED", 6);
    char text[7] = {0};
    EQ(pread(fd, text, 6, 5000), 6);
    STR(text, "SHARED");
    EQ(pwrite(fd, "WRITTEN", 7, 100), 7);
    EQ(memcmp(p + 100, "WRITTEN", 7), 0);
    char *q = mmap(NULL, 10000, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(q != MAP_FAILED);
    p[9999] = '!';
    EQ(q[9999], '!');
    OK(msync(p, 10000, MS_SYNC));
    OK(msync(p, 10000, MS_ASYNC));
    ERR(msync(p + 1, 1, MS_SYNC), EINVAL);
    ERR(msync(p, 1, MS_SYNC | MS_ASYNC), EINVAL);
    EQ(file_size("f"), 10000);
    OK(munmap(p, 10000));
    ERR(msync(p, PAGE, MS_SYNC), ENOMEM);
}

CASE(shared_between_processes)
{
    int fd = make("f", PAGE);
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    JOIN(CHILD(p[0] = 'C'));
    EQ(p[0], 'C');
    JOIN(CHILD({
        int own = OK(open("f", O_RDWR));
        char *q = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0);
        CHECK(q != MAP_FAILED);
        EQ(q[0], 'C');
        q[1] = 'D';
    }));
    EQ(p[1], 'D');
}

CASE(offsets)
{
    int fd = make("f", 4 * PAGE);
    char *p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 2 * PAGE);
    CHECK(p != MAP_FAILED);
    EQ(p[0], 'a' + 2 * PAGE % 26);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100) == MAP_FAILED);
    EQ(errno, EINVAL);
    char *middle = mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, PAGE);
    CHECK(middle == p);
    EQ(p[0], 'a' + PAGE % 26);
}

CASE(past_the_end)
{
    int fd = make("f", 100);
    char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    EQ(touch(p + 99), 0);
    EQ(touch(p + 100), 0);
    EQ(touch(p + PAGE), SIGBUS);
    /* It grows: the page appears. */
    OK(ftruncate(fd, 2 * PAGE));
    EQ(touch(p + PAGE), 0);
    EQ(touch(p + 2 * PAGE), SIGBUS);
    p[PAGE] = 'x';
    OK(ftruncate(fd, 10));
    EQ(touch(p + PAGE), SIGBUS);
    OK(ftruncate(fd, 2 * PAGE));
    EQ(p[PAGE], 0);
    EQ(p[10], 0);
}

static int wait_for_fault(volatile char *p)
{
    handle(SIGBUS, caught, 0);
    int signal = sigsetjmp(jump, 1);
    if (signal == 0) {
        alarm(10);
        for (;;)
            (void)*p;
    }
    alarm(0);
    return signal;
}

/* What one process cuts off is gone in all that have mapped it. */
CASE(cut_by_another)
{
    struct {
        volatile int step;
    } *s = shared_memory(4096);
    int fd = make("f", 3 * PAGE);
    char *p = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    pid_t sleeper = CHILD({
        EQ(touch(p + 2 * PAGE), 0);
        UNTIL(s->step == 1);
        EQ(touch(p + 2 * PAGE), SIGBUS);
        EQ(touch(p + PAGE), 0);
        s->step = 2;
        UNTIL(s->step == 3);
        EQ(touch(p + 2 * PAGE), 0);
        EQ(p[2 * PAGE], 0);
    });
    pid_t spinner = CHILD(EQ(wait_for_fault(p + 2 * PAGE), SIGBUS));
    sleep_ms(20);
    OK(ftruncate(fd, 2 * PAGE));
    EQ(touch(p + 2 * PAGE), SIGBUS);
    JOIN(spinner);
    s->step = 1;
    UNTIL(s->step == 2);
    OK(ftruncate(fd, 3 * PAGE));
    s->step = 3;
    JOIN(sleeper);
}

CASE(permissions)
{
    int fd = make("f", PAGE);
    int r = OK(open("f", O_RDONLY)), w = OK(open("f", O_WRONLY));
    CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, r, 0) == MAP_FAILED);
    EQ(errno, EACCES);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, w, 0) == MAP_FAILED);
    EQ(errno, EACCES);
    char *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, r, 0);
    CHECK(p != MAP_FAILED);
    ERR(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
    p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    OK(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
    p[0] = '!';
    char c;
    EQ(pread(fd, &c, 1, 0), 1);
    EQ(c, '!');
    int fds[2];
    OK(pipe(fds));
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fds[0], 0) == MAP_FAILED);
    EQ(errno, ENODEV);
    int dir = OK(open(".", O_RDONLY));
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0) == MAP_FAILED);
    EQ(errno, ENODEV);
}

CASE(devices)
{
    int zero = OK(open("/dev/zero", O_RDWR));
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
    CHECK(p != MAP_FAILED);
    EQ(p[0], 0);
    p[0] = 1;
}

CASE(memfd)
{
    int fd = OK(memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    EQ(file_size("/dev/null"), 0);
    OK(ftruncate(fd, 2 * PAGE));
    char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    p[5000] = 'm';
    char c;
    EQ(pread(fd, &c, 1, 5000), 1);
    EQ(c, 'm');
    JOIN(CHILD(p[0] = 'c'));
    EQ(p[0], 'c');
    OK(munmap(p, 2 * PAGE));
    OK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
    ERR(ftruncate(fd, 0), EPERM);
    ERR(ftruncate(fd, 4 * PAGE), EPERM);
    OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    ERR(write(fd, "x", 1), EPERM);
    EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    ERR(memfd_create("x", 0x1000), EINVAL);
}

CASE(remap_file)
{
    int fd = make("f", 4 * PAGE);
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    p = mremap(p, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    CHECK(p != MAP_FAILED);
    EQ(p[3 * PAGE + 5], 'a' + (3 * PAGE + 5) % 26);
    p[3 * PAGE] = '!';
    char c;
    EQ(pread(fd, &c, 1, 3 * PAGE), 1);
    EQ(c, '!');
}

CASE(fork_shares_file_pages)
{
    int fd = make("f", 2 * PAGE);
    char *s = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    p[0] = 'P';
    pid_t child = CHILD({
        UNTIL(*(volatile char *)s == 'S');
        EQ(p[0], 'P');
        s[1] = 'T';
    });
    s[0] = 'S';
    JOIN(child);
    EQ(s[1], 'T');
}

CASE(write_from_map_to_file)
{
    int fd = make("f", 3 * PAGE);
    char *p = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    int out = OK(open("g", O_CREAT | O_RDWR, 0600));
    EQ(write(out, p, 3 * PAGE), 3 * PAGE);
    EQ(file_size("g"), 3 * PAGE);
    /* Reading from a file into its own mapping. */
    char *q = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    EQ(pread(fd, q + PAGE, 26, 0), 26);
    EQ(q[PAGE], 'a');
}

CASE(seal_wants_no_writer)
{
    int fd = OK(memfd_create("name", MFD_ALLOW_SEALING));
    OK(ftruncate(fd, PAGE));
    char *private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(private != MAP_FAILED && shared != MAP_FAILED);
    ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    OK(mprotect(shared, PAGE, PROT_READ)); /* it may become writable again */
    ERR(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    OK(munmap(shared, PAGE));
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int reader = OK(open(path, O_RDONLY));
    shared = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0);
    CHECK(shared != MAP_FAILED);
    OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    private[0] = 'p';
    EQ(shared[0], 0);
}
