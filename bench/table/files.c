/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: files and names, in a read-only tree and in the RAM file system. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "bench/table/table.h"

#define BLOCK  4096
#define BLOCKS 64

static char buffer[BLOCK], path[300];
static int file;

static void open_read_only(void)
{
    strcpy(path, READ_ONLY_FILE);
    file = open(path, O_RDONLY);
    MUST(file);
}

static void open_ram(void)
{
    strcpy(path, ram_path("file"));
    file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    MUST(file);
    for (int i = 0; i < BLOCKS; i++)
        MUST(write(file, buffer, BLOCK));
}

static void run_read(long count)
{
    while (count--) {
        if (count % BLOCKS == 0)
            MUST(lseek(file, 0, SEEK_SET));
        if (read(file, buffer, BLOCK) != BLOCK)
            die("read");
    }
}

static void run_pread(long count)
{
    while (count--) {
        if (pread(file, buffer, BLOCK, count % BLOCKS * BLOCK) != BLOCK)
            die("pread");
    }
}

static void run_write(long count)
{
    while (count--) {
        if (count % BLOCKS == 0)
            MUST(lseek(file, 0, SEEK_SET));
        if (write(file, buffer, BLOCK) != BLOCK)
            die("write");
    }
}

static void run_writev(long count)
{
    struct iovec parts[4] = {{buffer, 100}, {buffer, 200}, {buffer, 300}, {buffer, 400}};

    while (count--) {
        if (pwritev(file, parts, 4, 0) != 1000)
            die("pwritev");
    }
}

static void run_stat(long count)
{
    struct stat s;

    while (count--)
        MUST(stat(path, &s));
}

static void run_access_none(long count)
{
    while (count--) {
        if (access("/usr/share/no-such-file", R_OK) == 0)
            die("access");
    }
}

static void run_open(long count)
{
    while (count--)
        MUST(close(open(path, O_RDONLY)));
}

static void run_create(long count)
{
    strcpy(path, ram_path("new"));
    while (count--) {
        MUST(close(open(path, O_WRONLY | O_CREAT | O_EXCL, 0644)));
        MUST(unlink(path));
    }
}

static void run_rename(long count)
{
    char other[300];

    strcpy(other, ram_path("new"));
    while (count--) {
        MUST(rename(path, other));
        MUST(rename(other, path));
    }
}

static void run_truncate(long count)
{
    while (count--)
        MUST(ftruncate(file, count % 2 ? 0 : BLOCK));
}

static void run_list(long count)
{
    while (count--) {
        DIR *dir = opendir(READ_ONLY_DIR);

        if (!dir)
            die("opendir");
        while (readdir(dir))
            continue;
        closedir(dir);
    }
}

static void run_readlink(long count)
{
    while (count--)
        MUST(readlink("/usr/bin/sh", buffer, BLOCK));
}

const struct row file_rows[] = {
    {"read 4 KiB, read-only tree", open_read_only, run_read},
    {"pread 4 KiB, read-only tree", open_read_only, run_pread},
    {"stat, read-only tree", open_read_only, run_stat},
    {"access to no file", 0, run_access_none},
    {"readlink", 0, run_readlink},
    {"open+close, read-only tree", open_read_only, run_open},
    {"list a directory, read-only tree", 0, run_list},
    {"read 4 KiB, RAM", open_ram, run_read},
    {"write 4 KiB, RAM", open_ram, run_write},
    {"pwritev of 4 parts, RAM", open_ram, run_writev},
    {"stat, RAM", open_ram, run_stat},
    {"open+close, RAM", open_ram, run_open},
    {"create+unlink, RAM", 0, run_create},
    {"rename and back, RAM", open_ram, run_rename},
    {"ftruncate, RAM", open_ram, run_truncate},
    {0, 0, 0},
};
