/* SPDX-License-Identifier: Apache-2.0 */
/* Consoles that the kernel keeps, from both ends. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <poll.h>
#include <sys/stat.h>

#include "kernel/object/console.h"
#include "kernel/object/viewer.h"
#include "kernel/world.h"
#include "tests/unit/fake_cell.h"
#include "tests/unit/fake_domain.h"

static struct bank *bank;
static struct fake_domain *user; /* at both ends, but for what only cells do */
static struct cell *cell;
static u32 from, viewer, console;
static s64 in_cell; /* the cell's slot of the console */

static s64 do_viewer(u32 op, u64 w0, u64 w1)
{
    return FAKE(user, .slot = viewer, .op = op, .w = {w0, w1});
}

static int set_up(void **state)
{
    (void)state;
    bank = fake_bank(1000);
    user = fake_domain(bank);
    from = fake_put(user, &bank->object, RF_RIGHT_ALL);
    assert_int_equal(cell_make(world.first, world.bank, world.meter, "user", &cell), 0);
    viewer = (u32)FAKE(user, .slot = from, .op = RF_OP_BANK_ALLOCATE, .w = {RF_KIND_VIEWER});
    console = (u32)do_viewer(RF_OP_VIEWER_CONSOLE, ~0ul, 0);
    in_cell = table_add(&cell->domain.caps, cap_copy(table_get(&user->domain.caps, console), ~0u));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_free(user);
    object_release(&cell->object);
    fake_bank_end(bank);
    return 0;
}

static s64 show(const char *text, u32 length)
{
    return FAKE(user, .slot = console, .op = RF_OP_CONSOLE_WRITE, .data = text, .length = length);
}

static s64 type(const char *text, u32 length)
{
    return FAKE(user, .slot = viewer, .op = RF_OP_VIEWER_WRITE, .data = text, .length = length);
}

static s64 read_console(u64 most)
{
    return FAKE(user, .slot = console, .op = RF_OP_CONSOLE_READ, .w = {most, 1});
}

static s64 cell_does(u32 op, u64 w0, u64 w1)
{
    return fake_call(cell, (u32)in_cell, op, NULL, 0, w0, w1, 0, 0);
}

static void test_output(void **state)
{
    struct rf_msg *msg = fake_buffer(user, 0);
    u64 waits;

    (void)state;
    assert_int_equal(bank->used[RF_RESOURCE_PAGES], 32);
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 0, 1), -EAGAIN);
    assert_int_equal(show("hello", 5), 5);
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 0, 1), 5);
    assert_memory_equal(msg->data, "hello", 5);
    assert_int_equal(msg->words[0], 5);
    assert_int_equal(msg->words[1], 0);
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 3, 1), 2);
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 5, 1), -EAGAIN);
    waits = fake_send(
        user, &(struct fake_args){.slot = viewer, .op = RF_OP_VIEWER_READ, .w = {99}, .buffer = 1});
    assert_int_equal(fake_answer(user, waits), FAKE_WAITS);
    assert_int_equal(show("", 0), 0);
    assert_int_equal(fake_answer(user, waits), FAKE_WAITS);
    assert_int_equal(show("more", 4), 4);
    assert_int_equal(fake_answer(user, waits), 4);
    assert_memory_equal(fake_buffer(user, 1)->data, "more", 4);
    assert_int_equal(fake_buffer(user, 1)->words[0], 9);
}

/* What nobody read is written over; who reads learns what is missing. */
static void test_the_ring(void **state)
{
    static char text[RF_MSG_DATA];
    struct rf_msg *msg = fake_buffer(user, 0);

    (void)state;
    memset(text, 'a', sizeof(text));
    assert_int_equal(show("gone", 4), 4);
    assert_int_equal(show(text, sizeof(text)), sizeof(text));
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 0, 1), RF_VIEWER_RING);
    assert_int_equal(msg->words[0], 4 + sizeof(text));
    assert_int_equal(msg->words[1], 4);
    assert_memory_equal(msg->data, text, sizeof(text));
    assert_int_equal(show("end", 3), 3);
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 4 + sizeof(text) - 1, 1), 4);
    assert_memory_equal(msg->data, "aend", 4);
}

