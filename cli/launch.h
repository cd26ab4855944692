/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line asks for: one cell and what it is given, and ways to make it. Strings are
 * borrowed. */
#ifndef CLI_LAUNCH_H
#define CLI_LAUNCH_H

#include "abi/boot.h"
#include "abi/interface/cell.h"
#include "abi/objects.h"
#include "abi/invoke.h"
#include "cli/clock.h"
#include "kernel/run.h"

enum stats_format { STATS_NONE = 0, STATS_TABLE, STATS_JSON };

#define MAX_MOUNTS 512
#define MAX_WRAPS  8

/* In the order in which they are mounted. */
struct mount_config {
    enum rf_mount_kind kind;
    bool by_user;     /* asked for by an option, not part of the default view */
    const char *path; /* where in the cell */
    const char *host; /* RF_MOUNT_DIR: the directory. RF_MOUNT_FILE: its parent */
    const char *name; /* RF_MOUNT_FILE: the file's name in it */
    const char *text; /* RF_MOUNT_TEXT, RF_MOUNT_SYMLINK */
    size_t text_length;
    u32 rights; /* RF_RIGHT_* */
    u32 mode;   /* permission bits of RAM objects */
};

struct prepared;

struct launch {
    char *const *argv; /* of the program; argv[0] is the program as the user named it */
    u32 argc;
    char *const *env;
    u32 envc;
    struct mount_config mounts[MAX_MOUNTS];
    u32 mount_count;
    const char *cwd, *hostname, *user_name;
    u32 uid, gid;
    u32 standard_closed; /* bit n: the cell has no descriptor n of 0 to 2 */
    struct {
        enum rf_kind kind;
        const char *path;    /* NULL: all of that kind. A directory of the cell: that dir alone */
        const char *program; /* and its arguments, with spaces between */
    } wraps[MAX_WRAPS];
    u32 wrap_count;
    const char *wrap_dir; /* HOST[:CELL], which the wrappers may write; NULL: none */
    struct clock_config clock;
    bool checkpoints; /* it may ask for them */
    bool trace;
    bool terminal;            /* in the background: its console is a terminal */
    const char *trace_filter; /* NULL: every system call */
    int trace_fd;             /* the kernel's stderr when the user named no file */
    struct limits_config limits;
    u32 replicas; /* of the cell's bank; 0: as many as the bank above */
    enum stats_format stats;
    /* NULL, or gives the cell an image, in place of its boot record, and changes the slots into
     * which the grants go; 0: nowhere. */
    void (*bring)(u32 cell, struct prepared *prepared);
    const char
        *libos_path; /* another library OS image, for tests of the jail; NULL: the embedded one */
};

/* What the launch was made of: opened directories and the boot record. */
struct prepared {
    struct grant_config grants[MAX_MOUNTS];
    const char *paths[MAX_MOUNTS]; /* where each appears in the cell; NULL: it is of single files */
    u32 grant_count;
    const u8 *record;
    u32 record_length;
    char name[RF_CELL_NAME];
};

/* Opens what is granted and writes the boot record. Fails (fail()) with a line for the user. */
struct prepared *launch_prepare(const struct launch *launch);

/* Makes a cell for it, filled and not yet started: its slot. NULL: named after the program. */
u32 launch_make(const struct launch *launch, const char *name, bool detached);

/* A bank and a meter with those limits, split from ours: their slots. */
u32 launch_bank(const struct limits_config *limits);
u32 launch_meter(const struct limits_config *limits);

/* Runs it in a world that stays (NULL: the one of the environment, or the user's own): the exit
 * status; with `detached`, 0 as soon as it runs, and its name on stdout. Inside a cell: in a cell
 * below that one. */
int launch_in_world(const struct launch *launch, const char *world, const char *name,
                    bool detached);

/* The same in a world of its own, which is thrown away. */
int launch_in_own_world(const struct launch *launch);

/* Runs it as the only cell of a throw-away world: the exit status. Fails (fail()) with a line for
 * the user. */
int launch_alone(const struct launch *launch);

#endif
