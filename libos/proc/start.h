/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the first program of a cell. */
#ifndef LIBOS_PROC_START_H
#define LIBOS_PROC_START_H

#include "libos/proc/elf_parse.h"

struct exec_image;
struct rf_boot;

/* The image that the boot record asks for, found as execvp(3) does. Enters the working directory.
 * Ends the cell with a message if there is none. */
struct exec_image *first_image(void);

/* The image that a boot record asks for, found as execvp(3) does from the prepared process's
 * working directory. 0 or -E…; *kind as exec_image_open. */
long find_image(const struct rf_boot *boot, struct exec_image **out, enum elf_kind *kind);

/* Ends the cell: its program could not be started. Status 126 or 127, and one line for the user. */
_Noreturn void start_failed(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
