/* SPDX-License-Identifier: Apache-2.0 */
/* Devices and random numbers. */
#include "check.h"

#include <poll.h>
#include <sys/random.h>

CASE(null)
{
    char c;
    int fd = OK(open("/dev/null", O_RDWR));
    EQ(read(fd, &c, 1), 0);
    EQ(write(fd, "hello", 5), 5);
    EQ(lseek(fd, 100, SEEK_SET), 0);
    struct pollfd p = {fd, POLLIN | POLLOUT, 0};
    EQ(poll(&p, 1, 0), 1);
    EQ(p.revents, POLLIN | POLLOUT);
    OK(close(OK(open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC, 0600))));
}

CASE(zero)
{
    char text[100];
    memset(text, 1, sizeof(text));
    int fd = OK(open("/dev/zero", O_RDWR));
    EQ(read(fd, text, sizeof(text)), sizeof(text));
    for (size_t i = 0; i < sizeof(text); i++)
        EQ(text[i], 0);
    EQ(write(fd, text, 5), 5);
    ERR(read(fd, BAD_POINTER, 5), EFAULT);
}

CASE(full)
{
    char c = 1;
    int fd = OK(open("/dev/full", O_RDWR));
    ERR(write(fd, "x", 1), ENOSPC);
    EQ(read(fd, &c, 1), 1);
    EQ(c, 0);
}

static void is_random(const unsigned char *bytes, size_t size)
{
    int ones = 0;
    for (size_t i = 0; i < size; i++)
        ones += __builtin_popcount(bytes[i]);
    CHECK(ones > (int)size * 4 - 600 && ones < (int)size * 4 + 600);
}

CASE(random_devices)
{
    static unsigned char a[4096], b[4096];
    int fd = OK(open("/dev/urandom", O_RDONLY));
    EQ(read(fd, a, sizeof(a)), sizeof(a));
    is_random(a, sizeof(a));
    EQ(read(fd, b, sizeof(b)), sizeof(b));
    CHECK(memcmp(a, b, sizeof(a)) != 0);
    fd = OK(open("/dev/random", O_RDONLY));
    EQ(read(fd, b, 16), 16);
}

CASE(getrandom)
{
    static unsigned char a[100000], b[32], c[32];
    EQ(getrandom(a, 4096, 0), 4096);
    is_random(a, 4096);
    EQ(getrandom(a, sizeof(a), 0), sizeof(a));
    EQ(getrandom(b, 32, GRND_NONBLOCK), 32);
    EQ(getrandom(c, 32, GRND_RANDOM), 32);
    CHECK(memcmp(b, c, 32) != 0);
    ERR(getrandom(b, 1, 0x100), EINVAL);
    ERR(getrandom(BAD_POINTER, 10, 0), EFAULT);
    /* A child must not get its parent's numbers. */
    unsigned char *shared = shared_memory(4096);
    JOIN(CHILD(EQ(getrandom(shared, 32, 0), 32)));
    EQ(getrandom(shared + 32, 32, 0), 32);
    CHECK(memcmp(shared, shared + 32, 32) != 0);
}

CASE(links)
{
    char target[64];
    ssize_t n = OK(readlink("/dev/fd", target, sizeof(target) - 1));
    target[n] = 0;
    STR(target, "/proc/self/fd");
    n = OK(readlink("/dev/stdout", target, sizeof(target) - 1));
    target[n] = 0;
    STR(target, "/proc/self/fd/1");
}

CASE(shm_directory)
{
    struct stat st;
    char path[64];
    OK(stat("/dev/shm", &st));
    EQ(st.st_mode, S_IFDIR | 01777);
    snprintf(path, sizeof(path), "/dev/shm/ringfence-%d", getpid());
    put_file(path, "shm");
    STR(get_file(path), "shm");
    OK(unlink(path));
}

CASE(descriptor_names)
{
    char path[64], c;
    int fds[2];
    OK(pipe(fds));
    snprintf(path, sizeof(path), "/dev/fd/%d", fds[1]);
    int fd = OK(open(path, O_WRONLY));
    EQ(write(fd, "x", 1), 1);
    EQ(read(fds[0], &c, 1), 1);
    EQ(dup2(fds[0], 0), 0);
    fd = OK(open("/dev/stdin", O_RDONLY));
    EQ(write(fds[1], "y", 1), 1);
    EQ(read(fd, &c, 1), 1);
    EQ(c, 'y');
}
