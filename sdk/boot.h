/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the boot record of a new cell (abi/boot.h). */
#ifndef SDK_BOOT_H
#define SDK_BOOT_H

#include "abi/boot.h"
#include "abi/file_system.h"
#include "abi/layout.h"

struct boot_mount {
    enum rf_mount_kind kind;
    const char *path; /* where in the cell */
    u32 slot;         /* RF_MOUNT_DIR, RF_MOUNT_FILE */
    u32 rights;       /* RF_RIGHT_* */
    const char *name; /* RF_MOUNT_FILE: the file's name in the dir */
    const char *text; /* RF_MOUNT_TEXT, RF_MOUNT_SYMLINK */
    size_t text_length;
    u32 mode;                   /* permission bits of RAM objects */
    const struct rf_attr *attr; /* of what a dir or file is now; NULL: not known */
};

struct boot_spec {
    char *const *argv; /* argv[0] is the program as the user named it */
    u32 argc;
    char *const *env;
    u32 envc;
    const struct boot_mount *mounts; /* in the order in which they are mounted */
    u32 mount_count;
    const char *cwd, *hostname, *user_name;
    u32 uid, gid;
    bool trace;
    const char *trace_filter; /* NULL: every system call */
    u32 umask;
};

/* Writes the record to `to`, which has RF_BOOT_SIZE bytes and is aligned to 8: its length, or 0
 * when it does not fit. */
u32 boot_write(const struct boot_spec *spec, u8 *to);

#endif
