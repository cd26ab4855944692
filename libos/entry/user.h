/* SPDX-License-Identifier: Apache-2.0 */
/* Access to the program's memory. Every function returns -EFAULT where the memory is not there or
 * lies in the library OS's own range, and never crashes. Copies are not atomic: data may have been
 * copied in part when -EFAULT is returned. */
#ifndef LIBOS_ENTRY_USER_H
#define LIBOS_ENTRY_USER_H

#include "base/types.h"

long copy_from_user(void *to, const void *user, size_t n); /* 0 or -EFAULT */
long copy_to_user(void *user, const void *from, size_t n); /* 0 or -EFAULT */
long clear_user(void *user, size_t n);                     /* 0 or -EFAULT */
/* Copies a NUL-terminated string with its NUL. Length without the NUL, -ENAMETOOLONG, -EFAULT. */
long copy_string_from_user(char *to, const char *user, size_t size);
/* Copies as much as it can: returns the bytes NOT copied (0: all). */
size_t copy_to_user_partly(void *user, const void *from, size_t n);
size_t copy_from_user_partly(void *to, const void *user, size_t n);

#define get_user(var, user) copy_from_user(&(var), (user), sizeof(var))
#define put_user(user, value)                                                                      \
    __extension__({                                                                                \
        __typeof__(*(user)) put_value_ = (value);                                                  \
        copy_to_user((user), &put_value_, sizeof(put_value_));                                     \
    })

/* Atomic operations on a user word, for futex and robust lists. 0 or -EFAULT. */
long user_cmpxchg32(u32 *user, u32 *expected, u32 desired); /* *expected: the old value */
long user_load32(const u32 *user, u32 *value);

#endif
