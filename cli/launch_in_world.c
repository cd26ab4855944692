/* SPDX-License-Identifier: Apache-2.0 */
/* Making a cell through the SDK: in a world that runs, or below the cell that we are in ourselves.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/launch.h"
#include "cli/command.h"
#include "cli/figures.h"
#include "cli/streams.h"
#include "cli/terminal.h"
#include "cli/wrap.h"
#include "kernel/report.h"
#include "sdk/serve/tree.h"

/* A capability to what a descriptor of ours is open on, or -errno. */
static s64 import(u32 kind, int fd, u32 rights, const char *only, size_t only_length)
{
    struct rf_message message = RF_MESSAGE;

    if (rf_in_cell())
        return rf_slot_of(fd, rights);
    message.words[0] = kind;
    message.words[1] = rights;
    message.data = only;
    message.data_length = (u32)only_length;
    message.descriptor = fd;
    return rf_invoke(RF_SLOT_WORLD, RF_OP_WORLD_IMPORT, &message);
}

u32 launch_bank(const struct limits_config *limits)
{
    struct rf_bank_limits bank;
    struct rf_message message = RF_MESSAGE;

    memset(&bank, 0, sizeof(bank));
    for (u32 i = 0; i < RF_RESOURCES; i++)
        bank.most[i] = RF_NO_LIMIT;
    if (limits->memory_limit)
        bank.most[RF_RESOURCE_PAGES] = limits->memory_limit / PAGE_SIZE;
    if (limits->process_limit)
        bank.most[RF_RESOURCE_TASKS] = limits->process_limit;
    message.data = &bank;
    message.data_length = sizeof(bank);
    return (u32)client_invoke(RF_SLOT_BANK, RF_OP_BANK_SPLIT, &message, "make a bank");
}

u32 launch_meter(const struct limits_config *limits)
{
    struct rf_meter_terms terms = {.period_ns = 100000000u,
                                   .quota_ns = limits->cpu_percent * 1000000ul};
    struct rf_message message = RF_MESSAGE;

    message.data = &terms;
    message.data_length = sizeof(terms);
    return (u32)client_invoke(RF_SLOT_METER, RF_OP_METER_SPLIT, &message, "make a meter");
}

static s64 try_create(const struct launch *launch, u32 bank, u32 meter, const char *name)
{
    struct rf_message message = RF_MESSAGE;

    message.caps[0] = bank;
    message.caps[1] = meter;
    message.cap_count = 2;
    message.words[0] = launch->limits.time_limit_ns;
    message.words[1] = (launch->stats != STATS_NONE ? RF_CELL_SAMPLED : 0) |
                       (launch->limits.stays_awake ? RF_CELL_STAYS_AWAKE : 0);
    message.data = name;
    message.data_length = (u32)strlen(name);
    return rf_invoke(RF_SLOT_PLACE, RF_OP_CELL_CREATE, &message);
}

/* What of a program's name can be in a cell's: never empty, never a number. */
static void make_name(const char *program, u32 attempt, char name[RF_CELL_NAME])
{
    char base[RF_CELL_NAME - 8];

    snprintf(base, sizeof(base), "%.20s", program);
    for (char *c = base; *c; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
            *c = '-';
    }
    if (!base[strspn(base, "0123456789")])
        snprintf(base, sizeof(base), "cell-%.12s", program);
    if (attempt)
        snprintf(name, RF_CELL_NAME, "%s-%u", base, attempt + 1);
    else
        snprintf(name, RF_CELL_NAME, "%s", base);
}

/* Under the name that the user chose, or under the program's, with a number behind it if that is
 * taken. The name is in `taken`. */
static u32 create(const struct launch *launch, const char *chosen, const char *program,
                  char taken[RF_CELL_NAME])
{
    u32 bank = launch_bank(&launch->limits), meter = launch_meter(&launch->limits);
    struct rf_message message = RF_MESSAGE;
    s64 slot = -EEXIST;

    message.words[0] = launch->replicas;
    if (launch->replicas)
        client_invoke(bank, RF_OP_BANK_SET_REPLICAS, &message, "set the number of copies");
    if (chosen && strlen(chosen) < RF_CELL_NAME) {
        snprintf(taken, RF_CELL_NAME, "%s", chosen);
        slot = try_create(launch, bank, meter, chosen);
    } else if (chosen) {
        slot = -EINVAL;
    }
    for (u32 attempt = 0; !chosen && slot == -EEXIST && attempt < 9999; attempt++) {
        make_name(program, attempt, taken);
        slot = try_create(launch, bank, meter, taken);
    }
    if (slot == -EEXIST)
        fail("a cell named \"%s\" runs already; choose another name", taken);
    if (slot == -EINVAL)
        fail("\"%s\" is no name for a cell: 1 to 31 letters, digits, dots and dashes, not a number",
             chosen ? chosen : taken);
    if (slot < 0)
        fail("cannot make a cell: %s", rf_error_text(slot));
    rf_drop(bank);
    rf_drop(meter);
    return (u32)slot;
}

