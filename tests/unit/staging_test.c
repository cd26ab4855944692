/* SPDX-License-Identifier: Apache-2.0 */
/* What a staging has put into a store is what was there at the cut, in whatever way it was told: a
 * page at a time, in room that it gave, as the same as last time; when cuts fail, too. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/staging.h"
#include "kernel/store/store.h"

#define PAGES 200u
#define KEY   0x50010ul
#define CUTS  150u

#define OTHER_KEY 0x60010ul

static char top[sizeof("/tmp/ringfence-staging.XXXXXX")];
static struct store *store;
static struct staging *staging;
/* The memory that is cut: by page, what stands in it (0: no page there), and what of it was put in
 * the last cut that was complete. */
static u64 memory[PAGES], last[PAGES];
static u64 early[PAGES]; /* what was put of it before the world stood still; 0: nothing */
static u64 seed;
/* It is left to the store; and it was until now, and none of it is the same as last time. */
static bool asleep, woken;

static u64 draw(u64 below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static bool left(struct numbers *numbers)
{
    return !asleep || numbers_add(numbers, key_number(KEY));
}

static int set_up(void **state)
{
    struct store_config config = {.path = top, .create = true};
    struct store_why why;

    (void)state;
    strcpy(top, "/tmp/ringfence-staging.XXXXXX");
    assert_non_null(mkdtemp(top));
    assert_int_equal(store_open(&config, &store, &why), 0);
    staging = staging_create(left);
    assert_non_null(staging);
    memset(memory, 0, sizeof(memory));
    memset(last, 0, sizeof(last));
    memset(early, 0, sizeof(early));
    return 0;
}

static int tear_down(void **state)
{
    char command[64];

    (void)state;
    store_close(store);
    snprintf(command, sizeof(command), "rm -rf %s", top);
    return system(command);
}

static void fill(void *page, u64 value)
{
    for (u32 i = 0; i < PAGE_SIZE / sizeof(u64); i++)
        ((u64 *)page)[i] = value;
}

static void change(void)
{
    for (u64 i = draw(30); i; i--)
        memory[draw(PAGES)] = draw(3) ? draw(1000) + 1 : 0;
}

static void put_one(struct sink *sink, u64 index)
{
    u8 page[PAGE_SIZE];
    void *room;

    if (!memory[index])
        return;
    if (sink->last && draw(4) &&
        (early[index] ? memory[index] == early[index] : !woken && memory[index] == last[index])) {
        assert_int_equal(sink->same(sink, KEY, index, 1), 0);
    } else if (draw(2)) {
        room = sink->room(sink, KEY, index, 1);
        assert_non_null(room);
        fill(room, memory[index]);
    } else {
        fill(page, memory[index]);
        assert_int_equal(sink->page(sink, KEY, index, page), 0);
    }
}

/* What is there then, what will be gone, and what will be another. */
static void put_early(struct sink *sink)
{
    for (u64 i = 0; i < PAGES; i++) {
        if (!sink->last || asleep || draw(4))
            continue;
        early[i] = draw(2) && memory[i] ? memory[i] : draw(1000) + 1;
        fill(sink->room(sink, KEY, i, 1), early[i]);
    }
}

/* Half of the memory, when it is to be abandoned. */
static void put_all(struct sink *sink, u64 pages)
{
    u64 text = draw(10);

    assert_int_equal(sink->record(sink, OTHER_KEY, 1, &text, sizeof(text)), 0);
    if (asleep)
        return;
    assert_int_equal(sink->record(sink, KEY, 1, &text, sizeof(text)), 0);
    for (u64 i = 0; i < pages; i++)
        put_one(sink, i);
}

static void check(void)
{
    u8 page[PAGE_SIZE], expected[PAGE_SIZE];

    for (u64 i = 0; i < PAGES; i++) {
        int error = store_page_get(store, KEY, i, page);

        assert_int_equal(error, memory[i] ? 0 : -ENOENT);
        fill(expected, memory[i]);
        if (!error)
            assert_memory_equal(page, expected, PAGE_SIZE);
    }
}

static void one_cut(bool fails)
{
    struct store_cut *cut;
    struct batch *batch;

    assert_int_equal(store_begin(store, &cut), 0);
    put_early(staging_prepare(staging));
    if (draw(5) == 0) /* one that did not come to stand still */
        put_early(staging_prepare(staging));
    put_all(staging_begin(staging), PAGES);
    batch = staging_end(staging);
    assert_non_null(batch);
    memcpy(last, memory, sizeof(last));
    memset(early, 0, sizeof(early));
    woken = woken && asleep;
    assert_int_equal(batch_put(batch, store, cut), 0);
    if (fails) {
        store_abort(cut);
        staging_not_written(staging, batch);
        return;
    }
    assert_true(store_commit(cut) > 0);
    batch_destroy(batch);
    check();
}

/* As after a restart: nothing is known but what the store holds. */
static void begin_anew(void)
{
    staging = staging_create(left);
    assert_non_null(staging);
    memset(early, 0, sizeof(early));
}

static void what_is_put_is_there(void **state)
{
    (void)state;
    seed = 1;
    for (u32 i = 0; i < CUTS; i++) {
        change();
        if (draw(10) == 0) {
            put_all(staging_begin(staging), PAGES / 2);
            staging_abandon(staging);
            memset(early, 0, sizeof(early));
        }
        one_cut(draw(5) == 0);
        if (draw(15) == 0)
            begin_anew();
    }
}

/* It stays in the store while it is not put, whatever happens to the cuts meanwhile, and nothing of
 * it is left behind when it is put again. */
static void what_sleeps_stays(void **state)
{
    (void)state;
    seed = 2;
    one_cut(false);
    for (u32 i = 0; i < CUTS; i++) {
        bool fails = draw(5) == 0;

        if (!asleep)
            change();
        if (draw(10) == 0) {
            put_all(staging_begin(staging), PAGES / 2);
            staging_abandon(staging);
            memset(early, 0, sizeof(early));
        }
        one_cut(fails);
        if (asleep && draw(3) == 0) {
            staging_renew(staging, key_number(KEY));
            asleep = false;
            woken = true;
        } else if (!asleep && !fails && draw(3) == 0) {
            assert_int_equal(staging_leave(staging, key_number(KEY), 1), 0);
            asleep = true;
        }
    }
    asleep = woken = false;
}

/* Only what changed is written, however it was put. */
static void what_is_the_same_is_not_written(void **state)
{
    struct store_cut *cut;
    struct batch *batch;
    struct sink *sink;

    (void)state;
    for (u64 i = 0; i < PAGES; i++)
        memory[i] = i + 1;
    one_cut(false);
    sink = staging_begin(staging);
    assert_true(sink->last);
    for (u64 i = 0; i < 10; i++)
        fill(sink->room(sink, KEY, i, 1), i == 5 ? 77 : i + 1);
    assert_int_equal(sink->same(sink, KEY, 10, PAGES - 10), 0);
    batch = staging_end(staging);
    assert_int_equal(store_begin(store, &cut), 0);
    assert_int_equal(batch_put(batch, store, cut), 0);
    assert_int_equal(batch_bytes(batch), PAGE_SIZE);
    store_abort(cut);
    batch_destroy(batch);
}

/* Nor after a restart, though nobody says that anything is the same; and what is gone, goes. */
static void what_the_store_holds_is_not_written_again(void **state)
{
    struct store_cut *cut;
    struct batch *batch;
    struct sink *sink;

    (void)state;
    for (u64 i = 0; i < PAGES; i++)
        memory[i] = i + 1;
    one_cut(false);
    begin_anew();
    memory[7] = 0;
    memory[8] = 1000;
    put_all(staging_begin(staging), PAGES);
    batch = staging_end(staging);
    assert_int_equal(store_begin(store, &cut), 0);
    assert_int_equal(batch_put(batch, store, cut), 0);
    assert_true(store_commit(cut) > 0);
    check();
    begin_anew();
    sink = staging_begin(staging);
    for (u64 i = 0; i < PAGES; i++) {
        if (memory[i])
            fill(sink->room(sink, KEY, i, 1), memory[i]);
    }
    batch = staging_end(staging);
    assert_int_equal(store_begin(store, &cut), 0);
    assert_int_equal(batch_put(batch, store, cut), 0);
    assert_int_equal(batch_bytes(batch), 0);
    store_abort(cut);
}

/* Nobody may say so of what was never put: the cut is refused, and the next one is whole. */
static void what_is_unknown_is_not_the_same(void **state)
{
    struct store_cut *cut;
    struct batch *batch;
    struct sink *sink;

    (void)state;
    memory[3] = 4;
    one_cut(false);
    sink = staging_begin(staging);
    assert_int_equal(sink->same(sink, KEY, 3, 2), 0);
    batch = staging_end(staging);
    assert_int_equal(store_begin(store, &cut), 0);
    assert_true(batch_put(batch, store, cut) < 0);
    store_abort(cut);
    staging_not_written(staging, batch);
    assert_int_equal(staging_begin(staging)->last, 0);
    staging_abandon(staging);
    one_cut(false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_put_is_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_sleeps_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_the_same_is_not_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_the_store_holds_is_not_written_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_unknown_is_not_the_same, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
