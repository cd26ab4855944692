/* SPDX-License-Identifier: Apache-2.0 */
/* Space in files: fallocate, holes. */
#include "check.h"

#include <linux/falloc.h>

CASE(allocate)
{
    struct stat st;
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    OK(fallocate(fd, 0, 0, 10000));
    EQ(file_size("f"), 10000);
    OK(fstat(fd, &st));
    CHECK(st.st_blocks >= 20);
    OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 50000));
    EQ(file_size("f"), 10000);
    ZERO(posix_fallocate(fd, 10000, 5000));
    EQ(file_size("f"), 15000);
    OK(fallocate(fd, 0, 0, 100));
    EQ(file_size("f"), 15000);
    ERR(fallocate(fd, 0, -1, 10), EINVAL);
    ERR(fallocate(fd, 0, 0, 0), EINVAL);
    ERR(fallocate(999, 0, 0, 10), EBADF);
    ERR(fallocate(OK(open("f", O_RDONLY)), 0, 0, 10), EBADF);
    int fds[2];
    OK(pipe(fds));
    ERR(fallocate(fds[1], 0, 0, 10), ESPIPE);
}

CASE(punch_hole)
{
    char text[12288], back[12288];
    memset(text, 'x', sizeof(text));
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    EQ(write(fd, text, sizeof(text)), sizeof(text));
    OK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1000, 8000));
    EQ(pread(fd, back, sizeof(back), 0), sizeof(back));
    memset(text + 1000, 0, 8000);
    EQ(memcmp(text, back, sizeof(text)), 0);
    EQ(file_size("f"), sizeof(text));
    ERR(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10), EOPNOTSUPP);
}

CASE(seek_hole)
{
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    OK(ftruncate(fd, 1 << 20));
    EQ(pwrite(fd, "x", 1, 1 << 19), 1);
    off_t data = OK(lseek(fd, 0, SEEK_DATA));
    CHECK(data <= 1 << 19);
    off_t hole = OK(lseek(fd, 1 << 19, SEEK_HOLE));
    CHECK(hole > 1 << 19 && hole <= 1 << 20);
    ERR(lseek(fd, 1 << 20, SEEK_DATA), ENXIO);
    ERR(lseek(fd, 1 << 21, SEEK_HOLE), ENXIO);
    EQ(lseek(fd, (1 << 20) - 1, SEEK_HOLE), (1 << 20) - 1);
}
