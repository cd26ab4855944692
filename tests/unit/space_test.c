/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <sys/mman.h>

#include "tests/unit/fake_domain.h"

#define AT     0x100000000000ul
#define BYTES  (4 * PAGE_SIZE)
#define RW     (RF_RIGHT_READ | RF_RIGHT_WRITE)
#define ENOUGH 1000

static struct bank *bank;
static struct fake_domain *user;
static u32 from; /* slot of the bank */
static s64 space, segment;

static s64 allocate(u32 kind, u64 size)
{
    return FAKE(user, .slot = from, .op = RF_OP_BANK_ALLOCATE, .w = {kind, size});
}

static int set_up(void **state)
{
    (void)state;
    bank = fake_bank(ENOUGH);
    user = fake_domain(bank);
    from = fake_put(user, &bank->object, RF_RIGHT_ALL);
    space = allocate(RF_KIND_SPACE, 0);
    segment = allocate(RF_KIND_SEGMENT, BYTES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_free(user);
    fake_bank_end(bank);
    return 0;
}

static s64 map_into(s64 to, u64 address, u64 length, u64 offset, u64 rights, s64 what)
{
    return FAKE(user, .slot = (u32)to, .op = RF_OP_SPACE_MAP,
                .w = {address, length, offset, rights}, .caps = {(u32)what}, .cap_count = 1);
}

static s64 map(u64 address, u64 length, u64 offset, u64 rights)
{
    return map_into(space, address, length, offset, rights, segment);
}

static s64 unmap(u64 address)
{
    return FAKE(user, .slot = (u32)space, .op = RF_OP_SPACE_UNMAP, .w = {address});
}

static s64 protect(u64 address, u64 rights)
{
    return FAKE(user, .slot = (u32)space, .op = RF_OP_SPACE_PROTECT, .w = {address, rights});
}

static s64 reduced(s64 slot, u32 rights)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_COPY, .w = {rights});
}

static const struct rf_space_mapping *list(u64 start, s64 *bytes)
{
    *bytes = FAKE(user, .slot = (u32)space, .op = RF_OP_SPACE_LIST, .w = {start});
    return (const struct rf_space_mapping *)fake_buffer(user, 0)->data;
}

static u64 count(void)
{
    s64 bytes;

    list(0, &bytes);
    return (u64)bytes / sizeof(struct rf_space_mapping);
}

static void end_segment(s64 slot)
{
    assert_int_equal(
        FAKE(user, .slot = from, .op = RF_OP_BANK_FREE, .caps = {(u32)slot}, .cap_count = 1), 0);
}

static void test_map_and_list(void **state)
{
    const struct rf_space_mapping *m;
    s64 bytes;

    (void)state;
    assert_int_equal(map(AT + PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, RF_RIGHT_READ), 0);
    assert_int_equal(map(AT, PAGE_SIZE, 0, RW), 0);
    m = list(0, &bytes);
    assert_int_equal(bytes, 2 * sizeof(*m));
    assert_int_equal(m[0].address, AT);
    assert_int_equal(m[0].rights, RW);
    assert_int_equal(m[1].address, AT + PAGE_SIZE);
    assert_int_equal(m[1].length, PAGE_SIZE);
    assert_int_equal(m[1].offset, PAGE_SIZE);
    assert_int_equal(m[1].rights, RF_RIGHT_READ);
    assert_int_not_equal(m[0].serial, m[1].serial);
    list(AT + 1, &bytes);
    assert_int_equal(bytes, sizeof(*m));
    list(AT + PAGE_SIZE + 1, &bytes);
    assert_int_equal(bytes, 0);
}

