/* SPDX-License-Identifier: Apache-2.0 */
/* Random file operations on a handful of names and descriptors, the same on both sides for a seed.
 * Each prints what it answered, so the first difference from the host shows. Found on the way: the
 * order in which Linux checks things, which hand-written cases rarely reach. */
#include "check.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#define OPERATIONS  2500
#define DESCRIPTORS 8
#define CONTENT     20000
#define FURTHEST    60000

static uint64_t state;
static int descriptors[DESCRIPTORS];
static char path_a[64], path_b[64];

static unsigned next(unsigned below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % below;
}

/* A path of one to three components; one that could lead out of the case's directory becomes "d".
 */
static void choose_path(char *path)
{
    static const char *const inner[] = {"a", "b", "c", "d", "e", "l", "m", ".", ".."};
    static const char *const last[] = {"a", "b", "c",  "d",  "e",  "l",
                                       "m", ".", "..", "a/", "d/", "l/"};
    unsigned parts = 1 + next(3);
    *path = '\0';
    if (next(40) == 0)
        return;
    while (parts-- > 1) {
        strcat(path, inner[next(COUNT(inner))]);
        strcat(path, "/");
    }
    strcat(path, last[next(COUNT(last))]);
    if (strstr(path, ".."))
        strcpy(path, "d");
}

static void answer(const char *call, long result)
{
    say("%s(%s, %s) = %ld %s", call, path_a, path_b, result < 0 ? -1 : result,
        result < 0 ? strerrorname_np(errno) : "");
}

static unsigned sum_of(const char *bytes, long n)
{
    unsigned sum = 0;
    for (long i = 0; i < n; i++)
        sum = sum * 31 + (unsigned char)bytes[i];
    return sum;
}

static int *some_descriptor(void)
{
    return &descriptors[next(DESCRIPTORS)];
}

