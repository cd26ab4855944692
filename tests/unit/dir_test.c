/* SPDX-License-Identifier: Apache-2.0 */
/* What a dir capability lets through, called as a hostile library OS would. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/fake_cell.h"

static struct cell *cell;
static char top[64];

static s64 call_path(u32 slot, u32 op, const char *path, u64 w0, u64 w1, u64 w2)
{
    return fake_call(cell, slot, op, path, (u32)strlen(path), w0, w1, w2, 0);
}

/* Two paths, the first of `first` bytes, the second in the dir of slot `target`. */
static s64 call_two(u32 slot, u32 op, const char *paths, u32 target, u64 first)
{
    s64 result;

    fake_message(cell)->caps[0] = target;
    fake_message(cell)->cap_count = 1;
    result = fake_call(cell, slot, op, paths, (u32)strlen(paths), 0, 0, first, 0);
    fake_message(cell)->cap_count = 0;
    return result;
}

static const char *outside(const char *name)
{
    static char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", top, name);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(top, "/tmp/ringfence-unit.XXXXXX");
    if (!mkdtemp(top))
        return -1;
    cell = fake_cell(top);
    return symlink("/etc", outside("rw/link")) || symlink("..", outside("rw/up")) ||
           mkfifo(outside("rw/fifo"), 0600);
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", top);
    return system(command);
}

static void test_paths_that_are_none(void **state)
{
    static const char nul[] = "a\0b";

    (void)state;
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_LOOKUP, "/etc", 0, 0, 0), -EINVAL);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_LOOKUP, "..", 0, 0, 0), -EINVAL);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_LOOKUP, "a/../b", 0, 0, 0), -EINVAL);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_LOOKUP, "a/..", 0, 0, 0), -EINVAL);
    assert_int_equal(fake_call(cell, FAKE_RO, RF_OP_DIR_LOOKUP, nul, 3, 0, 0, 0, 0), -EINVAL);
    fake_message(cell)->data_length = RF_MSG_DATA + 1;
    assert_int_equal(fake_call(cell, FAKE_RO, RF_OP_DIR_LOOKUP, NULL, ~0u, 0, 0, 0, 0), -EINVAL);
}

static void test_lookups(void **state)
{
    (void)state;
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_LOOKUP, "", 0, 0, 0), 0);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_LOOKUP, ".", 0, 0, 0), 0);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_LOOKUP, "file", 0, 0, 0), 4);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_LOOKUP, ".//file/.", 0, 0, 0), 4);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_LOOKUP, "file/x", 0, 0, 0), -ENOTDIR);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_LOOKUP, "none", 0, 0, 0), -ENOENT);
    assert_int_equal(call_path(FAKE_RW, RF_OP_DIR_LOOKUP, "link/passwd", 0, 0, 0), 4);
    assert_memory_equal(fake_message(cell)->data + sizeof(struct rf_attr), "/etc", 4);
    assert_int_equal(call_path(FAKE_ONE, RF_OP_DIR_LOOKUP, "file", 0, 0, 0), 4);
    assert_int_equal(call_path(FAKE_ONE, RF_OP_DIR_LOOKUP, "", 0, 0, 0), -ENOENT);
    assert_int_equal(call_path(FAKE_ONE, RF_OP_DIR_LOOKUP, "fil", 0, 0, 0), -ENOENT);
}

static void test_opening(void **state)
{
    s64 slot;

    (void)state;
    assert_int_equal(call_path(FAKE_RW, RF_OP_DIR_OPEN, "link", O_RDONLY, 0, 0), -ELOOP);
    assert_int_equal(call_path(FAKE_RW, RF_OP_DIR_OPEN, "link/passwd", O_RDONLY, 0, 0), -ELOOP);
    assert_int_equal(call_path(FAKE_RW, RF_OP_DIR_OPEN, "up/ro/file", O_RDONLY, 0, 0), -ELOOP);
    assert_int_equal(call_path(FAKE_RW, RF_OP_DIR_OPEN, "fifo", O_RDONLY, 0, 0), -ENXIO);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_OPEN, "file", O_RDWR, 0, 0), -EROFS);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_OPEN, "file", O_RDONLY | O_TRUNC, 0, 0), -EROFS);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_OPEN, "new", O_RDONLY | O_CREAT, 0644, 0),
                     -EROFS);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_OPEN, "file", O_TMPFILE, 0, 0), -EINVAL);
    slot = call_path(FAKE_RO, RF_OP_DIR_OPEN, "file", O_RDONLY, 0, 1);
    assert_true(slot > FAKE_ONE);
    assert_int_equal(fake_message(cell)->words[1], 8);
    assert_memory_equal(fake_message(cell)->data + sizeof(struct rf_attr), "content\n", 8);
    assert_int_equal(fake_call(cell, (u32)slot, RF_OP_FILE_WRITE, "x", 1, 0, 0, 0, 0), -EBADF);
    assert_int_equal(fake_call(cell, (u32)slot, RF_OP_DIR_LOOKUP, "x", 1, 0, 0, 0, 0), -EINVAL);
    assert_int_equal(fake_call(cell, (u32)slot, RF_OP_DROP, NULL, 0, 0, 0, 0, 0), 0);
    assert_int_equal(fake_call(cell, (u32)slot, RF_OP_FILE_READ, NULL, 0, 0, 1, 0, 0), -EBADF);
}

