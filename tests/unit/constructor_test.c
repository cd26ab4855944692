/* SPDX-License-Identifier: Apache-2.0 */
/* Constructors, and which capabilities are ways out of confinement. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <unistd.h>

#include "abi/boot.h"
#include "kernel/cell.h"
#include "kernel/object/common.h"
#include "kernel/object/console.h"
#include "kernel/object/dir.h"
#include "kernel/object/meter.h"
#include "kernel/world.h"
#include "tests/unit/fake_domain.h"

static struct bank *bank;
static struct fake_domain *user;
static u32 from, place, meter, discrim, maker;

static s64 allocate(u64 kind, u64 size)
{
    return FAKE(user, .slot = from, .op = RF_OP_BANK_ALLOCATE, .w = {kind, size});
}

static int set_up(void **state)
{
    (void)state;
    bank = fake_bank(100000);
    user = fake_domain(bank);
    from = fake_put(user, &bank->object, RF_RIGHT_ALL);
    place = fake_put(user, &world.first->object, RF_RIGHT_ALL);
    meter = fake_put(user, &world.meter->object, RF_RIGHT_ALL);
    discrim = fake_put(user, discrim_object(), RF_RIGHT_READ);
    maker = (u32)allocate(RF_KIND_CONSTRUCTOR, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_free(user);
    fake_bank_end(bank);
    return 0;
}

static s64 with_cap(u32 slot, u32 op, u64 w0, s64 cap)
{
    return FAKE(user, .slot = slot, .op = op, .w = {w0}, .caps = {(u32)cap}, .cap_count = cap != 0);
}

static s64 install(u32 into, u64 slot, s64 cap)
{
    return with_cap(into, RF_OP_CONSTRUCTOR_INSTALL, slot, cap);
}

static s64 seal(u32 which)
{
    return FAKE(user, .slot = which, .op = RF_OP_CONSTRUCTOR_SEAL);
}

static s64 is_discreet(s64 which)
{
    return FAKE(user, .slot = (u32)which, .op = RF_OP_CONSTRUCTOR_DISCREET);
}

static s64 yield(s64 which, const char *name)
{
    return FAKE(user, .slot = (u32)which, .op = RF_OP_CONSTRUCTOR_YIELD,
                .caps = {place, from, meter}, .cap_count = 3, .data = name,
                .length = (u32)strlen(name));
}

static s64 reduced(s64 slot, u32 rights)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_COPY, .w = {rights});
}

static s64 weak(s64 slot)
{
    u32 node = (u32)allocate(RF_KIND_NODE, 1);

    with_cap(node, RF_OP_NODE_SWAP, 0, slot);
    node = (u32)FAKE(user, .slot = node, .op = RF_OP_NODE_WEAKEN);
    return FAKE(user, .slot = node, .op = RF_OP_NODE_GET);
}

static void test_building(void **state)
{
    s64 sealed;

    (void)state;
    assert_int_equal(install(maker, RF_SLOT_CELL, discrim), -ERANGE);
    assert_int_equal(install(maker, RF_SLOT_LIMIT, discrim), -ERANGE);
    assert_int_equal(install(maker, 20, 0), -EBADF);
    assert_int_equal(install(maker, 20, discrim), 0);
    assert_int_equal(install(maker, 20, discrim), -EBUSY);
    assert_int_equal(install((u32)reduced(maker, RF_RIGHT_READ), 21, discrim), -EACCES);
    assert_int_equal(is_discreet(maker), -EAGAIN);
    assert_int_equal(yield(maker, "early"), -EAGAIN);
    assert_int_equal(FAKE(user, .slot = maker, .op = RF_OP_CONSTRUCTOR_HOLES), -EAGAIN);
    sealed = seal(maker);
    assert_int_equal(table_get(&user->domain.caps, (u64)sealed)->rights, RF_RIGHT_READ);
    assert_int_equal(install(maker, 21, discrim), -EBUSY);
    assert_int_equal(seal((u32)sealed), -EACCES);
    assert_int_equal(is_discreet(sealed), 1);
}

static void test_loading(void **state)
{
    struct rf_boot boot = {.magic = RF_BOOT_MAGIC, .size = sizeof(boot)};
    u32 small = (u32)allocate(RF_KIND_SEGMENT, 10),
        large = (u32)allocate(RF_KIND_SEGMENT, 3u << 20),
        right = (u32)allocate(RF_KIND_SEGMENT, 5000);
    u64 pages;

    (void)state;
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_LOAD, 0, 0), -EBADF);
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_LOAD, 0, from), -EBADF);
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_LOAD, 0, small), -EINVAL);
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_LOAD, 0, large), -EFBIG);
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_LOAD, 0, right), -EINVAL);
    FAKE(user, .slot = right, .op = RF_OP_SEGMENT_WRITE, .data = &boot, .length = sizeof(boot));
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_LOAD, 0, reduced(right, RF_RIGHT_WRITE)),
                     -EACCES);
    pages = bank->used[RF_RESOURCE_PAGES];
    bank->limits.most[RF_RESOURCE_PAGES] = pages + 1;
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_LOAD, 0, right), -ENOSPC);
    bank->limits.most[RF_RESOURCE_PAGES] = pages + 4;
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_LOAD, 0, right), 0);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], pages + 2);
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_LOAD, 0, right), 0);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], pages + 2);
    seal(maker);
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_LOAD, 0, right), -EBUSY);
}

static void test_yielding(void **state)
{
    struct rf_boot boot = {.magic = RF_BOOT_MAGIC, .size = sizeof(boot), .hostname = 77};
    u32 right = (u32)allocate(RF_KIND_SEGMENT, sizeof(boot)), other;
    struct object *gone;
    struct cell *cell;
    s64 made;

    (void)state;
    FAKE(user, .slot = right, .op = RF_OP_SEGMENT_WRITE, .data = &boot, .length = sizeof(boot));
    with_cap(maker, RF_OP_CONSTRUCTOR_LOAD, 0, right);
    install(maker, 20, discrim);
    other = (u32)allocate(RF_KIND_ENDPOINT, 0);
    gone = table_get(&user->domain.caps, other)->object;
    install(maker, 21, other);
    seal(maker);
    object_destroy(gone);
    assert_int_equal(is_discreet(maker), 1); /* it can give what is gone to nobody */
    assert_int_equal(yield(maker, "5"), -EINVAL);
    assert_int_equal(
        FAKE(user, .slot = maker, .op = RF_OP_CONSTRUCTOR_YIELD, .caps = {from}, .cap_count = 1),
        -EBADF);
    assert_int_equal(FAKE(user, .slot = maker, .op = RF_OP_CONSTRUCTOR_YIELD,
                          .caps = {(u32)reduced(place, RF_RIGHT_READ)}, .cap_count = 1),
                     -EACCES);
    assert_int_equal(FAKE(user, .slot = maker, .op = RF_OP_CONSTRUCTOR_YIELD,
                          .caps = {place, (u32)reduced(from, RF_RIGHT_READ), meter}, .cap_count = 3,
                          .data = "a", .length = 1),
                     -EBADF);
    made = yield(maker, "made");
    assert_int_equal(fake_kind(user, (u64)made), RF_KIND_CELL);
    assert_int_equal(yield(maker, "made"), -EEXIST);
    cell = cell_of(table_get(&user->domain.caps, (u64)made));
    assert_int_equal(((struct rf_boot *)cell->window->boot)->hostname, 77);
    assert_int_equal(table_get(&cell->domain.caps, 20)->kind, RF_KIND_DISCRIM);
    assert_null(table_get(&cell->domain.caps, 21));
    assert_int_equal(with_cap((u32)made, RF_OP_CELL_GIVE, 20, discrim), -EBUSY);
    assert_int_equal(with_cap((u32)made, RF_OP_CELL_GIVE, 22, discrim), 0);
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_VERIFY, 0, made), 1);
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_VERIFY, 0, place), 0);
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_VERIFY, 0, from), 0);
    assert_int_equal(with_cap(maker, RF_OP_CONSTRUCTOR_VERIFY, 0, 0), 0);
    other = (u32)allocate(RF_KIND_CONSTRUCTOR, 0);
    assert_int_equal(with_cap(other, RF_OP_CONSTRUCTOR_VERIFY, 0, made), 0);
    /* The instance keeps its constructor. */
    table_drop(&user->domain.caps, maker);
    assert_int_equal(table_get(&cell->domain.caps, 20)->kind, RF_KIND_DISCRIM);
}

