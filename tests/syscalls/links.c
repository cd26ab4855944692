/* SPDX-License-Identifier: Apache-2.0 */
/* Names: link, unlink, rename, symbolic links. */
#include "check.h"

#include <sys/syscall.h>

CASE(hard_links)
{
    struct stat a, b;
    put_file("a", "x");
    OK(link("a", "b"));
    OK(stat("a", &a));
    OK(stat("b", &b));
    EQ(a.st_ino, b.st_ino);
    EQ(a.st_nlink, 2);
    put_file("b", "through b");
    STR(get_file("a"), "through b");
    OK(unlink("a"));
    OK(stat("b", &b));
    EQ(b.st_nlink, 1);
    ERR(link("none", "c"), ENOENT);
    ERR(link("b", "b"), EEXIST);
    ERR(link("b", "no/c"), ENOENT);
    OK(mkdir("d", 0700));
    ERR(link("d", "e"), EPERM);
    /* link(2) does not follow, linkat(2) can. */
    OK(symlink("b", "s"));
    OK(link("s", "s2"));
    OK(lstat("s2", &a));
    CHECK(S_ISLNK(a.st_mode));
    OK(linkat(AT_FDCWD, "s", AT_FDCWD, "s3", AT_SYMLINK_FOLLOW));
    OK(lstat("s3", &a));
    CHECK(S_ISREG(a.st_mode));
    ERR(linkat(AT_FDCWD, "b", AT_FDCWD, "s4", 0x40000000), EINVAL);
}

CASE(unlink_while_open)
{
    struct stat st;
    char text[10] = {0};
    int fd = OK(open("f", O_CREAT | O_RDWR, 0600));
    EQ(write(fd, "kept", 4), 4);
    OK(unlink("f"));
    ERR(access("f", F_OK), ENOENT);
    OK(fstat(fd, &st));
    EQ(st.st_nlink, 0);
    EQ(write(fd, "!", 1), 1);
    EQ(pread(fd, text, 9, 0), 5);
    STR(text, "kept!");
    put_file("f", "another");
    EQ(pread(fd, text, 9, 0), 5);
    STR(text, "kept!");
    OK(fchmod(fd, 0644));
    OK(ftruncate(fd, 1));
}

CASE(unlink_errors)
{
    OK(mkdir("d", 0700));
    ERR(unlink("d"), EISDIR);
    ERR(unlink("none"), ENOENT);
    ERR(unlink(""), ENOENT);
    put_file("f", "");
    ERR(unlink("f/x"), ENOTDIR);
    ERR(unlink("f/"), ENOTDIR);
    ERR(rmdir("f"), ENOTDIR);
    ERR(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR), ENOTDIR);
    ERR(unlinkat(AT_FDCWD, "d", 0), EISDIR);
    ERR(unlinkat(AT_FDCWD, "f", 0x8000), EINVAL);
    OK(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
    ERR(unlink(BAD_POINTER), EFAULT);
}

CASE(rename_files)
{
    struct stat before, after;
    put_file("a", "A");
    put_file("b", "B");
    OK(stat("a", &before));
    int fd = OK(open("b", O_RDONLY));
    OK(rename("a", "b"));
    ERR(access("a", F_OK), ENOENT);
    STR(get_file("b"), "A");
    OK(stat("b", &after));
    EQ(before.st_ino, after.st_ino);
    OK(fstat(fd, &after));
    EQ(after.st_nlink, 0);
    OK(rename("b", "b"));
    ERR(rename("none", "x"), ENOENT);
    ERR(rename("b", "no/x"), ENOENT);
    ERR(rename("b", ""), ENOENT);
    /* Two names of one file: nothing happens. */
    OK(link("b", "c"));
    OK(rename("b", "c"));
    EQ(access("b", F_OK), 0);
    EQ(access("c", F_OK), 0);
}

CASE(rename_directories)
{
    OK(mkdir("d", 0700));
    OK(mkdir("d/sub", 0700));
    put_file("d/sub/f", "x");
    OK(mkdir("e", 0700));
    OK(rename("d", "e"));
    STR(get_file("e/sub/f"), "x");
    ERR(rename("e", "e/sub/inside"), EINVAL);
    OK(mkdir("full", 0700));
    put_file("full/x", "");
    ERR(rename("e", "full"), ENOTEMPTY);
    put_file("f", "");
    ERR(rename("e", "f"), ENOTDIR);
    ERR(rename("f", "e"), EISDIR);
    ERR(rename("e/sub", "e/sub/."), EBUSY);
    ERR(rename("e/sub/..", "x"), EBUSY);
    OK(rename("e/sub", "moved"));
    OK(chdir("moved"));
    EQ(access("../e", F_OK), 0);
}

