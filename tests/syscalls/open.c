/* SPDX-License-Identifier: Apache-2.0 */
/* open(2) and its flags. */
#include "check.h"

CASE(create_modes)
{
    umask(0);
    OK(close(OK(open("a", O_CREAT | O_WRONLY, 0751))));
    struct stat st;
    OK(stat("a", &st));
    EQ(st.st_mode, S_IFREG | 0751);
    /* The mode counts for later opens, not for the one that creates. */
    int fd = OK(open("b", O_CREAT | O_RDWR, 0444));
    EQ(write(fd, "x", 1), 1);
    OK(close(fd));
    ERR(open("b", O_WRONLY), EACCES);
}

CASE(exclusive)
{
    OK(close(OK(open("a", O_CREAT | O_EXCL | O_WRONLY, 0600))));
    ERR(open("a", O_CREAT | O_EXCL | O_WRONLY, 0600), EEXIST);
    OK(symlink("nowhere", "dangling"));
    ERR(open("dangling", O_CREAT | O_EXCL | O_WRONLY, 0600), EEXIST);
    OK(close(OK(open("dangling", O_CREAT | O_WRONLY, 0600))));
    EQ(access("nowhere", F_OK), 0);
}

CASE(truncate)
{
    put_file("a", "hello");
    OK(close(OK(open("a", O_RDWR | O_TRUNC))));
    EQ(file_size("a"), 0);
    put_file("a", "hello");
    OK(close(OK(open("a", O_WRONLY | O_CREAT, 0600))));
    EQ(file_size("a"), 5);
}

CASE(access_modes)
{
    char c;
    put_file("a", "hello");
    int r = OK(open("a", O_RDONLY)), w = OK(open("a", O_WRONLY)), b = OK(open("a", O_RDWR));
    EQ(read(r, &c, 1), 1);
    ERR(write(r, "x", 1), EBADF);
    ERR(read(w, &c, 1), EBADF);
    EQ(write(w, "H", 1), 1);
    EQ(read(b, &c, 1), 1);
    EQ(c, 'H');
    EQ(write(b, "E", 1), 1);
    STR(get_file("a"), "HEllo");
    EQ(OK(fcntl(r, F_GETFL)) & O_ACCMODE, O_RDONLY);
    EQ(OK(fcntl(w, F_GETFL)) & O_ACCMODE, O_WRONLY);
    EQ(OK(fcntl(b, F_GETFL)) & O_ACCMODE, O_RDWR);
    ERR(ftruncate(r, 0), EINVAL);
}

CASE(directories)
{
    char c;
    OK(mkdir("d", 0700));
    int fd = OK(open("d", O_RDONLY | O_DIRECTORY));
    ERR(read(fd, &c, 1), EISDIR);
    ERR(write(fd, &c, 1), EBADF);
    ERR(open("d", O_WRONLY), EISDIR);
    ERR(open("d", O_RDWR), EISDIR);
    ERR(open("d", O_RDONLY | O_CREAT, 0600), EISDIR);
    put_file("f", "");
    ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
    ERR(open("f/", O_RDONLY), ENOTDIR);
    ERR(open("f/x", O_RDONLY), ENOTDIR);
    ERR(open("new/", O_WRONLY | O_CREAT, 0600), EISDIR);
    ERR(open("no/x", O_WRONLY | O_CREAT, 0600), ENOENT);
    OK(close(OK(open("d/", O_RDONLY))));
    OK(close(OK(open("d/.", O_RDONLY))));
    OK(close(OK(open("d/../f", O_RDONLY))));
}

CASE(nofollow)
{
    put_file("f", "x");
    OK(symlink("f", "l"));
    ERR(open("l", O_RDONLY | O_NOFOLLOW), ELOOP);
    OK(close(OK(open("l", O_RDONLY))));
    int fd = OK(open("l", O_PATH | O_NOFOLLOW));
    struct stat st;
    OK(fstat(fd, &st));
    CHECK(S_ISLNK(st.st_mode));
    char target[10];
    EQ(readlinkat(fd, "", target, sizeof(target)), 1);
}

CASE(o_path)
{
    char c;
    put_file("f", "x");
    OK(chmod("f", 0));
    int fd = OK(open("f", O_PATH));
    ERR(read(fd, &c, 1), EBADF);
    ERR(write(fd, &c, 1), EBADF);
    ERR(fchmod(fd, 0600), EBADF);
    ERR(lseek(fd, 0, SEEK_SET), EBADF);
    ERR(ftruncate(fd, 0), EBADF);
    struct stat st;
    OK(fstat(fd, &st));
    EQ(st.st_size, 1);
    OK(mkdir("d", 0700));
    int d = OK(open("d", O_PATH | O_DIRECTORY));
    OK(close(OK(openat(d, "g", O_CREAT | O_WRONLY, 0600))));
    EQ(access("d/g", F_OK), 0);
}

CASE(relative_to_descriptor)
{
    OK(mkdir("d", 0700));
    put_file("d/f", "in d");
    put_file("f", "here");
    int d = OK(open("d", O_RDONLY | O_DIRECTORY));
    char text[10] = {0};
    int fd = OK(openat(d, "f", O_RDONLY));
    EQ(read(fd, text, 9), 4);
    STR(text, "in d");
    fd = OK(openat(AT_FDCWD, "f", O_RDONLY));
    EQ(read(fd, text, 9), 4);
    STR(text, "here");
    ERR(openat(fd, "f", O_RDONLY), ENOTDIR);
    ERR(openat(999, "f", O_RDONLY), EBADF);
    OK(close(OK(openat(999, "/", O_RDONLY))));
    OK(rename("d", "e"));
    OK(close(OK(openat(d, "f", O_RDONLY))));
}

