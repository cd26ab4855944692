/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/examples/confined/builder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/boot.h"
#include "sdk/examples/confined/work.h"

static s64 with_cap(u32 slot, u32 op, u64 w0, u32 cap)
{
    struct rf_message message = RF_MESSAGE;

    message.words[0] = w0;
    message.caps[0] = cap;
    message.cap_count = 1;
    return rf_invoke(slot, op, &message);
}

/* The whole program is in the boot record: a file in memory. 0: it does not fit. */
static u32 describe(const char *program, u8 *record)
{
    char *const argv[] = {(char *)(uintptr_t) "/service", NULL};
    char *const env[] = {(char *)(uintptr_t) "RINGFENCE_CAPS=work=30", NULL};
    struct boot_mount file = {.kind = RF_MOUNT_TEXT, .path = "/service", .mode = 0755};
    const struct boot_spec spec = {.argv = argv,
                                   .argc = 1,
                                   .env = env,
                                   .envc = 1,
                                   .mounts = &file,
                                   .mount_count = 1,
                                   .cwd = "/",
                                   .hostname = "service",
                                   .user_name = "service",
                                   .uid = 1000,
                                   .gid = 1000};
    char *text = malloc(RF_BOOT_SIZE);
    int fd = open(program, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 || !text ? -1 : read(fd, text, RF_BOOT_SIZE);
    u32 length = 0;

    if (n > 0) {
        file.text = text;
        file.text_length = (size_t)n;
        length = boot_write(&spec, record);
    }
    if (fd >= 0)
        close(fd);
    free(text);
    return length;
}

static s64 load(u32 constructor, const u8 *record, u32 length)
{
    s64 segment = rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_SEGMENT, length, 0, 0), r = 0;

    for (u32 at = 0; segment >= 0 && r >= 0 && at < length; at += RF_MSG_DATA) {
        struct rf_message message = RF_MESSAGE;

        message.words[0] = at;
        message.data = record + at;
        message.data_length = MIN(length - at, RF_MSG_DATA);
        r = rf_invoke((u32)segment, RF_OP_SEGMENT_WRITE, &message);
    }
    if (segment < 0 || r < 0)
        return segment < 0 ? segment : r;
    r = with_cap(constructor, RF_OP_CONSTRUCTOR_LOAD, 0, (u32)segment);
    rf_drop((u32)segment);
    return r;
}

static s64 allocate(u32 kind, u64 size)
{
    return rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, kind, size, 0, 0);
}

static s64 install_and_seal(s64 constructor, u32 extra)
{
    s64 r = constructor;

    if (r >= 0 && extra)
        r = with_cap((u32)constructor, RF_OP_CONSTRUCTOR_INSTALL, SLOT_INSTALLED, extra);
    return r < 0 ? r : rf_call((u32)constructor, RF_OP_CONSTRUCTOR_SEAL, 0, 0, 0, 0);
}

s64 builder_holder(u32 extra)
{
    return install_and_seal(allocate(RF_KIND_CONSTRUCTOR, 0), extra);
}

s64 builder_make(const char *program, u32 extra)
{
    u8 *record = aligned_alloc(PAGE_SIZE, RF_BOOT_SIZE);
    u32 length = record ? describe(program, record) : 0;
    s64 constructor = allocate(RF_KIND_CONSTRUCTOR, 0), r = length ? 0 : -E2BIG;

    if (constructor >= 0 && r == 0)
        r = load((u32)constructor, record, length);
    free(record);
    return r < 0 ? r : install_and_seal(constructor, extra);
}
