/* SPDX-License-Identifier: Apache-2.0 */
#include "libos/entry/user.h"
#include "libos/entry/errno.h"
#include "abi/layout.h"

size_t user_copy(void *to, const void *from, size_t n);
size_t user_zero(void *to, size_t n);
long user_string(char *to, const char *from, size_t size);
long user_cas32(u32 *user, u32 *expected, u32 desired);
long user_get32(const u32 *user, u32 *value);

/* In the program's part of the address space: not the library OS's, not the host kernel's. */
static inline bool in_program(const void *user, size_t n)
{
    u64 start = (u64)user, end = start + n;
    return end >= start && end <= RF_USER_TOP && (end <= RF_LIBOS_BASE || start >= RF_LIBOS_END);
}

size_t copy_to_user_partly(void *user, const void *from, size_t n)
{
    return likely(in_program(user, n)) ? user_copy(user, from, n) : n;
}

size_t copy_from_user_partly(void *to, const void *user, size_t n)
{
    return likely(in_program(user, n)) ? user_copy(to, user, n) : n;
}

long copy_to_user(void *user, const void *from, size_t n)
{
    return copy_to_user_partly(user, from, n) ? -EFAULT : 0;
}

long copy_from_user(void *to, const void *user, size_t n)
{
    return copy_from_user_partly(to, user, n) ? -EFAULT : 0;
}

long clear_user(void *user, size_t n)
{
    return in_program(user, n) && user_zero(user, n) == 0 ? 0 : -EFAULT;
}

long copy_string_from_user(char *to, const char *user, size_t size)
{
    if (!in_program(user, 1))
        return -EFAULT;
    long n = user_string(to, user, size);
    if (n < 0)
        return -EFAULT;
    return (size_t)n == size ? -ENAMETOOLONG : n;
}

long user_cmpxchg32(u32 *user, u32 *expected, u32 desired)
{
    return in_program(user, 4) && user_cas32(user, expected, desired) == 0 ? 0 : -EFAULT;
}

long user_load32(const u32 *user, u32 *value)
{
    return in_program(user, 4) && user_get32(user, value) == 0 ? 0 : -EFAULT;
}
