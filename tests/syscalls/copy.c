/* SPDX-License-Identifier: Apache-2.0 */
/* Moving bytes between descriptors: sendfile, copy_file_range, splice, tee, vmsplice. */
#include "check.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

CASE(sendfile)
{
    char text[20] = {0};
    put_file("in", "0123456789");
    int in = OK(open("in", O_RDONLY)), out = OK(open("out", O_CREAT | O_RDWR, 0600));
    EQ(sendfile(out, in, NULL, 4), 4);
    EQ(lseek(in, 0, SEEK_CUR), 4);
    off_t offset = 7;
    EQ(sendfile(out, in, &offset, 100), 3);
    EQ(offset, 10);
    EQ(lseek(in, 0, SEEK_CUR), 4);
    EQ(sendfile(out, in, &offset, 100), 0);
    STR(get_file("out"), "0123789");
    int fds[2];
    OK(pipe(fds));
    EQ(sendfile(fds[1], in, NULL, 3), 3);
    EQ(read(fds[0], text, 9), 3);
    STR(text, "456");
    int pair[2];
    OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    EQ(sendfile(pair[0], in, NULL, 3), 3);
    EQ(read(pair[1], text, 9), 3);
    STR(text, "789");
    ERR(sendfile(out, 999, NULL, 1), EBADF);
    ERR(sendfile(in, in, NULL, 1), EBADF);
    ERR(sendfile(out, fds[0], &offset, 1), ESPIPE);
}

CASE(copy_file_range)
{
    put_file("in", "0123456789");
    int in = OK(open("in", O_RDONLY)), out = OK(open("out", O_CREAT | O_RDWR, 0600));
    EQ(copy_file_range(in, NULL, out, NULL, 4, 0), 4);
    off_t from = 8, to = 100;
    EQ(copy_file_range(in, &from, out, &to, 100, 0), 2);
    EQ(from, 10);
    EQ(to, 102);
    EQ(copy_file_range(in, &from, out, &to, 100, 0), 0);
    EQ(lseek(in, 0, SEEK_CUR), 4);
    EQ(lseek(out, 0, SEEK_CUR), 4);
    EQ(file_size("out"), 102);
    ERR(copy_file_range(in, NULL, out, NULL, 1, 1), EINVAL);
    ERR(copy_file_range(out, NULL, in, NULL, 1, 0), EBADF);
    ERR(copy_file_range(OK(open(".", O_RDONLY)), NULL, out, NULL, 1, 0), EISDIR);
    int append = OK(open("out", O_WRONLY | O_APPEND));
    ERR(copy_file_range(in, NULL, append, NULL, 1, 0), EBADF);
}

CASE(splice)
{
    char text[20] = {0};
    int fds[2];
    put_file("in", "0123456789");
    int in = OK(open("in", O_RDONLY)), out = OK(open("out", O_CREAT | O_RDWR, 0600));
    OK(pipe(fds));
    loff_t offset = 2;
    EQ(splice(in, &offset, fds[1], NULL, 5, 0), 5);
    EQ(offset, 7);
    EQ(splice(fds[0], NULL, out, NULL, 100, 0), 5);
    STR(get_file("out"), "23456");
    EQ(splice(in, NULL, fds[1], NULL, 3, 0), 3);
    EQ(read(fds[0], text, 9), 3);
    STR(text, "012");
    ERR(splice(in, NULL, out, NULL, 1, 0), EINVAL);
    ERR(splice(fds[0], &offset, out, NULL, 1, 0), ESPIPE);
    ERR(splice(fds[0], NULL, out, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
    OK(close(fds[1]));
    EQ(splice(fds[0], NULL, out, NULL, 1, 0), 0);
}

CASE(pipe_to_pipe)
{
    char text[20] = {0};
    int a[2], b[2];
    OK(pipe(a));
    OK(pipe(b));
    EQ(write(a[1], "hello", 5), 5);
    EQ(tee(a[0], b[1], 100, 0), 5);
    EQ(read(b[0], text, 9), 5);
    STR(text, "hello");
    EQ(splice(a[0], NULL, b[1], NULL, 2, 0), 2);
    EQ(read(a[0], text, 9), 3);
    EQ(read(b[0], text, 9), 2);
    EQ(memcmp(text, "he", 2), 0);
    ERR(tee(a[0], b[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
    ERR(tee(a[0], a[1], 1, 0), EINVAL);
}

CASE(vmsplice)
{
    char text[20] = {0};
    int fds[2];
    OK(pipe(fds));
    struct iovec parts[] = {{"ab", 2}, {"cde", 3}};
    EQ(vmsplice(fds[1], parts, 2, 0), 5);
    EQ(read(fds[0], text, 9), 5);
    STR(text, "abcde");
}

CASE(sendfile_large)
{
    size_t size = 1000000;
    char *text = malloc(size);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)(i * 7 >> 3);
    int in = OK(open("in", O_CREAT | O_RDWR, 0600));
    EQ(write(in, text, size), size);
    int fds[2];
    OK(pipe(fds));
    pid_t child = CHILD({
        char *back = malloc(size);
        size_t got = 0;
        ssize_t n;
        OK(close(fds[1]));
        while ((n = OK(read(fds[0], back + got, size - got))) > 0)
            got += (size_t)n;
        EQ(got, size);
        EQ(memcmp(text, back, size), 0);
    });
    off_t offset = 0;
    while (offset < (off_t)size)
        OK(sendfile(fds[1], in, &offset, size - (size_t)offset));
    OK(close(fds[1]));
    JOIN(child);
}
