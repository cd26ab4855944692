/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of ringfence that need further libraries: they lie beside it, or in
 * ../libexec/ringfence. */
#ifndef CLI_HELPER_H
#define CLI_HELPER_H

#include <sys/types.h>

#include "base/types.h"

/* Becomes the program; returns when there is none. */
void helper_exec(const char *name, char *const argv[]);

/* Starts it with those descriptors as its standard input and output. Fails (fail()) when the host
 * gives no process; a program that is not there says so and ends with status 127. */
pid_t helper_start(const char *name, char *const argv[], int input, int output);

/* Waits for its end: whether it ended well. It has said why if not. */
bool helper_end(pid_t pid);

#endif
