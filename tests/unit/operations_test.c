/* SPDX-License-Identifier: Apache-2.0 */
/* Operations that no other unit test has served, each once, for the sake of their commit points
 * (commit.h). What they must refuse is tested where their kind is. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "kernel/account/tasks.h"
#include "kernel/object/common.h"
#include "tests/unit/fake_cell.h"
#include "tests/unit/fake_domain.h"

static struct cell *cell;
static char top[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(top, "/tmp/ringfence-unit.XXXXXX");
    if (!mkdtemp(top))
        return -1;
    cell = fake_cell(top);
    tasks_init();
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", top);
    return system(command);
}

static s64 call(u32 slot, u32 op, u64 w0, u64 w1, u64 w2)
{
    return fake_call(cell, slot, op, NULL, 0, w0, w1, w2, 0);
}

static s64 call_text(u32 slot, u32 op, const char *text, u64 w0, u64 w1, u64 w2, u64 w3)
{
    return fake_call(cell, slot, op, text, (u32)strlen(text), w0, w1, w2, w3);
}

static s64 give(u32 slot, u32 to, u32 cap)
{
    s64 result;

    fake_message(cell)->caps[0] = cap;
    fake_message(cell)->cap_count = 1;
    result = call(slot, RF_OP_CELL_GIVE, to, 0, 0);
    fake_message(cell)->cap_count = 0;
    return result;
}

static s64 call_caps(u32 slot, u32 op, const char *text, u64 w2, u32 first, u32 second)
{
    struct rf_msg *m = fake_message(cell);
    s64 result;

    m->caps[0] = first;
    m->caps[1] = second;
    m->cap_count = second ? 2 : 1;
    result = call_text(slot, op, text, 0, 0, w2, 0);
    m->cap_count = 0;
    return result;
}

/* Runs the call, and fails the test with its line. */
#define SERVED(result) assert_true((result) >= 0)
#define WAITS(result)  assert_int_equal(result, CALL_WAITS)

static void test_names(void **state)
{
    struct rf_setattr set = {.which = RF_SETATTR_MODE, .mode = 0700};
    u8 message[sizeof(set) + 1];

    (void)state;
    SERVED(call_text(FAKE_RW, RF_OP_DIR_MKDIR, "d", 0755, 0, 0, 0));
    SERVED(call_text(FAKE_RW, RF_OP_DIR_MKNOD, "d/a", S_IFREG | 0644, 0, 0, 0));
    SERVED(call_caps(FAKE_RW, RF_OP_DIR_RENAME, "d/ad/b", 3, FAKE_RW, 0));
    SERVED(call_caps(FAKE_RW, RF_OP_DIR_LINK, "d/bd/c", 3, FAKE_RW, 0));
    SERVED(call_text(FAKE_RW, RF_OP_DIR_SYMLINK, "d/lb", 0, 0, 3, 0));
    memcpy(message, &set, sizeof(set));
    message[sizeof(set)] = 'd';
    SERVED(fake_call(cell, FAKE_RW, RF_OP_DIR_SETATTR, message, sizeof(message), 0, 0, 0, 0));
    SERVED(call_text(FAKE_RW, RF_OP_DIR_LIST, "d", 0, 0, 0, 0));
    SERVED(call_text(FAKE_RW, RF_OP_DIR_ATTRS, "d", 0, 0, 0, 0));
    SERVED(call(FAKE_RW, RF_OP_DIR_STATFS, 0, 0, 0));
    SERVED(call_text(FAKE_RW, RF_OP_DIR_DESCEND, "d", RF_RIGHT_READ, 0, 0, 0));
    SERVED(call_text(FAKE_RW, RF_OP_DIR_UNLINK, "d/b", 0, 0, 0, 0));
    SERVED(call_text(FAKE_RW, RF_OP_DIR_XATTR, "dc", 2, 0, 1, 0));
}

static void test_files(void **state)
{
    s64 file = call_text(FAKE_RW, RF_OP_DIR_OPEN, "f", O_RDWR | O_CREAT, 0644, 0, 0), directory;
    struct bank *bank = fake_bank(100);
    struct fake_domain *other = fake_domain(bank);

    (void)state;
    SERVED(file);
    SERVED(call_text((u32)file, RF_OP_FILE_WRITE, "abc", 0, 0, 0, 0));
    SERVED(call((u32)file, RF_OP_FILE_GETATTR, 0, 0, 0));
    SERVED(call((u32)file, RF_OP_FILE_SYNC, 0, 0, 0));
    SERVED(call((u32)file, RF_OP_FILE_SEEK, 0, SEEK_DATA, 0));
    SERVED(call((u32)file, RF_OP_FILE_ALLOCATE, 0, 0, 100));
    SERVED(call((u32)file, RF_OP_FILE_FROM_HEAP, 0, 3, RF_HEAP_SIZE - 3));
    SERVED(call((u32)file, RF_OP_KIND, 0, 0, 0));
    directory = call_text(FAKE_RW, RF_OP_DIR_OPEN, "", O_RDONLY | O_DIRECTORY, 0, 0, 0);
    SERVED(directory);
    SERVED(call((u32)directory, RF_OP_FILE_READDIR, 0, 0, 0));

    file = fake_put(other, table_get(&cell->domain.caps, (u32)file)->object, RF_RIGHT_ALL);
    SERVED(FAKE(other, .slot = (u32)file, .op = RF_OP_FILE_MAP, .w = {RF_RIGHT_READ}));
    fake_free(other);
    fake_bank_end(bank);
}