/* One of each kind: whether it is a way out, as it is and reduced. */
static void test_each_kind(void **state)
{
    u32 endpoint = (u32)allocate(RF_KIND_ENDPOINT, 0), node = (u32)allocate(RF_KIND_NODE, 1),
        segment = (u32)allocate(RF_KIND_SEGMENT, 1), viewer = (u32)allocate(RF_KIND_VIEWER, 0),
        entry = (u32)FAKE(user, .slot = endpoint, .op = RF_OP_ENDPOINT_MINT), resume;
    struct cap self = {.object = &world.first->object, .kind = RF_KIND_CELL_SELF};
    struct dir *dir = dir_make(bank, dup(0), NULL, 0);
    const struct {
        s64 slot;
        bool discreet;
    } caps[] = {
        {fake_put(user, clock_object(), RF_RIGHT_READ), true},
        {discrim, true},
        {node, false},
        {reduced(node, RF_RIGHT_READ), false}, /* what is in it may be more */
        {weak(node), true},
        {segment, false},
        {reduced(segment, RF_RIGHT_READ), false}, /* it can be mapped */
        {weak(segment), true},
        {from, false},
        {reduced(from, RF_RIGHT_READ), true},
        {reduced(from, RF_RIGHT_READ | RF_RIGHT_WRITE), false},
        {weak(from), true},
        {meter, false},
        {reduced(meter, RF_RIGHT_READ), true},
        {place, false},
        {reduced(place, RF_RIGHT_READ), true},
        {endpoint, false},
        {reduced(endpoint, RF_RIGHT_READ), false},
        {entry, false},
        {reduced(entry, 0), false},
        {allocate(RF_KIND_NOTIFICATION, 0), false},
        {reduced(allocate(RF_KIND_NOTIFICATION, 0), RF_RIGHT_READ), false},
        {viewer, false},
        {reduced(viewer, RF_RIGHT_READ), false},
        {FAKE(user, .slot = viewer, .op = RF_OP_VIEWER_CONSOLE, .w = {RF_RIGHT_READ}), false},
        {fake_put(user, &dir->object, RF_RIGHT_READ), false},
        {table_add(&user->domain.caps, cap_copy(&self, ~0u)), false},
        {allocate(RF_KIND_CONSTRUCTOR, 0), false}, /* not sealed */
        {seal((u32)allocate(RF_KIND_CONSTRUCTOR, 0)), true},
    };

    (void)state;
    object_release(&dir->object);
    fake_send(user, &(struct fake_args){.slot = entry, .op = 4711, .buffer = 1});
    resume = (u32)FAKE(user, .slot = endpoint, .op = RF_OP_ENDPOINT_RECEIVE, .buffer = 2);
    assert_int_equal(with_cap(discrim, RF_OP_DISCRIM_DISCREET, 0, resume), 0);
    assert_int_equal(with_cap(discrim, RF_OP_DISCRIM_DISCREET, 0, 0), 1);
    for (u32 i = 0; i < ARRAY_SIZE(caps); i++) {
        u32 holder = (u32)allocate(RF_KIND_CONSTRUCTOR, 0);

        assert_true(caps[i].slot > 0);
        if (with_cap(discrim, RF_OP_DISCRIM_DISCREET, 0, caps[i].slot) != caps[i].discreet)
            fail_msg("case %u\n", i);
        assert_int_equal(install(holder, 30, caps[i].slot), 0);
        seal(holder);
        assert_int_equal(is_discreet(holder), caps[i].discreet);
        assert_int_equal(FAKE(user, .slot = holder, .op = RF_OP_CONSTRUCTOR_HOLES),
                         caps[i].discreet ? 0 : sizeof(struct rf_cap_info));
    }
}

