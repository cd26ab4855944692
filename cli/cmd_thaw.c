/* SPDX-License-Identifier: Apache-2.0 */
/* ringfence thaw */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/image.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/environment.h"
#include "cli/frozen_stream.h"
#include "cli/grants.h"
#include "cli/launch.h"
#include "cli/numbers.h"
#include "kernel/report.h"

struct thaw_request {
    struct launch *config;
    struct {
        bool writable;
        const char *value;
    } grants[MAX_MOUNTS];
    u32 grant_count;
    const char *world, *name, *root, *identity;
    bool root_rw, detached;
};

static void add_grant(struct thaw_request *request, bool writable, const char *value)
{
    if (request->grant_count == MAX_MOUNTS)
        fail("more than %d grants", MAX_MOUNTS);
    request->grants[request->grant_count].writable = writable;
    request->grants[request->grant_count++].value = value;
}

static void take_ro(void *target, const char *value)
{
    add_grant(target, false, value);
}

static void take_rw(void *target, const char *value)
{
    add_grant(target, true, value);
}

static void take_root(void *target, const char *value)
{
    ((struct thaw_request *)target)->root = value;
}

static void take_root_rw(void *target, const char *value)
{
    (void)value;
    ((struct thaw_request *)target)->root_rw = true;
}

static void take_identity(void *target, const char *value)
{
    ((struct thaw_request *)target)->identity = value;
}

static void take_checkpoint(void *target, const char *value)
{
    (void)value;
    ((struct thaw_request *)target)->config->checkpoints = true;
}

static void take_mem(void *target, const char *value)
{
    ((struct thaw_request *)target)->config->limits.memory_limit =
        size_parse("--mem", value, 4ul << 20);
}

static void take_cpu(void *target, const char *value)
{
    ((struct thaw_request *)target)->config->limits.cpu_percent = percent_parse("--cpu", value);
}

static void take_pids(void *target, const char *value)
{
    ((struct thaw_request *)target)->config->limits.process_limit =
        (u32)number_parse("--pids", value, 1, RF_MAX_THREADS - 1);
}

static void take_world(void *target, const char *value)
{
    ((struct thaw_request *)target)->world = value;
}

static void take_name(void *target, const char *value)
{
    ((struct thaw_request *)target)->name = value;
}

static void take_detached(void *target, const char *value)
{
    (void)value;
    ((struct thaw_request *)target)->detached = true;
}

static void take_terminal(void *target, const char *value)
{
    (void)value;
    ((struct thaw_request *)target)->config->terminal = true;
}

const struct option_row thaw_options[] = {
    {"ro", VALUE_NEEDED, "HOST[:CELL]", "grant a directory or file that it had, read-only", take_ro,
     0},
    {"rw", VALUE_NEEDED, "HOST[:CELL]", "grant a directory or file that it had", take_rw, 0},
    {"root", VALUE_NEEDED, "DIR", "the tree that is /, in place of the system's", take_root, 0},
    {"root-rw", VALUE_NONE, NULL, "that may be written", take_root_rw, 0},
    {"identity", VALUE_NEEDED, "KEYFILE", "the key that it was encrypted to", take_identity, 0},
    {"checkpoint", VALUE_NONE, NULL, "it may ask for checkpoints (/proc/ringfence)",
     take_checkpoint, 0},
    {"mem", VALUE_NEEDED, "SIZE", "most memory; else what it had", take_mem, 0},
    {"cpu", VALUE_NEEDED, "PERCENT", "most processor time; else what it had", take_cpu, 0},
    {"pids", VALUE_NEEDED, "N", "most processes and threads", take_pids, 0},
    {"world", VALUE_NEEDED, "DIR", "thaw it in the world of that directory", take_world, 'w'},
    {"name", VALUE_NEEDED, "NAME", "in a world: the cell's name; else what it had", take_name, 'n'},
    {"detach", VALUE_NONE, NULL, "in a world: do not wait for its end", take_detached, 'd'},
    {"tty", VALUE_NONE, NULL, "with -d: its console is a terminal", take_terminal, 't'},
    {0},
};

/* --- its boot record, which is somewhere in its window, and came from wherever the file did --- */

static struct {
    struct thawing thawing;
    const struct launch *launch;
    union {
        struct rf_boot boot;
        u8 bytes[RF_BOOT_SIZE];
    } record;
} thaw;

/* What of the piece belongs there. */
static void look_for_record(const u8 *bytes, u32 length)
{
    const u64 from = offsetof(struct rf_window, boot);
    struct rf_image_piece piece;

    memcpy(&piece, bytes, sizeof(piece));
    bytes += sizeof(piece);
    length -= sizeof(piece);
    if (piece.kind != RF_PIECE_PAGES || piece.of != RF_MEMORY_WINDOW)
        return;
    for (u32 at = 0; at + PAGE_SIZE <= length; at += PAGE_SIZE) {
        u64 page = piece.at + at / PAGE_SIZE;

        if (page >= from / PAGE_SIZE && page < (from + RF_BOOT_SIZE) / PAGE_SIZE)
            memcpy(thaw.record.bytes + (page * PAGE_SIZE - from), bytes + at, PAGE_SIZE);
    }
}
_Static_assert(offsetof(struct rf_window, boot) % PAGE_SIZE == 0, "whole pages");

static const char *text_at(u32 offset)
{
    return offset < RF_BOOT_SIZE ? (const char *)thaw.record.bytes + offset : "";
}

