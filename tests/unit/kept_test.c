/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of the world to records and back: what is read again is what was written. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "abi/boot.h"
#include "kernel/checkpoint/keys.h"
#include "kernel/checkpoint/objects.h"
#include "kernel/object/dir.h"
#include "kernel/object/meter.h"
#include "kernel/object/segment.h"
#include "kernel/world.h"
#include "tests/unit/fake_domain.h"
#include "tests/unit/memory_store.h"

#define AGES_AT 64u /* of a cell's record: what goes on with the time */
#define AGES    16u

#define BANK_RECORDS_AT 128u /* of a bank's record: how many records it counted */

static struct fake_domain *user;
static u32 bank, place, cell;
static u32 next_slot;
static struct memory_store first, second;

static s64 call(u32 slot, u32 op, u64 w0, u64 w1)
{
    return FAKE(user, .slot = slot, .op = op, .w = {w0, w1});
}

static u32 allocate(u64 kind, u64 size)
{
    s64 slot = call(bank, RF_OP_BANK_ALLOCATE, kind, size);

    assert_true(slot > 0);
    return (u32)slot;
}

/* What the cell holds is found again. */
static u32 give(u32 cap)
{
    assert_int_equal(FAKE(user, .slot = cell, .op = RF_OP_CELL_GIVE, .w = {next_slot},
                          .caps = {cap}, .cap_count = 1),
                     0);
    return next_slot++;
}

static s64 split_bank(u32 from, u64 records)
{
    struct rf_bank_limits limits = {
        .most = {RF_NO_LIMIT, records, RF_NO_LIMIT, RF_NO_LIMIT},
        .guaranteed = {100, 50, 0, 0},
    };

    return FAKE(user, .slot = from, .op = RF_OP_BANK_SPLIT, .data = &limits,
                .length = sizeof(limits));
}

static int set_up(void **state)
{
    u32 meter, all;
    s64 made;

    (void)state;
    user = fake_domain(world.bank);
    all = fake_put(user, &world.bank->object, RF_RIGHT_ALL);
    place = fake_put(user, &world.first->object, RF_RIGHT_ALL);
    meter = fake_put(user, &world.meter->object, RF_RIGHT_ALL);
    made = split_bank(all, 5000);
    assert_true(made > 0);
    bank = (u32)made;
    made = FAKE(user, .slot = place, .op = RF_OP_CELL_CREATE, .data = "kept", .length = 4,
                .caps = {bank, meter}, .cap_count = 2);
    assert_true(made > 0);
    cell = (u32)made;
    next_slot = RF_SLOT_FIRST_DIR;
    give(cell); /* so that it stays when its maker goes */
    memory_store_init(&first);
    memory_store_init(&second);
    return 0;
}

static struct cell *the_cell(void)
{
    struct cell *found = world_find(world.first, "kept");

    assert_non_null(found);
    return found;
}

static void destroy_all(void)
{
    if (user)
        fake_free(user);
    user = NULL;
    while (!list_empty(&world.bank->below))
        object_destroy(&list_first(&world.bank->below, struct bank, sibling)->object);
    list_for_each_safe(node, &world.first->below)
        object_destroy(&list_entry(node, struct cell, sibling)->object);
    while (!list_empty(&world.bank->objects))
        object_destroy(list_first(&world.bank->objects, struct object, charged));
}

static int tear_down(void **state)
{
    (void)state;
    destroy_all();
    memory_store_finish(&first);
    memory_store_finish(&second);
    return 0;
}

static void save(struct memory_store *store)
{
    assert_int_equal(objects_save(&store->sink), 0);
    memory_store_sort(store);
}

static void load(struct memory_store *store)
{
    char why[128] = "";

    if (objects_load(&store->source, why))
        fail_msg("%s", why);
}

