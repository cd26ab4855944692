/* SPDX-License-Identifier: Apache-2.0 */
/* Host files and directories in records: by their paths. At restart one that is not there any more
 * is lost; one that is another one now, or whose content changed, is used. All of it is reported.
 */
#ifndef KERNEL_CHECKPOINT_HOST_FILE_H
#define KERNEL_CHECKPOINT_HOST_FILE_H

#include "kernel/checkpoint/record.h"

void host_file_save(int fd, struct record *record);

/* Opens a path as it is: no symbolic link leads anywhere. A descriptor or -1 and errno. */
int host_file_open(const char *path, int flags);

/* Opens it again: -1 when it is lost, which was reported. A record that makes no sense is bad. */
int host_file_load(struct record *record, int flags);

/* Reads over one: -1. */
int host_file_skip(struct record *record);

#endif
