/* SPDX-License-Identifier: Apache-2.0 */
/* The boot record: what the kernel tells the library OS of a new cell, in window.boot. Written
 * before the cell runs, then never changed. Strings are offsets from the start of the record to
 * NUL-terminated bytes; arrays of strings are offsets to arrays of u32 offsets. */
#ifndef ABI_BOOT_H
#define ABI_BOOT_H

#include "base/types.h"

#define RF_BOOT_MAGIC 0x746f6f62u
#define RF_VDSO_PARTS 4

enum rf_mount_kind {
    RF_MOUNT_DIR = 1, /* slot: a dir capability */
    RF_MOUNT_FILE,    /* slot: a dir capability of the parent through which only the files granted
                         are reached; name: the file's name in it */
    RF_MOUNT_RAM,     /* an empty RAM directory */
    RF_MOUNT_TEXT,    /* a RAM file with the bytes of `text` */
    RF_MOUNT_SYMLINK, /* a symbolic link to `text` */
};

/* In the order in which they are to be mounted: a later one may lie below an earlier one. Missing
 * parent directories are made in RAM. */
struct rf_boot_mount {
    u32 kind; /* enum rf_mount_kind */
    u32 path; /* string: where in the cell */
    u32 slot;
    u32 rights; /* RF_RIGHT_* */
    u32 name;   /* string, RF_MOUNT_FILE */
    u32 text, text_length;
    u32 mode; /* permission bits for RAM objects */
    u32 attr; /* RF_MOUNT_DIR, RF_MOUNT_FILE: struct rf_attr of the object at the start; 0: not
                 known */
};

struct rf_boot {
    u32 magic, size;
    u32 argc, argv; /* argv: offset of argc string offsets */
    u32 envc, envp;
    u32 mount_count, mounts; /* offset of struct rf_boot_mount[] */
    u32 program;             /* string: the program as the user named it */
    u32 cwd;                 /* string */
    u32 hostname;            /* string */
    u32 user_name;           /* string: name for uid in the synthetic passwd */
    u32 uid, gid;            /* as the program sees them */
    u32 trace;               /* 1: trace every system call */
    u32 trace_filter;        /* string: comma-separated names, or 0 */
    u32 processors;          /* how many the cell may use at once */
    u32 job_control;         /* 1: ringfence has a parent that notices a stop and can continue it */
    u64 memory_limit;        /* bytes; 0: none */
    u64 host_memory;         /* bytes of the host, for /proc/meminfo when there is no limit */
    struct {
        u64 start, end;
    } vdso[RF_VDSO_PARTS]; /* the host's vdso and its data pages, each a mapping; unused ones last
                            */
    u64 vdso_image;        /* address of the ELF header; 0: there is none that can be used */
    u64 hwcap, hwcap2;     /* AT_HWCAP, AT_HWCAP2 of the host */
    u32 platform;          /* string: AT_PLATFORM */
    u32 kernel_release;    /* string: what uname(2) of the host says, shown in the cell */
    u32 unused;            /* the text of /proc/cpuinfo is fetched with CPU_INFO when it is read */
    u32 xsave_size;        /* bytes of the extended state that the host saves in a signal frame */
    u32 umask;
};

#endif