static void test_map_refuses(void **state)
{
    s64 read_only = reduced(segment, RF_RIGHT_READ);
    s64 slice = FAKE(user, .slot = (u32)segment, .op = RF_OP_SEGMENT_SLICE,
                     .w = {0, PAGE_SIZE, RF_RIGHT_ALL});

    (void)state;
    assert_int_equal(map(AT + 1, PAGE_SIZE, 0, RW), -EINVAL);
    assert_int_equal(map(AT, PAGE_SIZE + 1, 0, RW), -EINVAL);
    assert_int_equal(map(AT, PAGE_SIZE, 1, RW), -EINVAL);
    assert_int_equal(map(AT, 0, 0, RW), -EINVAL);
    assert_int_equal(map(AT, PAGE_SIZE, 0, RF_RIGHT_WRITE), -EINVAL);
    assert_int_equal(map(AT, PAGE_SIZE, 0, RF_RIGHT_ALL), -EINVAL);
    assert_int_equal(map(~0ul & PAGE_MASK, PAGE_SIZE, 0, RW), -EINVAL);
    assert_int_equal(map(PAGE_SIZE, ~0ul & PAGE_MASK, 0, RW), -EINVAL);
    assert_int_equal(map(AT, BYTES + PAGE_SIZE, 0, RW), -EFBIG);
    assert_int_equal(map(AT, PAGE_SIZE, BYTES, RW), -EFBIG);
    assert_int_equal(map(AT, PAGE_SIZE, ~0ul & PAGE_MASK, RW), -EFBIG);
    assert_int_equal(map_into(space, AT, PAGE_SIZE, 0, RW, from), -EBADF);
    assert_int_equal(map_into(space, AT, PAGE_SIZE, 0, RW, 9999), -EBADF);
    assert_int_equal(map_into(space, AT, PAGE_SIZE, 0, RW, read_only), -EACCES);
    assert_int_equal(map_into(space, AT, PAGE_SIZE, 0, RF_RIGHT_READ, slice), -ENODEV);
    assert_int_equal(map(AT, 2 * PAGE_SIZE, 0, RW), 0);
    assert_int_equal(map(AT + PAGE_SIZE, PAGE_SIZE, 0, RW), -EEXIST);
    assert_int_equal(map(AT - PAGE_SIZE, 2 * PAGE_SIZE, 0, RW), -EEXIST);
    assert_int_equal(map_into(reduced(space, RF_RIGHT_READ), 0, PAGE_SIZE, 0, RW, segment),
                     -EACCES);
    assert_int_equal(count(), 1);
}

static void test_weak_segment(void **state)
{
    s64 node = allocate(RF_KIND_NODE, 1), weak;

    (void)state;
    FAKE(user, .slot = (u32)node, .op = RF_OP_NODE_SWAP, .caps = {(u32)segment}, .cap_count = 1);
    node = FAKE(user, .slot = (u32)node, .op = RF_OP_NODE_WEAKEN);
    weak = FAKE(user, .slot = (u32)node, .op = RF_OP_NODE_GET);
    assert_true(weak > 0);
    assert_int_equal(map_into(space, AT, PAGE_SIZE, 0, RF_RIGHT_READ, weak), -EACCES);
}

static void test_limits(void **state)
{
    u64 room = bank->limits.most[RF_RESOURCE_RECORDS] - bank->used[RF_RESOURCE_RECORDS], i;

    (void)state;
    for (i = 0; map(AT + i * PAGE_SIZE, PAGE_SIZE, 0, RW) == 0; i++)
        assert_true(i < ENOUGH);
    assert_int_equal(i, room);
    assert_int_equal(map(AT + i * PAGE_SIZE, PAGE_SIZE, 0, RW), -ENOSPC);
    assert_int_equal(unmap(AT), 0);
    assert_int_equal(map(AT + i * PAGE_SIZE, PAGE_SIZE, 0, RW), 0);
}

static void test_most(void **state)
{
    (void)state;
    bank->limits.most[RF_RESOURCE_RECORDS] = 10 * RF_SPACE_MOST;
    for (u64 i = 0; i < RF_SPACE_MOST; i++)
        assert_int_equal(map(AT - i * PAGE_SIZE, PAGE_SIZE, 0, RW), 0);
    assert_int_equal(map(AT + PAGE_SIZE, PAGE_SIZE, 0, RW), -ENOSPC);
}

static void test_unmap_and_protect(void **state)
{
    s64 read_only = reduced(segment, RF_RIGHT_READ), bytes;

    (void)state;
    assert_int_equal(unmap(AT), -ENOENT);
    assert_int_equal(protect(AT, RW), -ENOENT);
    assert_int_equal(map(AT, 2 * PAGE_SIZE, 0, RW), 0);
    assert_int_equal(unmap(AT + PAGE_SIZE), -ENOENT);
    assert_int_equal(protect(AT, RF_RIGHT_EXEC), -EINVAL);
    assert_int_equal(protect(AT, RF_RIGHT_READ), 0);
    assert_int_equal(list(0, &bytes)->rights, RF_RIGHT_READ);
    assert_int_equal(protect(AT, RW), 0);
    assert_int_equal(unmap(AT), 0);
    assert_int_equal(count(), 0);
    assert_int_equal(map_into(space, AT, PAGE_SIZE, 0, RF_RIGHT_READ, read_only), 0);
    assert_int_equal(protect(AT, RW), -EACCES);
}

