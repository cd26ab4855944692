/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "tests/conformance/conform.h"

void conform_console(u32 console)
{
    struct rf_attr attr;
    struct rf_message m = RF_MESSAGE;

    expect_result(rf_call(console, RF_OP_KIND, 0, 0, 0, 0), RF_KIND_CONSOLE);
    m.room = &attr;
    m.room_size = sizeof(attr);
    expect_result(rf_invoke(console, RF_OP_CONSOLE_INFO, &m), 0);
    expect(m.received == sizeof(attr) && m.words[0] == attr.mode && m.words[3] & RF_RIGHT_WRITE);
    m = RF_MESSAGE;
    m.data = "conforms\n";
    m.data_length = 9;
    expect_result(rf_invoke(console, RF_OP_CONSOLE_WRITE, &m), 9);
    m = RF_MESSAGE;
    expect_result(rf_invoke(console, RF_OP_CONSOLE_WRITE, &m), 0);
    expect_result(rf_call(console, RF_OP_DIR_LOOKUP, 0, 0, 0, 0), -EINVAL);
    s64 reader = rf_copy(console, RF_RIGHT_READ);
    expect(reader > 0);
    expect_result(rf_call((u32)reader, RF_OP_CONSOLE_WRITE, 0, 0, 0, 0), -EACCES);
    rf_drop((u32)reader);
}

static u64 clock_now(u32 clock, u64 id)
{
    struct rf_message m = {.words = {id}, .descriptor = -1};

    expect_result(rf_invoke(clock, RF_OP_CLOCK_NOW, &m), 0);
    expect(m.words[1] < 1000000000);
    return m.words[0] * 1000000000 + m.words[1];
}

static struct rf_clock clock_relation(u32 clock)
{
    struct rf_clock relation;
    struct rf_message m = {.room = &relation, .room_size = sizeof(relation), .descriptor = -1};

    expect_result(rf_invoke(clock, RF_OP_CLOCK_RELATION, &m), sizeof(relation));
    expect(m.received == sizeof(relation) && clock_is_valid(&relation));
    return relation;
}

static void clocks_are_derived(u32 clock)
{
    struct rf_clock before = clock_relation(clock), after;
    s64 derived =
        rf_call(clock, RF_OP_CLOCK_DERIVE, 1000 * 1000000000ul, RF_CLOCK_RATE_ONE * 4, 0, 0);
    u64 start;

    expect(derived > 0);
    expect_result(rf_call((u32)derived, RF_OP_KIND, 0, 0, 0, 0), RF_KIND_CLOCK);
    after = clock_relation((u32)derived);
    expect(after.rate == before.rate * 4);
    start = clock_now(clock, CLOCK_REALTIME);
    expect(clock_now((u32)derived, CLOCK_REALTIME) >= start + 1000 * 1000000000ul);
    start = clock_now((u32)derived, CLOCK_MONOTONIC);
    expect_result(rf_call((u32)derived, RF_OP_CLOCK_SLEEP, start + 50000000, 0, 0, 0), 0);
    expect(clock_now((u32)derived, CLOCK_MONOTONIC) >= start + 50000000);
    rf_drop((u32)derived);
    expect_result(rf_call(clock, RF_OP_CLOCK_DERIVE, 0, 0, 0, 0), -EINVAL);
    expect_result(rf_call(clock, RF_OP_CLOCK_DERIVE, 0, ~0ul, 0, 0), -EINVAL);
    expect_result(rf_call(clock, RF_OP_CLOCK_DERIVE, 1ul << 63, RF_CLOCK_RATE_ONE, 0, 0), -EINVAL);
}

void conform_clock(u32 clock)
{
    u64 start = clock_now(clock, CLOCK_MONOTONIC), last = start;

    expect_result(rf_call(clock, RF_OP_KIND, 0, 0, 0, 0), RF_KIND_CLOCK);
    for (int i = 0; i < 100; i++) {
        u64 now = clock_now(clock, CLOCK_MONOTONIC);

        expect(now >= last);
        last = now;
    }
    clock_now(clock, CLOCK_REALTIME);
    expect_result(rf_call(clock, RF_OP_CLOCK_NOW, 12345, 0, 0, 0), -EINVAL);
    expect_result(rf_call(clock, RF_OP_CLOCK_NOW, CLOCK_PROCESS_CPUTIME_ID, 0, 0, 0), -EINVAL);
    expect_result(rf_call(clock, RF_OP_CLOCK_SLEEP, start, 0, 0, 0), 0); /* is over */
    start = clock_now(clock, CLOCK_MONOTONIC);
    expect_result(rf_call(clock, RF_OP_CLOCK_SLEEP, start + 50000000, 0, 0, 0), 0);
    expect(clock_now(clock, CLOCK_MONOTONIC) >= start + 50000000);
    clocks_are_derived(clock);
}