static void test_no_console_is_left(void **state)
{
    u64 waits =
        fake_send(user, &(struct fake_args){.slot = viewer, .op = RF_OP_VIEWER_READ, .buffer = 1});
    s64 second = do_viewer(RF_OP_VIEWER_CONSOLE, RF_RIGHT_WRITE, 0);

    (void)state;
    assert_ptr_equal(table_get(&user->domain.caps, console)->object,
                     table_get(&user->domain.caps, (u64)second)->object);
    show("last", 4);
    assert_int_equal(fake_answer(user, waits), 4);
    waits = fake_send(
        user, &(struct fake_args){.slot = viewer, .op = RF_OP_VIEWER_READ, .w = {4}, .buffer = 1});
    table_drop(&user->domain.caps, console);
    table_drop(&user->domain.caps, (u32)second);
    assert_int_equal(fake_answer(user, waits), FAKE_WAITS);
    table_drop(&cell->domain.caps, (u32)in_cell);
    assert_int_equal(fake_answer(user, waits), 0);
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 4, 0), 0);
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 0, 0), 4);
    console = (u32)do_viewer(RF_OP_VIEWER_CONSOLE, ~0ul, 0);
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 4, 1), -EAGAIN);
}

static void test_input(void **state)
{
    struct rf_msg *msg = fake_buffer(user, 0);
    u64 waits;

    (void)state;
    assert_int_equal(read_console(10), -EAGAIN);
    assert_int_equal(type("typed", 5), 5);
    assert_int_equal(read_console(3), 3);
    assert_memory_equal(msg->data, "typ", 3);
    assert_int_equal(read_console(10), 2);
    waits = fake_send(user, &(struct fake_args){
                                .slot = console, .op = RF_OP_CONSOLE_READ, .w = {2}, .buffer = 1});
    assert_int_equal(read_console(10), -EAGAIN);
    assert_int_equal(type("abc", 3), 3);
    assert_int_equal(fake_answer(user, waits), 2);
    assert_int_equal(read_console(10), 1);
    /* Somebody who was interrupted takes nothing along. */
    user->gone_id = fake_send(
        user,
        &(struct fake_args){.slot = console, .op = RF_OP_CONSOLE_READ, .w = {2}, .buffer = 1});
    assert_int_equal(type("abc", 3), 3);
    user->gone_id = user->last_id + 1;
    assert_int_equal(read_console(10), FAKE_WAITS);
    assert_int_equal(read_console(10), 3);
    assert_int_equal(read_console(RF_MSG_DATA + 1), -EINVAL);
}

static void test_hanging_up(void **state)
{
    u64 waits;

    (void)state;
    assert_int_equal(type("x", 1), 1);
    assert_int_equal(do_viewer(RF_OP_VIEWER_HANG_UP, 0, 0), 0);
    assert_int_equal(type("y", 1), -EPIPE);
    assert_int_equal(read_console(9), 1);
    assert_int_equal(read_console(9), 0);
    waits =
        fake_send(user, &(struct fake_args){.slot = console, .op = RF_OP_CONSOLE_READ, .w = {9}});
    assert_int_equal(fake_answer(user, waits), 0);
}

static void test_input_that_nobody_reads(void **state)
{
    static char text[RF_MSG_DATA];

    (void)state;
    assert_int_equal(type(text, 40000), 40000);
    assert_int_equal(type(text, 40000), RF_VIEWER_RING - 40000);
    assert_int_equal(type(text, 1), -EAGAIN);
    assert_int_equal(read_console(RF_MSG_DATA), RF_VIEWER_RING);
    assert_int_equal(type(text, 1), 1);
}

static void test_rights(void **state)
{
    s64 reads = FAKE(user, .slot = console, .op = RF_OP_COPY, .w = {RF_RIGHT_READ});
    s64 looks = FAKE(user, .slot = viewer, .op = RF_OP_COPY, .w = {RF_RIGHT_READ});

    (void)state;
    assert_int_equal(FAKE(user, .slot = (u32)reads, .op = RF_OP_CONSOLE_WRITE), -EACCES);
    assert_int_equal(FAKE(user, .slot = (u32)looks, .op = RF_OP_VIEWER_WRITE), -EACCES);
    assert_int_equal(FAKE(user, .slot = (u32)looks, .op = RF_OP_VIEWER_CONSOLE), -EACCES);
    assert_int_equal(FAKE(user, .slot = (u32)looks, .op = RF_OP_VIEWER_HANG_UP), -EACCES);
    /* The console is no way to its viewer. */
    assert_int_equal(FAKE(user, .slot = console, .op = RF_OP_VIEWER_READ), -EINVAL);
    assert_int_equal(table_get(&user->domain.caps, console)->rights,
                     RF_RIGHT_READ | RF_RIGHT_WRITE);
}

