/* SPDX-License-Identifier: Apache-2.0 */
/* The content of a file in memory: what is not a hole, by pages. */
#ifndef KERNEL_CHECKPOINT_MEMORY_FILE_H
#define KERNEL_CHECKPOINT_MEMORY_FILE_H

#include "kernel/checkpoint/sink.h"

/* Each 0 or a negative errno. Loading goes into an empty file of that size; a page beyond it is
 * -EPROTO. */
int memory_file_save(int fd, struct sink *sink, u64 key);
int memory_file_load(int fd, u64 size, struct source *source, u64 key);

#endif