static void test_holes(void **state)
{
    struct rf_cap_info *info = (struct rf_cap_info *)fake_buffer(user, 0)->data;

    (void)state;
    install(maker, 20, discrim);
    install(maker, 30, from);
    install(maker, 40, place);
    seal(maker);
    assert_int_equal(FAKE(user, .slot = maker, .op = RF_OP_CONSTRUCTOR_HOLES), 2 * sizeof(*info));
    assert_int_equal(info[0].slot, 30);
    assert_int_equal(info[0].kind, RF_KIND_BANK);
    assert_int_equal(info[0].rights, RF_RIGHT_ALL);
    assert_int_equal(info[0].object, bank->object.number);
    assert_int_equal(info[1].slot, 40);
    assert_int_equal(
        FAKE(user, .slot = maker, .op = RF_OP_CONSTRUCTOR_HOLES, .buffer = RF_MSG_NONE), -EINVAL);
}

static void test_constructors_in_constructors(void **state)
{
    u32 a = (u32)allocate(RF_KIND_CONSTRUCTOR, 0), b = (u32)allocate(RF_KIND_CONSTRUCTOR, 0),
        c = (u32)allocate(RF_KIND_CONSTRUCTOR, 0), d = (u32)allocate(RF_KIND_CONSTRUCTOR, 0);

    (void)state;
    /* a and b refer to each other and themselves; c has a way out behind both. */
    install(a, 20, b);
    install(a, 21, a);
    install(b, 20, a);
    install(b, 21, c);
    seal(a);
    seal(b);
    assert_int_equal(is_discreet(a), 0); /* c is not sealed yet */
    install(d, 20, discrim);
    install(c, 20, d);
    seal(c);
    assert_int_equal(is_discreet(a), 0);
    seal(d);
    assert_int_equal(is_discreet(a), 1);
    assert_int_equal(is_discreet(b), 1);
    assert_int_equal(is_discreet(a), 1);
    assert_int_equal(with_cap(from, RF_OP_BANK_FREE, 0, b), 0); /* or the circle stays */
    install(maker, 20, a);
    install(maker, 21, from);
    seal(maker);
    d = (u32)allocate(RF_KIND_CONSTRUCTOR, 0);
    install(d, 20, maker);
    seal(d);
    assert_int_equal(is_discreet(d), 0);
    assert_int_equal(is_discreet(d), 0);
    assert_int_equal(with_cap(from, RF_OP_BANK_FREE, 0, a), 0);
}

