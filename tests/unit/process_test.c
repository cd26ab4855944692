/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's part of processes: requests, spaces that are shown, keepers. A cell without
 * processes, whose library OS is the test. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <unistd.h>

#include "kernel/world.h"
#include "tests/unit/fake_cell.h"
#include "tests/unit/fake_domain.h"

#define AT 0x100000000000ul
#define RW (RF_RIGHT_READ | RF_RIGHT_WRITE)

static struct bank *bank;
static struct fake_domain *user;
static struct cell *cell;
static u32 from, place; /* slots of the bank and of the cell */
static s64 process;

static s64 allocate(u32 kind, u64 size)
{
    return FAKE(user, .slot = from, .op = RF_OP_BANK_ALLOCATE, .w = {kind, size});
}

static s64 process_of(u32 slot, u64 pid)
{
    return FAKE(user, .slot = slot, .op = RF_OP_CELL_PROCESS, .w = {pid});
}

static s64 give(u32 op, s64 what, u64 w0)
{
    return FAKE(user, .slot = (u32)process, .op = op, .w = {w0}, .caps = {(u32)what},
                .cap_count = 1);
}

static s64 reduced(s64 slot, u32 rights)
{
    return FAKE(user, .slot = (u32)slot, .op = RF_OP_COPY, .w = {rights});
}

/* What the library OS says. */
static s64 own(u32 op, const void *data, u32 length, u64 w0, u64 w1)
{
    return fake_call(cell, RF_SLOT_CELL, op, data, length, w0, w1, 0, 0);
}

static char top[] = "/tmp/ringfence-unit.XXXXXX";

static int set_up_all(void **state)
{
    (void)state;
    if (event_init() || !mkdtemp(top))
        return -1;
    cell = fake_cell(top);
    cell->started_ns = 1;
    return 0;
}

static int tear_down_all(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", top);
    return system(command);
}

static int set_up(void **state)
{
    (void)state;
    bank = fake_bank(1000);
    user = fake_domain(bank);
    from = fake_put(user, &bank->object, RF_RIGHT_ALL);
    place = fake_put(user, &cell->object, RF_RIGHT_ALL);
    process = process_of(place, 5);
    cell->signals = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    own(RF_OP_PROCESS_OVER, NULL, 0, 5, 0);
    fake_free(user);
    fake_bank_end(bank);
    return 0;
}

static bool announced(void)
{
    bool is = cell->signals & 1ul << (RF_PREPARED_REQUEST - 1);

    cell->signals = 0;
    return is;
}

static void test_make(void **state)
{
    s64 again = process_of(place, 5), readable = process_of((u32)reduced(place, RW), 6);
    s64 blind = process_of((u32)reduced(place, RF_RIGHT_WRITE), 7);

    (void)state;
    assert_int_equal(fake_kind(user, (u64)process), RF_KIND_PROCESS);
    assert_ptr_equal(table_get(&user->domain.caps, (u64)process)->object,
                     table_get(&user->domain.caps, (u64)again)->object);
    assert_int_equal(table_get(&user->domain.caps, (u64)readable)->rights, RW | RF_RIGHT_MANAGE);
    assert_int_equal(FAKE(user, .slot = (u32)blind, .op = RF_OP_PROCESS_CELL), -EACCES);
    assert_int_equal(process_of(place, 0), -EINVAL);
    assert_int_equal(process_of(place, 1ul << 31), -EINVAL);
    assert_int_equal(process_of((u32)reduced(place, RF_RIGHT_READ), 5), -EACCES);
    bank->limits.most[RF_RESOURCE_RECORDS] = bank->used[RF_RESOURCE_RECORDS];
    assert_int_equal(process_of(place, 8), -ENOSPC);
    assert_int_equal(process_of(place, 5) > 0, true);
    cell->ending = true;
    assert_int_equal(process_of(place, 5), -ESRCH);
    assert_int_equal(FAKE(user, .slot = (u32)process, .op = RF_OP_PROCESS_STOP), -ESRCH);
    cell->ending = false;
}