static void test_a_terminal(void **state)
{
    struct rf_msg *msg = fake_message(cell);

    (void)state;
    assert_int_equal(cell_does(RF_OP_CONSOLE_INFO, 0, 0), 0);
    assert_int_equal(msg->words[1], 0);
    assert_true(S_ISFIFO(msg->words[0]));
    assert_int_equal(cell_does(RF_OP_CONSOLE_MODE, RF_CONSOLE_SIGNALS, 3), -EPERM);
    assert_int_equal(do_viewer(RF_OP_VIEWER_SIZE, 80, 0), -EINVAL);
    assert_int_equal(do_viewer(RF_OP_VIEWER_SIZE, 65536, 1), -EINVAL);
    assert_int_equal(do_viewer(RF_OP_VIEWER_SIZE, 80, 25), 0);
    assert_int_equal(cell_does(RF_OP_CONSOLE_INFO, 0, 0), 0);
    assert_int_equal(msg->words[1], 1);
    assert_int_equal(msg->words[2], 80 | 25ul << 32);
    assert_int_equal(cell_does(RF_OP_CONSOLE_SUSPEND, 0, 0), -EPERM);
    /* The keys, of which what was typed before is lost. */
    assert_int_equal(type("lost", 4), 4);
    assert_int_equal(cell_does(RF_OP_CONSOLE_MODE,
                               RF_CONSOLE_SIGNALS | RF_CONSOLE_FLOW | RF_CONSOLE_RETURN,
                               3 | 28ul << 8 | 17ul << 24 | 19ul << 32),
                     0);
    cell->signals = 0;
    assert_int_equal(type("a\03b\r\21\23\0", 7), 7);
    assert_int_equal(cell->signals, 1ul << (RF_PREPARED_INTERRUPT - 1));
    assert_int_equal(read_console(9), 3);
    assert_memory_equal(fake_buffer(user, 0)->data, "b\n\0", 3);
    assert_int_equal(
        cell_does(RF_OP_CONSOLE_MODE, RF_CONSOLE_SIGNALS | RF_CONSOLE_NO_FLUSH, 3 | 28ul << 8), 0);
    assert_int_equal(type("a\34b\r", 4), 4);
    assert_true(cell->signals & 1ul << (RF_PREPARED_QUIT - 1));
    assert_int_equal(read_console(9), 3);
    assert_memory_equal(fake_buffer(user, 0)->data, "ab\r", 3);
}

static void test_arming(void **state)
{
    u32 events;

    (void)state;
    assert_int_equal(cell_does(RF_OP_CONSOLE_ARM, 5, POLLOUT), POLLOUT);
    assert_int_equal(cell_does(RF_OP_CONSOLE_ARM, 5, POLLIN), 0);
    assert_int_equal(cell_does(RF_OP_CONSOLE_ARM, RF_MAX_THREADS, POLLIN), -EINVAL);
    events = cell->window->cell.console_events;
    assert_int_equal(type("x", 1), 1);
    assert_int_equal(cell->window->cell.console_events, events + 1);
    assert_int_equal(cell->window->wake[5], 1);
    assert_int_equal(type("x", 1), 1);
    assert_int_equal(cell->window->wake[5], 1);
    assert_int_equal(cell_does(RF_OP_CONSOLE_ARM, 5, POLLIN), POLLIN);
    assert_int_equal(read_console(9), 2);
    assert_int_equal(cell_does(RF_OP_CONSOLE_ARM, 6, POLLIN), 0);
    assert_int_equal(do_viewer(RF_OP_VIEWER_HANG_UP, 0, 0), 0);
    assert_int_equal(cell->window->wake[6], 1);
    assert_int_equal(cell_does(RF_OP_CONSOLE_ARM, 6, POLLIN), POLLIN | POLLHUP);
}