static void test_meters(void **state)
{
    struct rf_meter_terms terms = {.share = 50};
    s64 meter =
        fake_call(cell, RF_SLOT_METER, RF_OP_METER_SPLIT, &terms, sizeof(terms), 0, 0, 0, 0);
    s64 notification;

    (void)state;
    SERVED(meter);
    SERVED(call((u32)meter, RF_OP_METER_TERMS, 0, 0, 0));
    SERVED(fake_call(cell, (u32)meter, RF_OP_METER_SET_TERMS, &terms, sizeof(terms), 0, 0, 0, 0));
    SERVED(call((u32)meter, RF_OP_METER_USAGE, 0, 0, 0));
    notification = call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_NOTIFICATION, 0, 0);
    SERVED(notification);
    SERVED(call_caps((u32)meter, RF_OP_METER_SET_KEEPER, "", 0, (u32)notification, 0));
    SERVED(call((u32)meter, RF_OP_METER_DESTROY, 0, 0, 0));
}

static void test_cells(void **state)
{
    s64 below =
        call_caps(RF_SLOT_PLACE, RF_OP_CELL_CREATE, "below", 0, RF_SLOT_BANK, RF_SLOT_METER);
    s64 viewer, console;

    (void)state;
    SERVED(below);
    SERVED(call_text((u32)below, RF_OP_CELL_LOAD, "record", 0, 0, 0, 0));
    SERVED(call((u32)below, RF_OP_CELL_PAUSE, 0, 0, 0));
    SERVED(call((u32)below, RF_OP_CELL_RESUME, 0, 0, 0));
    SERVED(call((u32)below, RF_OP_CELL_STAT, 0, 0, 0));
    SERVED(call((u32)below, RF_OP_CELL_CAPS, 0, 0, 0));
    SERVED(call((u32)below, RF_OP_CELL_SIGNAL, 15, 0, 0));
    SERVED(call(RF_SLOT_PLACE, RF_OP_CELL_LIST, 0, 0, 0));
    SERVED(call_text(RF_SLOT_PLACE, RF_OP_CELL_FIND, "below", 0, 0, 0, 0));
    SERVED(call_caps((u32)below, RF_OP_CELL_SET_METER, "", 0, RF_SLOT_METER, 0));
    viewer = call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_VIEWER, 0, 0);
    SERVED(viewer);
    console = call((u32)viewer, RF_OP_VIEWER_CONSOLE, RF_RIGHT_READ, 0, 0);
    SERVED(console);
    SERVED(give((u32)below, RF_SLOT_STDOUT, (u32)console));
    SERVED(give((u32)below, RF_SLOT_STDIN, (u32)console));
    SERVED(call((u32)below, RF_OP_CELL_VIEW, 0, 0, 0));
    WAITS(call((u32)below, RF_OP_CELL_WAIT, 0, 0, 0));
    SERVED(call((u32)below, RF_OP_CELL_KILL, 0, 0, 0));
}

/* A slot of the table is emptied by its number, as CELL_CAPS tells it. */
static void test_revocation(void **state)
{
    s64 copy = call(FAKE_RO, RF_OP_COPY, ~0u, 0, 0);

    (void)state;
    SERVED(copy);
    SERVED(call(RF_SLOT_PLACE, RF_OP_CELL_REVOKE, (u64)copy, 0, 0));
}

static void test_own_line(void **state)
{
    (void)state;
    SERVED(call(RF_SLOT_CELL, RF_OP_RANDOM, 32, 0, 0));
    SERVED(call(RF_SLOT_CELL, RF_OP_AFFINITY, 0, 0, 0));
    SERVED(call(RF_SLOT_CELL, RF_OP_CPU_INFO, 0, 0, 0));
    SERVED(call(RF_SLOT_CELL, RF_OP_TIMER, 0, 0, 0));
    WAITS(call(RF_SLOT_CELL, RF_OP_PREPARED, 0, 0, 0));
    SERVED(call(RF_SLOT_CELL, RF_OP_SPAWN, 1, 0, 0));
    SERVED(call(RF_SLOT_CELL, RF_OP_ATTACH, 1, 0, 0)); /* of no call: it says so */
}

static void test_segments(void **state)
{
    s64 segment = call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_SEGMENT, PAGE_SIZE, 0);

    (void)state;
    SERVED(segment);
    SERVED(call((u32)segment, RF_OP_SEGMENT_HOLDERS, 0, 0, 0));
}

static void test_identity(void **state)
{
    s64 endpoint = call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_ENDPOINT, 0, 0);

    (void)state;
    SERVED(endpoint);
    assert_int_equal(call_caps((u32)endpoint, RF_OP_ENDPOINT_IDENTIFY, "", 0, FAKE_RO, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),      cmocka_unit_test(test_files),
        cmocka_unit_test(test_meters),     cmocka_unit_test(test_cells),
        cmocka_unit_test(test_revocation), cmocka_unit_test(test_own_line),
        cmocka_unit_test(test_segments),   cmocka_unit_test(test_identity),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
