/* SPDX-License-Identifier: Apache-2.0 */
/* What a process wrote, as the host tells it: of this process. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel/checkpoint/proc_maps.h"
#include "kernel/checkpoint/tracker.h"

#define PAGES 8u

static int tracker, pagemap;
static u8 *memory;
static char seen[PAGES + 1]; /* w: written, s: the same, .: not there */

static int set_up(void **state)
{
    int fd;

    (void)state;
    fd = (int)syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY | O_CLOEXEC | O_NONBLOCK);
    assert_true(fd >= 0);
    tracker = tracker_take(getpid(), fd);
    close(fd);
    assert_true(tracker >= 0);
    pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    memory =
        mmap(NULL, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    munmap(memory, PAGES * PAGE_SIZE);
    close(pagemap);
    close(tracker);
    return 0;
}

static int mark(void *argument, u64 start, u64 end, bool written)
{
    (void)argument;
    for (u64 at = start; at < end; at += PAGE_SIZE) {
        char *page = &seen[(at - (u64)memory) / PAGE_SIZE];

        *page = written || *page == 'w' ? 'w' : 's';
    }
    return 0;
}

static const char *look(enum proc_written which)
{
    struct proc_map map = {.start = (u64)memory, .end = (u64)memory + PAGES * PAGE_SIZE};

    memset(seen, '.', PAGES);
    assert_int_equal(proc_written_pages(pagemap, tracker, &map, which, mark, NULL), 0);
    return seen;
}

static void put(u32 page)
{
    *(volatile u8 *)(memory + page * PAGE_SIZE) += 1;
}

static void what_is_written_is_seen_once(void **state)
{
    (void)state;
    put(1);
    put(2);
    assert_string_equal(look(THERE_TOO), ".ww.....");
    assert_string_equal(look(THERE_TOO), ".ss.....");
    put(2);
    put(7);
    assert_string_equal(look(THERE_TOO), ".sw....w");
    put(1);
    assert_string_equal(look(WRITTEN_ONLY), ".w......");
    assert_string_equal(look(THERE_TOO), ".ss....s");
    assert_string_equal(look(ALL_WRITTEN), ".ss....s");
}

static void what_is_given_back_is_not_there(void **state)
{
    (void)state;
    for (u32 i = 0; i < PAGES; i++)
        put(i);
    look(THERE_TOO);
    assert_int_equal(madvise(memory + 2 * PAGE_SIZE, 4 * PAGE_SIZE, MADV_DONTNEED), 0);
    put(3);
    assert_string_equal(look(THERE_TOO), "ss.w..ss");
    /* Read, it is zero, and another page than it was. */
    assert_int_equal(*(volatile u8 *)(memory + 4 * PAGE_SIZE), 0);
    assert_string_equal(look(THERE_TOO), "ss.sw.ss");
}

static void what_is_mapped_over_is_written(void **state)
{
    (void)state;
    for (u32 i = 0; i < PAGES; i++)
        put(i);
    look(THERE_TOO);
    assert_ptr_equal(mmap(memory, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
                     memory);
    put(5);
    assert_string_equal(look(THERE_TOO), ".....w..");
    assert_string_equal(look(THERE_TOO), ".....s..");
}

static void what_is_moved_is_written(void **state)
{
    u8 *other = mmap(NULL, PAGES * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    put(0);
    put(6);
    look(THERE_TOO);
    assert_ptr_equal(
        mremap(memory, PAGES * PAGE_SIZE, PAGES * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, other),
        other);
    memory = other;
    assert_string_equal(look(THERE_TOO), "w.....w.");
    put(6);
    assert_string_equal(look(THERE_TOO), "s.....w.");
}

/* A cell may name whatever it likes. */
static void other_descriptors_are_refused(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(tracker_take(getpid(), ends[0]), -EBADF);
    assert_int_equal(tracker_take(getpid(), pagemap), -EBADF);
    assert_int_equal(tracker_take(getpid(), 4711), -EBADF);
    assert_int_equal(tracker_take(getpid(), -1), -EBADF);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_seen_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_given_back_is_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_mapped_over_is_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_moved_is_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_descriptors_are_refused, set_up, tear_down),
    };

    tracker_init();
    if (!tracker_is_used()) {
        puts("the host does not track writes");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
