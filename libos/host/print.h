/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting into a buffer: %s %c %d %i %u %x %X %o %p with l, ll, z, width, 0, -, and precision
 * for strings. Returns the length that the whole text has (as snprintf); always NUL-terminates. */
#ifndef LIBOS_HOST_PRINT_H
#define LIBOS_HOST_PRINT_H

#include <stdarg.h>
#include "base/types.h"

int format_text(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int format_args(char *out, size_t size, const char *format, va_list args);

#endif
