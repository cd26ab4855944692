/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes: stat, statx, times, statfs. */
#include "check.h"

#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

CASE(fields)
{
    struct stat a, b, c;
    put_file("f", "hello");
    OK(chmod("f", 0640));
    OK(stat("f", &a));
    EQ(a.st_mode, S_IFREG | 0640);
    EQ(a.st_nlink, 1);
    EQ(a.st_size, 5);
    EQ(a.st_uid, getuid());
    EQ(a.st_blksize, 4096);
    EQ(a.st_blocks, 8);
    int fd = OK(open("f", O_RDONLY));
    OK(fstat(fd, &b));
    EQ(a.st_ino, b.st_ino);
    EQ(a.st_dev, b.st_dev);
    OK(fstatat(fd, "", &c, AT_EMPTY_PATH));
    EQ(a.st_ino, c.st_ino);
    put_file("g", "");
    OK(stat("g", &c));
    CHECK(a.st_ino != c.st_ino);
    EQ(a.st_dev, c.st_dev);
    EQ(c.st_blocks, 0);
}

CASE(errors)
{
    struct stat st;
    ERR(stat("none", &st), ENOENT);
    ERR(stat("", &st), ENOENT);
    ERR(fstat(999, &st), EBADF);
    put_file("f", "");
    ERR(stat("f/x", &st), ENOTDIR);
    ERR(syscall(SYS_newfstatat, AT_FDCWD, "f", BAD_POINTER, 0), EFAULT);
    ERR(syscall(SYS_newfstatat, AT_FDCWD, BAD_POINTER, &st, 0), EFAULT);
    ERR(syscall(SYS_newfstatat, AT_FDCWD, "f", &st, 0x40000000), EINVAL);
    ERR(syscall(SYS_fstat, 0, BAD_POINTER), EFAULT);
}

CASE(kinds)
{
    struct stat st;
    int fds[2];
    OK(pipe(fds));
    OK(fstat(fds[0], &st));
    CHECK(S_ISFIFO(st.st_mode));
    OK(stat("/dev/null", &st));
    CHECK(S_ISCHR(st.st_mode));
    EQ(major(st.st_rdev), 1);
    EQ(minor(st.st_rdev), 3);
    OK(stat("/", &st));
    CHECK(S_ISDIR(st.st_mode));
    OK(mkfifo("p", 0600));
    OK(stat("p", &st));
    CHECK(S_ISFIFO(st.st_mode));
}

CASE(statx)
{
    struct statx x;
    put_file("f", "hello");
    OK(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x));
    EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
    EQ(x.stx_size, 5);
    EQ(x.stx_nlink, 1);
    EQ(x.stx_mode & S_IFMT, S_IFREG);
    OK(symlink("f", "l"));
    OK(statx(AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &x));
    EQ(x.stx_mode & S_IFMT, S_IFLNK);
    int fd = OK(open("f", O_RDONLY));
    OK(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &x));
    EQ(x.stx_size, 5);
    ERR(statx(AT_FDCWD, "none", 0, STATX_SIZE, &x), ENOENT);
    ERR(statx(AT_FDCWD, "f", 0x40000000, STATX_SIZE, &x), EINVAL);
    ERR(statx(AT_FDCWD, "f", 0, STATX__RESERVED, &x), EINVAL);
    ERR(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_SIZE, BAD_POINTER), EFAULT);
}