/* What takes too long to find out is a way out. */
static void test_a_long_chain(void **state)
{
    u32 last = maker;

    (void)state;
    seal(maker);
    for (u32 i = 0; i < 100; i++) {
        u32 next = (u32)allocate(RF_KIND_CONSTRUCTOR, 0);

        install(next, 20, last);
        seal(next);
        last = next;
    }
    assert_int_equal(is_discreet(last), 0);
    assert_int_equal(is_discreet(last - 1), 0);
}

/* Cells may nest only so deep, started or not; the end of the first is the end of all. */
static void test_depth_of_cells(void **state)
{
    s64 slot = place, first = 0;
    u32 depth = 1;
    char name[RF_CELL_NAME];

    (void)state;
    for (;; depth++) {
        s64 below;

        snprintf(name, sizeof(name), "cell%u", depth);
        below = FAKE(user, .slot = (u32)slot, .op = RF_OP_CELL_CREATE, .caps = {from, meter},
                     .cap_count = 2, .data = name, .length = (u32)strlen(name));
        if (below < 0) {
            assert_int_equal(below, -ELOOP);
            break;
        }
        first = first ? first : below;
        slot = below;
    }
    assert_int_equal(depth, CELL_DEPTH);
    assert_int_equal(FAKE(user, .slot = (u32)first, .op = RF_OP_CELL_KILL), 0);
    assert_true(cell_of(table_get(&user->domain.caps, (u64)slot))->ending);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_building),     CASE(test_loading),        CASE(test_yielding),
        CASE(test_each_kind),    CASE(test_holes),          CASE(test_constructors_in_constructors),
        CASE(test_a_long_chain), CASE(test_depth_of_cells),
    };

    return cmocka_run_group_tests(tests, fake_set_up_all, NULL);
}