static void load(u32 cell, const struct prepared *prepared)
{
    struct rf_message message = RF_MESSAGE;

    for (u32 at = 0; at < prepared->record_length; at += message.data_length) {
        message.words[0] = at;
        message.data = prepared->record + at;
        message.data_length = MIN(prepared->record_length - at, RF_MSG_DATA);
        client_invoke(cell, RF_OP_CELL_LOAD, &message, "describe the cell");
    }
}

/* By way of the wrappers for its kind. */
static void give_wrapped(u32 cell, const struct launch *launch, enum rf_kind kind, u32 to, u32 slot)
{
    client_give(cell, to, wrap_slot(launch, kind, NULL, slot));
}

/* The kernel gives every cell a clock; one that was asked for or is wrapped comes first. */
static void give_clock(u32 cell, const struct launch *launch)
{
    s64 copy = rf_copy(RF_SLOT_CLOCK, RF_RIGHT_READ);

    if (copy < 0)
        fail("cannot hand over the clock: %s", rf_error_text(copy));
    if (launch->clock.rate)
        copy = clock_derived(&launch->clock, (u32)copy);
    give_wrapped(cell, launch, RF_KIND_CLOCK, RF_SLOT_CLOCK, (u32)copy);
}

static u32 console_rights(int fd)
{
    int mode = fcntl(fd, F_GETFL) & O_ACCMODE;

    return (mode != O_WRONLY ? RF_RIGHT_READ : 0) | (mode != O_RDONLY ? RF_RIGHT_WRITE : 0);
}

/* A console that nobody looks at, and that was hung up, is as empty as /dev/null. */
static s64 empty_console(u32 rights)
{
    s64 viewer = rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_VIEWER, 0, 0, 0), console;

    if (viewer < 0)
        return viewer;
    console = rf_call((u32)viewer, RF_OP_VIEWER_CONSOLE, rights, 0, 0, 0);
    rf_call((u32)viewer, RF_OP_VIEWER_HANG_UP, 0, 0, 0, 0);
    rf_drop((u32)viewer);
    return console;
}

/* The terminal is served from here, whose keys and size are ours to tell of. So is what is an
 * object of this cell alone. */
static u32 stream_of(int fd, const char *what)
{
    u32 rights = console_rights(fd);
    struct stat st;
    s64 slot;

    if (terminal_is(fd) || (rf_in_cell() && isatty(fd)))
        return streams_serve(fd, rights, what);
    if (rf_in_cell() && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3))
        slot = empty_console(rights);
    else
        slot = import(RF_KIND_CONSOLE, fd, rights, NULL, 0);
    if (slot > 0 && rf_call((u32)slot, RF_OP_KIND, 0, 0, 0, 0) != RF_KIND_CONSOLE) {
        rf_drop((u32)slot); /* a granted file */
        slot = -EOPNOTSUPP;
    }
    if (slot == -EOPNOTSUPP)
        return streams_serve(fd, rights, what);
    if (slot < 0)
        fail("cannot grant %s: %s", what, rf_error_text(slot));
    return (u32)slot;
}

/* Streams that are one console are wrapped as one. */
static void give_streams(u32 cell, const struct launch *launch)
{
    static const char *const names[] = {"the standard input", "the standard output",
                                        "the standard error"};
    s64 slots[3] = {0};

    for (int i = 0; i < 3; i++) {
        if (launch->standard_closed & 1u << i)
            continue;
        for (int before = 0; before < i && !slots[i]; before++) {
            if (slots[before] && streams_are_one(before, i) &&
                console_rights(before) == console_rights(i))
                slots[i] = rf_copy((u32)slots[before], ~0u);
        }
        if (!slots[i])
            slots[i] = wrap_slot(launch, RF_KIND_CONSOLE, NULL, stream_of(i, names[i]));
        if (slots[i] < 0)
            fail("cannot grant %s: %s", names[i], rf_error_text(slots[i]));
    }
    for (u32 i = 0; i < 3; i++) {
        if (slots[i])
            client_give(cell, RF_SLOT_STDIN + i, (u32)slots[i]);
    }
}