static void test_open(void **state)
{
    s64 fd;

    (void)state;
    assert_int_equal(FAKE(user, .slot = (u32)space, .op = RF_OP_SPACE_OPEN, .w = {AT}), -ENOENT);
    assert_int_equal(map(AT, PAGE_SIZE, 0, RW), 0);
    fd = FAKE(user, .slot = (u32)space, .op = RF_OP_SPACE_OPEN, .w = {AT});
    assert_true(fd >= 0);
    assert_true(mmap(NULL, PAGE_SIZE, PROT_WRITE, MAP_SHARED, (int)fd, 0) != MAP_FAILED);
    protect(AT, RF_RIGHT_READ);
    fd = FAKE(user, .slot = (u32)space, .op = RF_OP_SPACE_OPEN, .w = {AT});
    assert_true(mmap(NULL, PAGE_SIZE, PROT_WRITE, MAP_SHARED, (int)fd, 0) == MAP_FAILED);
    protect(AT, RW);
    fd = FAKE(user, .slot = (u32)reduced(space, RF_RIGHT_READ), .op = RF_OP_SPACE_OPEN, .w = {AT});
    assert_true(mmap(NULL, PAGE_SIZE, PROT_WRITE, MAP_SHARED, (int)fd, 0) == MAP_FAILED);
    end_segment(segment);
    assert_int_equal(FAKE(user, .slot = (u32)space, .op = RF_OP_SPACE_OPEN, .w = {AT}), -ESTALE);
}

/* A mapping holds its segment, and outlives one that was destroyed. */
static void test_segment_ends(void **state)
{
    s64 bytes;

    (void)state;
    assert_int_equal(map(AT, PAGE_SIZE, 0, RW), 0);
    assert_int_equal(list(0, &bytes)->stale, 0);
    end_segment(segment);
    assert_int_equal(list(0, &bytes)->stale, 1);
    assert_int_equal(unmap(AT), 0);
}

static void test_bank_ends(void **state)
{
    static const struct rf_bank_limits limits = {
        .most = {RF_NO_LIMIT, RF_NO_LIMIT, RF_NO_LIMIT, RF_NO_LIMIT}};
    s64 below =
        FAKE(user, .slot = from, .op = RF_OP_BANK_SPLIT, .data = &limits, .length = sizeof(limits));
    s64 other = FAKE(user, .slot = (u32)below, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_SPACE});
    u64 used = bank->used[RF_RESOURCE_RECORDS];

    (void)state;
    assert_int_equal(map_into(other, AT, PAGE_SIZE, 0, RW, segment), 0);
    assert_int_equal(bank->used[RF_RESOURCE_RECORDS], used + 1);
    /* Dissolved, it is charged to the bank above, which is where it is given back. */
    assert_int_equal(FAKE(user, .slot = (u32)below, .op = RF_OP_BANK_DESTROY, .w = {1}), 0);
    assert_int_equal(map_into(other, AT + PAGE_SIZE, PAGE_SIZE, 0, RW, segment), 0);
    end_segment(other);
    assert_int_equal(map_into(other, AT, PAGE_SIZE, 0, RW, segment), -ESTALE);
    assert_int_equal(bank->used[RF_RESOURCE_RECORDS], used - 2);
}

/* ---- keepers of what is allocated from banks ---- */

static s64 set_keeper(s64 slot, u32 op, u64 bits, s64 keeper)
{
    return FAKE(user, .slot = (u32)slot, .op = op, .w = {bits}, .caps = {(u32)keeper},
                .cap_count = 1);
}

static s64 taken(s64 notification)
{
    s64 r = FAKE(user, .slot = (u32)notification, .op = RF_OP_NOTIFICATION_WAIT, .w = {~0ul, 1});

    return r ? r : (s64)fake_buffer(user, 0)->words[0];
}

static void test_set_keeper_refuses(void **state)
{
    s64 notification = allocate(RF_KIND_NOTIFICATION, 0);
    const struct {
        s64 slot;
        u32 op;
    } kept[] = {{space, RF_OP_SPACE_SET_KEEPER}, {from, RF_OP_BANK_SET_KEEPER}};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(kept); i++) {
        assert_int_equal(set_keeper(kept[i].slot, kept[i].op, 1, segment), -EBADF);
        assert_int_equal(set_keeper(kept[i].slot, kept[i].op, 1, 9999), -EBADF);
        assert_int_equal(
            set_keeper(kept[i].slot, kept[i].op, 1, reduced(notification, RF_RIGHT_READ)), -EACCES);
        assert_int_equal(set_keeper(reduced(kept[i].slot, RW), kept[i].op, 1, notification),
                         -EACCES);
        assert_int_equal(set_keeper(kept[i].slot, kept[i].op, 1, notification), 0);
        assert_int_equal(FAKE(user, .slot = (u32)kept[i].slot, .op = kept[i].op), 0);
    }
}

