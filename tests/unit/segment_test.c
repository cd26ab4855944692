/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fake_domain.h"

static struct bank *bank;
static struct fake_domain *user;
static u32 from; /* slot of the bank */

static s64 allocate(u64 size)
{
    return FAKE(user, .slot = from, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_SEGMENT, size});
}

static int set_up(void **state)
{
    (void)state;
    bank = fake_bank(1000);
    user = fake_domain(bank);
    from = fake_put(user, &bank->object, RF_RIGHT_ALL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_free(user);
    fake_bank_end(bank);
    return 0;
}

static s64 put(s64 slot, u64 offset, const void *data, u32 length)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_SEGMENT_WRITE, .w = {offset}, .data = data,
                .length = length);
}

static s64 take(s64 slot, u64 offset, u64 length)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_SEGMENT_READ, .w = {offset, length});
}

static s64 slice(s64 slot, u64 offset, u64 length, u32 rights)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_SEGMENT_SLICE, .w = {offset, length, rights});
}

static s64 size(s64 slot)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_SEGMENT_SIZE);
}

static s64 resize(s64 slot, u64 to)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_SEGMENT_RESIZE, .w = {to});
}

static s64 journal(s64 slot, u64 offset)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_SEGMENT_JOURNAL, .w = {offset});
}

static s64 map(s64 slot, u32 rights)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_SEGMENT_MAP, .w = {rights});
}

static s64 reduced(s64 slot, u32 rights)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_COPY, .w = {rights});
}

static void test_read_and_write(void **state)
{
    struct rf_msg *msg = fake_buffer(user, 0);
    s64 s = allocate(10000);

    (void)state;
    assert_int_equal(allocate(RF_SEGMENT_MOST + 1), -EFBIG);
    assert_int_equal(size(s), 10000);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 0);
    assert_int_equal(bank->used[RF_RESOURCE_FILES], 1);
    assert_int_equal(put(s, 4094, "bytes", 5), 5);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 2);
    assert_int_equal(take(s, 4093, 7), 7);
    assert_memory_equal(msg->data, "\0bytes\0", 7);
    assert_int_equal(msg->data_length, 7);
    assert_int_equal(take(s, 9999, 7), 1);
    assert_int_equal(take(s, 10000, 7), 0);
    assert_int_equal(take(s, ~0ul, ~0ul), -EINVAL);
    assert_int_equal(take(s, ~0ul, 7), 0);
    assert_int_equal(put(s, 9996, "bytes", 5), -EFBIG);
    assert_int_equal(put(s, ~0ul, "bytes", 5), -EFBIG);
    assert_int_equal(put(s, 10000, NULL, 0), 0);
    assert_int_equal(put(s, 0, NULL, RF_MSG_DATA + 1), -EINVAL);
    assert_int_equal(put(reduced(s, RF_RIGHT_READ), 0, "x", 1), -EACCES);
    assert_int_equal(take(reduced(s, RF_RIGHT_WRITE), 0, 1), -EACCES);
    assert_int_equal(FAKE(user, .slot = (u32)s, .op = RF_OP_SEGMENT_READ, .buffer = RF_MSG_NONE),
                     -EINVAL);
}

static void test_the_limit(void **state)
{
    struct rf_bank_limits limits = {.most = {2, 10, 0, 1}};
    u32 below = (u32)FAKE(user, .slot = from, .op = RF_OP_BANK_SPLIT, .data = &limits,
                          .length = sizeof(limits));
    s64 s = FAKE(user, .slot = below, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_SEGMENT, 1u << 20});
    static const char bytes[3 * PAGE_SIZE];

    (void)state;
    assert_int_equal(FAKE(user, .slot = below, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_SEGMENT}),
                     -ENOSPC);
    assert_int_equal(put(s, 0, bytes, sizeof(bytes)), -ENOSPC);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 0);
    assert_int_equal(put(s, 100, bytes, PAGE_SIZE), (s64)PAGE_SIZE);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 2);
    /* What is there can be written again, and what is given back elsewhere. */
    assert_int_equal(put(s, 0, bytes, 2 * PAGE_SIZE), 2 * (s64)PAGE_SIZE);
    assert_int_equal(put(s, 8192, "x", 1), -ENOSPC);
    assert_int_equal(resize(s, PAGE_SIZE), 0);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 1);
    assert_int_equal(resize(s, 1u << 20), 0);
    assert_int_equal(put(s, 8192, "x", 1), 1);
    assert_int_equal(put(s, 4096, "x", 1), -ENOSPC);
}