static void test_read_only_stays(void **state)
{
    struct rf_setattr set = {.which = RF_SETATTR_MODE, .mode = 0777};
    u8 bytes[sizeof(set) + 4];

    (void)state;
    memcpy(bytes, &set, sizeof(set));
    memcpy(bytes + sizeof(set), "file", 4);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_UNLINK, "file", 0, 0, 0), -EROFS);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_MKDIR, "d", 0755, 0, 0), -EROFS);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_MKNOD, "n", S_IFREG, 0, 0), -EROFS);
    assert_int_equal(call_path(FAKE_RO, RF_OP_DIR_SYMLINK, "ab", 0, 0, 1), -EROFS);
    assert_int_equal(fake_call(cell, FAKE_RO, RF_OP_DIR_SETATTR, bytes, sizeof(bytes), 0, 0, 0, 0),
                     -EROFS);
    /* A second name in a writable place would make the file writable. */
    assert_int_equal(call_two(FAKE_RO, RF_OP_DIR_LINK, "filename", FAKE_RW, 4), -EROFS);
    assert_int_equal(call_two(FAKE_RO, RF_OP_DIR_RENAME, "filename", FAKE_RW, 4), -EROFS);
    assert_int_equal(call_two(FAKE_RW, RF_OP_DIR_RENAME, "fifofile", FAKE_RO, 4), -EXDEV);
}

static void test_set_user_id_is_dropped(void **state)
{
    struct stat st;
    s64 slot = call_path(FAKE_RW, RF_OP_DIR_OPEN, "suid", O_RDWR | O_CREAT, 06755, 0);
    struct rf_setattr set = {.which = RF_SETATTR_MODE, .mode = 06755};

    (void)state;
    assert_true(slot > 0);
    assert_int_equal(fake_call(cell, (u32)slot, RF_OP_FILE_SETATTR, &set, sizeof(set), 0, 0, 0, 0),
                     0);
    assert_int_equal(stat(outside("rw/suid"), &st), 0);
    assert_int_equal(st.st_mode & 07777 & ~umask(0), 0755 & ~umask(0));
    assert_int_equal(call_path(FAKE_RW, RF_OP_DIR_MKNOD, "dev", S_IFCHR | 0666, 0, 0), -EPERM);
}

static void test_ranges(void **state)
{
    s64 slot = call_path(FAKE_RW, RF_OP_DIR_OPEN, "range", O_RDWR | O_CREAT, 0644, 0);

    (void)state;
    assert_true(slot > 0);
    assert_int_equal(fake_call(cell, (u32)slot, RF_OP_FILE_WRITE, "abc", 3, 0, 0, 0, 0), 3);
    assert_int_equal(fake_call(cell, (u32)slot, RF_OP_FILE_WRITE, "abc", 3, ~0ul, 0, 0, 0),
                     -EINVAL);
    assert_int_equal(fake_call(cell, (u32)slot, RF_OP_FILE_READ, NULL, 0, 0, RF_MSG_DATA + 1, 0, 0),
                     -EINVAL);
    assert_int_equal(fake_call(cell, (u32)slot, RF_OP_FILE_TO_HEAP, NULL, 0, 0, 3, RF_HEAP_SIZE, 0),
                     -EFAULT);
    assert_int_equal(
        fake_call(cell, (u32)slot, RF_OP_FILE_TO_HEAP, NULL, 0, 0, 3, RF_HEAP_SIZE - 3, 0), 3);
    assert_int_equal(fake_call(cell, (u32)slot, RF_OP_FILE_TO_HEAP, NULL, 0, 0, ~0ul, 8, 0),
                     -EFAULT);
}

static void test_numbers_that_are_none(void **state)
{
    (void)state;
    for (u32 op = 0; op < 600; op++)
        assert_int_equal(fake_call(cell, 60000, op, NULL, 0, 0, 0, 0, 0), -EBADF);
    assert_int_equal(fake_call(cell, ~0u, RF_OP_KIND, NULL, 0, 0, 0, 0, 0), -EBADF);
    assert_int_equal(fake_call(cell, RF_SLOT_CELL, 0, NULL, 0, 0, 0, 0, 0), -EINVAL);
    assert_int_equal(fake_call(cell, RF_SLOT_CELL, RF_OP_LIMIT, NULL, 0, 0, 0, 0, 0), -EINVAL);
    assert_int_equal(fake_call(cell, RF_SLOT_CELL, RF_OP_FILE_READ, NULL, 0, 0, 0, 0, 0), -EINVAL);
    assert_int_equal(fake_call(cell, RF_SLOT_CELL, RF_OP_DROP, NULL, 0, 0, 0, 0, 0), -EACCES);
    assert_int_equal(fake_call(cell, RF_SLOT_CELL, RF_OP_KICK, NULL, 0, 1, 1, 0, 0), -ESRCH);
    assert_int_equal(
        fake_call(cell, RF_SLOT_CELL, RF_OP_KICK, NULL, 0, (u64)getpid(), (u64)getpid(), 0, 0),
        -ESRCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_that_are_none),
        cmocka_unit_test(test_lookups),
        cmocka_unit_test(test_opening),
        cmocka_unit_test(test_read_only_stays),
        cmocka_unit_test(test_set_user_id_is_dropped),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_numbers_that_are_none),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
