/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, writing and seeking. */
#include "check.h"

#include <sys/uio.h>

CASE(offsets)
{
    char text[10] = {0};
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    EQ(write(fd, "0123456789", 10), 10);
    EQ(lseek(fd, 0, SEEK_CUR), 10);
    EQ(lseek(fd, 2, SEEK_SET), 2);
    EQ(read(fd, text, 3), 3);
    STR(text, "234");
    EQ(lseek(fd, -1, SEEK_CUR), 4);
    EQ(lseek(fd, -3, SEEK_END), 7);
    EQ(read(fd, text, 9), 3);
    EQ(read(fd, text, 9), 0);
    ERR(lseek(fd, -1, SEEK_SET), EINVAL);
    ERR(lseek(fd, -11, SEEK_END), EINVAL);
    ERR(lseek(fd, 0, 99), EINVAL);
    EQ(lseek(fd, 0, SEEK_CUR), 10);
    EQ(lseek(fd, 1l << 40, SEEK_SET), 1l << 40);
    EQ(read(fd, text, 1), 0);
}

CASE(positioned)
{
    char text[10] = {0};
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    EQ(pwrite(fd, "hello", 5, 3), 5);
    EQ(lseek(fd, 0, SEEK_CUR), 0);
    EQ(pread(fd, text, 9, 1), 7);
    EQ(text[0], 0);
    STR(text + 2, "hello");
    EQ(pread(fd, text, 9, 100), 0);
    ERR(pread(fd, text, 1, -1), EINVAL);
    ERR(pwrite(fd, text, 1, -1), EINVAL);
    EQ(pread(fd, text, 0, 0), 0);
}

CASE(sparse)
{
    char text[8192];
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    EQ(lseek(fd, 100000, SEEK_SET), 100000);
    EQ(write(fd, "end", 3), 3);
    EQ(file_size("f"), 100003);
    memset(text, 1, sizeof(text));
    EQ(pread(fd, text, sizeof(text), 50000), sizeof(text));
    for (size_t i = 0; i < sizeof(text); i++)
        EQ(text[i], 0);
    /* A far end costs nothing. */
    EQ(pwrite(fd, "x", 1, 1l << 33), 1);
    EQ(file_size("f"), (1l << 33) + 1);
    struct stat st;
    OK(stat("f", &st));
    CHECK(st.st_blocks < 2048);
}

CASE(append)
{
    int a = OK(open("f", O_CREAT | O_WRONLY | O_APPEND, 0600));
    int b = OK(open("f", O_RDWR | O_APPEND));
    EQ(write(a, "one", 3), 3);
    EQ(write(b, "two", 3), 3);
    EQ(write(a, "three", 5), 5);
    EQ(lseek(a, 0, SEEK_CUR), 11);
    EQ(lseek(b, 0, SEEK_SET), 0);
    EQ(write(b, "!", 1), 1);
    STR(get_file("f"), "onetwothree!");
    /* Linux: pwrite on an append descriptor appends. */
    EQ(pwrite(b, "?", 1, 0), 1);
    STR(get_file("f"), "onetwothree!?");
    OK(fcntl(b, F_SETFL, 0));
    EQ(pwrite(b, "O", 1, 0), 1);
    STR(get_file("f"), "Onetwothree!?");
}

CASE(append_from_many)
{
    /* Each record arrives whole, none is lost. */
    pid_t writers[4];
    OK(close(OK(open("f", O_CREAT | O_WRONLY, 0600))));
    for (int w = 0; w < 4; w++)
        writers[w] = CHILD({
            int fd = OK(open("f", O_WRONLY | O_APPEND));
            char line[20];
            for (int i = 0; i < 50; i++)
                EQ(write(fd, line, (size_t)snprintf(line, 20, "%d.%02d\n", w, i)), 5);
        });
    for (int w = 0; w < 4; w++)
        JOIN(writers[w]);
    const char *text = get_file("f");
    EQ(strlen(text), 1000);
    int next[4] = {0}, w, i, n;
    for (; sscanf(text, "%d.%d\n%n", &w, &i, &n) == 2 && *text; text += 5)
        EQ(next[w]++, i);
    EQ(next[0] + next[1] + next[2] + next[3], 200);
}

CASE(shared_offset)
{
    char c;
    put_file("f", "abcdef");
    int a = OK(open("f", O_RDONLY)), b = OK(dup(a));
    EQ(read(a, &c, 1), 1);
    EQ(read(b, &c, 1), 1);
    EQ(c, 'b');
    JOIN(CHILD(EQ(read(a, &c, 1), 1); EQ(c, 'c')));
    EQ(read(b, &c, 1), 1);
    EQ(c, 'd');
}

CASE(vectors)
{
    char a[3] = {0}, b[5] = {0};
    struct iovec out[] = {{"ab", 2}, {"", 0}, {"cdefg", 5}};
    struct iovec in[] = {{a, 2}, {b, 4}};
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    EQ(writev(fd, out, 3), 7);
    EQ(lseek(fd, 0, SEEK_SET), 0);
    EQ(readv(fd, in, 2), 6);
    STR(a, "ab");
    STR(b, "cdef");
    EQ(readv(fd, in, 2), 1);
    EQ(preadv(fd, in, 2, 5), 2);
    EQ(pwritev(fd, out, 3, 100), 7);
    EQ(file_size("f"), 107);
    EQ(writev(fd, out, 0), 0);
    ERR(writev(fd, out, -1), EINVAL);
    ERR(readv(fd, in, 1025), EINVAL);
    ERR(preadv(fd, in, 2, -1), EINVAL);
    in[0].iov_len = (size_t)-1;
    ERR(readv(fd, in, 2), EINVAL);
}

