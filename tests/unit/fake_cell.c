/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_cell.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/object/console.h"

static struct cell cell;
static struct run_config config;
static char *const program[] = {"fake", NULL};

static int open_below(const char *top, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", top, name);
    mkdir(path, 0755);
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void grant(u32 slot, int fd, u32 rights, const char **only)
{
    struct cap cap = {
        .kind = RF_KIND_DIR, .rights = (u8)rights, .index = cell.grant_count, .fd = -1};

    cell.grants[cell.grant_count++] =
        (struct grant){.fd = fd, .rights = rights, .only = only, .only_count = only ? 1 : 0};
    table_put(&cell.caps, slot, &cap);
}

static void put(u32 slot, u32 kind, u32 index)
{
    struct cap cap = {
        .kind = (u8)kind, .rights = RF_RIGHT_READ | RF_RIGHT_WRITE, .index = index, .fd = -1};

    table_put(&cell.caps, slot, &cap);
}

struct cell *fake_cell(const char *top)
{
    static const char *only[] = {"file"};
    int ro = open_below(top, "ro"), rw = open_below(top, "rw");
    int file = openat(ro, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    if (file < 0 || write(file, "content\n", 8) != 8)
        abort();
    close(file);
    memset(&cell, 0, sizeof(cell));
    config.argv = program;
    cell.config = &config;
    cell.leader = INT_MAX - 1; /* no process has that number */
    cell.listener.fd = -1;
    cell.window = mmap(NULL, PAGE_ALIGN(sizeof(struct rf_window)), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cell.heap_fd = memfd_create("heap", MFD_CLOEXEC);
    cell.pending_memory = calloc(MAX_PENDING, sizeof(*cell.pending_memory));
    cell.timers = calloc(RF_MAX_THREADS, sizeof(*cell.timers));
    if (ftruncate(cell.heap_fd, RF_HEAP_SIZE) < 0 || table_init(&cell.caps, FAKE_ONE + 1))
        abort();
    list_init(&cell.pending);
    list_init(&cell.free_pending);
    list_init(&cell.prepared);
    list_init(&cell.sleepers);
    list_init(&cell.lockers);
    put(RF_SLOT_CELL, RF_KIND_CELL_SELF, 0);
    put(RF_SLOT_CLOCK, RF_KIND_CLOCK, 0);
    for (u32 i = 0; i < 3; i++) {
        console_init(&cell, i, open("/dev/null", O_RDWR | O_CLOEXEC));
        put(RF_SLOT_STDIN + i, RF_KIND_CONSOLE, i);
    }
    grant(FAKE_RO, ro, RF_RIGHT_READ, NULL);
    grant(FAKE_RW, rw, RF_RIGHT_READ | RF_RIGHT_WRITE, NULL);
    grant(FAKE_ONE, ro, RF_RIGHT_READ, only);
    return &cell;
}

struct rf_msg *fake_message(struct cell *fake)
{
    return (struct rf_msg *)fake->window->messages;
}

s64 fake_call(struct cell *fake, u32 slot, u32 op, const void *data, u32 length, u64 w0, u64 w1,
              u64 w2, u64 w3)
{
    struct call call = {.cell = fake, .slot = slot, .op = op, .w = {w0, w1, w2, w3}};

    fake_message(fake)->data_length = length;
    if (data)
        memcpy(fake_message(fake)->data, data, length);
    return call_dispatch(&call);
}
