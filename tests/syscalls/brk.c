/* SPDX-License-Identifier: Apache-2.0 */
/* The program break. */
#include "check.h"

CASE(grow_and_shrink)
{
    char *start = (char *)syscall(SYS_brk, 0);
    CHECK(start);
    char *aligned = (char *)(((uintptr_t)start + 4095) & ~4095ul);
    EQ(syscall(SYS_brk, aligned + 100000), (long)(aligned + 100000));
    memset(start, 1, (size_t)(aligned + 100000 - start));
    EQ(syscall(SYS_brk, aligned), (long)aligned);
    EQ(syscall(SYS_brk, aligned + 8192), (long)(aligned + 8192));
    EQ(aligned[0], 0); /* what was given back comes zeroed again */
    EQ(aligned[8191], 0);
    EQ(syscall(SYS_brk, 8), (long)(aligned + 8192)); /* refused: the old one */
    JOIN(CHILD(EQ(syscall(SYS_brk, 0), (long)(aligned + 8192)); aligned[0] = 5));
    EQ(aligned[0], 0);
}

CASE(malloc_much)
{
    char *blocks[200];
    for (int i = 0; i < 200; i++) {
        blocks[i] = malloc((size_t)(i + 1) * 1000);
        memset(blocks[i], i, (size_t)(i + 1) * 1000);
    }
    for (int i = 0; i < 200; i += 2)
        free(blocks[i]);
    for (int i = 1; i < 200; i += 2) {
        EQ((unsigned char)blocks[i][0], i);
        EQ((unsigned char)blocks[i][i * 1000], i);
    }
}
