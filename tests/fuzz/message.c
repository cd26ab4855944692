/* SPDX-License-Identifier: Apache-2.0 */
/* Invocations: every byte of the input is the hostile side's. The kernel must stay within its
 * memory, and the read-only directory must stay as it is. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/event.h"
#include "kernel/object/dir.h"
#include "tests/unit/fake_cell.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct cell *cell;
static char top[] = "/tmp/ringfence-fuzz.XXXXXX";

/* One invocation of the input, followed by `length` bytes of data. */
struct step {
    u8 slot;
    u16 op, length;
    u16 w[4];
    u8 high; /* bit i: word i is taken for a negative number */
} __attribute__((packed));

static void clean_up(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf %s", top);
    if (system(command))
        return;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (!mkdtemp(top) || event_init() < 0)
        abort();
    atexit(clean_up);
    cell = fake_cell(top);
    return 0;
}

static void check_read_only(void)
{
    char text[16], path[64];
    int fd;

    snprintf(path, sizeof(path), "%s/ro/file", top);
    fd = open(path, O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof(text)) != 8 || memcmp(text, "content\n", 8))
        abort();
    close(fd);
}

/* Operations that would end or stop the fuzzer's cell, write where it shows, or wait. */
static bool is_left_out(u32 op)
{
    return op == RF_OP_EXIT || op == RF_OP_PANIC || op == RF_OP_START_FAILED ||
           op == RF_OP_STOPPED || op == RF_OP_CLOCK_SLEEP || op == RF_OP_FILE_SYNC;
}

static void drop_all(void)
{
    for (u32 slot = RF_SLOT_FIRST_DIR; slot < cell->domain.caps.fresh; slot++) {
        if (slot > FAKE_ONE && table_get(&cell->domain.caps, slot))
            table_drop(&cell->domain.caps, slot);
    }
    domain_interrupt(&cell->domain, 0);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct step step;

    while (size >= sizeof(step)) {
        u64 w[4];

        memcpy(&step, data, sizeof(step));
        data += sizeof(step);
        size -= sizeof(step);
        for (u32 i = 0; i < 4; i++)
            w[i] = step.high & (1u << i) ? (u64) - (s64)step.w[i] : step.w[i];
        step.op %= RF_OP_LIMIT;
        if (is_left_out(step.op))
            continue;
        if (step.op == RF_OP_FILE_ALLOCATE || step.op == RF_OP_FILE_SETATTR)
            w[2] &= 0xffff; /* do not fill the disk */
        step.length = (u16)MIN(step.length, size);
        fake_call(cell, step.slot, step.op, data, step.length, w[0], w[1], w[2], w[3]);
        data += step.length;
        size -= step.length;
    }
    drop_all();
    check_read_only();
    return 0;
}