static void test_the_viewer_ends(void **state)
{
    u64 reads = fake_send(
            user,
            &(struct fake_args){.slot = console, .op = RF_OP_CONSOLE_READ, .w = {2}, .buffer = 1}),
        looks = fake_send(
            user, &(struct fake_args){.slot = viewer, .op = RF_OP_VIEWER_READ, .buffer = 2});

    (void)state;
    cell_does(RF_OP_CONSOLE_ARM, 6, POLLIN);
    assert_int_equal(
        FAKE(user, .slot = from, .op = RF_OP_BANK_FREE, .caps = {viewer}, .cap_count = 1), 0);
    assert_int_equal(fake_answer(user, reads), -ESTALE);
    assert_int_equal(fake_answer(user, looks), -ESTALE);
    assert_int_equal(cell_does(RF_OP_CONSOLE_INFO, 0, 0), -ESTALE);
    assert_int_equal(show("x", 1), -ESTALE);
}

/* The console alone keeps what was written, for whoever finds the viewer through it. */
static void test_the_viewer_is_dropped(void **state)
{
    (void)state;
    table_drop(&user->domain.caps, viewer);
    assert_int_equal(show("kept", 4), 4);
    object_hold(viewer_of_console(table_get(&user->domain.caps, console)));
    viewer =
        fake_put(user, viewer_of_console(table_get(&user->domain.caps, console)), RF_RIGHT_ALL);
    object_release(table_get(&user->domain.caps, viewer)->object);
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 0, 1), 4);
}

static u64 send(u32 slot, u32 op, u64 w0, u32 buffer)
{
    return fake_send(user,
                     &(struct fake_args){.slot = slot, .op = op, .w = {w0}, .buffer = buffer});
}

/* Nothing is written over: writers wait, or are refused, until room was made. */
static void test_pace(void **state)
{
    static char text[RF_MSG_DATA];
    u64 waits, events;

    (void)state;
    assert_int_equal(show("old", 3), 3);
    assert_int_equal(do_viewer(RF_OP_VIEWER_PACE, 1, 0), 0);
    assert_int_equal(show(text, sizeof(text)), RF_VIEWER_RING);
    assert_int_equal(cell_does(RF_OP_CONSOLE_ARM, 3, POLLOUT), 0);
    assert_int_equal(FAKE(user, .slot = console, .op = RF_OP_CONSOLE_WRITE, .w = {0, 1},
                          .data = "x", .length = 1),
                     -EAGAIN);
    waits = fake_send(
        user,
        &(struct fake_args){
            .slot = console, .op = RF_OP_CONSOLE_WRITE, .data = "abc", .length = 3, .buffer = 1});
    assert_int_equal(fake_answer(user, waits), FAKE_WAITS);
    events = cell->window->cell.console_events;
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 3, 1), RF_VIEWER_RING);
    assert_int_equal(fake_answer(user, waits), FAKE_WAITS);
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 5, 1), RF_VIEWER_RING);
    assert_int_equal(fake_answer(user, waits), FAKE_WAITS);
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 10, 1), RF_VIEWER_RING - 4);
    assert_int_equal(fake_answer(user, waits), 3);
    assert_int_equal(cell->window->cell.console_events, events + 1);
    assert_int_equal(do_viewer(RF_OP_VIEWER_PACE, 0, 0), 0);
    assert_int_equal(show(text, sizeof(text)), sizeof(text));
}

/* Whoever writes to a far end that is gone, or waits to, learns it. */
static void test_nobody_looks(void **state)
{
    static char text[RF_MSG_DATA];
    u64 waits;

    (void)state;
    assert_int_equal(do_viewer(RF_OP_VIEWER_PACE, 1, 0), 0);
    assert_int_equal(show(text, sizeof(text)), sizeof(text));
    waits = fake_send(
        user,
        &(struct fake_args){
            .slot = console, .op = RF_OP_CONSOLE_WRITE, .data = "abc", .length = 3, .buffer = 1});
    assert_int_equal(cell_does(RF_OP_CONSOLE_ARM, 3, POLLOUT), 0);
    assert_int_equal(do_viewer(RF_OP_VIEWER_HANG_UP, 2, 0), -EINVAL);
    assert_int_equal(do_viewer(RF_OP_VIEWER_HANG_UP, 1, 0), 0);
    assert_int_equal(fake_answer(user, waits), -EPIPE);
    assert_int_equal(cell->window->wake[3], 1);
    assert_int_equal(cell_does(RF_OP_CONSOLE_ARM, 3, POLLOUT), POLLOUT | POLLERR);
    assert_int_equal(show("x", 1), -EPIPE);
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, 0, 0), RF_VIEWER_RING);
    assert_int_equal(do_viewer(RF_OP_VIEWER_READ, RF_VIEWER_RING, 0), 0);
}

