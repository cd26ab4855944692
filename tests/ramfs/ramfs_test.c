/* SPDX-License-Identifier: Apache-2.0 */
/* What the sanitizers are to watch: contents against a model, directories that change while they
 * are read, names that go while they are used, and that all memory comes back. What Linux promises
 * is tested by the syscalls suite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>

#include "tests/ramfs/fakes.h"

#define CALL(name) long sys_##name(long, long, long, long, long, long)
CALL(open);
CALL(close);
CALL(pread64);
CALL(pwrite64);
CALL(ftruncate);
CALL(fallocate);
CALL(copy_file_range);
CALL(mkdir);
CALL(rmdir);
CALL(unlink);
CALL(rename);
CALL(renameat2);
CALL(stat);
CALL(fstat);
CALL(chdir);
CALL(getdents64);
CALL(dup2);
CALL(fcntl);
CALL(flock);
CALL(setxattr);
CALL(listxattr);

static long open_file(const char *path, int flags)
{
    return sys_open((long)path, flags, 0644, 0, 0, 0);
}

static long close_file(long fd)
{
    return sys_close(fd, 0, 0, 0, 0, 0);
}

static long remove_file(const char *path)
{
    return sys_unlink((long)path, 0, 0, 0, 0, 0);
}

static long make_directory(const char *path)
{
    return sys_mkdir((long)path, 0755, 0, 0, 0, 0);
}

static long remove_directory(const char *path)
{
    return sys_rmdir((long)path, 0, 0, 0, 0, 0);
}

/* ---- contents against a model ---- */

#define MODEL_SIZE (1u << 20)
#define PIECE_MOST 20000u
static char model[MODEL_SIZE], buffer[MODEL_SIZE];
static unsigned model_end;

static void grow_model(unsigned end)
{
    model_end = end > model_end ? end : model_end;
}

static void write_piece(long fd, unsigned at, unsigned n, int value)
{
    memset(buffer, value, n);
    assert_int_equal(sys_pwrite64(fd, (long)buffer, n, at, 0, 0), n);
    memset(model + at, value, n);
    if (n)
        grow_model(at + n);
}

static void cut(long fd, unsigned at)
{
    assert_int_equal(sys_ftruncate(fd, at, 0, 0, 0, 0), 0);
    if (at < model_end)
        memset(model + at, 0, model_end - at);
    model_end = at;
}

static void punch(long fd, unsigned at, unsigned n)
{
    int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    assert_int_equal(sys_fallocate(fd, mode, at, n, 0, 0), 0);
    memset(model + at, 0, n);
}

static void check_piece(long fd, unsigned at, unsigned n)
{
    long want = at >= model_end ? 0 : n < model_end - at ? n : model_end - at;
    assert_int_equal(sys_pread64(fd, (long)buffer, n, at, 0, 0), want);
    assert_memory_equal(buffer, model + at, want);
}

static void test_contents(void **unused)
{
    (void)unused;
    size_t pages = fakes_pages();
    long fd = open_file("/tmp/contents", O_CREAT | O_RDWR);
    srand(1);
    for (int i = 0; i < 20000; i++) {
        unsigned at = (unsigned)rand() % (MODEL_SIZE - PIECE_MOST),
                 n = 1 + (unsigned)rand() % PIECE_MOST;
        switch (rand() % 8) {
        case 0:
        case 1:
        case 2: write_piece(fd, at, n, i); break;
        case 3: cut(fd, at); break;
        case 4: punch(fd, at, n); break;
        case 5:
            assert_int_equal(sys_fallocate(fd, 0, at, n, 0, 0), 0);
            grow_model(at + n);
            break;
        default: check_piece(fd, at, n);
        }
    }
    assert_int_equal(remove_file("/tmp/contents"), 0);
    check_piece(fd, 0, PIECE_MOST);
    assert_int_equal(close_file(fd), 0);
    assert_int_equal(fakes_pages(), pages);
}

/* ---- directories ---- */

#define MANY 3000

/* Removes each entry as it is read, and every tenth early. */
static int remove_while_reading(const char *dir)
{
    char entries[1024], name[400];
    long fd = open_file(dir, O_RDONLY | O_DIRECTORY), n;
    int seen = 0;
    while ((n = sys_getdents64(fd, (long)entries, sizeof(entries), 0, 0, 0)) > 0) {
        for (long at = 0; at < n;) {
            const struct dirent64 *e = (const void *)(entries + at);
            at += e->d_reclen;
            if (e->d_name[0] == '.')
                continue;
            snprintf(name, sizeof(name), "%s/%s", dir, e->d_name);
            assert_int_equal(remove_file(name), 0);
            seen++;
        }
    }
    assert_int_equal(n, 0);
    close_file(fd);
    return seen;
}

static void test_many_entries(void **unused)
{
    (void)unused;
    char name[64];
    assert_int_equal(make_directory("/tmp/many"), 0);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "/tmp/many/entry-%d", i);
        assert_true(close_file(open_file(name, O_CREAT | O_WRONLY)) == 0);
    }
    assert_int_equal(remove_while_reading("/tmp/many"), MANY);
    assert_int_equal(remove_directory("/tmp/many"), 0);
}

