/* SPDX-License-Identifier: Apache-2.0 */
/* Directories: making, listing, the working directory. */
#include "check.h"

#include <dirent.h>
#include <limits.h>

CASE(make_and_remove)
{
    struct stat st;
    OK(mkdir("d", 0755));
    ERR(mkdir("d", 0755), EEXIST);
    OK(stat("d", &st));
    CHECK(S_ISDIR(st.st_mode));
    put_file("d/f", "");
    ERR(rmdir("d"), ENOTEMPTY);
    OK(unlink("d/f"));
    ERR(rmdir("d/."), EINVAL);
    OK(mkdir("d/e", 0700));
    ERR(rmdir("d/e/.."), ENOTEMPTY);
    OK(rmdir("d/e"));
    OK(rmdir("d/"));
    ERR(rmdir("d"), ENOENT);
    ERR(mkdir("no/d", 0700), ENOENT);
    ERR(mkdir("", 0700), ENOENT);
    ERR(mkdir("/", 0700), EEXIST);
    put_file("f", "");
    ERR(mkdir("f", 0700), EEXIST);
    ERR(mkdir("f/d", 0700), ENOTDIR);
    OK(mkdirat(AT_FDCWD, "slash/", 0700));
    ERR(mkdir(BAD_POINTER, 0700), EFAULT);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path)
{
    DIR *dir = opendir(path);
    CHECK(dir);
    char *names[64];
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        char line[300];
        snprintf(line, sizeof(line), "%s type %d", entry->d_name, entry->d_type);
        names[count++] = strdup(line);
    }
    closedir(dir);
    qsort(names, count, sizeof(names[0]), by_name);
    for (size_t i = 0; i < count; i++)
        say("%s", names[i]);
}

CASE(listing)
{
    put_file("file", "");
    OK(mkdir("directory", 0700));
    OK(symlink("x", "link"));
    OK(mkfifo("fifo", 0600));
    list(".");
    say("--");
    list("directory");
}

CASE(many_entries)
{
    static char seen[1000];
    char name[32];
    OK(mkdir("d", 0700));
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "d/entry-%d", i);
        OK(close(OK(open(name, O_CREAT | O_WRONLY, 0600))));
    }
    DIR *dir = opendir("d");
    int count = 0, n;
    for (struct dirent *entry; (entry = readdir(dir));)
        if (sscanf(entry->d_name, "entry-%d", &n) == 1) {
            EQ(seen[n]++, 0);
            count++;
        }
    EQ(count, 1000);
    rewinddir(dir);
    for (count = 0; readdir(dir);)
        count++;
    EQ(count, 1002);
    /* Removing while reading, as rm -r does, must lose none. */
    rewinddir(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            OK(unlinkat(dirfd(dir), entry->d_name, 0));
    closedir(dir);
    OK(rmdir("d"));
}

CASE(telldir)
{
    char name[32], after[300];
    OK(mkdir("d", 0700));
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "d/%d", i);
        put_file(name, "");
    }
    DIR *dir = opendir("d");
    for (int i = 0; i < 7; i++)
        CHECK(readdir(dir));
    long position = telldir(dir);
    strcpy(after, readdir(dir)->d_name);
    while (readdir(dir))
        ;
    seekdir(dir, position);
    STR(readdir(dir)->d_name, after);
    closedir(dir);
}

CASE(raw_getdents)
{
    char buffer[1024];
    OK(mkdir("d", 0700));
    int fd = OK(open("d", O_RDONLY));
    ERR(syscall(SYS_getdents64, fd, buffer, 10), EINVAL);
    long n = OK(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)));
    EQ(n, 48); /* . and .. */
    EQ(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)), 0);
    EQ(lseek(fd, 0, SEEK_SET), 0);
    EQ(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)), 48);
    put_file("f", "");
    ERR(syscall(SYS_getdents64, OK(open("f", O_RDONLY)), buffer, 100), ENOTDIR);
    EQ(lseek(fd, 0, SEEK_SET), 0);
    ERR(syscall(SYS_getdents64, fd, BAD_POINTER, 100), EFAULT);
    ERR(syscall(SYS_getdents64, 999, buffer, 100), EBADF);
    OK(rmdir("d"));
    EQ(lseek(fd, 0, SEEK_SET), 0);
    ERR(syscall(SYS_getdents64, fd, buffer, 100), ENOENT);
}

