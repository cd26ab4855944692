/* SPDX-License-Identifier: Apache-2.0 */
/* Permissions as an ordinary user sees them. */
#include "check.h"

CASE(umask)
{
    struct stat st;
    umask(027);
    EQ(umask(027), 027);
    OK(close(OK(open("f", O_CREAT | O_WRONLY, 0777))));
    OK(stat("f", &st));
    EQ(st.st_mode & 07777, 0750);
    OK(mkdir("d", 0777));
    OK(stat("d", &st));
    EQ(st.st_mode & 07777, 0750);
    OK(mkfifo("p", 0666));
    OK(stat("p", &st));
    EQ(st.st_mode & 07777, 0640);
    JOIN(CHILD(EQ(umask(077), 027)));
    EQ(umask(022), 027);
}

CASE(chmod)
{
    struct stat st;
    put_file("f", "x");
    for (int mode = 0; mode <= 0777; mode += 0111) {
        OK(chmod("f", (mode_t)mode));
        OK(stat("f", &st));
        EQ(st.st_mode & 07777, mode);
    }
    int fd = OK(open("f", O_RDONLY));
    OK(fchmod(fd, 0600));
    OK(fstat(fd, &st));
    EQ(st.st_mode & 07777, 0600);
    OK(fchmodat(AT_FDCWD, "f", 01644, 0));
    OK(stat("f", &st));
    EQ(st.st_mode & 07777, 01644);
    OK(mkdir("d", 0700));
    OK(chmod("d", 01777));
    OK(stat("d", &st));
    EQ(st.st_mode & 07777, 01777);
    ERR(chmod("none", 0600), ENOENT);
    ERR(fchmod(999, 0600), EBADF);
    OK(symlink("f", "l"));
    OK(chmod("l", 0640));
    OK(stat("f", &st));
    EQ(st.st_mode & 07777, 0640);
}

CASE(files)
{
    put_file("f", "x");
    OK(chmod("f", 0200));
    ERR(open("f", O_RDONLY), EACCES);
    ERR(open("f", O_RDWR), EACCES);
    OK(close(OK(open("f", O_WRONLY))));
    OK(chmod("f", 0400));
    ERR(open("f", O_WRONLY), EACCES);
    ERR(open("f", O_RDONLY | O_TRUNC), EACCES);
    ERR(truncate("f", 0), EACCES);
    /* A descriptor keeps what it was opened with. */
    OK(chmod("f", 0600));
    int fd = OK(open("f", O_RDWR));
    OK(chmod("f", 0));
    EQ(write(fd, "y", 1), 1);
    ERR(open("f", O_RDONLY), EACCES);
    /* The owner's bits count for the owner, though others may. */
    OK(chmod("f", 0066));
    ERR(open("f", O_RDONLY), EACCES);
}

CASE(directories)
{
    struct stat st;
    OK(mkdir("d", 0700));
    put_file("d/f", "x");
    OK(chmod("d", 0600)); /* no search */
    ERR(open("d/f", O_RDONLY), EACCES);
    ERR(stat("d/f", &st), EACCES);
    ERR(stat("d/none", &st), EACCES);
    ERR(chdir("d"), EACCES);
    OK(close(OK(open("d", O_RDONLY))));
    OK(chmod("d", 0300)); /* no listing */
    OK(stat("d/f", &st));
    ERR(open("d", O_RDONLY), EACCES);
    OK(chmod("d", 0500)); /* no change */
    ERR(unlink("d/f"), EACCES);
    ERR(open("d/g", O_CREAT | O_WRONLY, 0600), EACCES);
    ERR(mkdir("d/g", 0700), EACCES);
    ERR(symlink("x", "d/g"), EACCES);
    ERR(rename("d/f", "f"), EACCES);
    put_file("h", "");
    ERR(rename("h", "d/h"), EACCES);
    ERR(link("h", "d/h"), EACCES);
    put_file("d/f", "still writable");
    OK(chmod("d", 0700));
}

CASE(access)
{
    put_file("f", "x");
    OK(chmod("f", 0500));
    EQ(access("f", F_OK), 0);
    EQ(access("f", R_OK | X_OK), 0);
    ERR(access("f", W_OK), EACCES);
    ERR(access("none", F_OK), ENOENT);
    ERR(access("f", 8), EINVAL);
    OK(mkdir("d", 0));
    ERR(access("d/x", F_OK), EACCES);
    ERR(access("d", R_OK), EACCES);
    OK(symlink("none", "l"));
    ERR(access("l", F_OK), ENOENT);
    EQ(faccessat(AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW), 0);
    EQ(faccessat(AT_FDCWD, "f", X_OK, AT_EACCESS), 0);
    ERR(faccessat(999, "f", F_OK, 0), EBADF);
}

CASE(ownership)
{
    struct stat st;
    put_file("f", "x");
    OK(stat("f", &st));
    EQ(st.st_uid, getuid());
    EQ(st.st_gid, getgid());
    OK(chown("f", getuid(), getgid()));
    OK(chown("f", (uid_t)-1, (gid_t)-1));
    ERR(chown("f", 0, (gid_t)-1), EPERM);
    ERR(chown("none", 0, 0), ENOENT);
    OK(symlink("none", "l"));
    OK(lchown("l", getuid(), getgid()));
    ERR(chown("l", getuid(), getgid()), ENOENT);
    int fd = OK(open("f", O_RDONLY));
    OK(fchown(fd, getuid(), (gid_t)-1));
    ERR(fchown(999, 0, 0), EBADF);
}

CASE(set_id_bits)
{
    struct stat st;
    put_file("f", "x");
    OK(chmod("f", 06755));
    OK(stat("f", &st));
    EQ(st.st_mode & 07777, 06755);
    /* A write by an ordinary user takes them off. */
    int fd = OK(open("f", O_WRONLY));
    EQ(write(fd, "y", 1), 1);
    OK(stat("f", &st));
    EQ(st.st_mode & 07777, 0755);
    OK(chmod("f", 04755));
    OK(chown("f", getuid(), getgid()));
    OK(stat("f", &st));
    EQ(st.st_mode & 07777, 0755);
}

CASE(system_files)
{
    /* EACCES on the host, EROFS in a cell. */
    CHECK(open("/usr/bin/new-file", O_CREAT | O_WRONLY, 0600) == -1);
    CHECK(errno == EACCES || errno == EROFS);
    CHECK(access("/bin/sh", X_OK) == 0);
    CHECK(access("/usr/bin/env", W_OK) == -1);
}

CASE(execute)
{
    put_file("script", "#!/bin/sh\nexit 3\n");
    char *argv[] = {"script", NULL};
    ERR(execv("./script", argv), EACCES);
    OK(chmod("script", 0700));
    JOIN_STATUS(CHILD(execv("./script", argv)), 3);
    ERR(execv(".", argv), EACCES);
    ERR(execv("./none", argv), ENOENT);
    ERR(execv("./script/x", argv), ENOTDIR);
}
