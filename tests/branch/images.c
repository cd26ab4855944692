/* SPDX-License-Identifier: Apache-2.0 */
/* Images as somebody brings them who means no good. images errors CELL: every refusal that the
 * interface names. images altered CELL ROUNDS SEED: cells are started from an image of that cell
 * with bytes of it changed, or pieces left out, twice or in another order: each goes on, ends, or
 * is refused, and the world and all other cells stay as they are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "abi/image.h"
#include "sdk/ringfence.h"
#include "tests/sdk/check.h"

#define PIECES 65536u

static struct {
    u8 *bytes;
    u32 length;
} pieces[PIECES];
static u32 count;

static s64 with_name(u32 slot, u32 op, const char *name, const u32 *caps, u32 cap_count)
{
    struct rf_message message = RF_MESSAGE;

    message.data = name;
    message.data_length = (u32)strlen(name);
    if (cap_count)
        memcpy(message.caps, caps, cap_count * sizeof(*caps));
    message.cap_count = cap_count;
    return rf_invoke(slot, op, &message);
}

static u32 find(const char *name)
{
    s64 slot = with_name(RF_SLOT_PLACE, RF_OP_CELL_FIND, name, NULL, 0);

    expect(slot > 0);
    return (u32)slot;
}

static s64 branch(u32 cell, const char *name)
{
    u32 caps[] = {RF_SLOT_BANK, RF_SLOT_METER, cell};

    return with_name(RF_SLOT_PLACE, RF_OP_CELL_BRANCH, name, caps, 3);
}

static u32 new_cell(const char *name)
{
    u32 caps[] = {RF_SLOT_BANK, RF_SLOT_METER};
    s64 slot = with_name(RF_SLOT_PLACE, RF_OP_CELL_CREATE, name, caps, 2);

    expect(slot > 0);
    return (u32)slot;
}

static s64 read_piece(u32 cell, u64 *position, u8 room[RF_MSG_DATA])
{
    struct rf_message message = RF_MESSAGE;
    s64 n;

    message.words[0] = *position;
    message.room = room;
    message.room_size = RF_MSG_DATA;
    n = rf_invoke(cell, RF_OP_CELL_IMAGE_READ, &message);
    *position = message.words[0];
    return n;
}

static s64 write_piece(u32 cell, const void *bytes, u32 length)
{
    struct rf_message message = RF_MESSAGE;

    message.data = bytes;
    message.data_length = length;
    return rf_invoke(cell, RF_OP_CELL_IMAGE_WRITE, &message);
}

static void read_all(u32 cell)
{
    static u8 room[RF_MSG_DATA];
    u64 position = 0;
    s64 n;

    while ((n = read_piece(cell, &position, room)) > 0) {
        expect(count < PIECES);
        pieces[count].bytes = malloc((size_t)n);
        memcpy(pieces[count].bytes, room, (size_t)n);
        pieces[count++].length = (u32)n;
    }
    expect_result(n, 0);
    expect(count > 3);
}

static s64 write_bad(u32 cell, struct rf_image_piece piece, u32 length)
{
    static u8 bytes[RF_MSG_DATA];

    memcpy(bytes, &piece, sizeof(piece));
    return write_piece(cell, bytes, (u32)sizeof(piece) + length);
}

/* Pieces that are none. */
static void refuse_pieces(u32 cell)
{
    expect_result(write_piece(cell, "x", 1), -EINVAL);
    expect_result(write_bad(cell, (struct rf_image_piece){0}, 0), -EINVAL);
    expect_result(write_bad(cell, (struct rf_image_piece){3, 0, 0, 0}, 0), -EINVAL);
    expect_result(write_bad(cell, (struct rf_image_piece){RF_PIECE_PAGES, 1, 0, 2}, PAGE_SIZE),
                  -EINVAL);
    expect_result(write_bad(cell, (struct rf_image_piece){RF_PIECE_PAGES, 1, 0, 1}, 100), -EINVAL);
    expect_result(
        write_bad(cell, (struct rf_image_piece){RF_PIECE_PAGES, 1 << 16, 0, 1}, PAGE_SIZE),
        -EINVAL);
    expect_result(
        write_bad(cell, (struct rf_image_piece){RF_PIECE_PAGES, 1, UINT64_MAX, 1}, PAGE_SIZE),
        -EINVAL);
    expect_result(write_bad(cell, (struct rf_image_piece){RF_PIECE_RECORD, 1, 0, 1ul << 40}, 10),
                  -EINVAL);
    expect_result(write_bad(cell, (struct rf_image_piece){RF_PIECE_RECORD, 1, 0, 9}, 10), -EINVAL);
    expect_result(write_bad(cell, (struct rf_image_piece){RF_PIECE_RECORD, 1, 5, 90}, 10), -EINVAL);
    expect_result(
        write_bad(cell, (struct rf_image_piece){RF_PIECE_RECORD, 1, UINT64_MAX - 4, 90}, 10),
        -EINVAL);
}

static s64 split(u64 pages, u64 records)
{
    struct rf_bank_limits limits = {.most = {RF_NO_LIMIT, RF_NO_LIMIT, RF_NO_LIMIT, RF_NO_LIMIT}};
    struct rf_message message = RF_MESSAGE;

    limits.most[RF_RESOURCE_PAGES] = pages;
    limits.most[RF_RESOURCE_RECORDS] = records;
    message.data = &limits;
    message.data_length = sizeof(limits);
    return rf_invoke(RF_SLOT_BANK, RF_OP_BANK_SPLIT, &message);
}