static void test_input_is_wanted(void **state)
{
    u64 waits = send(viewer, RF_OP_VIEWER_AWAIT, RF_VIEWER_WANTED | RF_VIEWER_GONE, 1);

    (void)state;
    assert_int_equal(do_viewer(RF_OP_VIEWER_AWAIT, RF_VIEWER_WANTED, 1), -EAGAIN);
    assert_int_equal(read_console(10), -EAGAIN);
    assert_int_equal(fake_answer(user, waits), RF_VIEWER_WANTED);
    assert_int_equal(fake_buffer(user, 1)->words[0], 10);
    assert_int_equal(do_viewer(RF_OP_VIEWER_AWAIT, RF_VIEWER_WANTED, 1), RF_VIEWER_WANTED);
    assert_int_equal(do_viewer(RF_OP_VIEWER_AWAIT, RF_VIEWER_GONE, 1), -EAGAIN);
    assert_int_equal(type("abc", 3), 3);
    assert_int_equal(do_viewer(RF_OP_VIEWER_AWAIT, RF_VIEWER_WANTED, 1), -EAGAIN);
    assert_int_equal(read_console(10), 3);
    assert_int_equal(do_viewer(RF_OP_VIEWER_AWAIT, RF_VIEWER_WANTED, 1), -EAGAIN);
    assert_int_equal(cell_does(RF_OP_CONSOLE_ARM, 3, POLLOUT), POLLOUT);
    assert_int_equal(cell_does(RF_OP_CONSOLE_ARM, 3, POLLIN), 0);
    assert_int_equal(do_viewer(RF_OP_VIEWER_AWAIT, RF_VIEWER_WANTED, 1), RF_VIEWER_WANTED);
    waits = send(viewer, RF_OP_VIEWER_AWAIT, RF_VIEWER_GONE, 1);
    table_drop(&user->domain.caps, console);
    table_drop(&cell->domain.caps, (u32)in_cell);
    assert_int_equal(fake_answer(user, waits), RF_VIEWER_GONE);
    assert_int_equal(do_viewer(RF_OP_VIEWER_AWAIT, ~0ul, 0), RF_VIEWER_GONE);
}

static void test_suspending(void **state)
{
    u64 waits;
    u32 events;

    (void)state;
    assert_int_equal(do_viewer(RF_OP_VIEWER_SIZE, 80, 25), 0);
    cell_does(RF_OP_CONSOLE_INFO, 0, 0);
    events = cell->window->cell.console_events;
    assert_int_equal(cell_does(RF_OP_CONSOLE_SUSPEND, events, 0), -EPERM);
    waits = send(viewer, RF_OP_VIEWER_AWAIT, RF_VIEWER_SUSPEND | RF_VIEWER_GONE, 1);
    assert_int_equal(cell_does(RF_OP_CONSOLE_SUSPEND, events - 1, 0), 0);
    assert_int_equal(fake_answer(user, waits), FAKE_WAITS);
    assert_int_equal(cell_does(RF_OP_CONSOLE_SUSPEND, events, 0), 0);
    assert_int_equal(fake_answer(user, waits), RF_VIEWER_SUSPEND);
    assert_int_equal(cell_does(RF_OP_CONSOLE_SUSPEND, events, 0), -EPERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_output),
        CASE(test_the_ring),
        CASE(test_no_console_is_left),
        CASE(test_input),
        CASE(test_hanging_up),
        CASE(test_input_that_nobody_reads),
        CASE(test_rights),
        CASE(test_a_terminal),
        CASE(test_arming),
        CASE(test_the_viewer_ends),
        CASE(test_the_viewer_is_dropped),
        CASE(test_pace),
        CASE(test_nobody_looks),
        CASE(test_input_is_wanted),
        CASE(test_suspending),
    };

    return cmocka_run_group_tests(tests, fake_set_up_all, NULL);
}