/* In the background: a console that the kernel keeps, for logs and attach. */
static void give_kept_console(u32 cell, const struct launch *launch)
{
    bool terminal = launch->terminal;
    s64 viewer = rf_call(RF_SLOT_BANK, RF_OP_BANK_ALLOCATE, RF_KIND_VIEWER, 0, 0, 0);

    if (viewer < 0)
        fail("cannot make a console: %s", rf_error_text(viewer));
    if (terminal)
        rf_call((u32)viewer, RF_OP_VIEWER_SIZE, 80, 24, 0, 0);
    for (u32 i = 0; i < 3; i++) {
        u64 rights = i == 0 ? RF_RIGHT_READ : RF_RIGHT_WRITE;
        s64 console = rf_call((u32)viewer, RF_OP_VIEWER_CONSOLE,
                              terminal ? RF_RIGHT_READ | RF_RIGHT_WRITE : rights, 0, 0, 0);

        if (console < 0)
            fail("cannot make a console: %s", rf_error_text(console));
        give_wrapped(cell, launch, RF_KIND_CONSOLE, RF_SLOT_STDIN + i, (u32)console);
    }
    rf_drop((u32)viewer);
}

/* What only this program could serve ends with it. */
static void refuse_in_background(const char *what)
{
    fail("cannot grant %s with -d: it is this cell's own, and served only while ringfence runs",
         what);
}

/* The world, for what its cells may do with it: look at its figures, and ask for checkpoints. */
static void give_world(u32 cell)
{
    s64 copy = rf_copy(RF_SLOT_WORLD, RF_RIGHT_READ | RF_RIGHT_WRITE);

    if (copy < 0)
        fail("cannot grant checkpoints: this cell may not ask for them itself");
    client_give(cell, RF_SLOT_WORLD, (u32)copy);
}

/* In the background it is the one that we have, or none. */
static void give_trace(u32 cell, const struct launch *launch, bool detached)
{
    s64 slot;

    if (detached) {
        slot = import(RF_KIND_CONSOLE, launch->trace_fd, RF_RIGHT_WRITE, NULL, 0);
        if (slot == -EOPNOTSUPP)
            refuse_in_background("the trace");
        if (slot < 0)
            fail("cannot grant the trace: %s", rf_error_text(slot));
    } else {
        slot = stream_of(launch->trace_fd, "the trace");
    }
    client_give(cell, RF_SLOT_TRACE, (u32)slot);
}

static void give_consoles(u32 cell, const struct launch *launch, bool detached)
{
    if (detached)
        give_kept_console(cell, launch);
    else
        give_streams(cell, launch);
    if (launch->trace)
        give_trace(cell, launch, detached);
}

/* In a cell, what the program can only serve itself: single files, and directories in memory. */
static s64 serve_dir(const struct grant_config *grant, bool detached)
{
    if (detached)
        refuse_in_background(grant->only ? "a single file" : "a directory in memory");
    return grant->only
               ? rf_serve_few(dup(grant->fd), grant->only, grant->only_length, grant->rights)
               : rf_serve_dir(dup(grant->fd), grant->rights);
}

static s64 dir_of(const struct grant_config *grant, bool detached)
{
    bool few = rf_in_cell() && grant->only;
    s64 slot = few ? -EOPNOTSUPP
                   : import(RF_KIND_DIR, grant->fd, grant->rights, grant->only, grant->only_length);

    return slot == -EOPNOTSUPP ? serve_dir(grant, detached) : slot;
}

static void give_dirs(u32 cell, const struct launch *launch, const struct prepared *prepared,
                      bool detached)
{
    for (u32 i = 0; i < prepared->grant_count; i++) {
        const struct grant_config *grant = &prepared->grants[i];
        s64 slot;

        if (!grant->slot)
            continue;
        slot = dir_of(grant, detached);
        if (slot < 0)
            fail("cannot grant a directory: %s", rf_error_text(slot));
        client_give(cell, grant->slot,
                    wrap_slot(launch, RF_KIND_DIR, prepared->paths[i], (u32)slot));
    }
}

/* The name that it got is in `taken`. */
static u32 make(const struct launch *launch, const char *name, bool detached,
                char taken[RF_CELL_NAME])
{
    struct prepared *prepared = launch_prepare(launch);
    u32 cell = create(launch, name, prepared->name, taken);

    if (launch->bring)
        launch->bring(cell, prepared);
    else
        load(cell, prepared);
    give_consoles(cell, launch, detached);
    give_clock(cell, launch);
    give_dirs(cell, launch, prepared, detached);
    if (launch->checkpoints)
        give_world(cell);
    return cell;
}

