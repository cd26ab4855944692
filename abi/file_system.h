/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the dir and file interfaces. */
#ifndef ABI_FILE_SYSTEM_H
#define ABI_FILE_SYSTEM_H

#include "base/types.h"

struct rf_time {
    s64 seconds;
    u64 nanoseconds;
};

/* Attributes of a file system object; fields as of statx(2). */
struct rf_attr {
    u64 device, inode, size, blocks, rdev;
    u32 mode, links, uid, gid;
    u32 block_size, reserved;
    struct rf_time accessed, modified, changed, born;
};
_Static_assert(sizeof(struct rf_attr) == 128, "shared layout");

/* A record of DIR_ATTRS; the next one follows at a multiple of 8 bytes. */
struct rf_entry {
    struct rf_attr attr;
    u32 name_length;
    char name[];
};

#define RF_SETATTR_MODE     1u
#define RF_SETATTR_UID      2u
#define RF_SETATTR_GID      4u
#define RF_SETATTR_SIZE     8u
#define RF_SETATTR_ACCESSED 16u
#define RF_SETATTR_MODIFIED 32u

/* Times use UTIME_NOW and UTIME_OMIT in nanoseconds as utimensat(2) does. */
struct rf_setattr {
    u32 which; /* RF_SETATTR_* */
    u32 mode, uid, gid;
    u64 size;
    struct rf_time accessed, modified;
};
_Static_assert(sizeof(struct rf_setattr) == 56, "shared layout");

#endif