static void test_slices(void **state)
{
    struct rf_msg *msg = fake_buffer(user, 0);
    s64 s = allocate(1000), a, b, end;

    (void)state;
    assert_int_equal(put(s, 105, "inside", 6), 6);
    a = slice(s, 100, 20, ~0u);
    b = slice(a, 5, 6, RF_RIGHT_READ);
    assert_int_equal(size(b), 6);
    assert_int_equal(take(b, 0, 100), 6);
    assert_memory_equal(msg->data, "inside", 6);
    assert_int_equal(put(b, 0, "x", 1), -EACCES);
    assert_int_equal(put(a, 19, "xy", 2), -EFBIG);
    assert_int_equal(put(a, 19, "x", 1), 1);
    assert_int_equal(slice(a, 19, 2, ~0u), -EFBIG);
    assert_int_equal(slice(a, ~0ul, 2, ~0u), -EFBIG);
    assert_int_equal(slice(a, 2, ~0ul, ~0u), -EFBIG);
    assert_int_equal(slice(a, 2, 0, ~0u), -EINVAL);
    assert_int_equal(resize(a, 5), -EINVAL);
    assert_int_equal(map(a, RF_RIGHT_READ), -ENODEV);
    assert_int_equal(map(slice(s, 0, 1000, ~0u), RF_RIGHT_READ), -ENODEV);
    /* The segment shrinks below them. */
    end = slice(s, 990, 10, ~0u);
    assert_int_equal(resize(s, 110), 0);
    assert_int_equal(size(a), 10);
    assert_int_equal(size(end), 0);
    assert_int_equal(take(end, 0, 5), 0);
    assert_int_equal(put(end, 0, "x", 1), -EFBIG);
    assert_int_equal(resize(reduced(s, RF_RIGHT_READ | RF_RIGHT_WRITE), 0), -EACCES);
    assert_int_equal(resize(s, RF_SEGMENT_MOST + 1), -EFBIG);
}

static void test_mapping(void **state)
{
    s64 s = allocate(8192);
    char *at, *again;

    (void)state;
    assert_true(map(s, RF_RIGHT_READ | RF_RIGHT_WRITE) >= 0);
    at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, user->granted, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    at[5000] = 'x';
    assert_int_equal(fcntl(user->granted, F_ADD_SEALS, F_SEAL_WRITE), -1);
    assert_int_equal(take(s, 5000, 1), 1);
    assert_int_equal(fake_buffer(user, 0)->data[0], 'x');
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 0);
    assert_int_equal(FAKE(user, .slot = from, .op = RF_OP_BANK_USAGE), 0);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 1);
    for (u32 i = 0; i < 2; i++) {
        s64 cap = i ? reduced(s, RF_RIGHT_READ) : s;

        assert_true(map(cap, i ? ~0u : RF_RIGHT_READ) >= 0);
        assert_ptr_equal(mmap(NULL, 8192, PROT_WRITE, MAP_SHARED, user->granted, 0), MAP_FAILED);
        again = mmap(NULL, 8192, PROT_READ, MAP_SHARED, user->granted, 0);
        assert_int_equal(again[5000], 'x');
        assert_int_equal(mprotect(again, 8192, PROT_READ | PROT_WRITE), -1);
        assert_int_equal(ftruncate(user->granted, 0), -1);
        munmap(again, 8192);
    }
    munmap(at, 8192);
    assert_int_equal(map(reduced(s, RF_RIGHT_WRITE), ~0u), -EACCES);
}

/* Through a weak capability only what others cannot see. */
static void test_weak(void **state)
{
    s64 s = allocate(8192), node, weak;

    (void)state;
    node = FAKE(user, .slot = from, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_NODE, 1});
    FAKE(user, .slot = (u32)node, .op = RF_OP_NODE_SWAP, .caps = {(u32)s}, .cap_count = 1);
    node = FAKE(user, .slot = (u32)node, .op = RF_OP_NODE_WEAKEN);
    weak = FAKE(user, .slot = (u32)node, .op = RF_OP_NODE_GET);
    assert_int_equal(take(weak, 0, 10), 10);
    assert_int_equal(take(slice(weak, 0, 5, ~0u), 0, 10), 5);
    assert_int_equal(size(s), 8192);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 0);
    assert_int_equal(map(weak, ~0u), -EACCES);
    assert_int_equal(put(weak, 0, "x", 1), -EACCES);
}

/* The memory is gone at once, also while it is mapped. */
static void test_the_end(void **state)
{
    s64 s = allocate(8192);
    int status;
    char *at;
    pid_t pid;

    (void)state;
    map(s, RF_RIGHT_READ | RF_RIGHT_WRITE);
    at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, user->granted, 0);
    at[0] = 1;
    assert_int_equal(size(s), 8192);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 1);
    assert_int_equal(
        FAKE(user, .slot = from, .op = RF_OP_BANK_FREE, .caps = {(u32)s}, .cap_count = 1), 0);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 0);
    assert_int_equal(size(s), -ESTALE);
    pid = fork();
    if (!pid) {
        signal(SIGBUS, SIG_DFL);
        at[0] = 2;
        _exit(0);
    }
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
    munmap(at, 8192);
}

static u64 copy(s64 slot, u32 to)
{
    return fake_send(
        user, &(struct fake_args){
                  .slot = (u32)slot, .op = RF_OP_SEGMENT_COPY, .caps = {to}, .cap_count = 1});
}

