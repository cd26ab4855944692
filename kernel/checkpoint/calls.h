/* SPDX-License-Identifier: Apache-2.0 */
/* A stopped cell's calls under way to programs, whose callers were let go (domain_detach): not yet
 * received, received, or answered already. All other waits begin again by themselves. */
#ifndef KERNEL_CHECKPOINT_CALLS_H
#define KERNEL_CHECKPOINT_CALLS_H

#include "kernel/cell.h"
#include "kernel/checkpoint/sink.h"

/* 0 or a negative errno. */
int calls_save(struct cell *cell, struct sink *sink);

/* When all objects are there, into a domain in which nothing waits. 0; -EPROTO; another negative
 * errno. */
int calls_load(struct cell *cell, struct source *source);

#endif