/* An exchange must leave the entries in the order of their positions. */
static void test_read_after_exchange(void **unused)
{
    (void)unused;
    assert_int_equal(make_directory("/tmp/x"), 0);
    close_file(open_file("/tmp/x/a", O_CREAT | O_WRONLY));
    close_file(open_file("/tmp/x/b", O_CREAT | O_WRONLY));
    assert_int_equal(sys_renameat2(AT_FDCWD, (long)"/tmp/x/a", AT_FDCWD, (long)"/tmp/x/b", 2, 0),
                     0);
    assert_int_equal(remove_while_reading("/tmp/x"), 2);
    assert_int_equal(remove_directory("/tmp/x"), 0);
}

/* A directory that is used while it goes, with all above it. */
static void test_removed_place(void **unused)
{
    (void)unused;
    struct stat st;
    assert_int_equal(make_directory("/tmp/p"), 0);
    assert_int_equal(make_directory("/tmp/p/q"), 0);
    long fd = open_file("/tmp/p/q", O_RDONLY);
    assert_int_equal(sys_chdir((long)"/tmp/p/q", 0, 0, 0, 0, 0), 0);
    assert_int_equal(remove_directory("/tmp/p/q"), 0);
    assert_int_equal(remove_directory("/tmp/p"), 0);
    assert_int_equal(sys_stat((long)"..", (long)&st, 0, 0, 0, 0), 0);
    assert_int_equal(open_file("new", O_CREAT | O_WRONLY), -ENOENT);
    assert_int_equal(sys_chdir((long)"/", 0, 0, 0, 0, 0), 0);
    assert_int_equal(sys_fstat(fd, (long)&st, 0, 0, 0, 0), 0);
    assert_int_equal(st.st_nlink, 0);
    close_file(fd);
}

static void test_replaced_names(void **unused)
{
    (void)unused;
    struct stat st;
    long a = open_file("/tmp/a", O_CREAT | O_RDWR), b = open_file("/tmp/b", O_CREAT | O_RDWR);
    write_piece(a, 0, 5000, 'a');
    assert_int_equal(sys_rename((long)"/tmp/b", (long)"/tmp/a", 0, 0, 0, 0), 0);
    assert_int_equal(sys_rename((long)"/tmp/a", (long)"/tmp/a-much-longer-name", 0, 0, 0, 0), 0);
    check_piece(a, 0, 5000);
    assert_int_equal(sys_fstat(a, (long)&st, 0, 0, 0, 0), 0);
    assert_int_equal(st.st_nlink, 0);
    assert_int_equal(sys_fstat(b, (long)&st, 0, 0, 0, 0), 0);
    assert_int_equal(st.st_nlink, 1);
    close_file(a);
    close_file(b);
    assert_int_equal(remove_file("/tmp/a-much-longer-name"), 0);
}

/* ---- what hangs on files ---- */

static void test_locks_and_attributes_end(void **unused)
{
    (void)unused;
    long a = open_file("/tmp/l", O_CREAT | O_RDWR), b = open_file("/tmp/l", O_RDWR);
    for (long at = 0; at < 100; at += 10) {
        struct flock lock = {.l_type = F_WRLCK, .l_start = at, .l_len = 5};
        assert_int_equal(sys_fcntl(a, F_OFD_SETLK, (long)&lock, 0, 0, 0), 0);
        lock = (struct flock){.l_type = F_RDLCK, .l_start = at, .l_len = 1};
        assert_int_equal(sys_fcntl(b, F_OFD_SETLK, (long)&lock, 0, 0, 0), -EAGAIN);
    }
    struct flock middle = {.l_type = F_UNLCK, .l_start = 12, .l_len = 60};
    assert_int_equal(sys_fcntl(a, F_OFD_SETLK, (long)&middle, 0, 0, 0), 0);
    assert_int_equal(sys_setxattr((long)"/tmp/l", (long)"user.one", (long)"value", 5, 0, 0), 0);
    assert_int_equal(sys_setxattr((long)"/tmp/l", (long)"user.one", (long)"longer value", 12, 0, 0),
                     0);
    assert_int_equal(sys_listxattr((long)"/tmp/l", 0, 0, 0, 0, 0), 9);
    assert_int_equal(sys_flock(b, 2, 0, 0, 0, 0), 0);
    assert_int_equal(close_file(a), 0);
    assert_int_equal(remove_file("/tmp/l"), 0);
    assert_int_equal(close_file(b), 0);
}

static void test_descriptors_grow(void **unused)
{
    (void)unused;
    long fd = open_file("/tmp", O_RDONLY);
    for (long n = 10; n < 1000; n += 90)
        assert_int_equal(sys_dup2(fd, n, 0, 0, 0, 0), n);
    for (long n = 10; n < 1000; n += 90)
        assert_int_equal(close_file(n), 0);
    close_file(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_many_entries),
        cmocka_unit_test(test_read_after_exchange),
        cmocka_unit_test(test_removed_place),
        cmocka_unit_test(test_replaced_names),
        cmocka_unit_test(test_locks_and_attributes_end),
        cmocka_unit_test(test_descriptors_grow),
    };
    fakes_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