static void refuse_branches(u32 cell)
{
    u32 caps[] = {RF_SLOT_BANK, RF_SLOT_METER, cell}, weak, poor, made;
    u64 position = 0;
    static u8 room[RF_MSG_DATA];

    expect_result(branch(RF_SLOT_BANK, "other"), -EBADF);
    expect_result(with_name(RF_SLOT_PLACE, RF_OP_CELL_BRANCH, "other", caps, 2), -EBADF);
    expect_result(branch(cell, "17"), -EINVAL);
    weak = (u32)rf_copy(cell, RF_RIGHT_READ);
    expect_result(branch(weak, "other"), -EACCES);
    expect_result(branch(RF_SLOT_PLACE, "other"), -ESRCH); /* the first cell of the world */
    made = new_cell("made");
    expect_result(branch(made, "other"), -ESRCH);
    expect_result(branch(cell, "made"), -EEXIST);
    expect_result(read_piece(made, &position, room), -ENODATA);
    expect_result(read_piece(cell, &position, room), -ENODATA);
    expect_result(write_piece(cell, pieces[0].bytes, pieces[0].length), -EBUSY);
    poor = (u32)split(20, RF_NO_LIMIT);
    caps[0] = poor;
    expect_result(with_name(RF_SLOT_PLACE, RF_OP_CELL_BRANCH, "other", caps, 3), -ENOSPC);
    poor = (u32)split(RF_NO_LIMIT, 9);
    caps[0] = poor;
    expect_result(with_name(RF_SLOT_PLACE, RF_OP_CELL_BRANCH, "other", caps, 3), -ENOSPC);
    refuse_pieces(made);
    expect_result(rf_call(made, RF_OP_CELL_START, 0, 0, 0, 0), -EPROTO);
}

/* What was refused left nothing behind, and what is started takes no more. */
static void use_branches(u32 cell)
{
    s64 made = branch(cell, "other"), again;

    expect(made > 0);
    expect_result(write_piece((u32)made, pieces[0].bytes, pieces[0].length), -EBUSY);
    again = branch((u32)made, "again");
    expect(again > 0);
    expect_result(rf_call((u32)made, RF_OP_CELL_START, 0, 0, 0, 0), 0);
    expect_result(rf_call((u32)made, RF_OP_CELL_START, 0, 0, 0, 0), -EBUSY);
    expect_result(rf_call((u32)again, RF_OP_CELL_START, 0, 0, 0, 0), 0);
    expect_result(rf_call((u32)made, RF_OP_CELL_KILL, 0, 0, 0, 0), 0);
    expect_result(rf_call((u32)again, RF_OP_CELL_KILL, 0, 0, 0, 0), 0);
    rf_call((u32)made, RF_OP_CELL_WAIT, 0, 0, 0, 0);
    rf_call((u32)again, RF_OP_CELL_WAIT, 0, 0, 0, 0);
}

/* Mostly the records, which the kernel reads; a page is the cell's business. */
static u32 choose(void)
{
    u32 i = (u32)random() % count, tries = 0;

    while (((struct rf_image_piece *)pieces[i].bytes)->kind != RF_PIECE_RECORD && tries++ < 200)
        i = (u32)random() % count;
    return i;
}

static void put_altered(u32 cell, u32 i, bool alter)
{
    static u8 bytes[RF_MSG_DATA];
    u32 length = pieces[i].length, changes = alter ? 1 + (u32)random() % 4 : 0;

    memcpy(bytes, pieces[i].bytes, length);
    while (changes--) {
        u32 at = (u32)random() % length;

        switch (random() % 4) {
        case 0: bytes[at] ^= (u8)(1 << random() % 8); break;
        case 1: bytes[at] = (u8)random(); break;
        case 2: memset(bytes + at, random() % 2 ? 0xff : 0, MIN(8u, length - at)); break;
        default: length = MAX(at, (u32)sizeof(struct rf_image_piece));
        }
    }
    write_piece(cell, bytes, length);
}

static void start_altered(u32 round)
{
    static const struct timespec moment = {.tv_nsec = 20000000};
    u32 alter = choose(), drop = random() % 4 ? count : choose(),
        twice = random() % 4 ? count : choose();
    char name[32];
    u32 cell;

    snprintf(name, sizeof(name), "altered-%u", round);
    cell = new_cell(name);
    for (u32 i = 0; i < count; i++) {
        if (i != drop)
            put_altered(cell, i, i == alter);
        if (i == twice)
            put_altered(cell, i, false);
    }
    if (rf_call(cell, RF_OP_CELL_START, 0, 0, 0, 0) == 0)
        nanosleep(&moment, NULL);
    rf_call(cell, RF_OP_CELL_KILL, 0, 0, 0, 0);
    rf_drop(cell);
}

int main(int argc, char **argv)
{
    u32 cell;
    s64 made;

    expect(argc >= 3 && rf_open(NULL) == 0);
    cell = find(argv[2]);
    made = branch(cell, "template");
    expect(made > 0);
    read_all((u32)made);
    rf_drop((u32)made);
    if (!strcmp(argv[1], "errors")) {
        refuse_branches(cell);
        use_branches(cell);
        return 0;
    }
    expect(argc == 5);
    srandom((u32)atoi(argv[4]));
    for (u32 i = 0; i < (u32)atoi(argv[3]); i++)
        start_altered(i);
    return 0;
}
