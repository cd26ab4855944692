/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "base/list.h"

struct item {
    int value;
    struct list link;
};

static int sum_of(struct list *head)
{
    int sum = 0;

    list_for_each(l, head)
        sum = sum * 10 + list_entry(l, struct item, link)->value;
    return sum;
}

static void keeps_order(void **state)
{
    struct list head;
    struct item items[3] = {{1, {0}}, {2, {0}}, {3, {0}}};

    (void)state;
    list_init(&head);
    assert_true(list_empty(&head));
    list_add_tail(&head, &items[0].link);
    list_add_tail(&head, &items[1].link);
    list_add(&head, &items[2].link);
    assert_int_equal(sum_of(&head), 312);
    assert_int_equal(list_first(&head, struct item, link)->value, 3);
}

static void deletes_while_walking(void **state)
{
    struct list head;
    struct item items[4] = {{1, {0}}, {2, {0}}, {3, {0}}, {4, {0}}};

    (void)state;
    list_init(&head);
    for (int i = 0; i < 4; i++)
        list_add_tail(&head, &items[i].link);
    list_for_each_safe(l, &head)
        if (list_entry(l, struct item, link)->value % 2)
            list_del(l);
    assert_int_equal(sum_of(&head), 24);
}

static void deleting_twice_is_harmless(void **state)
{
    struct list head;
    struct item a = {1, {0}}, b = {2, {0}};

    (void)state;
    list_init(&head);
    list_add_tail(&head, &a.link);
    list_add_tail(&head, &b.link);
    list_del(&a.link);
    assert_true(list_empty(&a.link));
    list_del(&a.link);
    assert_int_equal(sum_of(&head), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_order),
        cmocka_unit_test(deletes_while_walking),
        cmocka_unit_test(deleting_twice_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
