/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include "kernel/checkpoint/cpu.h"

static void test_levels(void **state)
{
    char names[96];

    (void)state;
    for (u32 level = 1; level < 4; level++) {
        assert_false(cpu_lacks(cpu_level(level), cpu_level(level + 1), names));
        assert_true(cpu_lacks(cpu_level(level + 1), cpu_level(level), names));
    }
    assert_false(cpu_lacks(cpu_level(1), cpu_host(), names));
    assert_false(cpu_lacks(cpu_host(), cpu_host(), names));
    assert_string_equal(names, "");
}

static void test_names(void **state)
{
    struct cpu_features host = cpu_host(), none = {0}, all = {~0ul};
    char names[96];

    (void)state;
    assert_true(cpu_lacks(cpu_level(2), cpu_level(1), names));
    assert_string_equal(names, "cx16, lahf, popcnt, sse3, ssse3, sse4.1, sse4.2");
    assert_true(cpu_lacks(all, none, names));
    assert_true(strlen(names) < sizeof(names));
    all.bits = host.bits | 1ul << 63;
    assert_true(cpu_lacks(all, host, names));
    assert_string_equal(names, "features not known here");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_levels), cmocka_unit_test(test_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
