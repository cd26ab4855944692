/* SPDX-License-Identifier: Apache-2.0 */
/* Images of library OSes that are kept: the right one is found again, or none. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/cell.h"
#include "kernel/checkpoint/image.h"
#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/libos_kept.h"
#include "kernel/checkpoint/restore.h"
#include "kernel/checkpoint/stored_process.h"
#include "tests/unit/memory_store.h"

static struct memory_store store;

static int set_up(void **state)
{
    (void)state;
    image_open(NULL);
    memory_store_init(&store);
    return image_view(image_own());
}

static int tear_down(void **state)
{
    (void)state;
    memory_store_finish(&store);
    return 0;
}

/* Another build's: its last byte, which is in no segment, is another. */
static void make_other(struct image *image, u8 byte)
{
    const struct image *own = image_own();
    int fd = memfd_create("other", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, own->bytes, own->size), own->size);
    assert_int_equal(write(fd, &byte, 1), 1);
    assert_int_equal(image_parse(image, fd, 0, own->size + 1), 0);
    assert_int_equal(image_view(image), 0);
}

static void test_own_needs_no_source(void **state)
{
    struct image *found;

    (void)state;
    assert_int_equal(libos_find(&store.source, image_own()->identity, &found), 0);
    assert_ptr_equal(found, image_own());
}

static void test_another_comes_from_the_source(void **state)
{
    struct image other, *found, *again;

    (void)state;
    make_other(&other, 1);
    assert_int_equal(libos_find(&store.source, other.identity, &found), -ENOEXEC);
    assert_int_equal(libos_save(&other, &store.sink), 0);
    memory_store_sort(&store);
    assert_int_equal(libos_find(&store.source, other.identity, &found), 0);
    assert_int_equal(found->size, other.size);
    assert_int_equal(found->entry, other.entry);
    assert_memory_equal(found->bytes, other.bytes, other.size);
    assert_int_equal(libos_find(&store.source, other.identity, &again), 0);
    assert_ptr_equal(again, found);
}

static void test_a_damaged_one_is_none(void **state)
{
    struct image other, *found;

    (void)state;
    make_other(&other, 2);
    assert_int_equal(libos_save(&other, &store.sink), 0);
    memory_store_sort(&store);
    store.pages[3].bytes[17] ^= 1;
    assert_int_equal(libos_find(&store.source, other.identity, &found), -ENOEXEC);
}

static void keep_head(struct cell *cell, u32 interface, const u64 identity[2])
{
    struct {
        struct stored_image head;
        u32 memory;
        u32 end;
    } kept = {.head = {.version = IMAGE_VERSION,
                       .interface = interface,
                       .processes = 1,
                       .libos = {identity[0], identity[1]}}};

    store.sink.record(&store.sink, key_of(cell->object.number, MEMORY_OBJECT), PART_IMAGE, &kept,
                      offsetof(__typeof__(kept), end));
}

static void test_a_cell_needs_its_interface_and_its_image(void **state)
{
    static const u64 unknown[2] = {1, 2};
    struct cell cell = {.object.number = 40};

    (void)state;
    keep_head(&cell, RF_INTERFACE_VERSION, image_own()->identity);
    assert_int_equal(restore_check(&cell, &store.source), 0);
    cell.object.number++;
    keep_head(&cell, RF_INTERFACE_VERSION + 1, image_own()->identity);
    assert_int_equal(restore_check(&cell, &store.source), -ENOEXEC);
    cell.object.number++;
    keep_head(&cell, RF_INTERFACE_VERSION, unknown);
    assert_int_equal(restore_check(&cell, &store.source), -ENOEXEC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_own_needs_no_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_comes_from_the_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_damaged_one_is_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_cell_needs_its_interface_and_its_image, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
