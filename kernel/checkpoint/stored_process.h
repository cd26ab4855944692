/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept of a host process, in the order in which it lies in its record: the head, the
 * mappings with the file of each that has one, the descriptors, the threads. */
#ifndef KERNEL_CHECKPOINT_STORED_PROCESS_H
#define KERNEL_CHECKPOINT_STORED_PROCESS_H

#include "abi/restore.h"

/* Followed by the numbers of the processes' memories, u32 each. */
struct stored_image {
    u32 version, interface; /* RF_INTERFACE_VERSION: it speaks with its kernel in this way */
    u32 processes, reserved;
    u64 libos[2]; /* identity of the library OS's image */
    u64 clock[RF_CLOCK_FAMILIES];
};
_Static_assert(sizeof(struct stored_image) == 56, "stored layout");

struct stored_process {
    u32 map_count, descriptor_count, thread_count, reserved;
};
_Static_assert(sizeof(struct stored_process) == 16, "stored layout");

enum stored_file_kind {
    STORED_FILE_NONE,
    STORED_FILE_HEAP,    /* the cell's heap segment */
    STORED_FILE_SEGMENT, /* a reference to an object follows */
    STORED_FILE_HOST,    /* a file of the host follows (host_file.h) */
    STORED_FILE_GRANTED, /* what reaches it follows (granted_file.h) */
    STORED_FILE_HELD,    /* the number by which the image holds it follows, while it is here */
};

/* Before the mappings' and descriptors' files. */
struct stored_open_file {
    u32 kind;  /* enum stored_file_kind */
    u32 flags; /* of open(2) */
};
_Static_assert(sizeof(struct stored_open_file) == 8, "stored layout");

#endif