/* Of the records that both have. */
static void compare_records(void)
{
    assert_int_equal(first.record_count, second.record_count);
    for (u32 i = 0; i < first.record_count; i++) {
        struct kept *a = &first.records[i], *b = &second.records[i];

        assert_int_equal(a->key, b->key);
        assert_int_equal(a->length, b->length);
        if (key_number(a->key) == STORED_WORLD)
            continue;
        if (*(u32 *)a->bytes == STORED_CELL) {
            memset(a->bytes + AGES_AT, 0, AGES);
            memset(b->bytes + AGES_AT, 0, AGES);
        }
        if (memcmp(a->bytes, b->bytes, a->length))
            fail_msg("object %lu of class %u differs\n", key_number(a->key), *(u32 *)a->bytes);
    }
}

/* Written, ended, read, written again: the same. */
static void round_trip(void)
{
    u64 used[2][RF_RESOURCES];

    fake_free(user);
    user = NULL;
    save(&first);
    memcpy(used[0], world.bank->used, sizeof(used[0]));
    destroy_all();
    load(&first);
    memcpy(used[1], world.bank->used, sizeof(used[1]));
    save(&second);
    compare_records();
    assert_memory_equal(used[0], used[1], sizeof(used[0]));
}

static void test_a_cell_alone(void **state)
{
    (void)state;
    round_trip();
    assert_int_equal(the_cell()->started_ns, 0);
    assert_int_equal(the_cell()->bank->limits.most[RF_RESOURCE_RECORDS], 5000);
    assert_int_equal(the_cell()->bank->limits.guaranteed[RF_RESOURCE_PAGES], 100);
}

static void test_nodes(void **state)
{
    u32 a = allocate(RF_KIND_NODE, 4), b = allocate(RF_KIND_NODE, 300);

    (void)state;
    assert_int_equal(
        FAKE(user, .slot = a, .op = RF_OP_NODE_SWAP, .w = {1}, .caps = {b}, .cap_count = 1), 0);
    assert_int_equal(
        FAKE(user, .slot = b, .op = RF_OP_NODE_SWAP, .w = {299}, .caps = {a}, .cap_count = 1), 0);
    give(a);
    give((u32)call(b, RF_OP_NODE_WEAKEN, 0, 0));
    round_trip();
}

static void test_segments(void **state)
{
    u32 segment = allocate(RF_KIND_SEGMENT, 3 * PAGE_SIZE + 5), given;
    struct cap cap;
    char text[6] = "";

    (void)state;
    assert_int_equal(FAKE(user, .slot = segment, .op = RF_OP_SEGMENT_WRITE, .w = {3 * PAGE_SIZE},
                          .data = "hello", .length = 5),
                     5);
    given = give((u32)call(segment, RF_OP_SEGMENT_SLICE, 3 * PAGE_SIZE + 1, 3));
    round_trip();
    assert_int_equal(first.page_count, 1);
    cap = *table_get(&the_cell()->domain.caps, given);
    assert_int_equal(segment_read(&cap, 0, text, 5), 3);
    assert_string_equal(text, "ell");
}

static void test_endpoints(void **state)
{
    u32 endpoint = allocate(RF_KIND_ENDPOINT, 0);
    s64 told, quiet;

    (void)state;
    told = call(endpoint, RF_OP_ENDPOINT_MINT, 7, 1);
    quiet = call(endpoint, RF_OP_ENDPOINT_MINT, 8, 0);
    give((u32)told);
    give((u32)quiet);
    give(endpoint);
    /* One whose end the server has not heard of yet. */
    call((u32)call(endpoint, RF_OP_ENDPOINT_MINT, 9, 1), RF_OP_DROP, 0, 0);
    round_trip();
}

static void test_what_waits(void **state)
{
    u32 notification = allocate(RF_KIND_NOTIFICATION, 0), viewer = allocate(RF_KIND_VIEWER, 0);
    u32 console = (u32)call(viewer, RF_OP_VIEWER_CONSOLE, RF_RIGHT_READ | RF_RIGHT_WRITE, 0);

    (void)state;
    assert_int_equal(call(notification, RF_OP_NOTIFICATION_SIGNAL, 0xf0, 0), 0);
    assert_int_equal(call(viewer, RF_OP_VIEWER_SIZE, 80, 24), 0);
    assert_int_equal(
        FAKE(user, .slot = viewer, .op = RF_OP_VIEWER_WRITE, .data = "typed", .length = 5), 5);
    assert_int_equal(
        FAKE(user, .slot = console, .op = RF_OP_CONSOLE_WRITE, .data = "shown", .length = 5), 5);
    give(notification);
    give(viewer);
    give(console);
    round_trip();
}