static void test_refused_at_once(void **state)
{
    static const u32 with_data[] = {RF_OP_PROCESS_THREADS, RF_OP_PROCESS_REGISTERS,
                                    RF_OP_PROCESS_READ, RF_OP_PROCESS_FAULT};
    static const u32 writing[] = {RF_OP_PROCESS_STOP, RF_OP_PROCESS_START,
                                  RF_OP_PROCESS_SET_REGISTERS, RF_OP_PROCESS_WRITE,
                                  RF_OP_PROCESS_SET_SPACE};
    s64 read_only = reduced(process, RF_RIGHT_READ);

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(with_data); i++)
        assert_int_equal(
            FAKE(user, .slot = (u32)process, .op = with_data[i], .buffer = RF_MSG_NONE), -EINVAL);
    for (u32 i = 0; i < ARRAY_SIZE(writing); i++)
        assert_int_equal(FAKE(user, .slot = (u32)read_only, .op = writing[i]), -EACCES);
    assert_int_equal(FAKE(user, .slot = (u32)process, .op = RF_OP_PROCESS_START, .w = {RF_STARTS}),
                     -EINVAL);
    assert_int_equal(
        FAKE(user, .slot = (u32)process, .op = RF_OP_PROCESS_READ, .w = {0, RF_MSG_DATA + 1}),
        -EINVAL);
    assert_int_equal(FAKE(user, .slot = (u32)process, .op = RF_OP_PROCESS_SET_REGISTERS), -EINVAL);
    assert_int_equal(
        FAKE(user, .slot = (u32)process, .op = RF_OP_PROCESS_WRITE, .buffer = RF_MSG_NONE),
        -EINVAL);
    assert_int_equal(own(RF_OP_REQUEST_TAKE, NULL, 0, 0, 0), -ENOENT);
}

/* A request goes to the library OS with its words and data, and the answer back. */
static void test_request(void **state)
{
    u64 id = fake_send(user, &(struct fake_args){.slot = (u32)process,
                                                 .op = RF_OP_PROCESS_WRITE,
                                                 .w = {AT},
                                                 .data = "data",
                                                 .length = 4});
    const struct rf_msg *m = fake_message(cell);
    s64 token;

    (void)state;
    assert_int_equal(fake_answer(user, id), FAKE_WAITS);
    assert_true(announced());
    token = own(RF_OP_REQUEST_TAKE, NULL, 0, 0, 0);
    assert_true(token > 0);
    assert_int_equal(m->op, RF_OP_PROCESS_WRITE);
    assert_int_equal(m->words[0], 5);
    assert_int_equal(m->words[1], AT);
    assert_int_equal(m->data_length, 4);
    assert_memory_equal(m->data, "data", 4);
    assert_int_equal(own(RF_OP_REQUEST_TAKE, NULL, 0, 0, 0), -ENOENT);
    assert_int_equal(own(RF_OP_REQUEST_DONE, NULL, 0, (u64)token + 1, 0), -ENOENT);
    assert_int_equal(own(RF_OP_REQUEST_DONE, NULL, 0, (u64)token, (u64)-ENOSYS), -EINVAL);
    assert_int_equal(own(RF_OP_REQUEST_DONE, NULL, 0, (u64)token, (u64)CALL_WAITS), -EINVAL);
    assert_int_equal(own(RF_OP_REQUEST_DONE, NULL, 0, (u64)token, RF_MSG_DATA + 1), -EINVAL);
    assert_int_equal(fake_answer(user, id), FAKE_WAITS);
    assert_int_equal(own(RF_OP_REQUEST_DONE, "back", 4, (u64)token, 4), 0);
    assert_int_equal(fake_answer(user, id), 4);
    assert_int_equal(fake_buffer(user, 0)->data_length, 4);
    assert_memory_equal(fake_buffer(user, 0)->data, "back", 4);
}

static void test_process_ends(void **state)
{
    u64 id = fake_send(user, &(struct fake_args){.slot = (u32)process, .op = RF_OP_PROCESS_STOP});

    (void)state;
    assert_int_equal(own(RF_OP_PROCESS_OVER, NULL, 0, 6, 0), -ENOENT);
    assert_int_equal(own(RF_OP_PROCESS_OVER, NULL, 0, 5, 0), 0);
    assert_int_equal(fake_answer(user, id), -ESTALE);
    assert_int_equal(FAKE(user, .slot = (u32)process, .op = RF_OP_PROCESS_START), -ESTALE);
    assert_int_equal(own(RF_OP_REQUEST_TAKE, NULL, 0, 0, 0), -ENOENT);
}

