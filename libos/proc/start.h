/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the first program of a cell. */
#ifndef LIBOS_PROC_START_H
#define LIBOS_PROC_START_H

struct exec_image;

/* The image that the boot record asks for, found as execvp(3) does. Enters the working directory.
 * Ends the cell with a message if there is none. */
struct exec_image *first_image(void);

/* Ends the cell: its program could not be started. Status 126 or 127, and one line for the user. */
_Noreturn void start_failed(int status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