static bool is_directory(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static void try_open(void)
{
    static const int flags[] = {O_RDONLY,
                                O_WRONLY,
                                O_RDWR,
                                O_RDWR | O_CREAT,
                                O_RDWR | O_CREAT | O_EXCL,
                                O_WRONLY | O_CREAT | O_TRUNC,
                                O_RDONLY | O_DIRECTORY,
                                O_RDONLY | O_NOFOLLOW,
                                O_PATH,
                                O_PATH | O_NOFOLLOW,
                                O_RDWR | O_APPEND | O_CREAT,
                                O_RDONLY | O_TRUNC,
                                O_WRONLY | O_DIRECTORY,
                                O_CREAT | O_NOFOLLOW | O_RDWR};
    int *fd = some_descriptor(), how = flags[next(COUNT(flags))];
    mode_t mode = next(8) ? 0600 | next(01000) : next(01000);
    close(*fd);
    *fd = open(path_a, how | O_NONBLOCK, mode);
    say("flags %o mode %o", (unsigned)how, mode);
    answer("open", *fd < 0 ? -1 : 0);
}

static void try_mkdir(void)
{
    answer("mkdir", mkdir(path_a, next(4) ? 0755 : next(02000)));
}

static void try_rmdir(void)
{
    answer("rmdir", rmdir(path_a));
}

static void try_unlink(void)
{
    answer("unlink", unlink(path_a));
}

static void try_rename(void)
{
    answer("rename", rename(path_a, path_b));
}

static void try_renameat2(void)
{
    answer("renameat2", syscall(SYS_renameat2, AT_FDCWD, path_a, AT_FDCWD, path_b, next(4)));
}

static void try_link(void)
{
    answer("linkat", linkat(AT_FDCWD, path_a, AT_FDCWD, path_b, next(2) ? AT_SYMLINK_FOLLOW : 0));
}

static void try_symlink(void)
{
    answer("symlink", symlink(path_a, path_b));
}

static void try_readlink(void)
{
    char target[100];
    answer("readlink", readlink(path_a, target, next(3) ? sizeof(target) : 2));
}

static void show(const char *call, long result, const struct stat *st)
{
    answer(call, result);
    if (result == 0)
        say("mode %o", st->st_mode);
    if (result == 0 && !S_ISDIR(st->st_mode))
        say("links %ld size %ld", (long)st->st_nlink, (long)st->st_size);
}

static void try_stat(void)
{
    struct stat st;
    show("stat", fstatat(AT_FDCWD, path_a, &st, next(3) ? 0 : AT_SYMLINK_NOFOLLOW), &st);
}

static void try_fstat(void)
{
    struct stat st;
    show("fstat", fstat(*some_descriptor(), &st), &st);
}

static void try_chmod(void)
{
    answer("chmod", chmod(path_a, next(3) ? 0700 | next(01000) : next(01000)));
}

static void try_access(void)
{
    answer("access", access(path_a, (int)next(8)));
}

static void try_truncate(void)
{
    answer("truncate", truncate(path_a, next(FURTHEST)));
}

static void try_ftruncate(void)
{
    answer("ftruncate", ftruncate(*some_descriptor(), next(FURTHEST)));
}

static char content[FURTHEST];

static void fill_content(void)
{
    memset(content, (int)next(256), sizeof(content));
}

static void try_write(void)
{
    fill_content();
    answer("write", write(*some_descriptor(), content, next(CONTENT)));
}

static void try_pwrite(void)
{
    fill_content();
    answer("pwrite", pwrite(*some_descriptor(), content, next(CONTENT), next(FURTHEST)));
}

static void try_pread(void)
{
    long n = pread(*some_descriptor(), content, next(FURTHEST), next(FURTHEST));
    answer("pread", n);
    say("sum %u", sum_of(content, n));
}

static void try_read(void)
{
    long n = read(*some_descriptor(), content, next(CONTENT));
    answer("read", n);
    say("sum %u", sum_of(content, n));
}

static void try_lseek(void)
{
    int fd = *some_descriptor();
    int whence = (int)next(3);
    long offset = next(7) ? (long)next(FURTHEST) : -1;
    if (!is_directory(fd)) /* whose positions are the file system's own */
        answer("lseek", lseek(fd, offset, whence));
}

static void try_copy(void)
{
    off_t from = next(FURTHEST), to = next(FURTHEST);
    int in = *some_descriptor(), out = *some_descriptor();
    answer("copy_file_range", syscall(SYS_copy_file_range, in, &from, out, &to, next(FURTHEST), 0));
}

static void try_flock(void)
{
    static const int operations[] = {LOCK_SH | LOCK_NB, LOCK_EX | LOCK_NB, LOCK_UN};
    answer("flock", flock(*some_descriptor(), operations[next(3)]));
}

static void try_mknod(void)
{
    static const mode_t types[] = {S_IFREG, S_IFIFO, S_IFSOCK};
    answer("mknod", mknod(path_a, types[next(3)] | 0644, 0));
}

static void try_chdir(void)
{
    static int depth; /* ".." is never walked: going back is a descriptor's business */
    static int top = -1;
    if (top < 0)
        top = OK(open(".", O_PATH));
    if (depth && next(2)) {
        depth = 0;
        OK(fchdir(top));
    } else {
        int r = chdir(path_a);
        depth = r ? depth : 1;
        answer("chdir", r);
    }
}

static void try_list(void)
{
    unsigned count = 0, sum = 0;
    DIR *d = opendir(path_a);
    answer("opendir", d ? 0 : -1);
    for (struct dirent *e; d && (e = readdir(d)); count++)
        sum += sum_of(e->d_name, (long)strlen(e->d_name)) + e->d_type;
    if (d)
        closedir(d);
    say("entries %u sum %u", count, sum);
}

static void (*const operations[])(void) = {
    try_open,   try_open,   try_open,     try_open,      try_mkdir,  try_rmdir,    try_unlink,
    try_unlink, try_rename, try_rename,   try_renameat2, try_link,   try_link,     try_symlink,
    try_stat,   try_fstat,  try_readlink, try_chmod,     try_access, try_truncate, try_ftruncate,
    try_write,  try_pwrite, try_pread,    try_read,      try_lseek,  try_copy,     try_flock,
    try_mknod,  try_chdir,  try_list,
};

static void run(uint64_t seed)
{
    state = seed;
    umask(next(2) ? 022 : 0);
    OK(mkdir("box", 0755));
    OK(chdir("box"));
    for (int i = 0; i < DESCRIPTORS; i++)
        descriptors[i] = -1;
    for (int i = 0; i < OPERATIONS; i++) {
        choose_path(path_a);
        choose_path(path_b);
        operations[next(COUNT(operations))]();
    }
}

CASE(seed_1)
{
    run(1);
}

CASE(seed_2)
{
    run(2);
}

CASE(seed_3)
{
    run(3);
}

CASE(seed_4)
{
    run(4);
}

CASE(seed_5)
{
    run(5);
}

CASE(seed_6)
{
    run(6);
}