static s64 map(s64 space, s64 segment)
{
    return FAKE(user, .slot = (u32)space, .op = RF_OP_SPACE_MAP, .w = {AT, PAGE_SIZE, 0, RW},
                .caps = {(u32)segment}, .cap_count = 1);
}

/* The library OS hears of each change, and sees the list. */
static void test_space(void **state)
{
    s64 space = allocate(RF_KIND_SPACE, 0), segment = allocate(RF_KIND_SEGMENT, PAGE_SIZE);

    (void)state;
    assert_int_equal(FAKE(user, .slot = (u32)process, .op = RF_OP_PROCESS_SPACE), -ENOENT);
    assert_int_equal(give(RF_OP_PROCESS_SET_SPACE, from, 0), -EBADF);
    assert_int_equal(give(RF_OP_PROCESS_SET_SPACE, reduced(space, RF_RIGHT_WRITE), 0), -EACCES);
    assert_false(announced());
    assert_int_equal(give(RF_OP_PROCESS_SET_SPACE, space, 0), 0);
    assert_true(announced());
    assert_int_equal(own(RF_OP_REQUEST_TAKE, NULL, 0, 0, 0), 0);
    assert_int_equal(fake_message(cell)->op, RF_OP_PROCESS_SET_SPACE);
    assert_int_equal(fake_message(cell)->words[0], 5);
    assert_int_equal(own(RF_OP_REQUEST_TAKE, NULL, 0, 0, 0), -ENOENT);
    assert_int_equal(map(space, segment), 0);
    assert_true(announced());
    assert_int_equal(own(RF_OP_SHOWN_LIST, NULL, 0, 5, 0), sizeof(struct rf_space_mapping));
    assert_int_equal(own(RF_OP_SHOWN_LIST, NULL, 0, 6, 0), 0);
    assert_int_equal(own(RF_OP_SHOWN_OPEN, NULL, 0, 5, AT + PAGE_SIZE), -ENOENT);
    assert_int_equal(own(RF_OP_SHOWN_OPEN, NULL, 0, 6, AT), -ENOENT);
    assert_true(FAKE(user, .slot = (u32)process, .op = RF_OP_PROCESS_SPACE) > 0);
    FAKE(user, .slot = from, .op = RF_OP_BANK_FREE, .caps = {(u32)space}, .cap_count = 1);
    assert_true(announced());
    assert_int_equal(own(RF_OP_SHOWN_LIST, NULL, 0, 5, 0), 0);
    assert_int_equal(FAKE(user, .slot = (u32)process, .op = RF_OP_PROCESS_SET_SPACE), 0);
}

/* It lasts without a capability to the process. */
static void test_space_lasts(void **state)
{
    s64 space = allocate(RF_KIND_SPACE, 0), segment = allocate(RF_KIND_SEGMENT, PAGE_SIZE);

    (void)state;
    assert_int_equal(map(space, segment), 0);
    assert_int_equal(give(RF_OP_PROCESS_SET_SPACE, space, 0), 0);
    FAKE(user, .slot = (u32)process, .op = RF_OP_DROP);
    assert_int_equal(own(RF_OP_SHOWN_LIST, NULL, 0, 5, 0), sizeof(struct rf_space_mapping));
    process = process_of(place, 5);
    assert_int_equal(FAKE(user, .slot = (u32)process, .op = RF_OP_PROCESS_SET_SPACE), 0);
    FAKE(user, .slot = (u32)process, .op = RF_OP_DROP);
    assert_int_equal(own(RF_OP_PROCESS_OVER, NULL, 0, 5, 0), -ENOENT);
}

static s64 taken(s64 notification)
{
    s64 r = FAKE(user, .slot = (u32)notification, .op = RF_OP_NOTIFICATION_WAIT, .w = {~0ul, 1});

    return r ? r : (s64)fake_buffer(user, 0)->words[0];
}