static void test_a_constructor(void **state)
{
    u32 maker = allocate(RF_KIND_CONSTRUCTOR, 0), boot = allocate(RF_KIND_SEGMENT, 8192);
    struct rf_boot record = {.magic = RF_BOOT_MAGIC};

    (void)state;
    assert_int_equal(FAKE(user, .slot = boot, .op = RF_OP_SEGMENT_WRITE, .data = &record,
                          .length = sizeof(record)),
                     sizeof(record));
    assert_int_equal(
        FAKE(user, .slot = maker, .op = RF_OP_CONSTRUCTOR_LOAD, .caps = {boot}, .cap_count = 1), 0);
    assert_int_equal(FAKE(user, .slot = maker, .op = RF_OP_CONSTRUCTOR_INSTALL, .w = {40},
                          .caps = {boot}, .cap_count = 1),
                     0);
    give((u32)call(maker, RF_OP_CONSTRUCTOR_SEAL, 0, 0));
    round_trip();
}

static void test_meters(void **state)
{
    struct rf_meter_terms terms = {.quota_ns = 20000000, .period_ns = 100000000, .share = 300};
    u32 meter = fake_put(user, &world.meter->object, RF_RIGHT_ALL),
        node = allocate(RF_KIND_NODE, 1);
    s64 one, two;

    (void)state;
    one =
        FAKE(user, .slot = meter, .op = RF_OP_METER_SPLIT, .data = &terms, .length = sizeof(terms));
    assert_true(one > 0);
    terms.share = 100;
    two = FAKE(user, .slot = (u32)one, .op = RF_OP_METER_SPLIT, .data = &terms,
               .length = sizeof(terms));
    assert_true(two > 0);
    /* Charged to the user's bank, which is the first: they must go by themselves. */
    assert_int_equal(
        FAKE(user, .slot = node, .op = RF_OP_NODE_SWAP, .caps = {(u32)two}, .cap_count = 1), 0);
    give(node);
    round_trip();
}

static void test_dead_ends(void **state)
{
    u32 node = allocate(RF_KIND_NODE, 3), gone = allocate(RF_KIND_NODE, 1);
    const struct cap *cap;
    u32 given;

    (void)state;
    assert_int_equal(
        FAKE(user, .slot = node, .op = RF_OP_NODE_SWAP, .caps = {gone}, .cap_count = 1), 0);
    given = give(gone);
    assert_int_equal(
        FAKE(user, .slot = bank, .op = RF_OP_BANK_FREE, .caps = {gone}, .cap_count = 1), 0);
    give(node);
    round_trip();
    cap = table_get(&the_cell()->domain.caps, given);
    assert_non_null(cap);
    assert_true(cap->object->dead);
}

/* The descriptor becomes the dir's. */
static u32 grant(const char *path, const char *only, size_t length)
{
    struct cap *cap = table_get(&user->domain.caps, bank);
    struct bank *payer = container_of(cap->object, struct bank, object);
    struct dir *dir = dir_make(payer, open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), only, length);
    u32 slot = fake_put(user, &dir->object, RF_RIGHT_ALL);

    object_release(&dir->object);
    return slot;
}

static void test_host_files(void **state)
{
    char path[] = "/tmp/kept-test-XXXXXX", moved[sizeof(path) + 8];
    u32 whole, some, lost;
    s64 file;

    (void)state;
    assert_non_null(mkdtemp(path));
    snprintf(moved, sizeof(moved), "%s.moved", path);
    some = grant("/etc", "passwd\0group", 13);
    whole = grant("/", NULL, 0);
    lost = give(grant(path, NULL, 0));
    file = FAKE(user, .slot = some, .op = RF_OP_DIR_OPEN, .w = {O_RDONLY}, .data = "passwd",
                .length = 6);
    assert_true(file > 0);
    file = give((u32)file);
    some = give(some);
    whole = give(whole);
    fake_free(user);
    user = NULL;
    save(&first);
    destroy_all();
    assert_int_equal(rename(path, moved), 0);
    load(&first);
    assert_true(table_get(&the_cell()->domain.caps, lost)->object->dead);
    assert_false(table_get(&the_cell()->domain.caps, (u64)file)->object->dead);
    assert_false(table_get(&the_cell()->domain.caps, some)->object->dead);
    assert_false(table_get(&the_cell()->domain.caps, whole)->object->dead);
    rmdir(moved);
}

