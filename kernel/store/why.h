/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNEL_STORE_WHY_H
#define KERNEL_STORE_WHY_H

#include <stdarg.h>
#include <stdio.h>

#include "kernel/store/store.h"

/* Writes the reason and gives the error back. */
__attribute__((format(printf, 3, 4))) static inline int why_set(struct store_why *why, int error,
                                                                const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(why->text, sizeof(why->text), format, list);
    va_end(list);
    return error;
}

#endif