/* A fault is told to the space's keeper, else the process's, else the cell's, which has no say. */
static void test_keepers(void **state)
{
    s64 n = allocate(RF_KIND_NOTIFICATION, 0), space = allocate(RF_KIND_SPACE, 0);

    (void)state;
    cell->window->cell.keepers = 0;
    assert_int_equal(own(RF_OP_FAULT, NULL, 0, 5, AT), 0);
    assert_int_equal(FAKE(user, .slot = place, .op = RF_OP_CELL_SET_KEEPER, .w = {1, 2},
                          .caps = {from}, .cap_count = 1),
                     -EBADF);
    assert_int_equal(FAKE(user, .slot = place, .op = RF_OP_CELL_SET_KEEPER, .w = {1, 2},
                          .caps = {(u32)reduced(n, RF_RIGHT_READ)}, .cap_count = 1),
                     -EACCES);
    assert_int_equal(FAKE(user, .slot = place, .op = RF_OP_CELL_SET_KEEPER, .w = {1, 2},
                          .caps = {(u32)n}, .cap_count = 1),
                     0);
    assert_int_equal(cell->window->cell.keepers, 1);
    assert_int_equal(own(RF_OP_FAULT, NULL, 0, 5, AT), 0);
    assert_int_equal(taken(n), 2);
    assert_int_equal(give(RF_OP_PROCESS_SET_KEEPER, from, 4), -EBADF);
    assert_int_equal(give(RF_OP_PROCESS_SET_KEEPER, reduced(n, RF_RIGHT_READ), 4), -EACCES);
    assert_int_equal(give(RF_OP_PROCESS_SET_KEEPER, n, 4), 0);
    assert_int_equal(own(RF_OP_FAULT, NULL, 0, 5, AT), 1);
    assert_int_equal(taken(n), 4);
    assert_int_equal(map(space, allocate(RF_KIND_SEGMENT, PAGE_SIZE)), 0);
    assert_int_equal(FAKE(user, .slot = (u32)space, .op = RF_OP_SPACE_SET_KEEPER, .w = {8},
                          .caps = {(u32)n}, .cap_count = 1),
                     0);
    assert_int_equal(give(RF_OP_PROCESS_SET_SPACE, space, 0), 0);
    assert_int_equal(own(RF_OP_FAULT, NULL, 0, 5, AT + 8), 1);
    assert_int_equal(taken(n), 8);
    assert_int_equal(own(RF_OP_FAULT, NULL, 0, 5, AT + PAGE_SIZE), 1);
    assert_int_equal(taken(n), 4);
    assert_int_equal(own(RF_OP_FAULT, NULL, 0, 6, AT), 0);
    assert_int_equal(taken(n), 2);
    assert_int_equal(FAKE(user, .slot = place, .op = RF_OP_CELL_SET_KEEPER), 0);
}

static void test_cell_keeper_hears_of_the_end(void **state)
{
    s64 n = allocate(RF_KIND_NOTIFICATION, 0);
    struct cell *other;
    u32 slot;

    (void)state;
    assert_int_equal(cell_make(world.first, bank, world.meter, "other", &other), 0);
    slot = fake_put(user, &other->object, RF_RIGHT_ALL);
    assert_int_equal(FAKE(user, .slot = slot, .op = RF_OP_CELL_SET_KEEPER, .w = {1, 2},
                          .caps = {(u32)n}, .cap_count = 1),
                     0);
    assert_int_equal(taken(n), -EAGAIN);
    object_destroy(&other->object);
    assert_int_equal(taken(n), 1);
    object_release(&other->object);
}

static void test_cell_of_process(void **state)
{
    s64 slot = FAKE(user, .slot = (u32)process, .op = RF_OP_PROCESS_CELL);

    (void)state;
    assert_int_equal(fake_kind(user, (u64)slot), RF_KIND_CELL);
    assert_int_equal(table_get(&user->domain.caps, (u64)slot)->rights, RF_RIGHT_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_make),
        CASE(test_refused_at_once),
        CASE(test_request),
        CASE(test_process_ends),
        CASE(test_space),
        CASE(test_space_lasts),
        CASE(test_keepers),
        CASE(test_cell_keeper_hears_of_the_end),
        CASE(test_cell_of_process),
    };

    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
