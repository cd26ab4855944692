/* SPDX-License-Identifier: Apache-2.0 */
/* Freestanding string functions. The copying ones use the processor's string instructions, which
 * are fast for any size on the processors of the last ten years and touch no vector register; short
 * copies avoid their start-up time. */
#include "base/string.h"

#define SHORT 256u

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    u8 *t = to;
    const u8 *f = from;
    if (n <= SHORT) {
        for (; n >= 32; n -= 32, t += 32, f += 32) {
            u64 words[4];
            __builtin_memcpy(words, f, 32);
            __builtin_memcpy(t, words, 32);
        }
        for (; n >= 8; n -= 8, t += 8, f += 8)
            __builtin_memcpy(t, f, 8);
        for (; n; n--)
            *t++ = *f++;
        return to;
    }
    __asm__ volatile("rep movsb" : "+D"(t), "+S"(f), "+c"(n)::"memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    u8 *t = to;
    const u8 *f = from;
    if (t <= f || t >= f + n) {
        __asm__ volatile("rep movsb" : "+D"(t), "+S"(f), "+c"(n)::"memory");
        return to;
    }
    for (; n >= 8; n -= 8) {
        u64 word;
        __builtin_memcpy(&word, f + n - 8, 8);
        __builtin_memcpy(t + n - 8, &word, 8);
    }
    while (n--)
        t[n] = f[n];
    return to;
}

void *memset(void *to, int c, size_t n)
{
    u8 *t = to;
    if (n <= SHORT) {
        u64 word = (u8)c * 0x0101010101010101ull;
        for (; n >= 32; n -= 32, t += 32)
            for (u32 at = 0; at < 32; at += 8)
                __builtin_memcpy(t + at, &word, 8);
        for (; n >= 8; n -= 8, t += 8)
            __builtin_memcpy(t, &word, 8);
        for (; n; n--)
            *t++ = (u8)c;
        return to;
    }
    __asm__ volatile("rep stosb" : "+D"(t), "+c"(n) : "a"(c) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const u8 *x = a, *y = b;
    for (; n >= 8; n -= 8, x += 8, y += 8) {
        u64 p, q;
        __builtin_memcpy(&p, x, 8);
        __builtin_memcpy(&q, y, 8);
        if (p != q)
            break;
    }
    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    for (const u8 *p = s; n--; p++)
        if (*p == (u8)c)
            return (void *)p;
    return NULL;
}

size_t strlen(const char *s)
{
    const char *p = s;
    while (*p)
        p++;
    return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t most)
{
    size_t n = 0;
    while (n < most && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n; n--, a++, b++)
        if (*a != *b || !*a)
            return (u8)*a - (u8)*b;
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *found = NULL;
    for (;; s++) {
        if (*s == (char)c)
            found = s;
        if (!*s)
            return (char *)found;
    }
}