CASE(lowest_descriptor)
{
    int a = OK(open("/dev/null", O_RDONLY)), b = OK(open("/dev/null", O_RDONLY));
    EQ(b, a + 1);
    OK(close(a));
    EQ(open("/dev/null", O_RDONLY), a);
    ERR(close(1000), EBADF);
    ERR(close(-1), EBADF);
}

CASE(names)
{
    char long_name[300], path[5000];
    memset(long_name, 'n', sizeof(long_name));
    long_name[255] = 0;
    OK(close(OK(open(long_name, O_CREAT | O_WRONLY, 0600))));
    EQ(access(long_name, F_OK), 0);
    long_name[255] = 'n';
    long_name[256] = 0;
    ERR(open(long_name, O_CREAT | O_WRONLY, 0600), ENAMETOOLONG);
    memset(path, '/', sizeof(path));
    path[4999] = 0;
    ERR(open(path, O_RDONLY), ENAMETOOLONG);
    path[4095] = 0;
    OK(close(OK(open(path, O_RDONLY))));
    ERR(open("", O_RDONLY), ENOENT);
    OK(close(OK(open("a\nb \xff", O_CREAT | O_WRONLY, 0600))));
    EQ(access("a\nb \xff", F_OK), 0);
}

CASE(bad_pointers)
{
    ERR(open(BAD_POINTER, O_RDONLY), EFAULT);
    ERR(open(KERNEL_POINTER, O_RDONLY), EFAULT);
    ERR(openat(AT_FDCWD, NULL, O_RDONLY), EFAULT);
}

CASE(tmpfile)
{
    int fd = open(".", O_TMPFILE | O_RDWR, 0600);
    if (fd == -1 && (errno == EOPNOTSUPP || errno == EISDIR))
        return;
    struct stat st;
    OK(fstat(fd, &st));
    EQ(st.st_nlink, 0);
    EQ(write(fd, "x", 1), 1);
    ERR(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
}

CASE(creat)
{
    put_file("f", "hello");
    int fd = OK(creat("f", 0600));
    EQ(OK(fcntl(fd, F_GETFL)) & O_ACCMODE, O_WRONLY);
    EQ(file_size("f"), 0);
}

CASE(cloexec_flag)
{
    int a = OK(open("/dev/null", O_RDONLY | O_CLOEXEC)), b = OK(open("/dev/null", O_RDONLY));
    EQ(fcntl(a, F_GETFD), FD_CLOEXEC);
    EQ(fcntl(b, F_GETFD), 0);
}

CASE(openat2)
{
    struct {
        uint64_t flags, mode, resolve;
    } how = {O_RDONLY, 0, 0x08 /* RESOLVE_BENEATH */};
    OK(mkdir("d", 0700));
    put_file("d/f", "x");
    OK(symlink("/etc", "d/out"));
    int d = OK(open("d", O_PATH));
    long fd = syscall(SYS_openat2, d, "f", &how, sizeof(how));
    if (fd == -1 && errno == ENOSYS)
        skip("no openat2");
    OK(close((int)OK(fd)));
    ERR(syscall(SYS_openat2, d, "../d/f", &how, sizeof(how)), EXDEV);
    ERR(syscall(SYS_openat2, d, "out", &how, sizeof(how)), EXDEV);
    how.resolve = 0x04; /* RESOLVE_NO_SYMLINKS */
    ERR(syscall(SYS_openat2, d, "out", &how, sizeof(how)), ELOOP);
    how.flags = 1ul << 40;
    ERR(syscall(SYS_openat2, d, "f", &how, sizeof(how)), EINVAL);
    ERR(syscall(SYS_openat2, d, "f", &how, 4), EINVAL);
}

static char read_first(int fd)
{
    char c;
    EQ(read(fd, &c, 1), 1);
    OK(close(fd));
    return c;
}

/* Two directories change places again and again; what is opened by their descriptors stays what it
 * is. */
CASE(open_while_parents_move)
{
    volatile int *stop = shared_memory(4096);
    OK(mkdir("a", 0755));
    OK(mkdir("b", 0755));
    OK(mkdir("a/in", 0755));
    OK(mkdir("b/in", 0755));
    put_file("a/in/f", "a");
    put_file("b/in/f", "b");
    int a = OK(open("a/in", O_RDONLY | O_DIRECTORY)), b = OK(open("b/in", O_RDONLY | O_DIRECTORY));
    pid_t child = CHILD(while (!*stop) OK(syscall(SYS_renameat2, AT_FDCWD, "a", AT_FDCWD, "b", 2)));
    for (int i = 0; i < 1500; i++) {
        EQ(read_first(OK(openat(a, "f", O_RDWR))), 'a');
        EQ(read_first(OK(openat(b, "f", O_RDONLY))), 'b');
        int fd = OK(openat(a, "f", O_WRONLY | O_TRUNC));
        EQ(write(fd, "a", 1), 1);
        OK(close(fd));
    }
    *stop = 1;
    JOIN(child);
}

CASE(open_while_parent_is_renamed)
{
    volatile int *stop = shared_memory(4096);
    OK(mkdir("one", 0755));
    put_file("one/f", "x");
    int dir = OK(open("one", O_RDONLY | O_DIRECTORY));
    pid_t child = CHILD(while (!*stop) {
        OK(rename("one", "two"));
        OK(rename("two", "a-longer-name-than-before"));
        OK(rename("a-longer-name-than-before", "one"));
    });
    for (int i = 0; i < 2000; i++) {
        struct stat st;
        EQ(read_first(OK(openat(dir, "f", O_RDWR))), 'x');
        OK(fstatat(dir, "f", &st, 0));
        EQ(st.st_size, 1);
        OK(fchmodat(dir, "f", 0600 + i % 2, 0));
    }
    *stop = 1;
    JOIN(child);
}
