/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "kernel/cap/table.h"
#include "kernel/object/bank.h"

static const struct object_class plain_class = {.kind = RF_KIND_CLOCK,
                                                .size = sizeof(struct object)};
static u32 destroyed;

static void count_destroyed(struct object *object)
{
    (void)object;
    destroyed++;
}

static const struct object_class counted_class = {
    .kind = RF_KIND_FILE, .records = 1, .size = sizeof(struct object), .destroy = count_destroyed};

static struct cap new_cap(const struct object_class *class, struct bank *bank)
{
    struct object *object = object_new(class, bank);

    assert_non_null(object);
    return (struct cap){.object = object, .kind = (u8) class->kind, .rights = RF_RIGHT_ALL};
}

static void test_slots_are_used_again(void **state)
{
    struct cap_table table;
    s64 a, b;

    (void)state;
    assert_int_equal(table_init(&table, NULL, 20), 0);
    assert_null(table_get(&table, 0));
    a = table_add(&table, new_cap(&plain_class, NULL));
    b = table_add(&table, new_cap(&plain_class, NULL));
    assert_int_equal(a, 20);
    assert_int_equal(b, 21);
    table_drop(&table, (u32)a);
    assert_null(table_get(&table, (u64)a));
    assert_int_equal(table_add(&table, new_cap(&plain_class, NULL)), a);
    assert_null(table_get(&table, CAP_SLOTS));
    assert_null(table_get(&table, ~0ul));
    table_finish(&table);
}

static void test_a_full_table_refuses(void **state)
{
    struct cap_table table;
    struct cap cap = new_cap(&plain_class, NULL);

    (void)state;
    assert_int_equal(table_init(&table, NULL, 0), 0);
    for (u32 i = 0; i < CAP_SLOTS; i++)
        assert_int_equal(table_add(&table, cap_copy(&cap, ~0u)), i);
    assert_false(table_has_room(&table, 1));
    assert_int_equal(table_add(&table, cap), -ENFILE);
    table_drop(&table, 77);
    assert_true(table_has_room(&table, 1));
    assert_false(table_has_room(&table, 2));
    assert_int_equal(table_add(&table, cap), 77);
    table_finish(&table);
}

static void test_the_last_drop_destroys(void **state)
{
    struct cap_table table;
    struct cap cap = new_cap(&counted_class, NULL);

    (void)state;
    destroyed = 0;
    assert_int_equal(table_init(&table, NULL, 0), 0);
    assert_int_equal(table_add(&table, cap_copy(&cap, RF_RIGHT_READ)), 0);
    assert_int_equal(table_get(&table, 0)->rights, RF_RIGHT_READ);
    cap_drop(&cap);
    assert_int_equal(destroyed, 0);
    table_drop(&table, 0);
    assert_int_equal(destroyed, 1);
    table_finish(&table);
}

/* What is destroyed while somebody refers to it gives back its charge at once. */
static void test_destroying(void **state)
{
    struct rf_bank_limits limits = {.most = {0, 2, 0, 0}};
    struct bank *bank = bank_make_first(&limits);
    struct cap a = new_cap(&counted_class, bank), b = new_cap(&counted_class, bank);

    (void)state;
    destroyed = 0;
    assert_null(object_new(&counted_class, bank));
    object_destroy(a.object);
    object_destroy(a.object);
    assert_int_equal(destroyed, 1);
    assert_true(a.object->dead);
    assert_int_equal(bank->used[RF_RESOURCE_RECORDS], 1);
    cap_drop(&a);
    object_destroy(&bank->object);
    assert_int_equal(destroyed, 2);
    assert_true(b.object->dead);
    cap_drop(&b);
    object_release(&bank->object);
}

/* Slots are charged in chunks, and given back with the table. */
static void test_slots_are_charged(void **state)
{
    struct rf_bank_limits limits = {.most = {0, 1, 0, 0}};
    struct bank *bank = bank_make_first(&limits);
    struct cap cap = new_cap(&plain_class, NULL);
    struct cap_table table;

    (void)state;
    assert_int_equal(table_init(&table, bank, 0), 0);
    for (u32 i = 0; i < 2 * CAP_CHUNK - 1; i++)
        assert_int_equal(table_add(&table, cap_copy(&cap, ~0u)), i);
    assert_int_equal(bank->used[RF_RESOURCE_RECORDS], 1);
    assert_false(table_has_room(&table, 1));
    assert_int_equal(table_add(&table, cap), -ENFILE);
    table_finish(&table);
    assert_int_equal(bank->used[RF_RESOURCE_RECORDS], 0);
    cap_drop(&cap);
    object_release(&bank->object);
}

/* What was packed is found, and is where it was when it is unpacked; freed slots are used again. */
static void test_packing(void **state)
{
    struct cap a = new_cap(&counted_class, NULL), b = new_cap(&counted_class, NULL);
    struct cap_table table;

    (void)state;
    destroyed = 0;
    assert_int_equal(table_init(&table, NULL, 20), 0);
    table_put(&table, 7, a);
    for (u32 i = 0; i < 3; i++)
        assert_int_equal(table_add(&table, cap_copy(&b, ~0u)), 20 + i);
    table_drop(&table, 21);
    table_pack(&table);
    assert_null(table.slots);
    assert_ptr_equal(table_get(&table, 7)->object, a.object);
    assert_ptr_equal(table_get(&table, 22)->object, b.object);
    for (u32 slot = 0; slot < 25; slot++)
        assert_true((table_get(&table, slot) != NULL) == (slot == 7 || slot == 20 || slot == 22));
    table_revoke(&table, 7);
    assert_int_equal(destroyed, 1);
    assert_int_equal(table_unpack(&table), 0);
    assert_int_equal(table_unpack(&table), 0);
    assert_true(table_get(&table, 7)->object->dead);
    assert_ptr_equal(table_get(&table, 20)->object, b.object);
    assert_int_equal(table_add(&table, cap_copy(&b, ~0u)), 21);
    assert_int_equal(table_add(&table, cap_copy(&b, ~0u)), 23);
    table_pack(&table);
    cap_drop(&b);
    assert_int_equal(destroyed, 1);
    table_finish(&table);
    assert_int_equal(destroyed, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_are_used_again),   cmocka_unit_test(test_a_full_table_refuses),
        cmocka_unit_test(test_the_last_drop_destroys), cmocka_unit_test(test_destroying),
        cmocka_unit_test(test_slots_are_charged),      cmocka_unit_test(test_packing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