CASE(vectors_v2)
{
    char a[4] = {0};
    struct iovec in = {a, 3};
    put_file("f", "abcdef");
    int fd = OK(open("f", O_RDONLY));
    EQ(preadv2(fd, &in, 1, 2, 0), 3);
    STR(a, "cde");
    EQ(preadv2(fd, &in, 1, -1, 0), 3);
    STR(a, "abc");
    EQ(lseek(fd, 0, SEEK_CUR), 3);
    ERR(preadv2(fd, &in, 1, 0, 0x40000000), EOPNOTSUPP);
}

CASE(truncation)
{
    char text[10];
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    EQ(write(fd, "0123456789", 10), 10);
    OK(ftruncate(fd, 4));
    EQ(file_size("f"), 4);
    EQ(lseek(fd, 0, SEEK_CUR), 10);
    OK(ftruncate(fd, 8));
    EQ(pread(fd, text, 10, 0), 8);
    EQ(memcmp(text, "0123\0\0\0\0", 8), 0);
    EQ(write(fd, "x", 1), 1);
    EQ(file_size("f"), 11);
    OK(truncate("f", 2));
    STR(get_file("f"), "01");
    OK(truncate("f", 100000));
    EQ(file_size("f"), 100000);
    ERR(truncate("f", -1), EINVAL);
    ERR(ftruncate(fd, -1), EINVAL);
    ERR(truncate("none", 1), ENOENT);
    ERR(truncate(".", 1), EISDIR);
    ERR(ftruncate(999, 1), EBADF);
}

CASE(large)
{
    /* Across many blocks, unaligned; every byte must arrive. */
    size_t size = 3000001;
    char *out = malloc(size), *in = malloc(size);
    unsigned x = 1;
    for (size_t i = 0; i < size; i++)
        out[i] = (char)((x = x * 1664525 + 1013904223) >> 24);
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    size_t done = 0;
    for (size_t step = 1; done < size; step = step * 3 + 1) {
        size_t n = step < size - done ? step : size - done;
        EQ(write(fd, out + done, n), n);
        done += n;
    }
    EQ(pread(fd, in, size, 0), size);
    EQ(memcmp(in, out, size), 0);
    OK(lseek(fd, 12345, SEEK_SET));
    EQ(read(fd, in, 777777), 777777);
    EQ(memcmp(in, out + 12345, 777777), 0);
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + (unsigned char)out[i];
    say("sum %u", sum);
}

CASE(partial_fault)
{
    /* A buffer that ends in the middle: as much as fits, or EFAULT if nothing does. */
    put_file("f", "abcdef");
    int fd = OK(open("f", O_RDWR));
    ERR(read(fd, BAD_POINTER, 3), EFAULT);
    EQ(lseek(fd, 0, SEEK_CUR), 0);
    ERR(write(fd, BAD_POINTER, 3), EFAULT);
    EQ(lseek(fd, 0, SEEK_CUR), 0);
    ERR(pread(fd, KERNEL_POINTER, 3, 0), EFAULT);
    ERR(writev(fd, BAD_POINTER, 1), EFAULT);
    struct iovec bad = {BAD_POINTER, 3};
    ERR(writev(fd, &bad, 1), EFAULT);
    ERR(readv(fd, &bad, 1), EFAULT);
    STR(get_file("f"), "abcdef");
}

CASE(descriptors)
{
    char c;
    ERR(read(999, &c, 1), EBADF);
    ERR(write(-1, &c, 1), EBADF);
    ERR(lseek(999, 0, SEEK_SET), EBADF);
    int fds[2];
    OK(pipe(fds));
    ERR(lseek(fds[0], 0, SEEK_SET), ESPIPE);
    ERR(pread(fds[0], &c, 1, 0), ESPIPE);
    ERR(pwrite(fds[1], &c, 1, 0), ESPIPE);
    ERR(ftruncate(fds[1], 0), EINVAL);
    EQ(read(OK(open("/dev/null", O_RDWR)), &c, 0), 0);
}

CASE(sync)
{
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    EQ(write(fd, "x", 1), 1);
    OK(fsync(fd));
    OK(fdatasync(fd));
    OK(sync_file_range(fd, 0, 1, SYNC_FILE_RANGE_WRITE));
    OK(syncfs(fd));
    sync();
    ERR(fsync(999), EBADF);
    int fds[2];
    OK(pipe(fds));
    ERR(fsync(fds[0]), EINVAL);
}

CASE(advice)
{
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    ZERO(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    EQ(posix_fadvise(fd, 0, 0, 99), EINVAL);
    EQ(posix_fadvise(999, 0, 0, 0), EBADF);
    OK(readahead(fd, 0, 4096));
}

CASE(file_size_limit)
{
    /* Beyond RLIMIT_FSIZE: SIGXFSZ, or EFBIG if that is ignored. */
    struct {
        uint64_t current, max;
    } limit = {1000, 1000};
    OK(syscall(SYS_prlimit64, 0, 1 /* RLIMIT_FSIZE */, &limit, NULL));
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    char text[600] = {0};
    EQ(write(fd, text, 600), 600);
    EQ(write(fd, text, 600), 400);
    JOIN_SIGNAL(CHILD(write(fd, text, 1)), SIGXFSZ);
    signal(SIGXFSZ, SIG_IGN);
    ERR(write(fd, text, 1), EFBIG);
    ERR(ftruncate(fd, 1001), EFBIG);
}