u32 launch_make(const struct launch *launch, const char *name, bool detached)
{
    char taken[RF_CELL_NAME];

    return make(launch, name, detached, taken);
}

static void show_figures(const struct launch *launch, u32 cell)
{
    struct rf_message message = RF_MESSAGE;
    struct rf_cell_stat stat;

    if (!launch->stats)
        return;
    message.room = &stat;
    message.room_size = sizeof(stat);
    client_invoke(cell, RF_OP_CELL_STAT, &message, "ask what the cell used");
    figures_show(&stat, launch->stats);
}

static void start(u32 cell)
{
    s64 result = rf_call(cell, RF_OP_CELL_START, 0, 0, 0, 0);

    if (result == -ENOEXEC)
        fail("the cell was frozen by another version of ringfence");
    if (result == -EPROTO)
        fail("the image of the cell makes no sense");
    if (result < 0)
        fail("cannot start the cell: %s", rf_error_text(result));
}

static int run(const struct launch *launch, const char *name, bool detached)
{
    char taken[RF_CELL_NAME];
    int status;

    if (!detached)
        terminal_raw();
    u32 cell = make(launch, name, detached, taken);
    if (!detached)
        terminal_begin(cell);
    start(cell);
    if (detached) {
        printf("%s\n", taken);
        return 0;
    }
    status = client_wait(cell);
    show_figures(launch, cell);
    wrap_end();
    return status;
}

/* Programs find the processor's features out by themselves; the C library lets itself be told. */
static const char *tunables(u32 cpu_level)
{
    static const char *const without[] = {"", "-SSE3,-SSSE3,-SSE4_1,-SSE4_2,-POPCNT,",
                                          "-AVX,-AVX2,-BMI1,-BMI2,-F16C,-FMA,-LZCNT,-MOVBE,",
                                          "-AVX512F,-AVX512BW,-AVX512CD,-AVX512DQ,-AVX512VL"};
    static char text[256];
    int length = snprintf(text, sizeof(text), "GLIBC_TUNABLES=glibc.cpu.hwcaps=");

    for (u32 level = cpu_level; level < ARRAY_SIZE(without); level++)
        length += snprintf(text + length, sizeof(text) - (size_t)length, "%s", without[level]);
    return text;
}

/* In a world that is to go on on other processors; what the user says comes first. */
static void limit_processor(struct launch *launch)
{
    struct rf_message message = RF_MESSAGE;
    struct rf_world_stat stat = {0};
    char **env;

    message.room = &stat;
    message.room_size = sizeof(stat);
    if (rf_invoke(RF_SLOT_WORLD, RF_OP_WORLD_STAT, &message) < 0 || !stat.cpu_level)
        return;
    for (u32 i = 0; i < launch->envc; i++) {
        if (!strncmp(launch->env[i], "GLIBC_TUNABLES=", 15))
            return;
    }
    env = calloc(launch->envc + 1, sizeof(*env));
    if (!env)
        fail("no memory");
    memcpy(env, launch->env, launch->envc * sizeof(*env));
    env[launch->envc++] = (char *)(uintptr_t)tunables(stat.cpu_level);
    launch->env = env;
}

int launch_in_world(const struct launch *launch, const char *world, const char *name, bool detached)
{
    struct launch limited = *launch;

    terminal_prepare();
    client_open(world);
    limit_processor(&limited);
    return run(&limited, name, detached);
}

static char own_dir[] = "/tmp/ringfence-XXXXXX";

/* Whatever way this program ends, its own world does. */
static void end_own_world(void)
{
    char command[sizeof(own_dir) + 16];

    rf_call(RF_SLOT_WORLD, RF_OP_WORLD_STOP, 0, 0, 0, 0);
    snprintf(command, sizeof(command), "rm -rf %s", own_dir);
    if (system(command))
        report("cannot remove %s", own_dir);
}

int launch_in_own_world(const struct launch *launch)
{
    char world[sizeof(own_dir) + 8];
    int status;

    if (!mkdtemp(own_dir))
        fail_errno(errno, "cannot make a directory for a world");
    snprintf(world, sizeof(world), "%s/world", own_dir);
    status = world_start(world);
    if (status)
        return status;
    terminal_prepare();
    client_open(world);
    atexit(end_own_world);
    return run(launch, NULL, false);
}
