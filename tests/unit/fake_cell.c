/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_cell.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/object/attr.h"
#include "kernel/object/console.h"
#include "kernel/object/dir.h"
#include "kernel/world.h"
#include "tests/unit/commit.h"

static struct cell *cell;

static int open_below(const char *top, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", top, name);
    mkdir(path, 0755);
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void put(u32 slot, struct object *object, u32 rights)
{
    struct cap cap = {.object = object, .kind = (u8)object->class->kind, .rights = (u8)rights};

    table_put(&cell->domain.caps, slot, cap);
}

static void grant(u32 slot, int fd, u32 rights, const char *only)
{
    struct dir *dir = dir_make(cell->bank, fd, only, only ? strlen(only) + 1 : 0);

    put(slot, &dir->object, rights);
}

struct cell *fake_cell(const char *top)
{
    int ro = open_below(top, "ro"), rw = open_below(top, "rw");
    int file = openat(ro, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    if (file < 0 || write(file, "content\n", 8) != 8)
        abort();
    close(file);
    attr_init();
    world_init();
    if (cell_make(world.first, world.bank, world.meter, "fake", &cell))
        abort();
    cell->leader = INT_MAX - 1; /* no process has that number */
    cell_put_own(cell);
    for (u32 i = 0; i < 3; i++)
        put(RF_SLOT_STDIN + i,
            &console_make(cell->bank, open("/dev/null", O_RDWR | O_CLOEXEC), true)->object,
            RF_RIGHT_READ | RF_RIGHT_WRITE);
    grant(FAKE_RO, ro, RF_RIGHT_READ, NULL);
    grant(FAKE_RW, rw, RF_RIGHT_READ | RF_RIGHT_WRITE, NULL);
    grant(FAKE_ONE, dup(ro), RF_RIGHT_READ, "file");
    return cell;
}

struct rf_msg *fake_message(struct cell *fake)
{
    return (struct rf_msg *)fake->window->messages;
}

s64 fake_call(struct cell *fake, u32 slot, u32 op, const void *data, u32 length, u64 w0, u64 w1,
              u64 w2, u64 w3)
{
    struct call call = {
        .domain = &fake->domain, .slot = slot, .op = op, .w = {w0, w1, w2, w3}, .fd = -1};
    s64 result;

    fake_message(fake)->data_length = length;
    if (data)
        memcpy(fake_message(fake)->data, data, length);
    result = call_dispatch(&call);
    commit_check(&call, result);
    return result;
}