static long times_of(const char *path, int which)
{
    struct stat st;
    OK(lstat(path, &st));
    struct timespec t = which == 'a' ? st.st_atim : which == 'm' ? st.st_mtim : st.st_ctim;
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

CASE(set_times)
{
    put_file("f", "x");
    struct timespec t[2] = {{1000, 123456789}, {2000, 987654321}};
    OK(utimensat(AT_FDCWD, "f", t, 0));
    EQ(times_of("f", 'a'), 1000123456789);
    EQ(times_of("f", 'm'), 2000987654321);
    t[0].tv_nsec = UTIME_OMIT;
    t[1].tv_sec = 3000;
    OK(utimensat(AT_FDCWD, "f", t, 0));
    EQ(times_of("f", 'a'), 1000123456789);
    EQ(times_of("f", 'm'), 3000987654321);
    int fd = OK(open("f", O_RDONLY));
    t[1].tv_nsec = UTIME_NOW;
    OK(futimens(fd, t));
    CHECK(times_of("f", 'm') / 1000000000 >= time(NULL) - 60);
    EQ(times_of("f", 'a'), 1000123456789);
    OK(utimensat(AT_FDCWD, "f", NULL, 0));
    CHECK(times_of("f", 'a') / 1000000000 >= time(NULL) - 60);
    t[0].tv_nsec = 2000000000;
    ERR(utimensat(AT_FDCWD, "f", t, 0), EINVAL);
    ERR(utimensat(AT_FDCWD, "none", NULL, 0), ENOENT);
    OK(symlink("none", "l"));
    struct timespec u[2] = {{5, 0}, {6, 0}};
    OK(utimensat(AT_FDCWD, "l", u, AT_SYMLINK_NOFOLLOW));
    EQ(times_of("l", 'm'), 6000000000);
    ERR(utimensat(AT_FDCWD, "l", u, 0), ENOENT);
    ERR(futimens(999, u), EBADF);
}

CASE(times_change)
{
    struct timespec past[2] = {{1000, 0}, {1000, 0}};
    put_file("f", "x");
    OK(mkdir("d", 0700));
    OK(utimensat(AT_FDCWD, "f", past, 0));
    OK(utimensat(AT_FDCWD, "d", past, 0));
    int fd = OK(open("f", O_RDWR));
    EQ(times_of("f", 'm'), 1000000000000);
    EQ(write(fd, "y", 1), 1);
    CHECK(times_of("f", 'm') > 1000000000000);
    EQ(times_of("f", 'a'), 1000000000000);
    put_file("d/new", "");
    CHECK(times_of("d", 'm') > 1000000000000);
    OK(utimensat(AT_FDCWD, "d", past, 0));
    OK(unlink("d/new"));
    CHECK(times_of("d", 'm') > 1000000000000);
    OK(utimensat(AT_FDCWD, "f", past, 0));
    OK(chmod("f", 0600));
    EQ(times_of("f", 'm'), 1000000000000);
    CHECK(times_of("f", 'c') > 1000000000000);
    OK(ftruncate(fd, 0));
    CHECK(times_of("f", 'm') > 1000000000000);
}

CASE(file_systems)
{
    struct statfs fs;
    struct statvfs vfs;
    OK(statfs(".", &fs));
    CHECK(fs.f_bsize > 0);
    CHECK(fs.f_blocks >= fs.f_bfree);
    EQ(fs.f_namelen, 255);
    OK(statvfs("/", &vfs));
    int fd = OK(open(".", O_RDONLY));
    OK(fstatfs(fd, &fs));
    ERR(statfs("none", &fs), ENOENT);
    ERR(fstatfs(999, &fs), EBADF);
    OK(statfs("/proc", &fs));
    EQ(fs.f_type, 0x9fa0);
    ERR(syscall(SYS_statfs, ".", BAD_POINTER), EFAULT);
}

CASE(mknod)
{
    struct stat st;
    OK(mknod("f", S_IFREG | 0600, 0));
    OK(stat("f", &st));
    CHECK(S_ISREG(st.st_mode));
    OK(mknod("p", S_IFIFO | 0600, 0));
    ERR(mknod("p", S_IFIFO | 0600, 0), EEXIST);
    ERR(mknod("c", S_IFCHR | 0600, makedev(1, 3)), EPERM);
    ERR(mknod("d", S_IFDIR | 0600, 0), EPERM);
    ERR(mknod("x", 0170000, 0), EINVAL);
    OK(mknod("s", S_IFSOCK | 0600, 0));
    OK(stat("s", &st));
    CHECK(S_ISSOCK(st.st_mode));
    ERR(open("s", O_RDONLY), ENXIO);
}