static void test_copy(void **state)
{
    s64 s = allocate(1ul << 30), c;

    (void)state;
    put(s, 100, "first", 5);
    put(s, (1ul << 30) - 4, "last", 4);
    c = fake_answer(user, copy(s, from));
    assert_int_equal(size(c), 1l << 30);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 4);
    put(s, 100, "other", 5);
    assert_int_equal(take(c, 100, 5), 5);
    assert_memory_equal(fake_buffer(user, 0)->data, "first", 5);
    take(c, (1ul << 30) - 4, 10);
    assert_memory_equal(fake_buffer(user, 0)->data, "last", 4);
    /* Of a slice only that. */
    c = fake_answer(user, copy(slice(s, 102, 10, RF_RIGHT_READ), from));
    assert_int_equal(size(c), 10);
    take(c, 0, 3);
    assert_memory_equal(fake_buffer(user, 0)->data, "her", 3);
    assert_int_equal(fake_answer(user, copy(s, (u32)s)), -EBADF);
    assert_int_equal(fake_answer(user, copy(s, (u32)reduced(from, RF_RIGHT_READ))), -EACCES);
    assert_int_equal(fake_answer(user, copy(reduced(s, RF_RIGHT_WRITE), from)), -EACCES);
}

/* What takes long is done in pieces, while others have their turn. */
static void test_a_long_copy(void **state)
{
    static u8 bytes[RF_MSG_DATA];
    s64 s = allocate(8u << 20), c;
    u64 id;

    (void)state;
    for (u32 i = 0; i < 8u << 20; i += RF_MSG_DATA) {
        bytes[0] = (u8)(i >> 16);
        assert_int_equal(put(s, i, bytes, RF_MSG_DATA), RF_MSG_DATA);
    }
    id = copy(s, from);
    assert_int_equal(fake_answer(user, id), FAKE_WAITS);
    c = fake_await(user, id);
    assert_int_equal(fake_kind(user, (u64)c), RF_KIND_SEGMENT);
    for (u32 i = 0; i < 8u << 20; i += RF_MSG_DATA) {
        take(c, i, 1);
        assert_int_equal(fake_buffer(user, 0)->data[0], i >> 16);
    }
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 4096);
    /* The source ends, the caller is interrupted, the bank's limit is reached. */
    id = copy(s, from);
    domain_interrupt(&user->domain, (u32)id);
    assert_int_equal(fake_answer(user, id), -EINTR);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 4096);
    bank->limits.most[RF_RESOURCE_PAGES] = 5000;
    assert_int_equal(fake_await(user, copy(s, from)), -ENOSPC);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 4096);
    id = copy(s, from);
    FAKE(user, .slot = from, .op = RF_OP_BANK_FREE, .caps = {(u32)s}, .cap_count = 1, .buffer = 1);
    assert_int_equal(fake_await(user, id), -ESTALE);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 2048);
}

static void test_the_banks_end(void **state)
{
    struct rf_bank_limits limits = {.most = {1000, 10, 0, 2}, .guaranteed = {1000, 5, 0, 2}};
    u32 below = (u32)FAKE(user, .slot = from, .op = RF_OP_BANK_SPLIT, .data = &limits,
                          .length = sizeof(limits));
    s64 s, t;

    (void)state;
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 1000);
    s = FAKE(user, .slot = below, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_SEGMENT, 1u << 20});
    t = FAKE(user, .slot = below, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_SEGMENT, 1u << 20});
    put(s, 0, "x", 1);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 1000);
    assert_int_equal(FAKE(user, .slot = below, .op = RF_OP_BANK_DESTROY, .w = {1}), 0);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 1);
    assert_int_equal(bank->used[RF_RESOURCE_FILES], 2);
    put(t, 0, "x", 1);
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 2);
}

/* What it does in a world that lasts: tests/stored. */
static void test_journalling(void **state)
{
    s64 s = allocate(3 * PAGE_SIZE), part = slice(s, 8, PAGE_SIZE, RF_RIGHT_ALL);
    u64 most = ~0ul & PAGE_MASK;

    (void)state;
    assert_int_equal(journal(s, 0), -EOPNOTSUPP);
    assert_int_equal(journal(s, 1), -EINVAL);
    assert_int_equal(journal(s, 3 * PAGE_SIZE), -EFBIG);
    assert_int_equal(journal(s, most), -EFBIG);
    assert_int_equal(journal(part, 0), -EINVAL);
    assert_int_equal(journal(part, PAGE_SIZE - 8), -EOPNOTSUPP);
    assert_int_equal(journal(part, PAGE_SIZE), -EFBIG);
    assert_int_equal(journal(reduced(s, RF_RIGHT_READ), 0), -EACCES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_read_and_write), CASE(test_the_limit),   CASE(test_slices),
        CASE(test_mapping),        CASE(test_weak),        CASE(test_the_end),
        CASE(test_copy),           CASE(test_a_long_copy), CASE(test_the_banks_end),
        CASE(test_journalling),
    };

    return cmocka_run_group_tests(tests, fake_set_up_all, NULL);
}