CASE(working_directory)
{
    char start[PATH_MAX], path[PATH_MAX];
    CHECK(getcwd(start, sizeof(start)));
    OK(mkdir("d", 0700));
    OK(mkdir("d/e", 0700));
    OK(chdir("d/e"));
    CHECK(getcwd(path, sizeof(path)));
    STR(path + strlen(start), "/d/e");
    OK(chdir(".."));
    CHECK(getcwd(path, sizeof(path)));
    STR(path + strlen(start), "/d");
    int fd = OK(open(start, O_RDONLY));
    OK(fchdir(fd));
    CHECK(getcwd(path, sizeof(path)));
    STR(path, start);
    OK(rename("d", "renamed"));
    OK(chdir("renamed"));
    CHECK(getcwd(path, sizeof(path)));
    STR(path + strlen(start), "/renamed");
    JOIN(CHILD(OK(chdir("/")); CHECK(getcwd(path, sizeof(path))); STR(path, "/")));
    CHECK(getcwd(path, sizeof(path)));
    STR(path + strlen(start), "/renamed");
    ERR((long)getcwd(path, 2) ? 0 : -1, ERANGE);
    ERR(syscall(SYS_getcwd, BAD_POINTER, 1000), EFAULT);
    EQ(syscall(SYS_getcwd, path, sizeof(path)), strlen(path) + 1);
}

CASE(chdir_errors)
{
    put_file("f", "");
    ERR(chdir("f"), ENOTDIR);
    ERR(chdir("none"), ENOENT);
    ERR(chdir(""), ENOENT);
    ERR(fchdir(OK(open("f", O_RDONLY))), ENOTDIR);
    ERR(fchdir(999), EBADF);
    OK(chdir("/.."));
    char path[PATH_MAX];
    CHECK(getcwd(path, sizeof(path)));
    STR(path, "/");
}

CASE(removed_directory)
{
    char path[PATH_MAX];
    struct stat st;
    OK(mkdir("d", 0700));
    OK(chdir("d"));
    OK(rmdir("../d"));
    ERR((long)getcwd(path, sizeof(path)) ? 0 : -1, ENOENT);
    ERR(open("f", O_CREAT | O_WRONLY, 0600), ENOENT);
    ERR(mkdir("x", 0700), ENOENT);
    OK(stat(".", &st));
    EQ(st.st_nlink, 0);
    OK(chdir(".."));
    CHECK(getcwd(path, sizeof(path)));
}

CASE(link_counts)
{
    struct stat st;
    OK(mkdir("d", 0700));
    OK(mkdir("d/a", 0700));
    OK(mkdir("d/b", 0700));
    OK(stat("d", &st));
    EQ(st.st_nlink, 4);
    OK(rename("d/a", "a"));
    OK(stat("d", &st));
    EQ(st.st_nlink, 3);
}

CASE(deep)
{
    for (int i = 0; i < 100; i++) {
        OK(mkdir("a-directory", 0700));
        OK(chdir("a-directory"));
    }
    char path[PATH_MAX];
    CHECK(getcwd(path, sizeof(path)));
    CHECK(strlen(path) > 1200);
    put_file("f", "deep down");
    strcat(path, "/f");
    STR(get_file(path), "deep down");
}

CASE(concurrent_creation)
{
    pid_t children[4];
    OK(mkdir("d", 0700));
    for (int c = 0; c < 4; c++)
        children[c] = CHILD({
            char name[32];
            for (int i = 0; i < 50; i++) {
                snprintf(name, sizeof(name), "d/%d-%d", c, i);
                put_file(name, "x");
                if (i % 2)
                    OK(unlink(name));
            }
        });
    for (int c = 0; c < 4; c++)
        JOIN(children[c]);
    DIR *dir = opendir("d");
    int count = 0;
    while (readdir(dir))
        count++;
    EQ(count, 102);
}
