/* SPDX-License-Identifier: Apache-2.0 */
/* What is opened by many takes one descriptor, and nobody notices anybody else by it. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/object/dir.h"
#include "kernel/world.h"
#include "tests/unit/fake_cell.h"

static struct cell *cell;
static char top[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(top, "/tmp/ringfence-unit.XXXXXX");
    if (!mkdtemp(top))
        return -1;
    cell = fake_cell(top);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", top);
    return system(command);
}

static u32 count_descriptors(void)
{
    u32 count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static s64 open_file(u32 dir, int flags)
{
    return fake_call(cell, dir, RF_OP_DIR_OPEN, "file", 4, (u64)flags, 0644, 0, 0);
}

static s64 lock(s64 slot, int type)
{
    return fake_call(cell, (u32)slot, RF_OP_FILE_LOCK, NULL, 0, (u64)type, 0, 0, 0);
}

static void drop(s64 slot)
{
    assert_int_equal(fake_call(cell, (u32)slot, RF_OP_DROP, NULL, 0, 0, 0, 0, 0), 0);
}

static int descriptor_of(s64 slot)
{
    return file_of(table_get(&cell->domain.caps, (u64)slot))->fd;
}

static void test_files_open_to_be_read(void **state)
{
    u32 before = count_descriptors();
    s64 first = open_file(FAKE_RO, O_RDONLY), second = open_file(FAKE_RO, O_RDONLY);

    (void)state;
    assert_true(first > 0 && second > 0);
    assert_int_equal(count_descriptors(), before + 1);
    drop(first);
    assert_int_equal(fake_call(cell, (u32)second, RF_OP_FILE_READ, NULL, 0, 0, 4, 0, 0), 4);
    assert_memory_equal(fake_message(cell)->data, "cont", 4);
    drop(second);
    assert_int_equal(count_descriptors(), before);
}

static void test_writers_are_alone(void **state)
{
    u32 before = count_descriptors();
    s64 first = open_file(FAKE_RW, O_RDWR | O_CREAT), second = open_file(FAKE_RW, O_RDWR);
    s64 reader = open_file(FAKE_RW, O_RDONLY);

    (void)state;
    assert_true(first > 0 && second > 0 && reader > 0);
    assert_int_equal(count_descriptors(), before + 3);
    drop(first);
    drop(second);
    drop(reader);
    assert_int_equal(count_descriptors(), before);
}

/* The name leads to another file: whoever opened the old one keeps it, and nobody else gets it. */
static void test_a_replaced_file(void **state)
{
    s64 old = open_file(FAKE_RO, O_RDONLY), new;
    char path[128], other[128];
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "%s/ro/file", top);
    snprintf(other, sizeof(other), "%s/ro/other", top);
    fd = open(other, O_WRONLY | O_CREAT, 0644);
    assert_int_equal(write(fd, "replaced", 8), 8);
    close(fd);
    assert_int_equal(rename(other, path), 0);
    new = open_file(FAKE_RO, O_RDONLY);
    assert_int_equal(fake_call(cell, (u32) new, RF_OP_FILE_READ, NULL, 0, 0, 4, 0, 0), 4);
    assert_memory_equal(fake_message(cell)->data, "repl", 4);
    assert_int_equal(fake_call(cell, (u32)old, RF_OP_FILE_READ, NULL, 0, 0, 4, 0, 0), 4);
    assert_memory_equal(fake_message(cell)->data, "cont", 4);
    drop(old);
    drop(new);
}

/* Were they one description, the second lock would be the first's, and its end the end of both. */
static void test_locks_are_ones_own(void **state)
{
    s64 first = open_file(FAKE_RO, O_RDONLY), second = open_file(FAKE_RO, O_RDONLY);
    s64 writer = open_file(FAKE_RW, O_RDWR | O_CREAT);
    char from[128], to[128];

    (void)state;
    drop(writer);
    snprintf(from, sizeof(from), "%s/ro/file", top);
    snprintf(to, sizeof(to), "%s/rw/same", top);
    assert_int_equal(link(from, to), 0);
    writer = fake_call(cell, FAKE_RW, RF_OP_DIR_OPEN, "same", 4, O_RDWR, 0, 0, 0);
    assert_int_equal(lock(first, F_RDLCK), 0);
    assert_int_equal(lock(second, F_RDLCK), 0);
    assert_int_not_equal(descriptor_of(first), descriptor_of(second));
    assert_int_equal(lock(second, F_UNLCK), 0);
    assert_int_equal(lock(writer, F_WRLCK), -EAGAIN);
    assert_int_equal(lock(first, F_UNLCK), 0);
    assert_int_equal(lock(writer, F_WRLCK), 0);
    drop(first);
    drop(second);
    drop(writer);
}

static struct dir *grant(struct bank *bank, const char *only)
{
    int fd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct dir *dir = dir_make(bank, fd, only, only ? strlen(only) + 1 : 0);

    assert_non_null(dir);
    return dir;
}

static void test_one_dir_for_all_of_a_bank(void **state)
{
    u32 before = count_descriptors();
    struct dir *dirs[] = {grant(world.bank, NULL), grant(world.bank, NULL), grant(world.bank, "a"),
                          grant(world.bank, "a"),  grant(world.bank, "b"),  grant(NULL, NULL)};

    (void)state;
    assert_ptr_equal(dirs[0], dirs[1]);
    assert_int_equal(dirs[0]->object.references, 2);
    assert_ptr_equal(dirs[2], dirs[3]);
    assert_ptr_not_equal(dirs[0], dirs[2]);
    assert_ptr_not_equal(dirs[2], dirs[4]);
    assert_ptr_not_equal(dirs[0], dirs[5]);
    assert_int_equal(count_descriptors(), before + 1);
    object_destroy(&dirs[0]->object);
    assert_true(dirs[1]->object.dead);
    assert_int_equal(fcntl(dirs[5]->fd, F_GETFD), FD_CLOEXEC);
    for (u32 i = 0; i < ARRAY_SIZE(dirs); i++)
        object_release(&dirs[i]->object);
    assert_int_equal(count_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files_open_to_be_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_writers_are_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_replaced_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_locks_are_ones_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_dir_for_all_of_a_bank, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
