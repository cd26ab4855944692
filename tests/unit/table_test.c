/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "kernel/cap/table.h"

static void test_slots_are_used_again(void **state)
{
    struct cap_table table;
    struct cap cap = {.kind = RF_KIND_CLOCK, .fd = -1};
    s64 a, b;

    (void)state;
    assert_int_equal(table_init(&table, 20), 0);
    assert_null(table_get(&table, 0));
    a = table_add(&table, &cap);
    b = table_add(&table, &cap);
    assert_int_equal(a, 20);
    assert_int_equal(b, 21);
    table_drop(&table, (u32)a);
    assert_null(table_get(&table, (u64)a));
    assert_int_equal(table_add(&table, &cap), a);
    assert_null(table_get(&table, CAP_SLOTS));
    assert_null(table_get(&table, ~0ul));
}

static void test_a_full_table_refuses(void **state)
{
    struct cap_table table;
    struct cap cap = {.kind = RF_KIND_CLOCK, .fd = -1};

    (void)state;
    assert_int_equal(table_init(&table, 0), 0);
    for (u32 i = 0; i < CAP_SLOTS; i++)
        assert_int_equal(table_add(&table, &cap), i);
    assert_int_equal(table_add(&table, &cap), -ENFILE);
    table_drop(&table, 77);
    assert_int_equal(table_add(&table, &cap), 77);
}

static void test_dropping_closes(void **state)
{
    struct cap_table table;
    struct cap cap = {.kind = RF_KIND_FILE, .fd = open("/dev/null", O_RDONLY)};

    (void)state;
    assert_int_equal(table_init(&table, 0), 0);
    table_drop(&table, (u32)table_add(&table, &cap));
    assert_int_equal(fcntl(cap.fd, F_GETFD), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_are_used_again),
        cmocka_unit_test(test_a_full_table_refuses),
        cmocka_unit_test(test_dropping_closes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
