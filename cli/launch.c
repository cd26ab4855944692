/* SPDX-License-Identifier: Apache-2.0 */
/* From what the user asked for to a boot record and opened directories. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/figures.h"
#include "cli/launch.h"
#include "kernel/object/attr.h"
#include "kernel/report.h"
#include "sdk/boot.h"
#include "sdk/ringfence.h"

struct opened {
    struct prepared prepared;
    struct boot_mount mounts[MAX_MOUNTS];
    struct rf_attr attrs[MAX_MOUNTS];
};

static struct grant_config *open_dir(struct opened *opened, const char *host, u32 rights)
{
    struct grant_config *grant = &opened->prepared.grants[opened->prepared.grant_count];

    *grant = (struct grant_config){.slot = RF_SLOT_FIRST_DIR + opened->prepared.grant_count,
                                   .rights = rights};
    /* What is passed on inside of a cell is what a descriptor reads from. */
    grant->fd = open(host, (rf_in_cell() ? O_RDONLY : O_PATH) | O_DIRECTORY | O_CLOEXEC);
    if (grant->fd < 0)
        fail_errno(errno, "cannot grant %s", host);
    opened->prepared.grant_count++;
    return grant;
}

/* Adds a name to those that a grant covers. */
static void cover(struct grant_config *grant, const char *name)
{
    size_t size = strlen(name) + 1;
    char *names = realloc((char *)(uintptr_t)grant->only, grant->only_length + size);

    if (!names)
        fail("no memory");
    memcpy(names + grant->only_length, name, size);
    grant->only = names;
    grant->only_length += size;
}

/* Single files of one directory with the same rights share a grant that covers only their names. */
static struct grant_config *open_file_dir(struct opened *opened, const struct launch *launch,
                                          u32 index)
{
    const struct mount_config *mounts = launch->mounts, *mount = &mounts[index];

    for (u32 i = 0; i < index; i++) {
        if (mounts[i].kind == RF_MOUNT_FILE && mounts[i].rights == mount->rights &&
            !strcmp(mounts[i].host, mount->host))
            return &opened->prepared.grants[opened->mounts[i].slot - RF_SLOT_FIRST_DIR];
    }
    return open_dir(opened, mount->host, mount->rights);
}

/* What it is now, so that the library OS need not ask for each. Links it asks for. */
static const struct rf_attr *look(const struct grant_config *grant, const char *name,
                                  struct rf_attr *attr)
{
    return attr_get(grant->fd, name ? name : "", attr) || S_ISLNK(attr->mode) ? NULL : attr;
}

/* Inside a cell a single file need not be a capability that could be passed on: a copy of it is.
 * One that is to be written is served. */
static void copy_file(const struct mount_config *from, struct boot_mount *to)
{
    char path[PATH_MAX];
    struct stat st;
    ssize_t length;
    char *text;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", from->host, from->name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        fail_errno(errno, "cannot grant %s", path);
    text = malloc((size_t)st.st_size + 1);
    if (!text)
        fail("no memory");
    length = read(fd, text, (size_t)st.st_size);
    if (length < 0)
        fail_errno(errno, "cannot grant %s", path);
    to->text_length = (size_t)length;
    to->text = text;
    to->kind = RF_MOUNT_TEXT;
    to->name = NULL;
    to->mode = st.st_mode & 0777;
    close(fd);
}

static void open_mount(struct opened *opened, const struct launch *launch, u32 i)
{
    const struct mount_config *from = &launch->mounts[i];
    struct boot_mount *to = &opened->mounts[i];
    struct grant_config *grant;

    *to = (struct boot_mount){.kind = from->kind,
                              .path = from->path,
                              .rights = from->rights,
                              .name = from->name,
                              .text = from->text,
                              .text_length = from->text_length,
                              .mode = from->mode};
    if (from->kind != RF_MOUNT_DIR && from->kind != RF_MOUNT_FILE)
        return;
    if (from->kind == RF_MOUNT_FILE && rf_in_cell() && !(from->rights & RF_RIGHT_WRITE)) {
        copy_file(from, to);
        return;
    }
    grant = from->kind == RF_MOUNT_DIR ? open_dir(opened, from->host, from->rights)
                                       : open_file_dir(opened, launch, i);
    if (from->kind == RF_MOUNT_FILE)
        cover(grant, from->name);
    else
        opened->prepared.paths[grant->slot - RF_SLOT_FIRST_DIR] = from->path;
    to->slot = grant->slot;
    to->attr = look(grant, from->name, &opened->attrs[i]);
}

static u32 write_record(const struct launch *launch, const struct opened *opened, u8 *record)
{
    const struct boot_spec spec = {
        .argv = launch->argv,
        .argc = launch->argc,
        .env = launch->env,
        .envc = launch->envc,
        .mounts = opened->mounts,
        .mount_count = launch->mount_count,
        .cwd = launch->cwd,
        .hostname = launch->hostname,
        .user_name = launch->user_name,
        .uid = launch->uid,
        .gid = launch->gid,
        .trace = launch->trace,
        .trace_filter = launch->trace_filter,
        .umask = umask(0),
    };
    u32 length = boot_write(&spec, record);

    if (!length)
        fail("arguments and environment are too long: more than %lu KiB", RF_BOOT_SIZE >> 10);
    return length;
}

/* The last part of the program's name, without what would upset a terminal or JSON. */
static void name_cell(const char *program, char name[RF_CELL_NAME])
{
    const char *slash = strrchr(program, '/');

    program = slash && slash[1] ? slash + 1 : program;
    snprintf(name, RF_CELL_NAME, "%s", program);
    for (char *c = name; *c; c++) {
        if (*c < ' ' || *c == 0x7f || *c == '"' || *c == '\\')
            *c = '?';
    }
}

struct prepared *launch_prepare(const struct launch *launch)
{
    /* Not of the heap, which would clear it: most of it is never touched. */
    struct opened *opened =
        mmap(NULL, sizeof(*opened), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    u8 *record = aligned_alloc(PAGE_SIZE, RF_BOOT_SIZE);

    if (opened == MAP_FAILED || !record)
        fail("no memory");
    attr_init();
    attr_set_identity(launch->uid, launch->gid);
    for (u32 i = 0; i < launch->mount_count; i++)
        open_mount(opened, launch, i);
    name_cell(launch->argv[0], opened->prepared.name);
    opened->prepared.record = record;
    opened->prepared.record_length = write_record(launch, opened, record);
    return &opened->prepared;
}

int launch_alone(const struct launch *launch)
{
    const struct prepared *prepared = launch_prepare(launch);
    struct run_config config = {
        .name = prepared->name,
        .boot = prepared->record,
        .boot_length = prepared->record_length,
        .grants = prepared->grants,
        .grant_count = prepared->grant_count,
        .uid = launch->uid,
        .gid = launch->gid,
        .standard_closed = launch->standard_closed,
        .trace_fd = launch->trace ? launch->trace_fd : -1,
        .limits = launch->limits,
        .libos_path = launch->libos_path,
    };
    struct rf_cell_stat stat;
    int status;

    config.limits.sample = launch->stats != STATS_NONE;
    status = kernel_run(&config, &stat);
    figures_show(&stat, launch->stats);
    return status;
}
