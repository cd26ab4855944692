/* SPDX-License-Identifier: Apache-2.0 */
/* A space, of a bank that makes it and the segments that go into it. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/conformance/conform.h"

#define AT ((u64)0x100000000000)
#define RW (RF_RIGHT_READ | RF_RIGHT_WRITE)

static s64 map(u32 space, u64 address, u64 length, u64 rights, u32 segment)
{
    struct rf_message m = RF_MESSAGE;

    m.words[0] = address;
    m.words[1] = length;
    m.words[3] = rights;
    m.caps[0] = segment;
    m.cap_count = 1;
    return rf_invoke(space, RF_OP_SPACE_MAP, &m);
}

static s64 list(u32 space, struct rf_space_mapping out[4])
{
    struct rf_message m = RF_MESSAGE;

    m.room = out;
    m.room_size = 4 * sizeof(*out);
    return rf_invoke(space, RF_OP_SPACE_LIST, &m);
}

static u64 word_of(u32 segment)
{
    struct rf_message m = RF_MESSAGE;
    u64 word = 0;

    m.words[1] = sizeof(word);
    m.room = &word;
    m.room_size = sizeof(word);
    expect_result(rf_invoke(segment, RF_OP_SEGMENT_READ, &m), sizeof(word));
    return word;
}

static void check_descriptor(u32 space, u32 segment)
{
    s64 fd = rf_call(space, RF_OP_SPACE_OPEN, AT, 0, 0, 0);
    u64 *at;

    expect(fd >= 0);
    at = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
    expect(at != MAP_FAILED);
    *at = 51;
    expect(word_of(segment) == 51);
    expect_result(rf_call(space, RF_OP_SPACE_PROTECT, AT, RF_RIGHT_READ, 0, 0), 0);
    close((int)fd);
    fd = rf_call(space, RF_OP_SPACE_OPEN, AT, 0, 0, 0);
    expect(fd >= 0);
    expect(mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0) == MAP_FAILED);
    expect(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, (int)fd, 0) != MAP_FAILED);
    close((int)fd);
}

void conform_space(u32 bank)
{
    s64 space = rf_call(bank, RF_OP_BANK_ALLOCATE, RF_KIND_SPACE, 0, 0, 0);
    s64 segment = rf_call(bank, RF_OP_BANK_ALLOCATE, RF_KIND_SEGMENT, 2 * PAGE_SIZE, 0, 0);
    struct rf_space_mapping m[4];

    expect(space > 0 && segment > 0);
    expect_result(rf_call((u32)space, RF_OP_KIND, 0, 0, 0, 0), RF_KIND_SPACE);
    expect_result(list((u32)space, m), 0);
    expect_result(map((u32)space, AT, 2 * PAGE_SIZE, RW, (u32)segment), 0);
    expect_result(map((u32)space, AT + PAGE_SIZE, PAGE_SIZE, RW, (u32)segment), -EEXIST);
    expect_result(map((u32)space, AT - 1, PAGE_SIZE, RW, (u32)segment), -EINVAL);
    expect_result(map((u32)space, 0, 3 * PAGE_SIZE, RW, (u32)segment), -EFBIG);
    expect_result(map((u32)space, 0, PAGE_SIZE, RW, (u32)space), -EBADF);
    expect_result(list((u32)space, m), sizeof(m[0]));
    expect(m[0].address == AT && m[0].length == 2 * PAGE_SIZE && m[0].rights == RW && !m[0].stale);
    check_descriptor((u32)space, (u32)segment);
    expect_result(rf_call((u32)space, RF_OP_SPACE_UNMAP, AT + PAGE_SIZE, 0, 0, 0), -ENOENT);
    expect_result(rf_call((u32)space, RF_OP_SPACE_UNMAP, AT, 0, 0, 0), 0);
    expect_result(rf_call((u32)space, RF_OP_SPACE_OPEN, AT, 0, 0, 0), -ENOENT);
    expect_result(list((u32)space, m), 0);
}
