/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel process confines itself: what it can do on the host if a cell should ever take it
 * over. */
#ifndef KERNEL_CONFINE_H
#define KERNEL_CONFINE_H

#include "kernel/cell.h"
#include "kernel/run.h"

/* The host's Landlock version, 0 where there is none. Versions below CONFINE_LANDLOCK_LEAST are not
 * used: they forbid moving files between directories. */
#define CONFINE_LANDLOCK_LEAST 2
u32 confine_landlock_version(void);

/* Limits which files this process and its children can open to those that were granted, with the
 * rights that were granted, and to /proc for reading; no TCP, no signals to others. Before the
 * first process is made, so that the kernel may look at it. Nothing happens where the host has no
 * Landlock. */
void confine_files(const struct cell *cell, const struct run_config *config);

/* Lets through only the host calls that the kernel makes while it serves cells. Last of all. */
void confine_calls(void);

#endif
