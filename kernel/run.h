/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel of a throw-away world with one cell. */
#ifndef KERNEL_RUN_H
#define KERNEL_RUN_H

#include "kernel/config.h"

/* Runs the cell to its end. The exit status of ringfence: the program's, 128+N for a signal, 125 to
 * 127 as in report.h. Call once in a process. */
int kernel_run(const struct run_config *config);

#endif