/* The keeper of the bank whose limit it is hears, whoever asked, and each time. */
static void test_bank_keeper(void **state)
{
    struct rf_bank_limits limits = {.most = {RF_NO_LIMIT, 3, RF_NO_LIMIT, RF_NO_LIMIT}};
    s64 upper = FAKE(user, .slot = from, .op = RF_OP_BANK_SPLIT, .data = &limits,
                     .length = sizeof(limits)),
        lower;
    s64 of_upper = allocate(RF_KIND_NOTIFICATION, 0), of_lower = allocate(RF_KIND_NOTIFICATION, 0);

    (void)state;
    limits.most[RF_RESOURCE_RECORDS] = 1;
    lower = FAKE(user, .slot = (u32)upper, .op = RF_OP_BANK_SPLIT, .data = &limits,
                 .length = sizeof(limits));
    assert_int_equal(set_keeper(upper, RF_OP_BANK_SET_KEEPER, 1, of_upper), 0);
    assert_int_equal(set_keeper(lower, RF_OP_BANK_SET_KEEPER, 2, of_lower), 0);
#define NEW(bank_)                                                                                 \
    FAKE(user, .slot = (u32)(bank_), .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_NOTIFICATION})
    assert_true(NEW(lower) > 0);
    assert_int_equal(taken(of_upper), -EAGAIN);
    assert_int_equal(NEW(lower), -ENOSPC);
    assert_int_equal(taken(of_lower), 2);
    assert_int_equal(taken(of_upper), -EAGAIN);
    assert_true(NEW(upper) > 0);
    assert_int_equal(NEW(upper), -ENOSPC);
    assert_int_equal(taken(of_upper), 1);
    assert_int_equal(NEW(upper), -ENOSPC);
    assert_int_equal(taken(of_upper), 1);
    assert_int_equal(FAKE(user, .slot = (u32)upper, .op = RF_OP_BANK_SET_KEEPER), 0);
    assert_int_equal(NEW(upper), -ENOSPC);
    assert_int_equal(taken(of_upper), -EAGAIN);
    assert_int_equal(taken(of_lower), -EAGAIN);
#undef NEW
}

static void test_pages_keeper(void **state)
{
    static u8 data[2 * PAGE_SIZE];
    struct rf_bank_limits limits = {.most = {1, RF_NO_LIMIT, RF_NO_LIMIT, RF_NO_LIMIT}};
    s64 small =
        FAKE(user, .slot = from, .op = RF_OP_BANK_SPLIT, .data = &limits, .length = sizeof(limits));
    s64 notification = allocate(RF_KIND_NOTIFICATION, 0);
    s64 s = FAKE(user, .slot = (u32)small, .op = RF_OP_BANK_ALLOCATE,
                 .w = {RF_KIND_SEGMENT, sizeof(data)});

    (void)state;
    assert_int_equal(set_keeper(small, RF_OP_BANK_SET_KEEPER, 4, notification), 0);
    assert_int_equal(
        FAKE(user, .slot = (u32)s, .op = RF_OP_SEGMENT_WRITE, .data = data, .length = PAGE_SIZE),
        PAGE_SIZE);
    assert_int_equal(
        FAKE(user, .slot = (u32)s, .op = RF_OP_SEGMENT_WRITE, .data = data, .length = PAGE_SIZE),
        PAGE_SIZE);
    assert_int_equal(taken(notification), -EAGAIN);
    assert_int_equal(
        FAKE(user, .slot = (u32)s, .op = RF_OP_SEGMENT_WRITE, .data = data, .length = sizeof(data)),
        -ENOSPC);
    assert_int_equal(taken(notification), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_map_and_list),
        CASE(test_map_refuses),
        CASE(test_weak_segment),
        CASE(test_limits),
        CASE(test_most),
        CASE(test_unmap_and_protect),
        CASE(test_open),
        CASE(test_segment_ends),
        CASE(test_bank_ends),
        CASE(test_bank_keeper),
        CASE(test_set_keeper_refuses),
        CASE(test_pages_keeper),
    };

    return cmocka_run_group_tests(tests, fake_set_up_all, NULL);
}