CASE(rename_flags)
{
    put_file("a", "A");
    put_file("b", "B");
    ERR(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE), EEXIST);
    OK(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
    OK(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE));
    STR(get_file("b"), "A");
    STR(get_file("c"), "B");
    ERR(renameat2(AT_FDCWD, "b", AT_FDCWD, "none", RENAME_EXCHANGE), ENOENT);
    ERR(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
    ERR(renameat2(AT_FDCWD, "b", AT_FDCWD, "c", 1 << 20), EINVAL);
}

CASE(symbolic_links)
{
    char text[100];
    struct stat st;
    put_file("f", "data");
    OK(symlink("f", "l"));
    EQ(readlink("l", text, sizeof(text)), 1);
    EQ(readlink("l", text, 0) == -1 ? errno : 0, EINVAL);
    STR(get_file("l"), "data");
    OK(lstat("l", &st));
    EQ(st.st_size, 1);
    EQ(st.st_mode, S_IFLNK | 0777);
    OK(symlink("a-long-target", "m"));
    EQ(readlink("m", text, 3), 3);
    EQ(memcmp(text, "a-l", 3), 0);
    ERR(readlink("f", text, 9), EINVAL);
    ERR(readlink("none", text, 9), ENOENT);
    ERR(symlink("x", "l"), EEXIST);
    ERR(symlink("", "n"), ENOENT);
    ERR(stat("m", &st), ENOENT);
    OK(unlink("l"));
    STR(get_file("f"), "data");
    ERR(readlink("m", BAD_POINTER, 9), EFAULT);
}

CASE(link_walks)
{
    OK(mkdir("d", 0700));
    OK(mkdir("d/e", 0700));
    put_file("d/e/f", "deep");
    OK(symlink("d/e", "to-e"));
    OK(symlink("../to-e/f", "d/up"));
    STR(get_file("to-e/f"), "deep");
    STR(get_file("d/up"), "deep");
    STR(get_file("to-e/../e/f"), "deep");
    struct stat a, b;
    OK(stat("to-e/..", &a));
    OK(stat("d", &b));
    EQ(a.st_ino, b.st_ino);
    OK(lstat("to-e/", &a));
    CHECK(S_ISDIR(a.st_mode));
    OK(mkdir("to-e/new", 0700));
    EQ(access("d/e/new", F_OK), 0);
    ERR(rmdir("to-e"), ENOTDIR);
    ERR(mkdir("to-e", 0700), EEXIST);
}

CASE(loops)
{
    char name[20], target[20];
    OK(symlink("b", "a"));
    OK(symlink("a", "b"));
    ERR(open("a", O_RDONLY), ELOOP);
    ERR(access("a/x", F_OK), ELOOP);
    OK(symlink("self", "self"));
    ERR(chdir("self"), ELOOP);
    put_file("l0", "end");
    for (int i = 1; i <= 41; i++) {
        snprintf(name, sizeof(name), "l%d", i);
        snprintf(target, sizeof(target), "l%d", i - 1);
        OK(symlink(target, name));
    }
    STR(get_file("l40"), "end");
    ERR(open("l41", O_RDONLY), ELOOP);
}

CASE(fd_links)
{
    /* A file without a name gets one back through its descriptor. */
    char path[64];
    put_file("f", "x");
    int fd = OK(open("f", O_RDWR));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    OK(linkat(AT_FDCWD, path, AT_FDCWD, "g", AT_SYMLINK_FOLLOW));
    STR(get_file("g"), "x");
    int again = OK(open(path, O_RDONLY));
    CHECK(again != fd);
    char c;
    EQ(read(again, &c, 1), 1);
    EQ(lseek(fd, 0, SEEK_CUR), 0);
}

CASE(rename_while_used)
{
    /* A name always resolves, before or after, while another process replaces it. */
    put_file("f", "0");
    pid_t child = CHILD({
        for (int i = 0; i < 200; i++) {
            put_file("t", "1");
            OK(rename("t", "f"));
        }
    });
    for (int i = 0; i < 200; i++)
        EQ(strlen(get_file("f")), 1);
    JOIN(child);
}