static const struct rf_boot_mount *frozen_mount(u32 i)
{
    const struct rf_boot *boot = &thaw.record.boot;

    if (i >= boot->mount_count || boot->mounts % 4 ||
        boot->mounts + (u64)i * sizeof(struct rf_boot_mount) >
            RF_BOOT_SIZE - sizeof(struct rf_boot_mount))
        return NULL;
    return (const struct rf_boot_mount *)(thaw.record.bytes + boot->mounts) + i;
}

static bool is_grant(const struct rf_boot_mount *mount)
{
    return (mount->kind == RF_MOUNT_DIR || mount->kind == RF_MOUNT_FILE) &&
           mount->slot >= RF_SLOT_FIRST_DIR && mount->slot < RF_SLOT_LIMIT;
}

/* --- which grant goes where --- */

static bool is_same(const struct mount_config *mount, const struct rf_boot_mount *frozen)
{
    return mount->kind == frozen->kind && !strcmp(mount->path, text_at(frozen->path));
}

/* The slot of the grant that the mount needs, as they are prepared. */
static u32 prepared_slot(const struct prepared *prepared, u32 i)
{
    const struct rf_boot *boot = (const struct rf_boot *)prepared->record;

    return ((const struct rf_boot_mount *)(prepared->record + boot->mounts))[i].slot;
}

/* The last of several at the same place is on top. */
static u32 place_of(const struct mount_config *mount)
{
    const struct rf_boot_mount *frozen;
    u32 slot = 0;

    for (u32 k = 0; (frozen = frozen_mount(k)); k++) {
        if (is_grant(frozen) && is_same(mount, frozen))
            slot = frozen->slot;
    }
    return slot;
}

static bool is_placed(const struct prepared *prepared, u32 slot)
{
    for (u32 i = 0; i < prepared->grant_count; i++) {
        if (prepared->grants[i].slot == slot)
            return true;
    }
    return false;
}

static void place_grants(struct prepared *prepared)
{
    u32 places[MAX_MOUNTS] = {0};

    for (u32 i = 0; i < thaw.launch->mount_count; i++) {
        const struct mount_config *mount = &thaw.launch->mounts[i];
        u32 slot =
            mount->kind == RF_MOUNT_DIR || mount->kind == RF_MOUNT_FILE ? place_of(mount) : 0;

        if (!slot && mount->by_user)
            fail("nothing was granted to the frozen cell at %s", mount->path);
        if (slot)
            places[prepared_slot(prepared, i) - RF_SLOT_FIRST_DIR] = slot;
    }
    for (u32 i = 0; i < prepared->grant_count; i++)
        prepared->grants[i].slot = 0;
    for (u32 i = 0; i < prepared->grant_count; i++)
        prepared->grants[i].slot = is_placed(prepared, places[i]) ? 0 : places[i];
}

static void say_missing(const struct prepared *prepared)
{
    const struct rf_boot_mount *frozen;

    for (u32 k = 0; (frozen = frozen_mount(k)); k++) {
        const char *path = text_at(frozen->path);

        if (is_grant(frozen) && !is_placed(prepared, frozen->slot))
            report("%s was granted to the cell when it was frozen; to grant it: --r%c HOST:%s",
                   path, frozen->rights & RF_RIGHT_WRITE ? 'w' : 'o', path);
    }
}

static void bring(u32 cell, struct prepared *prepared)
{
    static u8 piece[RF_MSG_DATA];
    u32 length;

    while ((length = thawing_get(&thaw.thawing, piece))) {
        struct rf_message message = RF_MESSAGE;

        look_for_record(piece, length);
        message.data = piece;
        message.data_length = length;
        client_invoke(cell, RF_OP_CELL_IMAGE_WRITE, &message, "give the cell its image");
    }
    thaw.record.bytes[RF_BOOT_SIZE - 1] = 0;
    place_grants(prepared);
    say_missing(prepared);
}

static void apply_grants(const struct thaw_request *request)
{
    struct launch *config = request->config;
    const u32 read = RF_RIGHT_READ | RF_RIGHT_EXEC, all = read | RF_RIGHT_WRITE;

    if (request->root)
        grant_root(config, request->root, request->root_rw ? all : read);
    else
        grant_default_view(config);
    for (u32 i = 0; i < request->grant_count; i++) {
        bool writable = request->grants[i].writable;

        grant_host(config, writable ? "--rw" : "--ro", request->grants[i].value,
                   writable ? all : read);
    }
}

int cmd_thaw(int argc, char **argv)
{
    static struct launch config = {.hostname = "", .cwd = "/", .argc = 1, .bring = bring};
    static struct thaw_request request = {.config = &config};
    static char *name[] = {thaw.thawing.cell.name, NULL};
    static char *nothing[] = {NULL};
    const struct command *command = command_find("thaw");
    const char *path = NULL;

    config.standard_closed = standard_closed;
    config.uid = geteuid();
    config.gid = getegid();
    arguments_parse(command, argc, argv, &request, &path, 1, 1);
    if (request.root_rw && !request.root)
        usage_error(command, "--root-rw needs --root DIR");
    config.user_name = environment_user(config.uid);
    config.argv = name;
    config.env = nothing;
    apply_grants(&request);
    thaw.launch = &config;
    thawing_begin(&thaw.thawing, path, request.identity);
    if (!config.limits.memory_limit)
        config.limits.memory_limit = thaw.thawing.cell.memory_limit;
    if (!config.limits.cpu_percent)
        config.limits.cpu_percent = thaw.thawing.cell.cpu_percent;
    if (request.world || request.name || request.detached || getenv("RINGFENCE_WORLD") ||
        rf_in_cell())
        return launch_in_world(&config, request.world, request.name, request.detached);
    return launch_in_own_world(&config);
}