/* Each record cut short, and each of its words changed: refused or harmless, never worse. */
static void test_damage(void **state)
{
    char why[128];

    (void)state;
    give(allocate(RF_KIND_NODE, 4));
    give(allocate(RF_KIND_ENDPOINT, 0));
    give(allocate(RF_KIND_SEGMENT, 10));
    give(allocate(RF_KIND_VIEWER, 0));
    fake_free(user);
    user = NULL;
    save(&first);
    destroy_all();
    for (u32 i = 0; i < first.record_count; i++) {
        struct kept *one = &first.records[i];
        size_t length = one->length;

        one->length -= 4;
        assert_int_not_equal(objects_load(&first.source, why), 0);
        assert_true(*why);
        destroy_all();
        one->length = length;
        for (size_t at = 0; at + 4 <= length; at += 4) {
            u32 *word = (u32 *)(one->bytes + at), before = *word;

            *word ^= 0x40;
            objects_load(&first.source, why);
            destroy_all();
            *word = before;
        }
    }
    load(&first);
}

static char told[1024];

static void tell(void *context, const char *text)
{
    ++*(u32 *)context;
    strncat(told, text, sizeof(told) - strlen(told) - 1);
}

/* How many faults there are; one of them says `text`. */
static void expect_faults(u32 wanted, const char *text)
{
    u32 faults = 0;

    *told = 0;
    assert_int_equal(objects_check(&first.source, tell, &faults), 0);
    if (faults != wanted || !strstr(told, text))
        fail_msg("%u faults: %s\n", faults, told);
    destroy_all();
}

static struct kept *record_of(u32 stored)
{
    for (u32 i = 0; i < first.record_count; i++) {
        if (*(u32 *)first.records[i].bytes == stored)
            return &first.records[i];
    }
    fail_msg("nothing is kept of class %u\n", stored);
    return NULL;
}

/* Each thing that makes no sense is told once, and what is good beside it is not. */
static void test_checking(void **state)
{
    struct kept *node;
    u64 key, *records, before;

    (void)state;
    give(allocate(RF_KIND_NODE, 4));
    give(allocate(RF_KIND_ENDPOINT, 0));
    fake_free(user);
    user = NULL;
    save(&first);
    destroy_all();
    expect_faults(0, "");

    node = record_of(STORED_NODE);
    key = node->key;
    /* The cell's capability is to what has ended, but not all of it has gone. */
    node->key = key_of(key_number(key), MEMORY_HEAP);
    expect_faults(1, "something is kept of it");
    node->key = key;

    node->bytes[0] = STORED_NOTIFICATION; /* another class than capabilities to it say */
    expect_faults(2, "makes no sense");
    node->bytes[0] = STORED_NODE;

    first.sink.record(&first.sink, key_of(999999, MEMORY_OBJECT), PART_IMAGE, "", 0);
    expect_faults(1, "something is kept of it");
    free(first.records[--first.record_count].bytes);

    records = (u64 *)(record_of(STORED_BANK)->bytes + BANK_RECORDS_AT);
    before = *records;
    *records = 0;
    expect_faults(1, "records are charged, but it counted 0");
    *records = before;
    expect_faults(0, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_cell_alone), CASE(test_nodes),      CASE(test_segments),
        CASE(test_endpoints),    CASE(test_what_waits), CASE(test_a_constructor),
        CASE(test_meters),       CASE(test_dead_ends),  CASE(test_host_files),
        CASE(test_damage),       CASE(test_checking),
    };

    return cmocka_run_group_tests(tests, fake_set_up_all, NULL);
}
